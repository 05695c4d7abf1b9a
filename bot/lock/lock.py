"""The evidence lock: sentence by sentence, whether the cited passages carry what a text states.

A sentence passes where it is quoted, where it states nothing, or where every clause of it is carried: each figure by a
clause that speaks of the same thing and says no other figure of it, each negation by one that denies the same, each
name, limit and promise by one that has it, and its words by the passages as a whole. What the passages only might
mean is not carried: the approved text is there to be quoted instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.lock.clauses import DENYING, Clause, Reading, Term, is_han_char, read
from bot.lock.courtesies import is_courtesy
from bot.lock.evidence import Evidence, Known, Stated, latin, spelled, surroundings
from bot.lock.figures import Figure
from bot.lock.marks import Mark, Marked
from bot.lock.objection import Code, Objection
from bot.lock.sentences import split
from bot.lock.wording import ANCHOR, COSTS, HAN_ANCHOR, HAN_KNOWN, HARMLESS_DEEDS, MONEY_DEEDS, OPPOSITES, TELLING, any_without_not, names_cost, verdict
from bot.lock.words import stem

#: A figure's clause has to share at least this much with the words around it in the evidence.
_NEAR_ENOUGH = 0.12
#: How like a clause of the evidence has to be for a mark of it to count, beside that which is most like.
_LIKE_ENOUGH, _LIKE_BEST = 0.25, 0.75
#: A clause this like a denied one, and less like any that is not denied, says the opposite of it.
_OPPOSITE = 0.55
#: From here on a clause is another one word for word; and what a denial without a word behind it asks for.
_WORD_FOR_WORD, _NO_HEAD = 0.6, 0.8
#: Of the words of a sentence, and of a clause with a figure or a promise, at most so many may be new.
_NEW_IN_SENTENCE, _NEW_IN_CLAUSE = 0.45, 0.45
#: With fewer words than these a share tells nothing.
_FEW = 2

#: Marks of the evidence that carry a mark of the text.
_CARRIED_BY = {
    Mark.NOT: frozenset({Mark.NOT, Mark.EXCEPT, Mark.NEEDLESS}),
    Mark.NEEDLESS: frozenset({Mark.NEEDLESS, Mark.NOT}),
    Mark.FREE: frozenset({Mark.FREE}),
    Mark.ONLY: frozenset({Mark.ONLY, Mark.EXCEPT}),
    Mark.EXCEPT: frozenset({Mark.EXCEPT, Mark.NOT, Mark.ONLY}),
    Mark.ALL: frozenset({Mark.ALL}),
    Mark.SURE: frozenset({Mark.SURE}),
    Mark.PAID: frozenset({Mark.PAID}),
    Mark.OVER: frozenset({Mark.OVER, Mark.LATER}),
    Mark.UNDER: frozenset({Mark.UNDER}),
}
_CODE_OF = {
    Mark.NOT: Code.NEGATION,
    Mark.NEEDLESS: Code.NEGATION,
    Mark.SURE: Code.PROMISE,
    Mark.FREE: Code.COMPARISON,
    Mark.ONLY: Code.COMPARISON,
    Mark.EXCEPT: Code.COMPARISON,
    Mark.ALL: Code.COMPARISON,
    Mark.PAID: Code.COMPARISON,
    Mark.OVER: Code.COMPARISON,
    Mark.UNDER: Code.COMPARISON,
}
#: Marks that turn each other round.
_TURNS = {
    Mark.EARLIER: Mark.LATER,
    Mark.LATER: Mark.EARLIER,
    Mark.OVER: Mark.UNDER,
    Mark.UNDER: Mark.OVER,
    Mark.MOST: Mark.LEAST,
    Mark.LEAST: Mark.MOST,
    Mark.PAID: Mark.FREE,
}


_WITH = re.compile(r"\bwith (?:an? |the |your )?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence of a text, and what the evidence says to it."""

    #: As it stands in the text, with what separates it from the next.
    text: str
    #: Whether it may be sent.
    supported: bool
    #: Ids of the passages that carry it; none for a courtesy.
    passages: tuple[str, ...]
    #: What in it has no support.
    against: tuple[Objection, ...] = ()


def checked(text: str, evidence: Evidence) -> list[Sentence]:
    """Check ``text`` sentence by sentence, in order; the texts of the sentences joined are ``text``."""
    return [check(sentence, evidence) for sentence in split(text)]


def check(sentence: str, evidence: Evidence) -> Sentence:
    """Check one sentence."""
    reading = read(sentence)
    quoted = evidence.verbatim.get(spelled(reading.text))
    if quoted:
        return Sentence(text=sentence, supported=True, passages=tuple(dict.fromkeys(quoted)))
    if is_courtesy(reading.text):
        return Sentence(text=sentence, supported=True, passages=())
    check = _Check(reading, evidence)
    against = list(dict.fromkeys(check.objections()))
    passages: dict[str, None] = dict.fromkeys(check.passages)
    for clause in reading.clauses:
        best = max(evidence.clauses, key=lambda s: evidence.likeness(clause, reading, s), default=None)
        if best and clause.about & best.clause.about:
            passages[best.passage] = None
    if not against and not passages:
        against = [Objection(code=Code.SUBJECT, words=reading.text.strip())]
    return Sentence(text=sentence, supported=not against, passages=tuple(passages), against=tuple(against))


class _Check:
    """One sentence against the evidence."""

    def __init__(self, reading: Reading, evidence: Evidence) -> None:
        self._reading = reading
        self._evidence = evidence
        #: The passages that carry its figures, and its yes or no.
        self.passages: list[str] = []

    def objections(self) -> Iterator[Objection]:
        yield from self._words()
        for number in self._reading.unread:
            if number not in self._evidence.unread:
                yield Objection(code=Code.NUMBER, words=number)
        for number, clause in enumerate(self._reading.clauses):
            likeness = [
                (self._evidence.likeness(clause, self._reading, stated), stated)
                for stated in self._evidence.clauses
                if not stated.asks
            ]
            for figure in clause.figures:
                yield from self._figure(figure, clause)
            yield from self._names(clause, likeness)
            if number == 0 and (said := verdict(clause.text)) is not None:
                yield from self._verdict(said=said)
                continue
            yield from self._marks(clause, likeness)
            yield from self._promise(clause, likeness)
            yield from self._opposite(clause, likeness)

    def _figure(self, figure: Figure, clause: Clause) -> Iterator[Objection]:
        words = self._reading.text[figure.start : figure.end]
        objection = Objection(code=figure.code, words=words)
        if figure.own and (figure.kind, str(figure.low)) in self._evidence.said:
            return
        family = [known for known in self._evidence.known if known.figure.family == figure.family]
        near = surroundings(figure, clause, self._reading)
        carrying: list[tuple[float, Known]] = []
        rival: tuple[float, Known | None] = (0.0, None)
        for known in family:
            score = self._evidence.nearness(near, known)
            if known.figure.carries(figure) and self._counts_alike(figure, clause, known):
                carrying.append((score, known))
            elif score > rival[0]:
                rival = score, known
        if not carrying:
            same = any((known.figure.low, known.figure.high) == (figure.low, figure.high) for known in family)
            yield Objection(code=Code.COMPARISON, words=self._bounded(figure)) if same and figure.bounds else objection
            return
        best, known = max(carrying, key=lambda pair: pair[0])
        self.passages.append(known.stated.passage)
        if (best < rival[0] - 1e-9 and not self._together(figure, known, best, rival)
            and not self._beyond_frame(near, known, rival[1])) or (best < _NEAR_ENOUGH and near and len(family) > 1) or (best < _NEAR_ENOUGH and any(term in self._evidence.weights for term in clause.about)):
            yield objection
        elif all(_denies_other(clause, k.stated.clause) for score, k in carrying if score >= 0.8 * best):
            yield Objection(code=Code.NEGATION, words=clause.text)

    def _anchor(self, figure: Figure) -> str:
        """Return the word that a span of time is counted from, "" where none is told."""
        if behind := ANCHOR.match(self._reading.text, figure.end):
            return stem(behind[1].lower())
        ahead = HAN_ANCHOR.search(self._reading.text[: figure.start])
        return ahead[1] if ahead else ""

    def _beyond_frame(self, near: dict[str, float], one: Known, other: Known | None) -> bool:
        """Whether ``one`` fits better than ``other``, a figure of the same sentence, by what is not said before both."""
        if other is None or one.stated.sentence is not other.stated.sentence:
            return False
        first = min(one.figure.start, other.figure.start)
        frame = {term.text for part in one.stated.sentence.clauses for term in part.terms if term.at < first}
        rest = {term: value for term, value in near.items() if term not in frame}
        return self._evidence.nearness(rest, one) > self._evidence.nearness(rest, other)

    def _together(self, figure: Figure, known: Known, best: float, rival: tuple[float, Known | None]) -> bool:
        """Whether the sentence states the rival's figure as well, and both fit better as they are than exchanged."""
        against, other = rival
        for clause in self._reading.clauses:
            for second in clause.figures:
                if other is not None and second is not figure and other.figure.carries(second):
                    near = surroundings(second, clause, self._reading)
                    kept = best + self._evidence.nearness(near, other)
                    return kept > against + self._evidence.nearness(near, known)
        return False

    def _counts_alike(self, figure: Figure, clause: Clause, known: Known) -> bool:
        """Whether both count the same, and from the same: "3 instalments" are no "3 friends"."""
        anchor = self._anchor(figure) if figure.family == "span" else ""
        if anchor and anchor not in known.stated.sentence.about and not (is_han_char(anchor[0]) and anchor in known.stated.sentence.text):
            return False
        if figure.kind != "number":
            return True
        mine = _counted(figure, clause)
        theirs = _counted(known.figure, known.stated.clause)
        if mine is None or theirs is None or mine.text == theirs.text:
            return True
        return mine.text in known.stated.clause.about

    def _bounded(self, figure: Figure) -> str:
        return self._reading.text[max(0, figure.start - 12) : figure.end + 10].strip()

    def _names(self, clause: Clause, likeness: list[tuple[float, Stated]]) -> Iterator[Objection]:
        names = [term for term in clause.terms if term.name or term.text in self._evidence.names]
        best = max(likeness, key=lambda pair: pair[0], default=(0.0, None))[1]
        head = clause.terms[0] if clause.terms else None
        if head and best and head.text not in self._evidence.terms and head.written[0].isupper():
            if (best.clause.about & self._evidence.names) - clause.about:
                yield Objection(code=Code.NAME, words=head.written)
        for term in names:
            if term.text not in self._evidence.terms:
                yield Objection(code=Code.NAME, words=term.written)
        if not names or not likeness:
            return
        mine = self._reading.names | {term.text for term in names}
        best = max(likeness, key=lambda pair: pair[0] - (0.001 if mine - pair[1].sentence.names else 0))
        theirs = best[1].clause.about & self._evidence.names
        for term in names:
            if term.text in self._evidence.terms and term.text not in best[1].sentence.about and theirs - mine:
                yield Objection(code=Code.NAME, words=term.written)

    def _verdict(self, *, said: bool) -> Iterator[Objection]:
        """A yes or no has to stand at the head of the passage that the sentence is from, or agree with its own rest."""
        rest = self._reading.clauses[1:]
        heads = {s.passage: v for s in reversed(self._evidence.clauses) if (v := verdict(s.clause.text)) is not None}
        if any(part.about for part in rest):
            likeness = [
                (max(self._evidence.likeness(part, self._reading, stated) for part in rest), stated.passage)
                for stated in self._evidence.clauses
            ]
            answer = heads.get(max(likeness)[1])
        else:
            answer = said if heads and all(head is said for head in heads.values()) else None
        denied = any(part.kinds & DENYING for part in rest)
        if answer is not said and not (answer is None and rest and denied != said):
            yield Objection(code=Code.NEGATION, words=self._reading.clauses[0].text)
        elif answer is said:
            self.passages += [passage for passage, head in heads.items() if head is said]

    def _marks(self, clause: Clause, likeness: list[tuple[float, Stated]]) -> Iterator[Objection]:
        top, like = max(likeness, key=lambda pair: pair[0], default=(0.0, None))
        if like is None:
            return
        around = {mark for s in self._evidence.clauses if s.sentence is like.sentence for mark in s.clause.kinds}
        for mark in clause.marks:
            carried_by = _CARRIED_BY.get(mark.mark)
            if carried_by is None:
                continue
            if mark.mark is Mark.NOT and Mark.EXCEPT in clause.kinds:
                carried_by = DENYING
            carrying = [
                (score, s)
                for score, s in likeness
                if s.clause.kinds & carried_by
                and not _other_time(clause, s.clause)
                and (mark.mark not in DENYING or Mark.IF in clause.kinds or score >= _NO_HEAD or _same_denial(clause, s.clause))
            ]
            best, carrier = max(carrying, key=lambda pair: pair[0], default=(0.0, None))
            # What is word for word a clause without the mark does not get it from the clause beside it.
            loose = (mark.mark not in DENYING and top < _WORD_FOR_WORD) or Mark.IF in clause.kinds
            if carrier is None or not (
                best >= max(_LIKE_ENOUGH, _LIKE_BEST * top)
                or (loose and top >= _LIKE_ENOUGH and around & carried_by)
                or (mark.mark is Mark.FREE and any(self._bare(mark, s, like, loose=loose) for _, s in carrying))
            ):
                yield Objection(code=_CODE_OF[mark.mark], words=clause.text)
            elif mark.mark in DENYING and best > _OPPOSITE and clause.denials > max(
                s.clause.denials for score, s in carrying if score >= 0.9 * best
            ):
                yield Objection(code=Code.NEGATION, words=clause.text)
            elif mark.mark is Mark.FREE and all(_has_if(s.sentence) for score, s in carrying if score >= 0.9 * best):
                if not _conditional(self._reading):
                    yield Objection(code=Code.COMPARISON, words=clause.text)

    def _bare(self, mark: Marked, stated: Stated, like: Stated, *, loose: bool) -> bool:
        """Whether ``stated`` is a clause without words of its own about what its surroundings are about: "you pay nothing extra"."""
        if stated.clause.about:
            return False
        if stated.sentence.about and not names_cost(mark.text):
            return loose and stated.sentence is like.sentence
        return (stated.passage == like.passage or names_cost(mark.text)) and mark.text in {other.text for other in stated.clause.marks}

    def _opposite(self, clause: Clause, likeness: list[tuple[float, Stated]]) -> Iterator[Objection]:
        """Object where the clause most like this one says it the other way round."""
        denies = bool(clause.kinds & DENYING)
        turned = clause.kinds & {Mark.EXCEPT, Mark.ONLY, Mark.FREE}
        same = max((score for score, s in likeness if bool(s.clause.kinds & DENYING) == denies), default=0.0)
        other = max(
            (
                score
                for score, s in likeness
                if bool(s.clause.kinds & DENYING) != denies
                and (_same_head(clause, s.clause) if s.clause.denied or clause.denied else score >= _NO_HEAD)
            ),
            default=0.0,
        )
        counts = self._evidence.denials.get(clause.undenied, set())
        if counts and clause.denials not in counts:
            yield Objection(code=Code.NEGATION, words=clause.text)
        if other > same + 1e-9 and other >= _OPPOSITE and not turned:
            yield Objection(code=Code.NEGATION, words=clause.text)
        top, like = max(likeness, key=lambda pair: pair[0], default=(0.0, None))
        if like is not None and not clause.about:
            around = {mark for s in self._evidence.clauses if s.sentence is like.sentence for mark in s.clause.kinds}
            if any(mark in clause.kinds and turn in around and mark not in around for mark, turn in _TURNS.items()):
                yield Objection(code=Code.COMPARISON, words=clause.text)
        for mark in clause.marks:
            if mark.mark in (Mark.EARLIER, Mark.LATER) and self._turned(mark, clause, likeness):
                yield Objection(code=Code.COMPARISON, words=clause.text)
        for word in latin(clause.text):
            opposite = word[2:] if word.startswith("un") else f"un{word}"
            if opposite in self._evidence.words and word not in self._evidence.words:
                yield Objection(code=Code.NEGATION, words=word)
        if any(word in self._evidence.without for word in _WITH.findall(clause.text)):
            yield Objection(code=Code.NEGATION, words=clause.text)
        if like is not None and top >= _OPPOSITE:
            for mark, turn in _TURNS.items():
                if mark in clause.kinds and turn in like.clause.kinds and not (turn in clause.kinds or mark in like.clause.kinds):
                    yield Objection(code=Code.COMPARISON, words=clause.text)
            free = Mark.FREE in like.clause.kinds and not clause.kinds & {Mark.FREE, Mark.PAID, Mark.NOT, Mark.NEEDLESS}
            counted = [figure for figure in clause.figures if "least" not in figure.bounds]
            if free and clause.about & COSTS and not counted:
                yield Objection(code=Code.COMPARISON, words=clause.text)
        if not clause.kinds & {Mark.FREE, Mark.PAID, Mark.NOT, Mark.NEEDLESS} and not clause.figures:
            for cost in self._evidence.no_costs:
                if cost in clause.text.lower():
                    yield Objection(code=Code.COMPARISON, words=cost)
        if not clause.kinds & {*DENYING, Mark.EXCEPT, Mark.ONLY, Mark.IF, Mark.EARLIER}:
            for term in clause.terms:
                if len(self._evidence.denied.get(term.text, frozenset()) & clause.about) > 1:
                    yield Objection(code=Code.NEGATION, words=term.written)
            if any_without_not(clause.text):
                yield Objection(code=Code.NEGATION, words=clause.text)
        for term in clause.terms:
            for opposite in OPPOSITES.get(term.text, ()):
                if term.text in self._evidence.terms:
                    continue
                if any(opposite in s.clause.about for score, s in likeness if score >= _LIKE_ENOUGH):
                    yield Objection(code=Code.NEGATION, words=term.written)

    def _turned(self, mark: Marked, clause: Clause, likeness: list[tuple[float, Stated]]) -> bool:
        """Whether what stands beside a "before" stands in the evidence beside an "after" only, or the other way round."""
        beside = {t.text for t in clause.terms if 0 <= mark.start - t.at - len(t.text) <= 1 or 0 <= t.at - mark.end <= _FEW}
        kinds = [s.clause.kinds & {Mark.EARLIER, Mark.LATER} for _, s in likeness if s.clause.about & beside]
        return any(kinds) and not any(mark.mark in found for found in kinds)

    def _promise(self, clause: Clause, likeness: list[tuple[float, Stated]]) -> Iterator[Objection]:
        """What "we" do or have done has to be what the evidence says of "us"."""
        acting = next((mark for mark in clause.marks if mark.mark in (Mark.WE, Mark.DONE)), None)
        if acting is None or clause.kinds & DENYING:
            return
        deeds = [term.text for term in clause.terms if term.at >= acting.end][:3]
        done = any(mark.mark is Mark.DONE for mark in clause.marks)
        if not deeds or deeds[0] in HARMLESS_DEEDS:
            if done:
                yield Objection(code=Code.PROMISE, words=clause.text)
            return
        heads = deeds if is_han_char(deeds[0][0]) else deeds[:1]
        wanted = {Mark.DONE} if done else {Mark.WE, Mark.DONE}
        promised = [
            stated
            for _, stated in likeness
            if not stated.clause.about.isdisjoint(heads)
            and (stated.clause.kinds & wanted or (not done and is_han_char(heads[0][0])))
        ]
        if not promised:
            yield Objection(code=Code.PROMISE, words=clause.text)
        elif MONEY_DEEDS.intersection(heads) and not _conditional(self._reading):
            if all(_conditional(stated.sentence) for stated in promised):
                yield Objection(code=Code.PROMISE, words=clause.text)

    def _words(self) -> Iterator[Objection]:
        """Object to words that tell much and are new, and where too many are."""
        new, count = self._new(term for clause in self._reading.clauses for term in clause.terms)
        if count >= _FEW and len(new) > _NEW_IN_SENTENCE * count:
            yield Objection(code=Code.SUBJECT, words=" ".join(new))
        for clause in self._reading.clauses:
            for term in clause.terms:
                if term.text in TELLING and term.text not in self._evidence.terms:
                    yield Objection(code=Code.SUBJECT, words=term.written)
            unseen = next((t for t in clause.terms if set(filter(is_han_char, t.text)) - self._evidence.characters - HAN_KNOWN), None)
            if unseen and is_han_char(unseen.text[0]):
                yield Objection(code=Code.NAME, words=unseen.written)
            new, count = self._new(iter(clause.terms))
            weighty = clause.figures or clause.kinds & {Mark.WE, Mark.DONE, Mark.NOT, Mark.FREE}
            if weighty and count >= _FEW and len(new) > _NEW_IN_CLAUSE * count:
                yield Objection(code=Code.SUBJECT, words=" ".join(new))

    def _new(self, terms: Iterator[Term]) -> tuple[list[str], int]:
        new, count = [], 0
        for term in terms:
            count += 1
            if term.text not in self._evidence.terms and not (
                is_han_char(term.text[0]) and set(term.text) <= self._evidence.characters
            ):
                new.append(term.written)
        return new, count


def _denies_other(clause: Clause, stated: Clause) -> bool:
    """Whether one of both denies what the other does not."""
    turned = (clause.kinds | stated.kinds) & {Mark.EXCEPT, Mark.ONLY}
    return clause.negated != stated.negated and not turned and _same_head(clause, stated)


def _same_head(clause: Clause, stated: Clause) -> bool:
    """Whether both have what one of them denies, as far as that can be told."""
    heads = stated.denied or clause.denied
    return not heads or any(_has(frozenset({head}), clause) and _has(frozenset({head}), stated) for head in heads)


def _other_time(clause: Clause, stated: Clause) -> bool:
    """Whether one speaks of what is before, and the other of what is after."""
    one, other = (c.kinds & {Mark.EARLIER, Mark.LATER} for c in (clause, stated))
    return bool(one) and bool(other) and not one & other


def _has_if(reading: Reading) -> bool:
    return any(Mark.IF in clause.kinds for clause in reading.clauses)


def _same_denial(clause: Clause, stated: Clause) -> bool:
    """Whether both deny the same thing."""
    return _has(stated.denied, clause) and _has(clause.denied, stated)


def _has(heads: frozenset[str], clause: Clause) -> bool:
    return not heads or any(head in clause.about or (is_han_char(head[0]) and head in clause.text) for head in heads)


def _counted(figure: Figure, clause: Clause) -> Term | None:
    """Return what a number counts: the word right behind it."""
    return next((term for term in clause.terms if 0 <= term.at - figure.end <= 2), None)


def _conditional(reading: Reading) -> bool:
    return any(clause.kinds & {Mark.IF, Mark.EARLIER, Mark.LATER} for clause in reading.clauses)

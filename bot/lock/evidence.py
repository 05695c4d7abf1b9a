"""What the cited passages state, read once, and how well a clause of them fits a clause that is to be sent."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from bot.lock.clauses import DENYING, Clause, Reading, is_han_char, read
from bot.lock.figures import Figure, figures
from bot.lock.marks import Mark
from bot.lock.roles import roles
from bot.lock.sentences import split
from bot.lock.wording import COST
from bot.lock.words import plain

#: How much the rest of the sentence counts beside the clause itself.
_AROUND = 0.3
#: How much of a likeness is asked of the clause to be sent; the rest of the evidence's clause.
_OWN_SHARE = 0.75
#: How much a word counts that stands on the other side of the figure, and one that stands in another clause.
_OTHER_SIDE, _OTHER_CLAUSE = 0.6, 0.25
#: How many words a figure between counts for: what stands beyond it belongs to it.
_FIGURE = 8
#: How much a name counts there, and how many times more than another word it does in any place.
_OTHER_NAME, _NAME = 0.5, 2.0


#: What ends the reach of a denial.
_JOINT = re.compile(r" but |[并且但而]")
#: Marks under which a clause does not affirm its words.
TEMPERING = frozenset({*DENYING, Mark.EXCEPT, Mark.ONLY, Mark.FREE, Mark.IF, Mark.EARLIER, Mark.NONE})
_DENYING_OR_EXCEPT = DENYING | {Mark.EXCEPT}
#: Marks that tell figures apart: one is "free", the other is not.
_TELLING = frozenset({Mark.FREE, Mark.ONLY, Mark.EXCEPT, Mark.NOT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """A clause of a passage."""

    passage: str
    clause: Clause
    sentence: Reading
    #: Whether its sentence asks: then it states nothing, but tells what the passage is about.
    asks: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A figure of a passage, and the words around it."""

    figure: Figure
    stated: Stated
    #: How near each word of its sentence stands to it, negative before it and positive behind it.
    near: dict[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a reply may say: made once of the cited passages, and kept by who asks more than once."""

    #: All clauses of the passages, in order.
    clauses: tuple[Stated, ...]
    #: All their figures.
    known: tuple[Known, ...]
    #: Sentences that may be quoted as they stand, and the passages they stand in.
    verbatim: dict[str, tuple[str, ...]]
    #: Words, names among them, and Chinese characters that stand in the passages.
    terms: frozenset[str]
    names: frozenset[str]
    characters: frozenset[str]
    #: The first letters of its words, where they have more.
    beginnings: frozenset[str]
    #: All of them, as the lock reads them, and as they are written.
    text: str
    raw: str
    #: Codes, mail addresses and telephone numbers that the conversation itself states.
    said: frozenset[tuple[str, str]]
    #: Numbers that nothing reads, as they are spelled.
    unread: frozenset[str]
    #: Words behind "without" that stand nowhere behind "with", those that stand nowhere else at all, and those behind
    #: "with" that stand nowhere behind "without".
    without: tuple[frozenset[str], frozenset[str], frozenset[str]]
    #: Words behind what denies, and those that stand nowhere else.
    denied: frozenset[str]
    only_denied: frozenset[str]
    #: Words that stand in no clause that denies, excepts, limits or frees.
    affirmed: frozenset[str]
    #: Who pays or owns what.
    roles: frozenset[tuple[str, str]]
    #: Costs that are named only to say that there are none of them.
    no_costs: frozenset[str]
    #: Clauses without what they deny with, and how often they deny.
    denials: dict[str, set[int]]
    #: The questions in them, and the clauses of those; and the words of the questions.
    asked: frozenset[str]
    topics: frozenset[str]
    #: Its clauses, as they are written.
    texts: frozenset[str]
    #: How much a word tells: the more clauses have it, the less.
    weights: dict[str, float]
    #: The weight of the words of each clause and sentence together.
    sums: dict[frozenset[str], float]

    @classmethod
    def of(cls, passages: Sequence[tuple[str, str]], said: Sequence[str] = ()) -> Evidence:
        """Read ``passages``, each an id and a text.

        ``said`` is what the conversation states: a reply may repeat an order number or an address of the customer's,
        but nothing else in it is evidence.
        """
        clauses: list[Stated] = []
        known: list[Known] = []
        verbatim: dict[str, tuple[str, ...]] = {}
        for passage, text in passages:
            for sentence in split(text):
                reading = read(sentence)
                asks = reading.text.rstrip(' \n"”*').endswith(("?", "？"))
                verbatim[spelled(reading.text)] = (*verbatim.get(spelled(reading.text), ()), passage)
                for clause in reading.clauses:
                    stated = Stated(passage=passage, clause=clause, sentence=reading, asks=asks)
                    clauses.append(stated)
                    if not asks:
                        known += [
                            Known(figure=figure, stated=stated, near=surroundings(figure, clause, reading))
                            for figure in clause.figures
                        ]
        denials: dict[str, set[int]] = {}
        for stated in clauses:
            if not stated.asks:
                denials.setdefault(stated.clause.undenied, set()).add(stated.clause.denials)
        counts = Counter(term for stated in clauses for term in stated.clause.about)
        weights = {term: 1 / (1 + 0.5 * log(count)) for term, count in counts.items()}
        return cls(
            clauses=tuple(clauses),
            known=tuple(known),
            verbatim=verbatim,
            terms=frozenset(counts),
            names=frozenset(name for stated in clauses for name in stated.sentence.names),
            characters=frozenset(char for _, text in passages for char in plain(text) if is_han_char(char)),
            asked=frozenset(
                text.strip(STOPS)
                for stated in clauses
                if stated.asks
                for text in (stated.clause.text, stated.sentence.text)
            ),
            topics=frozenset(term for stated in clauses if stated.asks for term in stated.clause.about),
            beginnings=frozenset(term[:5] for term in counts if len(term) >= 5),
            texts=frozenset(stated.clause.text for stated in clauses if not stated.asks),
            text="\n".join(plain(text) for _, text in passages),
            raw=unicodedata.normalize("NFKC", "\n".join(text for _, text in passages)),
            said=frozenset(_identifying(said)),
            unread=frozenset(number for stated in clauses for number in stated.sentence.unread),
            denied=_denied(clauses),
            only_denied=_only_denied(clauses),
            affirmed=_affirmed(clauses),
            roles=frozenset(role for _, text in passages for role in roles(plain(text))),
            no_costs=_no_costs(clauses),
            denials=denials,
            without=_only_without("\n".join(plain(text).lower() for _, text in passages)),
            weights=weights,
            sums={
                about: sum(weights[term] for term in about)
                for stated in clauses
                for about in (stated.clause.about, stated.sentence.about)
            },
        )

    def likeness(self, clause: Clause, sentence: Reading) -> tuple[tuple[float, Stated], ...]:
        """Tell how much ``clause``, of ``sentence``, speaks of what each clause that states something does.

        It is 1.3 where both are word for word the same.
        """
        around: dict[int, float] = {}
        for stated in self.clauses:
            if id(stated.sentence) not in around:
                share = self.overlap(sentence.about, stated.sentence.about)
                around[id(stated.sentence)] = _AROUND * share if clause.about else share
        return tuple(
            (self.overlap(clause.about, s.clause.about) + around[id(s.sentence)], s) for s in self.clauses if not s.asks
        )

    def about(self, reading: Reading) -> str:
        """Return the passage that has most in common with ``reading``, its questions counted; "" where none has."""
        best = max(self.clauses, key=lambda stated: self.overlap(reading.about, stated.sentence.about), default=None)
        return best.passage if best and best.sentence.about & reading.about else ""

    def per(self, unit: str) -> bool:
        """Tell whether the passages count something by ``unit``."""
        return re.search(rf"每个?{unit}|\b(?:an?|per|every|each) {unit}\b", self.text, re.IGNORECASE) is not None

    def nearness(self, near: dict[str, float], known: Known) -> float:
        """Tell, from 0 to 1, how much of what stands near a figure stands near ``known`` as well."""
        total = shared = 0.0
        for term, here in near.items():
            weight = 1.0 if term[0] == "=" else self.weights.get(term)
            if weight is None:
                continue
            if term in self.names:
                weight *= _NAME
            total += weight * abs(here)
            there = known.near.get(term, 0.0)
            if there:
                side = 1.0 if (here > 0) == (there > 0) else _OTHER_SIDE
                shared += weight * side * min(abs(here), abs(there))
        return shared / total if total else 0.0

    def overlap(self, own: frozenset[str], other: frozenset[str]) -> float:
        """Tell how much of ``own`` is in ``other``, and, for less, the other way round."""
        if own.isdisjoint(other):
            return 0.0
        whole = _OWN_SHARE * self._weight(own) + (1 - _OWN_SHARE) * self._weight(other)
        return self._weight(own & other) / whole

    def _weight(self, about: frozenset[str]) -> float:
        weight = self.sums.get(about)
        return sum(self.weights.get(term, 1.0) for term in about) if weight is None else weight


def _denied(clauses: Sequence[Stated]) -> frozenset[str]:
    """Return the words that stand behind what denies or excepts."""
    return frozenset(
        term.text
        for stated in clauses
        if stated.clause.denials and not stated.asks
        for term in stated.clause.terms
        if term.at >= next(mark.end for mark in stated.clause.marks if mark.mark in _DENYING_OR_EXCEPT)
    )


def _only_denied(clauses: Sequence[Stated]) -> frozenset[str]:
    """Return the words that the evidence has only where it denies something of them."""
    denied: set[str] = set()
    affirmed: set[str] = set()
    for clause in (stated.clause for stated in clauses if not stated.asks):
        behind = min((mark.end for mark in clause.marks if mark.mark in DENYING), default=0)
        sides = _denying(clause)
        for term in clause.terms:
            if sides[term.at] and term.at >= behind:
                denied.add(term.text)
            elif Mark.EXCEPT not in clause.kinds:
                affirmed.add(term.text)
    return frozenset(denied - affirmed)


def _affirmed(clauses: Sequence[Stated]) -> frozenset[str]:
    """Return the words that the evidence has where nothing tempers them."""
    stating = [stated.clause for stated in clauses if not stated.asks]
    tempered = {term for clause in stating for term in _tempered(clause)}
    return frozenset(term for clause in stating for term in clause.about) - tempered


def _tempered(clause: Clause) -> Iterator[str]:
    """Yield the words of ``clause`` that it does not affirm: all, or those on the same side of a "but" as a denial."""
    sides = _denying(clause)
    all_of_it = bool(clause.kinds & TEMPERING - DENYING)
    yield from (term.text for term in clause.terms if all_of_it or sides[term.at])


def _denying(clause: Clause) -> dict[int, bool]:
    """Return by its place, for each word, whether a denial stands on the same side of what joins two parts."""
    joints = [clause.start + match.start() for match in _JOINT.finditer(clause.text)]
    sides = {bisect(joints, mark.start) for mark in clause.marks if mark.mark in DENYING}
    return {term.at: bisect(joints, term.at) in sides for term in clause.terms}


def _no_costs(clauses: Sequence[Stated]) -> frozenset[str]:
    named: Counter[str] = Counter()
    freed: Counter[str] = Counter()
    for stated in clauses:
        if not stated.asks:
            named.update(COST.findall(stated.clause.text.lower()))
            freed.update(
                cost for mark in stated.clause.marks if mark.mark is Mark.FREE for cost in COST.findall(mark.text)
            )
    return frozenset(cost for cost, count in freed.items() if count == named[cost])


def _only_without(text: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the words behind "without", and never behind "with"; those that stand nowhere else; and the contrary."""
    without = Counter(re.findall(r"(?<![.!?\n] )(?<!\n)\bwithout (?:an? |the |your )?([a-z]+)", text))
    counts = Counter(re.findall(r"[a-z]+", text))
    behind = set(re.findall(r"\bwith (?:an? |the |your )?([a-z]+)", text))
    never = without.keys() - behind
    alone = frozenset(word for word in never if counts[word] == without[word])
    return (
        frozenset(never),
        alone,
        frozenset(behind - set(re.findall(r"\b(?:without|no|not) (?:an? |the |your )?([a-z]+)", text))),
    )


#: What stands around a clause and is no part of it.
STOPS = " ,.;:!?\"'()[]-–—*•，。；：！？、“”（）…\n"


def latin(text: str) -> set[str]:
    """Return the words of ``text`` in Latin letters, in small ones."""
    return set(re.findall(r"[a-z]+", text.lower()))


def spelled(text: str) -> str:
    """Return a sentence without what is no matter of words: its case, blanks and the mark at its end."""
    return " ".join(text.lower().split()).strip(" .。!！;；:：,，\"'“”*•-")


def surroundings(figure: Figure, clause: Clause, sentence: Reading) -> dict[str, float]:
    """Return how near each word of ``sentence`` stands to ``figure``: 1 beside it, less with each word between."""
    near: dict[str, float] = {}
    own = {term.at for term in clause.terms}
    before = [] if own else [part for part in sentence.clauses if part.start < clause.start]
    if before and not before[-1].figures:  # it was begun there: "西藏因路途较远，需要5至8天"
        own = {term.at for term in before[-1].terms}
    others = [other.start for part in sentence.clauses for other in part.figures if other.start != figure.start]
    every = [(term.at, term.text, term.name) for part in sentence.clauses for term in part.terms]
    every += [
        (mark.start, f"={mark.mark}", False)
        for part in sentence.clauses
        for mark in part.marks
        if mark.mark in _TELLING
    ]
    every.sort()
    behind = sum(at < figure.start for at, _, _ in every)
    for number, (at, text, name) in enumerate(every):
        distance = behind - number - 1 if number < behind else number - behind
        distance += _FIGURE * sum(min(at, figure.start) < other < max(at, figure.start) for other in others)
        here = at in own or text[0] == "="
        value = 4 / (4 + distance) * (1 if here else _OTHER_NAME if name else _OTHER_CLAUSE)
        if value > abs(near.get(text, 0.0)):
            near[text] = value if number >= behind else -value
    return near


def _identifying(said: Sequence[str]) -> Iterable[tuple[str, str]]:
    for text in said:
        for figure in figures(plain(text)):
            if figure.own:
                yield figure.kind, str(figure.low)

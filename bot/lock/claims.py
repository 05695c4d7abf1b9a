"""Figures that are claimed: whether the evidence states each of them of the same thing."""

from __future__ import annotations

import re

from bot.lock.clauses import DENYING, Clause, Term, is_han_char
from bot.lock.evidence import Known, surroundings
from bot.lock.facing import Facing, same_head
from bot.lock.figures import Figure
from bot.lock.marks import Mark
from bot.lock.objection import Code, Objection
from bot.lock.wording import ANCHOR, EVENTS, HAN_ANCHOR
from bot.lock.words import stem

#: The words around a figure have to share at least this much with those around it in the evidence.
_NEAR_ENOUGH = 0.12
#: So near behind what denies a figure is denied.
_REACH = 8
#: One of a unit, which may be what something is counted by: "at most 3 in an hour".
_ONE = re.compile(r"(?:一个?|an? |one )(\w+)", re.IGNORECASE)
#: Families of which a passage with one figure means that one, in whatever words.
_TOLD_ALONE = frozenset({"percent", "link"})
#: So near, beside the nearest, is as good as that.
_AS_NEAR = 0.8


def carried(figure: Figure, facing: Facing) -> tuple[Known | None, Objection | None]:
    """Find what in the evidence carries ``figure``, and what there is against it."""
    evidence, clause, text = facing.evidence, facing.clause, facing.reading.text
    objection = Objection(code=figure.code, words=text[figure.start : figure.end])
    if figure.own and (figure.kind, str(figure.low)) in evidence.said:
        return None, None
    if (unit := _ONE.fullmatch(text[figure.start : figure.end])) and evidence.per(unit[1]):
        return None, None
    near = surroundings(figure, clause, facing.reading)
    family = [
        (evidence.nearness(near, known), known) for known in evidence.known if known.figure.family == figure.family
    ]
    carrying = [(score, k) for score, k in family if k.figure.carries(figure) and _counts_alike(figure, k, facing)]
    if not carrying:
        same = [known for _, known in family if (known.figure.low, known.figure.high) == (figure.low, figure.high)]
        if same and figure.bounds and not any(known.figure.carries(figure) for known in same):
            words = text[max(0, figure.start - 12) : figure.end + 10].strip()
            objection = Objection(code=Code.COMPARISON, words=words)
        return None, objection
    best, known = max(carrying, key=lambda pair: pair[0])
    against, rival = max(
        (pair for pair in family if pair not in carrying), key=lambda pair: pair[0], default=(0.0, known)
    )
    tied = against == best > 0 and figure.family in ("span", "amount", "percent")
    if (against > best or tied) and not (
        _together(figure, known, rival, facing, best - against) or _beyond_frame(near, known, rival)
    ):
        return known, objection
    unrelated = (near and len(family) > 1) or any(term in evidence.weights for term in clause.about)
    if best < _NEAR_ENOUGH and unrelated and not _only_one(known, facing):
        return known, objection
    if all(_denies_other(clause, k.stated.clause) for score, k in carrying if score >= _AS_NEAR * best):
        return known, Objection(code=Code.NEGATION, words=clause.text)
    if _denied_alone(figure, clause, [k.stated.clause for score, k in carrying if score >= _AS_NEAR * best]):
        return known, Objection(code=Code.NEGATION, words=clause.text)
    return known, None


def _denied_alone(figure: Figure, clause: Clause, stated: list[Clause]) -> bool:
    """Whether the clause denies a figure that no clause of the evidence denies."""
    ends = [mark.end for mark in clause.marks if mark.mark in DENYING]
    return any(0 <= figure.start - end <= _REACH for end in ends) and not any(c.kinds & DENYING for c in stated)


def _counts_alike(figure: Figure, known: Known, facing: Facing) -> bool:
    """Whether both count the same, and from the same: "3 instalments" are no "3 friends"."""
    sentence = known.stated.sentence
    anchor = _anchor(figure, facing.reading.text) if figure.family == "span" else ""
    told = sentence.text if anchor and is_han_char(anchor[0]) else sentence.about
    if anchor and anchor not in told and (anchor in EVENTS or anchor in facing.evidence.terms):
        return False
    mine, theirs = _counted(figure, facing.clause), _counted(known.figure, known.stated.clause)
    if figure.kind != "number" or mine is None or theirs is None:
        return True
    if is_han_char(mine.text[0]):
        return mine.text[0] in theirs.text or theirs.text[0] in mine.text or mine.text in known.stated.clause.about
    behind = [term.text for term in facing.clause.terms if term.at >= mine.at]
    counted = [text for text in behind[:2] if text in facing.evidence.terms]
    return not counted or not known.stated.clause.about.isdisjoint(counted)


def _only_one(known: Known, facing: Facing) -> bool:
    """Whether ``known`` is the one percentage or link of the passage that the clause is from: no other can be meant."""
    if facing.like is None or known.figure.family not in _TOLD_ALONE:
        return False
    passage, family = facing.like.passage, known.figure.family
    return [k for k in facing.evidence.known if k.stated.passage == passage and k.figure.family == family] == [known]


def _anchor(figure: Figure, text: str) -> str:
    """Return the word that a span of time is counted from, "" where none is told."""
    if behind := ANCHOR.match(text, figure.end):
        return stem(behind[1].lower())
    ahead = HAN_ANCHOR.search(text[: figure.start])
    return ahead[1] if ahead else ""


def _counted(figure: Figure, clause: Clause) -> Term | None:
    """Return what a number counts: the word right behind it."""
    return next((term for term in clause.terms if 0 <= term.at - figure.end <= 2), None)


def _together(figure: Figure, known: Known, rival: Known, facing: Facing, ahead: float) -> bool:
    """Whether the sentence states the rival's figure as well, and both fit better as they are than exchanged."""
    for clause in facing.reading.clauses:
        for second in clause.figures:
            if second is not figure and rival.figure.carries(second):
                near = surroundings(second, clause, facing.reading)
                return ahead + facing.evidence.nearness(near, rival) > facing.evidence.nearness(near, known)
    return False


def _beyond_frame(near: dict[str, float], one: Known, other: Known) -> bool:
    """Whether ``one`` fits better than ``other``, a figure of the same sentence, by what is not said before both."""
    if one.stated.sentence is not other.stated.sentence:
        return False
    first = min(one.figure.start, other.figure.start)
    frame = {term.text for part in one.stated.sentence.clauses for term in part.terms if term.at < first}
    shared = [
        sum(min(abs(here), abs(known.near.get(t, 0.0))) for t, here in near.items() if t not in frame)
        for known in (one, other)
    ]
    return shared[0] > shared[1]


def _denies_other(clause: Clause, stated: Clause) -> bool:
    """Whether one of both denies what the other does not."""
    turned = (clause.kinds | stated.kinds) & {Mark.EXCEPT, Mark.ONLY}
    return clause.negated != stated.negated and not turned and same_head(clause, stated)

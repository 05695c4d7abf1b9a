"""Clauses that the evidence has the other way round: after instead of before, at least for at most, paid for free."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import is_han_char
from bot.lock.facing import Facing
from bot.lock.marks import Mark, Marked
from bot.lock.objection import Code, Objection
from bot.lock.wording import COSTS

#: So like another one a clause has to be for its marks to be held against the other's.
_OPPOSITE = 0.55
#: How many characters may stand between a word and a "before" or "after" that belongs to it.
_BESIDE = 2
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
#: Marks of which each says something about costs.
_COSTING = frozenset({Mark.FREE, Mark.PAID, Mark.NOT, Mark.NEEDLESS})
_THAT = re.compile(r" (?:that|this|then)\b", re.IGNORECASE)


def objections(facing: Facing) -> Iterator[Objection]:
    """Object to a clause that turns a comparison round."""
    if _turned(facing) or _paid_for(facing):
        yield Objection(code=Code.COMPARISON, words=facing.clause.text)


def _turned(facing: Facing) -> bool:
    """Whether the clause has a mark where the evidence has its opposite."""
    kinds = facing.clause.kinds
    if not kinds & _TURNS.keys() or facing.like is None:
        return False
    theirs: set[Mark] = set()
    if not facing.clause.about:
        theirs = facing.around()
    elif facing.top >= _OPPOSITE:
        theirs = set(facing.like.clause.kinds)
    if any(m in kinds and turn in theirs and turn not in kinds and m not in theirs for m, turn in _TURNS.items()):
        return True
    return any(_before_for_after(m, facing) for m in facing.clause.marks if m.mark in (Mark.EARLIER, Mark.LATER))


def _before_for_after(mark: Marked, facing: Facing) -> bool:
    """Whether what stands beside a "before" stands in the evidence beside an "after" only, or the other way round."""
    beside = {
        term.text
        for term in facing.clause.terms
        if 0 <= mark.start - term.at - len(term.text) < _BESIDE or 0 <= term.at - mark.end <= _BESIDE
    }
    kinds = [
        s.clause.kinds & {Mark.EARLIER, Mark.LATER}
        for _, s in facing.likeness
        if s.clause.about & beside or any(is_han_char(word[0]) and word in s.clause.text for word in beside)
    ]
    if not beside and _THAT.match(facing.reading.text, mark.end):
        kinds = [frozenset(facing.around()) & {Mark.EARLIER, Mark.LATER} or frozenset({Mark.LATER})]
    return any(kinds) and not any(mark.mark in found for found in kinds)


def _paid_for(facing: Facing) -> bool:
    """Whether the clause names a cost that the evidence says there is not."""
    clause = facing.clause
    if clause.kinds & _COSTING:
        return False
    if not clause.figures and any(cost in clause.text.lower() for cost in facing.evidence.no_costs):
        return True
    free = facing.like is not None and facing.top >= _OPPOSITE and Mark.FREE in facing.like.clause.kinds
    return free and bool(clause.about & COSTS) and all("least" in figure.bounds for figure in clause.figures)

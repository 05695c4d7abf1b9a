"""Marks of a clause: whether the evidence denies, limits, frees and assures the same."""

from __future__ import annotations

from collections.abc import Iterator

from bot.lock.clauses import DENYING, Clause
from bot.lock.evidence import Stated
from bot.lock.facing import Facing, conditional, has, has_if
from bot.lock.marks import Mark, Marked
from bot.lock.objection import Code, Objection
from bot.lock.wording import names_cost

#: How like a clause of the evidence has to be for a mark of it to count: at least, and beside that which is most like.
_LIKE_ENOUGH, _LIKE_BEST = 0.25, 0.75
#: From here on a clause is so much like another one that it does not get a mark from the clause beside that.
_WORD_FOR_WORD = 0.6
#: From here on a clause denies the same even where it names it otherwise; and denies it as often.
_SAME_DENIAL, _AS_OFTEN = 0.8, 0.55
#: So like, beside the most like, is as good as that.
_AS_LIKE = 0.9

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


def objections(facing: Facing) -> Iterator[Objection]:
    """Yield what is against the marks of a clause."""
    for mark in facing.clause.marks if facing.like else ():
        carried_by = _CARRIED_BY.get(mark.mark)
        if mark.mark is Mark.NOT and Mark.EXCEPT in facing.clause.kinds:
            carried_by = DENYING
        paid = mark.mark is Mark.PAID and facing.clause.figures  # how much is checked with the figure
        if carried_by and not paid and not _carried(mark, carried_by, facing):
            yield Objection(code=_CODE_OF[mark.mark], words=facing.clause.text)


def _carried(mark: Marked, carried_by: frozenset[Mark], facing: Facing) -> bool:
    clause = facing.clause
    carrying = [
        (score, stated)
        for score, stated in facing.likeness
        if stated.clause.kinds & carried_by
        and not _other_time(clause, stated.clause)
        and (
            mark.mark not in DENYING
            or Mark.IF in clause.kinds
            or score >= _SAME_DENIAL
            or _same_denial(clause, stated.clause)
        )
    ]
    if not carrying:
        return False
    best = max(score for score, _ in carrying)
    loose = (mark.mark not in DENYING and facing.top < _WORD_FOR_WORD) or Mark.IF in clause.kinds
    if best < max(_LIKE_ENOUGH, _LIKE_BEST * facing.top):
        beside = _beside(facing, carrying) or (loose and facing.top >= _LIKE_ENOUGH and facing.around() & carried_by)
        if not beside and not (
            mark.mark is Mark.FREE and any(_bare(mark, s, facing, loose=loose) for _, s in carrying)
        ):
            return False
    as_like = [stated for score, stated in carrying if score >= _AS_LIKE * best]
    if mark.mark in DENYING:
        return best <= _AS_OFTEN or clause.denials <= max(stated.clause.denials for stated in as_like)
    # What is free under a condition is not free without it.
    return mark.mark is not Mark.FREE or conditional(facing.reading) or not all(has_if(s.sentence) for s in as_like)


def _beside(facing: Facing, carrying: list[tuple[float, Stated]]) -> bool:
    """Whether the same word is denied in the sentence that the clause is from."""
    return any(
        facing.like is not None and s.sentence is facing.like.sentence and s.clause.denied & facing.clause.denied
        for _, s in carrying
    )


def _bare(mark: Marked, stated: Stated, facing: Facing, *, loose: bool) -> bool:
    """Whether ``stated`` has no words of its own and is about what stands around it: "you pay nothing extra"."""
    if stated.clause.about or facing.like is None:
        return False
    if stated.sentence.about and not names_cost(mark.text):
        return loose and stated.sentence is facing.like.sentence
    same_words = mark.text in {other.text for other in stated.clause.marks}
    return same_words and (stated.passage == facing.like.passage or names_cost(mark.text))


def _other_time(clause: Clause, stated: Clause) -> bool:
    """Whether one speaks of what is before, and the other of what is after."""
    one, other = (c.kinds & {Mark.EARLIER, Mark.LATER} for c in (clause, stated))
    return bool(one) and bool(other) and not one & other


def _same_denial(clause: Clause, stated: Clause) -> bool:
    """Whether both deny the same thing."""
    return has(stated.denied, clause) and has(clause.denied, stated)

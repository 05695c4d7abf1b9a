"""Marks of a clause: whether the evidence denies, limits, frees and assures the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import DENYING, Clause, Reading
from bot.lock.evidence import Stated
from bot.lock.facing import Facing, conditional, has, has_if, other_time
from bot.lock.marks import Mark, Marked
from bot.lock.objection import Code, Objection
from bot.lock.votes import votes
from bot.lock.wording import names_cost

#: How like a clause of the evidence has to be for a mark of it to count: at least, and beside that which is most like.
_LIKE_ENOUGH, _LIKE_BEST = 0.25, 0.75
#: From here on a clause is so much like another one that it does not get a mark from the clause beside that.
_WORD_FOR_WORD = 0.6
#: From here on, being like another clause turns a denial into its opposite.
_OPPOSITE = 0.55
#: So much more like one clause than another one is clearly of the first.
_CLEARLY = 0.25
#: So like, beside the most like, is as good as that.
_AS_LIKE = 0.9

#: Marks of the evidence that carry a mark of the text.
_CARRIED_BY = {
    Mark.NOT: frozenset({Mark.NOT, Mark.EXCEPT, Mark.NEEDLESS, Mark.YET}),
    Mark.NEEDLESS: frozenset({Mark.NEEDLESS, Mark.NOT}),
    Mark.YET: frozenset({Mark.YET, Mark.EARLIER, Mark.NOT}),
    Mark.FREE: frozenset({Mark.FREE}),
    Mark.ONLY: frozenset({Mark.ONLY, Mark.EXCEPT}),
    Mark.EXCEPT: frozenset({Mark.EXCEPT, Mark.NOT, Mark.ONLY}),
    Mark.ALL: frozenset({Mark.ALL}),
    Mark.SURE: frozenset({Mark.SURE}),
    Mark.PAID: frozenset({Mark.PAID}),
    Mark.OVER: frozenset({Mark.OVER, Mark.LATER}),
    Mark.UNDER: frozenset({Mark.UNDER}),
}
#: Marks that limit, and families of figures that do.
_LIMITING = frozenset({Mark.EXCEPT, Mark.ONLY, Mark.NOT, Mark.MOST})
_LIMITS = frozenset({"span", "number", "date"})
#: What sets no limit at all.
_EVER = re.compile(
    r"as |however|whenever|any|no matter|every(?:one|body|where)|worldwide"
    r"|什么|无论|不管|想|多|几次|所有|全部|凡是|随时"
)
_CODE_OF = {
    Mark.NOT: Code.NEGATION,
    Mark.NEEDLESS: Code.NEGATION,
    Mark.YET: Code.NEGATION,
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
        if facing.clause.text in facing.evidence.texts:
            return
        paid = mark.mark is Mark.PAID and facing.clause.figures  # how much is checked with the figure
        if carried_by and not paid and not _carried(mark, carried_by, facing):
            yield Objection(code=_CODE_OF[mark.mark], words=facing.clause.text)


def _carried(mark: Marked, carried_by: frozenset[Mark], facing: Facing) -> bool:
    if mark.mark in DENYING:
        return _denied(carried_by, facing)
    if mark.mark is Mark.ALL:  # what is said without a limit is said of all
        return _of_all(mark, facing)
    own = facing.clause
    carrying = [(score, s) for score, s in facing.likeness if s.clause.kinds & carried_by]
    if (
        mark.mark is Mark.ONLY
        and Mark.MOST not in own.kinds
        and any(
            k.carries(f)
            for _, s in facing.likeness
            for k in s.clause.figures
            for f in own.figures
            if "most" in f.bounds
        )
    ):
        return True  # "only 3" is "at most 3"
    if not carrying:
        return False
    if any(own.figures and any(k.carries(f) for k in s.clause.figures for f in own.figures) for _, s in carrying):
        return True  # it stands beside the same figure
    best = max(score for score, _ in carrying)
    like = facing.like.sentence if facing.like else None
    loose = facing.top < _WORD_FOR_WORD or Mark.IF in facing.clause.kinds
    if best < max(_LIKE_ENOUGH, _LIKE_BEST * facing.top):
        alone = mark.mark is Mark.ONLY and any(s.sentence is like and not s.clause.about for _, s in carrying)
        beside = (loose or alone) and facing.top >= _LIKE_ENOUGH and facing.around() & carried_by
        if not beside and not (
            mark.mark is Mark.FREE and any(_bare(mark, s, facing, loose=loose) for _, s in carrying)
        ):
            return False
    as_like = [stated for score, stated in carrying if score >= _AS_LIKE * best]
    # What is free under a condition is not free without it.
    if mark.mark is not Mark.FREE or conditional(facing.reading):
        return True
    return any(not has_if(s.sentence) or _same_limit(facing.reading, s.sentence) for s in as_like)


def _same_limit(reading: Reading, stated: Reading) -> bool:
    """Whether ``reading`` has the condition of ``stated`` by its figure: "orders above 49 USD", "满49美元的订单"."""
    figures = [figure for clause in reading.clauses for figure in clause.figures]
    return any(
        known.carries(figure)
        for clause in stated.clauses
        if Mark.IF in clause.kinds
        for known in clause.figures
        for figure in figures
    )


def _of_all(mark: Marked, facing: Facing) -> bool:
    """Whether the evidence says without a limit what the clause says of all: "always", "whenever you like"."""
    around = facing.around()
    if Mark.ALL in around or not (_EVER.match(mark.text) or around & {Mark.EXCEPT, Mark.ONLY}):
        return True
    passage = facing.like.passage if facing.like else ""
    limited = any(
        s.clause.kinds & _LIMITING or any(figure.family in _LIMITS for figure in s.clause.figures)
        for s in facing.evidence.clauses
        if s.passage == passage and not s.asks
    )
    return not limited and facing.top >= _LIKE_ENOUGH


def _denied(carried_by: frozenset[Mark], facing: Facing) -> bool:
    """Whether the evidence denies what the clause does: by the clause most like it, or somewhere beside it."""
    clause = facing.clause
    if any(denied and denied >= affirmed for denied, affirmed in (votes(word, facing) for word in clause.denied)):
        return clause.denials % 2 == 1 and not _undone(clause)
    same_time = [(score, s) for score, s in facing.likeness if not other_time(clause, s.clause)]
    denying = [
        (score, s)
        for score, s in same_time
        if s.clause.kinds & carried_by and (Mark.IF in clause.kinds or not s.clause.conditional)
    ]
    affirming = [(score, s) for score, s in same_time if not s.clause.kinds & carried_by]
    other = max((score for score, _ in affirming), default=0.0)
    best = max((score for score, _ in denying), default=0.0)
    denied, affirmed = (
        bool(clause.denied) and any(has(clause.denied, s.clause) for _, s in stated) for stated in (denying, affirming)
    )
    as_often = max((s.clause.denials for score, s in denying if score >= _AS_LIKE * best), default=0)
    if best > _OPPOSITE and clause.denials > as_often and Mark.YET not in clause.kinds:
        return False
    if Mark.IF in clause.kinds:
        return denied or other < _OPPOSITE or best >= other or not clause.about
    if best >= max(_LIKE_ENOUGH, other) and (denied or not affirmed or best > other + _CLEARLY):
        return True
    if affirmed or other >= _WORD_FOR_WORD:
        return False
    return denied or best >= _LIKE_ENOUGH


def _free_throughout(facing: Facing) -> bool:
    """Whether the passage frees of a cost and names no amount."""
    passage = facing.like.passage if facing.like else ""
    clauses = [s.clause for s in facing.evidence.clauses if s.passage == passage and not s.asks]
    amounts = any(figure.family == "amount" for clause in clauses for figure in clause.figures)
    return not amounts and any(Mark.FREE in clause.kinds for clause in clauses)


def _undone(clause: Clause) -> bool:
    """Whether a clause denies what it puts off: "before they are not shipped"."""
    first = next((mark.mark for mark in clause.marks if mark.mark is Mark.EARLIER or mark.mark in DENYING), None)
    return first is Mark.EARLIER and Mark.YET not in clause.kinds and clause.text.isascii()


def _bare(mark: Marked, stated: Stated, facing: Facing, *, loose: bool) -> bool:
    """Whether ``stated`` has no words of its own and is about what stands around it: "you pay nothing extra"."""
    if facing.like is None:
        return False
    if not facing.clause.about and _free_throughout(facing):
        return True
    if stated.clause.about:
        return False
    if stated.sentence.about and not names_cost(mark.text):
        return loose and stated.sentence is facing.like.sentence
    same_words = mark.text in {other.text for other in stated.clause.marks}
    return same_words and (stated.passage == facing.like.passage or names_cost(mark.text))

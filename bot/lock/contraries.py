"""Clauses that the evidence has the other way round: not denied, after instead of before, paid instead of free."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import DENYING, Clause, is_han_char
from bot.lock.evidence import Stated, latin
from bot.lock.facing import Facing, same_head
from bot.lock.lexicon import OPPOSITES, turning
from bot.lock.marks import Mark, Marked
from bot.lock.objection import Code, Objection
from bot.lock.wording import COSTS, any_without_not, claims

#: A clause this like another one, and less like any that agrees with it, says the opposite of it.
_OPPOSITE = 0.55
#: What a denial without a word right behind it asks for.
_NO_HEAD = 0.8
#: So like a clause has to be for an opposite word in it to count.
_LIKE_ENOUGH = 0.25
#: And, beside the most like clause, so like.
_LIKE_BEST = 0.6
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
#: Marks under which even a denied word may stand.
_SPARING = frozenset({*DENYING, Mark.EXCEPT, Mark.ONLY, Mark.IF, Mark.EARLIER})
#: Marks under which a denied word may stand.
_SPARED = frozenset({*DENYING, Mark.EXCEPT, Mark.FREE})
#: So much of a claim has to stand in one clause that affirms something.
_AFFIRMED = 0.3
#: And so much, where a clause that denies something speaks of the same.
_AFFIRMED_BESIDE = 0.5
#: A clause that denies something must not be so much more like it.
_MORE_DENIED = 0.1
#: Fewer letters than these may stand in any clause.
_SENTENCE = 10
#: So like, beside the most like, is as good as that.
_AS_LIKE = 0.8
#: What announces a denial.
_REGRET = re.compile(
    r"(?:(?:i am |we are )?(?:very |so |really )?sorry,|(?:i am|we are) afraid|unfortunately|regrettably)"
    r"|(?:很|非常|真)?(?:抱歉|不好意思|遗憾|可惜)[,，]",
    re.IGNORECASE,
)
_THAT = re.compile(r" (?:that|this|then)\b", re.IGNORECASE)
_WITH = re.compile(r"\bwith (?:an? |the |your )?(\w+)", re.IGNORECASE)


def objections(facing: Facing) -> Iterator[Objection]:
    """Yield what a clause turns round."""
    clause, text = facing.clause, facing.clause.text
    if _denied_otherwise(facing) or (any_without_not(text) and not clause.kinds & _SPARING):
        yield Objection(code=Code.NEGATION, words=text)
    without, only = facing.evidence.without
    if not without.isdisjoint(_WITH.findall(text)) or (not clause.denials and not only.isdisjoint(latin(text))):
        yield Objection(code=Code.NEGATION, words=text)
    if _unaffirmed(facing):
        yield Objection(code=Code.SUBJECT, words=text)
    if _turned(facing) or _paid_for(facing):
        yield Objection(code=Code.COMPARISON, words=text)
    yield from _words(facing)


def _unaffirmed(facing: Facing) -> bool:
    """Whether no clause that affirms something speaks of what the clause claims, or one that denies speaks more of it."""
    clause, evidence = facing.clause, facing.evidence
    if clause.kinds & _SPARED or not clause.about or clause.text in evidence.texts or not claims(clause.text):
        return False
    affirming = [(score, s.clause) for score, s in facing.likeness if not s.clause.kinds & DENYING]
    same = max((score for score, _ in affirming), default=0.0)
    other = max((score for score, s in facing.likeness if s.clause.kinds & DENYING), default=0.0)
    if other >= same + _MORE_DENIED and Mark.ONLY not in clause.kinds:
        return True
    if clause.figures or clause.kinds & {Mark.IF, Mark.ONLY}:
        return False
    whole: dict[int, frozenset[str]] = {}
    for _, stated in facing.likeness:
        if not stated.clause.kinds & DENYING:
            whole[id(stated.sentence)] = whole.get(id(stated.sentence), frozenset()) | stated.clause.about
    texts = (*(stated.about for _, stated in affirming), *whole.values())
    return max((evidence.overlap(clause.about, about) for about in texts), default=0.0) < (
        _AFFIRMED_BESIDE if _beside_a_denial(facing) else _AFFIRMED
    )


def _beside_a_denial(facing: Facing) -> bool:
    """Whether the evidence denies something of what the clause claims."""
    return any(
        s.clause.kinds & {*DENYING, Mark.ONLY} and facing.clause.about & s.clause.about for _, s in facing.likeness
    )


def _denied_otherwise(facing: Facing) -> bool:
    """Whether the clause denies what the evidence does not, or the other way round."""
    clause = facing.clause
    counts = facing.evidence.denials.get(clause.undenied, set())
    if counts and len(clause.undenied) >= _SENTENCE and clause.denials not in counts:
        return True
    denies = bool(clause.kinds & DENYING)
    silent = not any(part.kinds & (DENYING | {Mark.EXCEPT, Mark.ONLY}) for part in facing.reading.clauses)
    sorry = silent and _REGRET.match(facing.reading.text) is not None
    same = other = 0.0
    for score, stated in facing.likeness:
        if bool(stated.clause.kinds & DENYING) == denies or (
            Mark.YET in clause.kinds and _SPARING & stated.clause.kinds
        ):
            same = max(same, score)
        elif clause.conditional == stated.clause.conditional and (sorry or _of_the_same(clause, stated, score)):
            other = max(other, score)
    if sorry and other >= max(_LIKE_ENOUGH, _AS_LIKE * same):
        return True
    return other > same and other >= _OPPOSITE and not clause.kinds & {Mark.EXCEPT, Mark.ONLY, Mark.FREE}


def _of_the_same(clause: Clause, stated: Stated, score: float) -> bool:
    """Whether what one of both denies stands in the other as well."""
    return same_head(clause, stated.clause) if stated.clause.denied or clause.denied else score >= _NO_HEAD


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
        kinds = [facing.around() & {Mark.EARLIER, Mark.LATER} or {Mark.LATER}]
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


def _words(facing: Facing) -> Iterator[Objection]:
    """Object to words of which the evidence has the opposite, or which it only denies."""
    clause = facing.clause
    theirs = latin(facing.like.sentence.text) if facing.like is not None and facing.top >= _OPPOSITE else set()
    for word in sorted(latin(clause.text) - theirs):
        if (word[2:] if word.startswith("un") else f"un{word}") in theirs:
            yield Objection(code=Code.NEGATION, words=word)
    yield from _opposed(facing)


def _opposed(facing: Facing) -> Iterator[Objection]:
    """Object to a word where what is like the clause has its opposite, and not the word."""
    own = turning(facing.clause.about, facing.clause.text)
    if not own:
        return
    like = [
        s
        for score, s in facing.likeness
        if score >= max(_LIKE_ENOUGH, _LIKE_BEST * facing.top) or (facing.like and s.sentence is facing.like.sentence)
    ]
    denies = _denies(facing.clause)
    there = [(s.clause, turning(s.clause.about, s.clause.text)) for s in like]
    for word in own:
        opposed = any(OPPOSITES[word] & words and _denies(clause) == denies for clause, words in there)
        carried = any(word in words for _, words in there)
        if opposed and not carried and not OPPOSITES[word] & own:
            yield Objection(code=Code.NEGATION, words=word)


def _denies(clause: Clause) -> bool:
    return sum(mark.mark in DENYING for mark in clause.marks) % 2 == 1

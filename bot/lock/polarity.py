"""Whether the evidence affirms what a clause affirms, and denies what it denies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import DENYING, Clause, is_han_char
from bot.lock.evidence import TEMPERING, Stated
from bot.lock.facing import Facing, same_head
from bot.lock.marks import Mark
from bot.lock.objection import Code, Objection
from bot.lock.votes import votes
from bot.lock.wording import claims

#: A clause this like another one, and less like any that agrees with it, says the opposite of it.
_OPPOSITE = 0.55
#: What a denial without a word right behind it asks for.
_NO_HEAD = 0.8
#: So like a clause has to be for an opposite word in it to count.
_LIKE_ENOUGH = 0.25
#: So like, beside the most like, is as good as that.
_AS_LIKE = 0.8
#: Fewer letters than these may stand in any clause.
_SENTENCE = 10
#: Marks under which even a denied word may stand.
_SPARING = frozenset({*DENYING, Mark.EXCEPT, Mark.ONLY, Mark.IF, Mark.EARLIER})
#: Marks under which a denied word may stand.
_SPARED = frozenset({*DENYING, Mark.EXCEPT, Mark.FREE})
#: How many characters behind what denies its word stands, in English and in Chinese.
_NEXT, _NEXT_HAN = 16, 2
#: So much of a claim has to stand in one clause that affirms something.
_AFFIRMED = 0.3
#: And so much, where a clause that denies something speaks of the same.
_AFFIRMED_BESIDE = 0.65
#: A clause that denies something must not be so much more like it.
_MORE_DENIED = 0.1
#: What announces a denial.
_REGRET = re.compile(
    r"(?:(?:i am |we are )?(?:very |so |really )?sorry,|(?:i am|we are) afraid|unfortunately|regrettably)"
    r"|(?:很|非常|真)?(?:抱歉|不好意思|遗憾|可惜)[,，]",
    re.IGNORECASE,
)


def objections(facing: Facing) -> Iterator[Objection]:
    """Object to a clause that affirms what is denied, denies what is affirmed, or claims what nothing affirms."""
    if _denied_otherwise(facing) or _affirms_what_is_only_denied(facing) or _denies_what_is_affirmed(facing):
        yield Objection(code=Code.NEGATION, words=facing.clause.text)
    if _unaffirmed(facing):
        yield Objection(code=Code.SUBJECT, words=facing.clause.text)


def _unaffirmed(facing: Facing) -> bool:
    """Whether nothing that is affirmed speaks of what the clause claims, or what is denied speaks more of it."""
    clause, evidence = facing.clause, facing.evidence
    if clause.kinds & _SPARED or not clause.about or clause.text in evidence.texts or not claims(clause.text):
        return False
    affirming = [(score, s.clause) for score, s in facing.likeness if not s.clause.kinds & DENYING]
    same = max((score for score, _ in affirming), default=0.0)
    other = max((score for score, s in facing.likeness if s.clause.kinds & DENYING), default=0.0)
    if Mark.ONLY in clause.kinds:
        return any(denied > affirmed for denied, affirmed in (votes(w, facing) for w in clause.about & evidence.denied))
    if other >= same + _MORE_DENIED:
        return True
    if clause.figures or Mark.IF in clause.kinds:
        return False
    whole: dict[int, frozenset[str]] = {}
    for _, stated in facing.likeness:
        if not stated.clause.kinds & DENYING:
            whole[id(stated.sentence)] = whole.get(id(stated.sentence), frozenset()) | stated.clause.about
    texts = (*(stated.about for _, stated in affirming), *whole.values())
    return max((evidence.overlap(clause.about, about) for about in texts), default=0.0) < (
        _AFFIRMED_BESIDE if _beside_a_denial(facing) else _AFFIRMED
    )


def _affirms_what_is_only_denied(facing: Facing) -> bool:
    """Whether the clause states, without a condition, a word that the evidence has in denials alone."""
    clause = facing.clause
    if clause.kinds & TEMPERING or clause.text in facing.evidence.texts:
        return False
    return not facing.evidence.only_denied.isdisjoint(clause.about)


def _denies_what_is_affirmed(facing: Facing) -> bool:
    """Whether the clause denies, right behind the mark, what the evidence has where nothing tempers it."""
    clause = facing.clause
    if clause.text in facing.evidence.texts or clause.kinds & {Mark.EXCEPT, Mark.YET}:
        return False
    for mark in clause.marks:
        if mark.mark in DENYING:
            head = next((term for term in clause.terms if term.at >= mark.end), None)
            reach = _NEXT_HAN if head and is_han_char(head.text[0]) else _NEXT
            if head and head.at - mark.end <= reach and head.text in facing.evidence.affirmed:
                return True
    return False


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

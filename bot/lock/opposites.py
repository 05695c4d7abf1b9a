"""Words of which the evidence has the opposite: "closed" for "open", "without" for "with"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import DENYING, Clause
from bot.lock.evidence import latin
from bot.lock.facing import Facing
from bot.lock.lexicon import OPPOSITES, root, turning
from bot.lock.marks import Mark
from bot.lock.objection import Code, Objection
from bot.lock.wording import any_without_not

#: So like a clause has to be for words with and without un- to count.
_OPPOSITE = 0.55
#: So like a clause has to be for an opposite word in it to count.
_LIKE_ENOUGH = 0.25
#: And, beside the most like clause, so like.
_LIKE_BEST = 0.3
#: Marks under which even a denied word may stand.
_SPARING = frozenset({*DENYING, Mark.EXCEPT, Mark.ONLY, Mark.IF, Mark.EARLIER})
#: Which things, where all of them are meant, and where none is.
_ANY = re.compile(r"\b(?:any|every|all|each) (?:of (?:the|our|your) )?([a-z]+)", re.IGNORECASE)
_NO = re.compile(r"\bno (?:other )?([a-z]+)", re.IGNORECASE)
#: What stands on both sides of "or", and of "and".
_OR = re.compile(r"([a-z]+),? or (?=([a-z]+))|([\u4e00-\u9fff]{2})或者?(?=([\u4e00-\u9fff]{2}))", re.IGNORECASE)
_AND = re.compile(
    r"([a-z]+),? and (?=([a-z]+))|([\u4e00-\u9fff]{2})(?:并且?|和|以及|且)(?=([\u4e00-\u9fff]{2}))", re.IGNORECASE
)
_WITH = re.compile(r"\bwith (?:an? |the |your )?(\w+)", re.IGNORECASE)
_WITHOUT = re.compile(r"\bwithout (?:an? |the |your |any )?(\w+)", re.IGNORECASE)


def objections(facing: Facing) -> Iterator[Objection]:
    """Object to words of which the evidence has only the opposite."""
    clause, text = facing.clause, facing.clause.text
    without, only, never = facing.evidence.without
    wrong = (
        any_without_not(text) and not clause.kinds & _SPARING,
        not never.isdisjoint(_WITHOUT.findall(text)),
        not without.isdisjoint(_WITH.findall(text)),
        not clause.denials and not only.isdisjoint(latin(text)),
        not clause.kinds & _SPARING and _any_for_no(text, facing.evidence.text),
        _or_for_and(text, facing.evidence.text),
    )
    if any(wrong):
        yield Objection(code=Code.NEGATION, words=text)
    like = facing.like.sentence.text if facing.like is not None and facing.top >= _OPPOSITE else ""
    theirs = {*map(root, latin(like))}
    for word in sorted(latin(text)):
        if root(word) not in theirs and root(word[2:] if word.startswith("un") else f"un{word}") in theirs:
            yield Objection(code=Code.NEGATION, words=word)
    yield from _opposed(facing)


def _any_for_no(text: str, evidence: str) -> bool:
    """Whether ``text`` says of any what ``evidence`` says of none: "any country" for "no country"."""
    everything = {word.lower() for word in _ANY.findall(text)}
    return bool(everything) and not everything.isdisjoint(
        {word.lower() for word in _NO.findall(evidence)} - {word.lower() for word in _ANY.findall(evidence)}
    )


def _or_for_and(text: str, evidence: str) -> bool:
    """Whether ``text`` gives the choice of what ``evidence`` wants together: "unused or with the receipt"."""
    choices = _sides(_OR, text)
    return bool(choices) and not choices.isdisjoint(_sides(_AND, evidence) - _sides(_OR, evidence))


def _sides(joint: re.Pattern[str], text: str) -> set[tuple[str, ...]]:
    return {tuple(side.lower() for side in match.groups() if side) for match in joint.finditer(text)}


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
    for word in own - facing.evidence.terms if not denies else ():  # the question tells what the answer is about
        if OPPOSITES[word] & facing.evidence.topics:
            yield Objection(code=Code.NEGATION, words=word)
    there = [(s.clause, turning(s.clause.about, s.clause.text)) for s in like]
    for word in own:
        opposed = any(OPPOSITES[word] & words and _denies(clause) == denies for clause, words in there)
        carried = any(word in words for _, words in there)
        if opposed and not carried and not OPPOSITES[word] & own:
            yield Objection(code=Code.NEGATION, words=word)


def _denies(clause: Clause) -> bool:
    return sum(mark.mark in DENYING for mark in clause.marks) % 2 == 1

"""What a sentence names and promises."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import DENYING, Reading, is_han_char
from bot.lock.facing import Facing, conditional, has_if
from bot.lock.lexicon import PLAIN, root
from bot.lock.marks import Mark
from bot.lock.objection import Code, Objection
from bot.lock.roles import roles
from bot.lock.wording import HARMLESS_DEEDS, MONEY_DEEDS, SERVICES

#: So like a clause has to be for "us" to do, in other words, what it says.
_LIKE_ENOUGH = 0.25
#: So much of what a clause says has to stand in one sentence.
_TOGETHER = 2 / 3
#: Two things in one breath.
_JOINED = re.compile(
    r"([a-z]+) and (?:the |your |our )?([a-z]+)|([\u4e00-\u9fff]{2})[和及与、]([\u4e00-\u9fff]{2})", re.IGNORECASE
)
#: What gives one thing the value of another.
_LIKEWISE = re.compile(
    r"\bso (?:does|do|is|are|has|have)\b|\bthe same (?:on|for|goes|applies|with)\b|\blikewise\b|同样|也一样|也是如此",
    re.IGNORECASE,
)
#: What follows "we" and may be what we do, in words.
_DEEDS = 3


def names(facing: Facing) -> Iterator[Objection]:
    """Object to names that the evidence does not have, or has of something else."""
    clause, evidence = facing.clause, facing.evidence
    found = [term for term in clause.terms if term.name or term.text in evidence.names]
    head = clause.terms[0] if clause.terms else None
    # The first word of a sentence has its capital anyway: it is a name where the evidence has one in its place.
    instead = facing.like.clause.about & evidence.names - clause.about if facing.like else None
    if head and instead and head.text not in evidence.terms | PLAIN and head.written[0].isupper():
        yield Objection(code=Code.NAME, words=head.written)
    for term in found:
        if term.text not in evidence.terms:
            yield Objection(code=Code.NAME, words=term.written)
    if not found or not facing.likeness:
        return
    mine = facing.reading.names | {term.text for term in found}
    # Of clauses that are as like, one with the same names is meant.
    _, like = max(facing.likeness, key=lambda pair: (round(pair[0], 3), not mine - pair[1].sentence.names))
    if like.clause.about & evidence.names - mine:
        for term in found:
            if term.text in evidence.terms and term.text not in like.sentence.about:
                yield Objection(code=Code.NAME, words=term.written)


def gathered(facing: Facing) -> Iterator[Objection]:
    """Object to a clause whose words no sentence of the evidence has together: gathered, they state another fact."""
    known = facing.clause.about & facing.evidence.terms - facing.evidence.topics
    together = max((len(known & stated.sentence.about) for _, stated in facing.likeness), default=0)
    if len(known) > 1 and together < _TOGETHER * len(known):
        yield Objection(code=Code.SUBJECT, words=facing.clause.text)


def shared(facing: Facing) -> Iterator[Objection]:
    """Object to a figure that is given to another thing as well, which has one of its own in the evidence."""
    clause = facing.clause
    if clause.figures and _LIKEWISE.search(facing.reading.text) and not _LIKEWISE.search(facing.evidence.text):
        yield Objection(code=Code.COMPARISON, words=facing.reading.text)
    joined = [{root(side.lower()) for side in match.groups() if side} for match in _JOINED.finditer(clause.text)]
    for figure in clause.figures if joined and len(clause.figures) == 1 else ():
        family = [known for known in facing.evidence.known if known.figure.family == figure.family]
        own = [known.stated.clause.about for known in family if known.figure.carries(figure)]
        others = [known.stated.clause.about for known in family if not known.figure.carries(figure)]
        for sides in joined:
            if any(sides & mine and sides & theirs and not sides <= mine for mine in own for theirs in others):
                yield Objection(code=figure.code, words=clause.text)
                return


def exchanged(facing: Facing) -> Iterator[Objection]:
    """Object where we do or own what in the evidence only the customer does, or the other way round."""
    for side, deed in roles(facing.clause.text):
        other = "you" if side == "we" else "we"
        if (side, deed) not in facing.evidence.roles and (other, deed) in facing.evidence.roles:
            yield Objection(code=Code.SUBJECT, words=facing.clause.text)
            return


def promises(facing: Facing) -> Iterator[Objection]:
    """Object to what "we" do or have done, unless the evidence says so of "us", and under what condition."""
    clause = facing.clause
    acting = next((mark for mark in clause.marks if mark.mark in (Mark.WE, Mark.DONE)), None)
    if acting is None or clause.kinds & {*DENYING, Mark.IF} or clause.marks[0].mark in (Mark.LATER, Mark.EARLIER):
        return
    objection = Objection(code=Code.PROMISE, words=clause.text)
    deeds = [term.text for term in clause.terms if term.at >= acting.end][:_DEEDS]
    done = Mark.DONE in clause.kinds
    if not deeds or deeds[0] in HARMLESS_DEEDS:
        if done:
            yield objection
        return
    chinese = is_han_char(deeds[0][0])
    claimed = SERVICES.intersection(deeds if chinese else deeds[:1])
    if not claimed and not done and (facing.top >= _LIKE_ENOUGH or deeds[0] in PLAIN):
        return
    if not claimed and acting.text.endswith("been ") and deeds[0] in facing.evidence.terms:
        return
    heads = set(deeds if chinese else deeds[:1])
    wanted = {Mark.DONE} if done else {Mark.WE, Mark.DONE}
    heads = set(claimed) or heads
    promised = [
        stated
        for _, stated in facing.likeness
        if stated.clause.about & heads
        and ((stated.clause.kinds if done else _marks(stated.sentence)) & wanted or (chinese and not done))
    ]
    if not promised:
        yield objection
        return
    money = MONEY_DEEDS & heads and not conditional(facing.reading)
    if money and all(has_if(stated.sentence) for stated in promised):
        yield objection


def _marks(reading: Reading) -> set[Mark]:
    return {mark for clause in reading.clauses for mark in clause.kinds}

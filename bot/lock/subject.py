"""What a sentence is about: names, promises, and words that the evidence does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.lock.clauses import DENYING, Reading, Term, is_han_char
from bot.lock.evidence import Evidence
from bot.lock.facing import Facing, conditional, has_if
from bot.lock.marks import Mark
from bot.lock.objection import Code, Objection
from bot.lock.wording import HAN_KNOWN, HARMLESS_DEEDS, MONEY_DEEDS, TELLING

#: Of the words of a sentence, and of a clause that states something of weight, at most this share may be new.
_NEW = 0.45
#: With fewer words than these a share tells nothing.
_FEW = 2
#: What follows "we" and may be what we do, in words.
_DEEDS = 3


def words(reading: Reading, evidence: Evidence) -> Iterator[Objection]:
    """Object to numbers and words that the evidence does not have, and where too many words are new."""
    for number in reading.unread:
        if number not in evidence.unread:
            yield Objection(code=Code.NUMBER, words=number)
    yield from _too_new([term for clause in reading.clauses for term in clause.terms], evidence)
    for clause in reading.clauses:
        for term in clause.terms:
            if term.text in TELLING and term.text not in evidence.terms:
                yield Objection(code=Code.SUBJECT, words=term.written)
            elif {char for char in term.text if is_han_char(char)} - evidence.characters - HAN_KNOWN:
                yield Objection(code=Code.NAME, words=term.written)
        if clause.figures or clause.kinds & {Mark.WE, Mark.DONE, Mark.NOT, Mark.FREE}:
            yield from _too_new(clause.terms, evidence)


def names(facing: Facing) -> Iterator[Objection]:
    """Object to names that the evidence does not have, or has of something else."""
    clause, evidence = facing.clause, facing.evidence
    found = [term for term in clause.terms if term.name or term.text in evidence.names]
    head = clause.terms[0] if clause.terms else None
    # The first word of a sentence has its capital anyway: it is a name where the evidence has one in its place.
    instead = facing.like.clause.about & evidence.names - clause.about if facing.like else None
    if head and instead and head.text not in evidence.terms and head.written[0].isupper():
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


def promises(facing: Facing) -> Iterator[Objection]:
    """Object to what "we" do or have done, unless the evidence says so of "us", and under what condition."""
    clause = facing.clause
    acting = next((mark for mark in clause.marks if mark.mark in (Mark.WE, Mark.DONE)), None)
    if acting is None or clause.kinds & {*DENYING, Mark.IF}:
        return
    objection = Objection(code=Code.PROMISE, words=clause.text)
    deeds = [term.text for term in clause.terms if term.at >= acting.end][:_DEEDS]
    done = Mark.DONE in clause.kinds
    if not deeds or deeds[0] in HARMLESS_DEEDS:
        if done:
            yield objection
        return
    chinese = is_han_char(deeds[0][0])
    heads = set(deeds if chinese else deeds[:1])
    wanted = {Mark.DONE} if done else {Mark.WE, Mark.DONE}
    promised = [
        stated
        for _, stated in facing.likeness
        if stated.clause.about & heads and (_marks(stated.sentence) & wanted or (chinese and not done))
    ]
    if not promised:
        yield objection
        return
    money = MONEY_DEEDS & heads and not conditional(facing.reading)
    if money and all(has_if(stated.sentence) for stated in promised):
        yield objection


def _marks(reading: Reading) -> set[Mark]:
    return {mark for clause in reading.clauses for mark in clause.kinds}


def _too_new(terms: Iterable[Term], evidence: Evidence) -> Iterator[Objection]:
    every = list(terms)
    new = [term.written for term in every if not _known(term, evidence)]
    if len(every) >= _FEW and len(new) > _NEW * len(every):
        yield Objection(code=Code.SUBJECT, words=" ".join(new))


def _known(term: Term, evidence: Evidence) -> bool:
    return term.text in evidence.terms or (is_han_char(term.text[0]) and set(term.text) <= evidence.characters)

"""A clause that is to be sent, face to face with what the evidence states."""

from __future__ import annotations

from dataclasses import dataclass

from bot.lock.clauses import Clause, Reading, is_han_char
from bot.lock.evidence import Evidence, Stated
from bot.lock.marks import Mark


@dataclass(frozen=True, kw_only=True, slots=True)
class Facing:
    """A clause, and how like it each clause of the evidence is."""

    clause: Clause
    #: The sentence it is of.
    reading: Reading
    evidence: Evidence
    #: Each clause of the evidence that states something, and how like it is.
    likeness: tuple[tuple[float, Stated], ...]
    #: The highest likeness, and the clause that has it.
    top: float
    like: Stated | None

    @classmethod
    def of(cls, clause: Clause, reading: Reading, evidence: Evidence) -> Facing:
        """Compare ``clause`` of ``reading`` with all clauses of ``evidence``."""
        likeness = evidence.likeness(clause, reading)
        top, like = max(likeness, key=lambda pair: pair[0], default=(0.0, None))
        return cls(clause=clause, reading=reading, evidence=evidence, likeness=likeness, top=top, like=like)

    def around(self) -> set[Mark]:
        """Return the marks of the sentence that the most like clause is of."""
        return {
            mark
            for stated in self.evidence.clauses
            if self.like and stated.sentence is self.like.sentence
            for mark in stated.clause.kinds
        }


def same_head(clause: Clause, stated: Clause) -> bool:
    """Whether both have what one of them denies, as far as that can be told."""
    heads = stated.denied or clause.denied
    return not heads or any(has(frozenset({head}), clause) and has(frozenset({head}), stated) for head in heads)


def has(heads: frozenset[str], clause: Clause) -> bool:
    """Whether ``clause`` has one of ``heads``, or there is none."""
    return not heads or any(head in clause.about or (is_han_char(head[0]) and head in clause.text) for head in heads)


def has_if(reading: Reading) -> bool:
    """Whether the sentence holds under a condition."""
    return any(Mark.IF in clause.kinds for clause in reading.clauses)


def conditional(reading: Reading) -> bool:
    """Whether the sentence holds under a condition, or from some time on."""
    return any(clause.kinds & {Mark.IF, Mark.EARLIER, Mark.LATER, Mark.YET} for clause in reading.clauses)


def other_time(clause: Clause, stated: Clause) -> bool:
    """Whether one speaks of what is before, and the other of what is after."""
    one, other = (c.kinds & {Mark.EARLIER, Mark.LATER} for c in (clause, stated))
    return Mark.YET not in clause.kinds and bool(one) and bool(other) and not one & other

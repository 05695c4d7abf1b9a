"""The evidence lock: sentence by sentence, whether the cited passages carry what a text states.

A sentence passes where it is quoted, where it states nothing, or where every clause of it is carried: each figure by a
clause that speaks of the same thing and says no other figure of it, each negation by one that denies the same, each
name, limit and promise by one that has it, each claim by one that affirms it, and its words by the passages as a whole:
a word that they lack is a general one or says the same as one of theirs, and none says the opposite. What the passages
only might mean is not carried: the approved text is there to be quoted instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.lock import contraries, edits, limits, novelty, opposites, polarity, subject
from bot.lock.claims import carried
from bot.lock.clauses import DENYING, Clause, Reading, read
from bot.lock.courtesies import is_courtesy
from bot.lock.evidence import STOPS, Evidence, spelled
from bot.lock.facing import Facing
from bot.lock.objection import Code, Objection
from bot.lock.sentences import split
from bot.lock.signs import foreign
from bot.lock.wording import is_topic, verdict
from bot.lock.words import plain

#: Characters of a sentence that is read: what is longer may be quoted, and nothing else.
LONGEST = 500
_ABLE = re.compile(r"\bcan\b|能|可以", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence of a text, and what the evidence says to it."""

    #: As it stands in the text, with what separates it from the next.
    text: str
    #: Whether it may be sent.
    supported: bool
    #: Ids of the passages that carry it; none for a courtesy.
    passages: tuple[str, ...]
    #: What in it has no support.
    against: tuple[Objection, ...] = ()


def checked(text: str, evidence: Evidence) -> list[Sentence]:
    """Check ``text`` sentence by sentence, in order; the texts of the sentences joined are ``text``."""
    return [check(sentence, evidence) for sentence in split(text)]


def check(sentence: str, evidence: Evidence) -> Sentence:
    """Check one sentence."""
    unread = foreign(sentence, evidence.raw)
    if unread or (len(sentence) > LONGEST and spelled(plain(sentence)) not in evidence.verbatim):
        refused = Objection(code=Code.SUBJECT, words=" ".join(unread) or sentence[:LONGEST])
        return Sentence(text=sentence, supported=False, passages=(), against=(refused,))
    reading = read(sentence)
    quoted = evidence.verbatim.get(spelled(reading.text))
    if quoted:
        return Sentence(text=sentence, supported=True, passages=tuple(dict.fromkeys(quoted)))
    if is_courtesy(reading.text):
        return Sentence(text=sentence, supported=True, passages=())
    passages: dict[str, None] = {}
    objections = tuple(dict.fromkeys(_objections(reading, evidence, passages)))
    if not objections and not passages and (about := evidence.about(reading)):
        passages[about] = None
    if not objections and not passages:
        objections = (Objection(code=Code.SUBJECT, words=reading.text.strip()),)
    return Sentence(text=sentence, supported=not objections, passages=tuple(passages), against=objections)


def _objections(reading: Reading, evidence: Evidence, passages: dict[str, None]) -> Iterator[Objection]:
    """Yield what is against the sentence, and fill in the passages that carry it."""
    stating = [clause for clause in reading.clauses if not _idle(clause, evidence)]
    yield from novelty.objections(reading, stating, evidence)
    for number, clause in enumerate(stating):
        facing = Facing.of(clause, reading, evidence)
        if facing.like and clause.about & facing.like.clause.about:
            passages[facing.like.passage] = None
        for figure in clause.figures:
            known, objection = carried(figure, facing)
            if known:
                passages[known.stated.passage] = None
            if objection:
                yield objection
        yield from subject.names(facing)
        if is_topic(clause.text):
            continue
        if number == 0 and (said := verdict(clause.text.strip(STOPS))) is not None:
            yield from _verdict(reading, stating, evidence, passages, said=said)
            continue
        if number and verdict(clause.text.strip(STOPS)) is not None and clause.text not in evidence.texts:
            yield Objection(code=Code.NEGATION, words=clause.text)
        yield from limits.objections(facing)
        yield from subject.promises(facing)
        yield from subject.exchanged(facing)
        yield from subject.gathered(facing)
        yield from subject.shared(facing)
        yield from polarity.objections(facing)
        yield from opposites.objections(facing)
        yield from contraries.objections(facing)
        yield from edits.objections(facing)


def _idle(clause: Clause, evidence: Evidence) -> bool:
    """Whether a clause states nothing: it has no words, only courtesies, or is the question."""
    words = clause.text.strip(STOPS)
    return not words or is_courtesy(clause.text) or words in evidence.asked


def _verdict(
    reading: Reading, stating: list[Clause], evidence: Evidence, passages: dict[str, None], *, said: bool
) -> Iterator[Objection]:
    """A yes or no has to stand at the head of the passage that the sentence is from, or agree with its own rest."""
    rest = stating[1:]
    heads = {s.passage: v for s in reversed(evidence.clauses) if (v := verdict(s.clause.text)) is not None}
    if any(part.about for part in rest):
        answer = heads.get(evidence.about(reading))
    else:
        answer = said if heads and all(head is said for head in heads.values()) else None
    denies = bool(rest) and any(m.mark in DENYING and "free" not in m.text for m in rest[0].marks)
    if (
        answer is said
        and not (said and denies)
        and not (not said and not denies and rest and _ABLE.search(rest[0].text))
    ):
        passages.update(dict.fromkeys(passage for passage, head in heads.items() if head is said))
    elif not rest or denies is said or (said and answer is False):
        yield Objection(code=Code.NEGATION, words=stating[0].text)

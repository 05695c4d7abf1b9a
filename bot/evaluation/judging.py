"""Whether a reply was right, by what would have been: one word for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.evaluation.dialogues import Reading, Truth
from bot.types import Action, Candidate, Reply

#: Candidates whose answers are compared with what a person said, where no entry is named: those that a clarifying
#: question would offer.
COMPARED = 3

#: From this chance on two texts say the same.
ALIKE_FROM = 0.5


class Verdict(StrEnum):
    """What a reply was worth."""

    #: It answered, and rightly.
    RIGHT = "right"
    #: It answered something else, or was polite where an answer was wanted.
    WRONG = "wrong"
    #: It asked back, with what is right among the choices, or without it.
    OFFERED = "offered"
    ASKED_IN_VAIN = "asked_in_vain"
    #: A person had to take it, and the bot handed it over.
    HANDED_OVER = "handed_over"
    #: The knowledge has the answer, and the bot handed over.
    UNNECESSARY_HAND_OVER = "unnecessary_hand_over"
    #: A person had to take it, and the bot did not hand it over.
    MISSED_HAND_OVER = "missed_hand_over"
    #: It was polite where that was all that was wanted.
    SMALL_TALK = "small_talk"
    #: What would have been right is not known.
    UNJUDGED = "unjudged"


#: What does harm when it is sent.
HARMFUL = frozenset({Verdict.WRONG, Verdict.MISSED_HAND_OVER})

#: What a customer is well served by.
GOOD = frozenset({Verdict.RIGHT, Verdict.OFFERED, Verdict.HANDED_OVER, Verdict.SMALL_TALK})

#: Returns for each pair of texts, an entry's answer and what a person said, the chance that they say the same.
Alike = Callable[[Sequence[tuple[str, str]]], Awaitable[Sequence[float]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A verdict, and what it rests on."""

    verdict: Verdict
    #: Whether the likeliest candidate is right (None where that is not known, or nothing was found).
    best: bool | None = None
    #: The chance that an entry says what the person said, by entry, where texts were compared.
    alike: Mapping[str, float] = field(default_factory=dict)


def quotes(reply: Reply) -> list[str]:
    """Return the entries that a reply states as an answer; those it only offers do not count."""
    return [] if reply.action is Action.CLARIFY else [citation.id for citation in reply.citations]


async def judged(reply: Reply, truth: Truth, alike: Alike) -> Judged:
    """Return what ``reply`` was worth, by ``truth``."""
    chances: Mapping[str, float] = {}
    right = truth.answers | truth.accept
    if truth.reading is Reading.TEXT:
        chances = await _compared(reply, truth, alike)
        right = frozenset(id_ for id_, chance in chances.items() if chance >= ALIKE_FROM)
    best = None
    if reply.candidates and truth.wanted and Action.SMALL_TALK not in truth.wanted:
        best = reply.candidates[0].id in right
    verdict = _verdict(reply, truth, right)
    return Judged(verdict=verdict, best=best, alike=chances)


async def _compared(reply: Reply, truth: Truth, alike: Alike) -> dict[str, float]:
    """Return the chances for the likeliest candidates, and for what was quoted or offered."""
    cited = {citation.id for citation in reply.citations}
    compared: list[Candidate] = [
        candidate for place, candidate in enumerate(reply.candidates) if place < COMPARED or candidate.id in cited
    ]
    chances = await alike([(candidate.answer, truth.text) for candidate in compared]) if compared else []
    return {candidate.id: round(chance, 4) for candidate, chance in zip(compared, chances, strict=True)}


def _verdict(reply: Reply, truth: Truth, right: frozenset[str]) -> Verdict:
    """Return what ``reply`` was worth where the entries ``right`` answer the message."""
    quoted, wanted = quotes(reply), truth.wanted
    if not wanted:
        return Verdict.UNJUDGED
    if reply.action is Action.CLARIFY:
        offered = any(citation.id in right for citation in reply.citations)
        return Verdict.OFFERED if offered else Verdict.ASKED_IN_VAIN
    if quoted and Action.ANSWER in wanted:
        return Verdict.RIGHT if right.issuperset(quoted) else Verdict.WRONG
    if reply.action is Action.HAND_OFF:
        # Where a person said what no entry says, it was theirs to say.
        needed = Action.HAND_OFF in wanted or (truth.reading is Reading.TEXT and not right)
        return Verdict.HANDED_OVER if needed else Verdict.UNNECESSARY_HAND_OVER
    if reply.action is Action.SMALL_TALK and Action.SMALL_TALK in wanted:
        return Verdict.SMALL_TALK
    # A person's "you are welcome" looks like any other answer; and who says "thanks" and goes on to ask something else
    # is answered that.
    if reply.action is Action.SMALL_TALK and (truth.reading is Reading.TEXT or truth.goes_on):
        return Verdict.UNJUDGED
    return Verdict.MISSED_HAND_OVER if wanted == {Action.HAND_OFF} else Verdict.WRONG

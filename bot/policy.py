"""What to do with a message: a pure function of what was understood, what was found and the settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.types import Action, Candidate, Reason

#: What a clarifying question offers is at least this likely, compared with the likeliest.
WORTH_OFFERING = 0.04

#: A question with this share of words that no entry holds is not covered by the answer to another.
ABOUT_SOMETHING_ELSE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """When the bot dares to answer. Confidences are calibrated, so these are chances of being right."""

    #: The best candidate is sent as the answer from here on.
    answer_from: float
    #: Below it, the customer is asked which of the likeliest was meant if one of them is right with this chance.
    clarify_from: float
    #: How many a clarifying question offers.
    choices: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One question of a message and what the sources propose for it, best first."""

    text: str
    candidates: Sequence[Candidate]

    @property
    def best(self) -> float:
        """The confidence of the best candidate, 0 if there is none."""
        return self.candidates[0].confidence if self.candidates else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the policy decided."""

    action: Action
    reason: Reason
    #: What to quote (answer), to offer (clarify), or to quote before handing over the rest.
    chosen: tuple[Candidate, ...] = ()
    confidence: float = 0.0
    #: The question that is handed over while others are answered ("" where it is the whole message).
    open_question: str = ""


def decide(whole: Finding, parts: Sequence[Finding], thresholds: Thresholds, *, clarified: bool) -> Decision:
    """Decide on a message that was read as one question (``whole``) and as several (``parts``, empty where it is one).

    ``clarified`` says that the bot's last turn was a clarifying question already: it does not ask twice in a row.
    """
    several = _decide_parts(parts, thresholds) if len(parts) > 1 else None
    if several is not None:
        return several
    if whole.candidates and whole.best >= thresholds.answer_from:
        best = whole.candidates[0]
        return Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=(best,), confidence=best.confidence)
    offered = tuple(c for c in whole.candidates[: thresholds.choices] if c.confidence >= whole.best * WORTH_OFFERING)
    chance = min(sum(candidate.confidence for candidate in offered), 1.0)
    if not offered or chance < thresholds.clarify_from:
        return Decision(action=Action.HAND_OFF, reason=Reason.NOT_KNOWN, confidence=whole.best)
    if clarified:
        return Decision(action=Action.HAND_OFF, reason=Reason.STILL_UNCLEAR, confidence=whole.best)
    return Decision(action=Action.CLARIFY, reason=Reason.AMBIGUOUS, chosen=offered, confidence=whole.best)


def _decide_parts(parts: Sequence[Finding], thresholds: Thresholds) -> Decision | None:
    """Answer several questions, or one and hand over the other; None where they are better read as one."""
    answered: dict[str, Candidate] = {}
    for part in parts:
        if part.candidates and part.best >= thresholds.answer_from:
            answered.setdefault(part.candidates[0].id, part.candidates[0])
    chosen = tuple(answered.values())
    if not chosen:
        return None
    confidence = min(candidate.confidence for candidate in chosen)
    if len(chosen) > 1:
        return Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=chosen, confidence=confidence)
    left = [part for part in parts if not _is_more_of(part, answered)]
    if not left:
        return None
    return Decision(
        action=Action.HAND_OFF,
        reason=Reason.PARTLY_KNOWN,
        chosen=chosen,
        confidence=confidence,
        open_question=left[0].text,
    )


def _is_more_of(part: Finding, answered: Collection[str]) -> bool:
    """Whether what was answered covers ``part``: its likeliest entry is among it, and most of its words are known."""
    best = part.candidates[0] if part.candidates else None
    return best is not None and best.id in answered and best.unknown < ABOUT_SOMETHING_ELSE

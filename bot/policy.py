"""What to do with a message: a pure function of what was understood, what was found and the settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.types import Action, Candidate, Question, Reason

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
class Rules:
    """What the operator wants done."""

    thresholds: Thresholds
    #: From where on to answer instead, by slice: a language ("zh"), or a topic in it ("zh/payment").
    answer_from_in: Mapping[str, float] = field(default_factory=dict)
    #: The entry that answers an intent, by intent.
    answers: Mapping[str, str] = field(default_factory=dict)
    #: Intents that a person takes.
    hand_over: Collection[str] = ()
    #: Tags of the entries that may answer an intent, by intent.
    scope: Mapping[str, Collection[str]] = field(default_factory=dict)
    #: Sentiments after which a person takes over, if so many messages in a row have them.
    upset: Collection[str] = ()
    times: int = 2

    def thresholds_for(self, language: str, topic: str) -> Thresholds:
        """Return the thresholds for a message, by the language of its reply and its topic."""
        for name in (f"{language}/{topic}", language):
            if name in self.answer_from_in:
                level = self.answer_from_in[name]
                lower = min(self.thresholds.clarify_from, level)
                return replace(self.thresholds, answer_from=level, clarify_from=lower)
        return self.thresholds


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A message, and all that is known when it is decided on."""

    #: The message as one question, with what was understood of it.
    question: Question
    #: What kind of small talk it is, if it is nothing else.
    small_talk: Reason | None = None
    #: Whether the customer asks for a person.
    wants_person: bool = False
    #: What the customer picked of what the bot offered.
    picked: Candidate | None = None
    #: What was found for the message as one question, and for each of several in it (empty where it is one).
    whole: Finding
    parts: Sequence[Finding] = ()
    #: The entries that may be quoted for the intents that have one, by intent.
    named: Mapping[str, Candidate] = field(default_factory=dict)
    #: Sentiments of the messages before that a bot answered, newest first, since a person last had the case.
    moods: Sequence[str] = ()
    #: Whether the bot's last turn was a clarifying question: it does not ask twice in a row.
    clarified: bool = False

    @property
    def intents(self) -> Sequence[str]:
        """What the customer wants, the likeliest first."""
        return [label for label, _ in self.question.understanding.intents]


def topic_of(candidates: Sequence[Candidate]) -> str:
    """Return the topic of a message, by what was found for it as one question: the first tag of the likeliest entry.

    "" where that has none, or nothing was found.
    """
    return candidates[0].tags[0] if candidates and candidates[0].tags else ""


def decide(situation: Situation, rules: Rules) -> Decision:
    """Decide on a message; what stands first goes before what follows.

    An intent is one of the message as a whole: where several questions are asked, it answers none of them.
    """
    if situation.picked is not None:
        return _answer(situation.picked, Reason.CONFIDENT, 1.0)
    if situation.small_talk is not None:
        return Decision(action=Action.SMALL_TALK, reason=situation.small_talk, confidence=1.0)
    if situation.wants_person:
        return Decision(action=Action.HAND_OFF, reason=Reason.ASKED_FOR_PERSON, confidence=1.0)
    if _is_upset(situation, rules):
        return Decision(action=Action.HAND_OFF, reason=Reason.UPSET, confidence=situation.whole.best)
    if any(intent in rules.hand_over for intent in situation.intents):
        return Decision(action=Action.HAND_OFF, reason=Reason.INTENT, confidence=situation.whole.best)
    whole = situation.whole
    thresholds = rules.thresholds_for(situation.question.language, topic_of(whole.candidates))
    if not situation.parts:
        for intent, chance in situation.question.understanding.intents:
            if intent in situation.named and chance >= thresholds.answer_from:
                return _answer(situation.named[intent], Reason.INTENT, chance)
        whole = _scoped(whole, situation.intents, rules.scope)
    return weigh(whole, situation.parts, thresholds, clarified=situation.clarified)


def weigh(whole: Finding, parts: Sequence[Finding], thresholds: Thresholds, *, clarified: bool) -> Decision:
    """Decide by what was found for a message as one question (``whole``) and as several (``parts``) alone."""
    several = _decide_parts(parts, thresholds) if len(parts) > 1 else None
    if several is not None:
        return several
    if whole.candidates and whole.best >= thresholds.answer_from:
        return _answer(whole.candidates[0], Reason.CONFIDENT, whole.best)
    offered = tuple(c for c in whole.candidates[: thresholds.choices] if c.confidence >= whole.best * WORTH_OFFERING)
    chance = min(sum(candidate.confidence for candidate in offered), 1.0)
    if not offered or chance < thresholds.clarify_from:
        return Decision(action=Action.HAND_OFF, reason=Reason.NOT_KNOWN, confidence=whole.best)
    if clarified:
        return Decision(action=Action.HAND_OFF, reason=Reason.STILL_UNCLEAR, confidence=whole.best)
    return Decision(action=Action.CLARIFY, reason=Reason.AMBIGUOUS, chosen=offered, confidence=whole.best)


def _answer(chosen: Candidate, reason: Reason, confidence: float) -> Decision:
    return Decision(action=Action.ANSWER, reason=reason, chosen=(chosen,), confidence=confidence)


def _is_upset(situation: Situation, rules: Rules) -> bool:
    """Whether this message and those before it, as many as the rules say, have one of their sentiments each."""
    moods = [situation.question.understanding.sentiment, *situation.moods][: rules.times]
    return len(moods) == rules.times and all(mood in rules.upset for mood in moods)


def _scoped(found: Finding, intents: Sequence[str], scope: Mapping[str, Collection[str]]) -> Finding:
    """Return what was found among the entries that ``intents`` are about; all of it where that is nothing.

    An intent without a scope may be about any entry.
    """
    if not intents or not all(intent in scope for intent in intents):
        return found
    tags = {tag for intent in intents for tag in scope[intent]}
    return replace(found, candidates=[c for c in found.candidates if tags.intersection(c.tags)] or found.candidates)


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

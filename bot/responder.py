"""From a message to the one reply: understand, ask the sources together, let the policy decide, compose."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from itertools import chain

from bot.knowledge import CANDIDATES
from bot.policy import Decision, Finding, Thresholds, decide
from bot.ports import Composer, Source
from bot.types import (
    Action,
    Candidate,
    Citation,
    Conversation,
    Message,
    Question,
    Reason,
    Reply,
    Speaker,
    Turn,
)
from bot.understanding import agrees, questions, small_talk, wants_person
from retrieval.text import detect_language, whole

#: More of a message is not read: 2,000 characters are three times the longest message people type in a chat.
LONGEST = 2_000

#: More questions in one message are read as one.
MOST_PARTS = 4


class CombinedResponder:
    """Answers with what all sources propose together."""

    def __init__(self, sources: Sequence[Source], composer: Composer, thresholds: Thresholds) -> None:
        """``sources`` are asked at the same time; of equal confidence, the earlier one's candidate is preferred."""
        self._sources = sources
        self._composer = composer
        self._thresholds = thresholds

    async def respond(self, conversation: Conversation, message: Message) -> Reply:
        """Return the one reply to ``message``, which is the last turn of ``conversation``."""
        start = time.perf_counter()
        earlier = _before(conversation.turns, message)
        language = conversation.language or _language(message.text, earlier)
        timings: dict[str, float] = {}
        decision, candidates = await self._decide(message, earlier, language, timings)
        text = await self._composer.compose(decision, language)
        spoken = {candidate.language for candidate in decision.chosen}
        timings["total"] = _milliseconds_since(start)
        return Reply(
            id=uuid.uuid4().hex,
            conversation=message.conversation,
            in_reply_to=message.id,
            text=text,
            action=decision.action,
            reason=decision.reason,
            confidence=round(decision.confidence, 4),
            language=spoken.pop() if decision.action is Action.ANSWER and len(spoken) == 1 else language,
            citations=tuple(
                Citation(id=c.id, question=c.question, source=c.origin, url=c.url) for c in decision.chosen
            ),
            candidates=tuple(candidates),
            timings_ms=timings,
        )

    async def _decide(
        self, message: Message, earlier: Sequence[Turn], language: str, timings: dict[str, float]
    ) -> tuple[Decision, Sequence[Candidate]]:
        text = whole(message.text[:LONGEST])
        offered = _offered(earlier)
        picked = _picked(text, offered)
        if picked is not None:
            text = picked.question
        elif (pleasantry := small_talk(text)) and not (offered and pleasantry is Reason.ACKNOWLEDGED):
            return Decision(action=Action.SMALL_TALK, reason=pleasantry, confidence=1.0), ()
        elif wants_person(text):
            return Decision(action=Action.HAND_OFF, reason=Reason.ASKED_FOR_PERSON, confidence=1.0), ()
        parts = [] if picked else questions(text)
        parts = parts if 1 < len(parts) <= MOST_PARTS else []
        context = "" if picked else _context(earlier)
        # Each question of a message may lean on the one before it, the first on what was said earlier.
        contexts = (context, context, *parts[:-1])
        asked = [
            Question(text=part, language=language, at=message.at, context=before)
            for part, before in zip((text, *parts), contexts, strict=False)
        ]
        start = time.perf_counter()
        found = await self._ask(asked)
        timings["sources"] = _milliseconds_since(start)
        together, *rest = (Finding(text=q.text, candidates=c) for q, c in zip(asked, found, strict=True))
        for candidate in together.candidates:
            if picked is not None and candidate.id == picked.id:
                return Decision(
                    action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=(candidate,), confidence=1.0
                ), found[0]
        return decide(together, rest, self._thresholds, clarified=bool(offered)), found[0]

    async def _ask(self, asked: Sequence[Question]) -> list[list[Candidate]]:
        """Put the candidates of all sources together: each entry once, with the highest confidence any source gives."""
        answers = await asyncio.gather(*(source.candidates(asked) for source in self._sources))
        together = []
        for proposals in zip(*answers, strict=True):
            best: dict[str, Candidate] = {}
            for candidate in chain.from_iterable(proposals):
                if candidate.id not in best or candidate.confidence > best[candidate.id].confidence:
                    best[candidate.id] = candidate
            together.append(sorted(best.values(), key=lambda candidate: -candidate.confidence)[:CANDIDATES])
        return together


def _language(text: str, earlier: Sequence[Turn]) -> str:
    """Return the language of ``text``; of the customer's last words where it has no letters of its own."""
    if any(char.isalpha() for char in text):
        return detect_language(text)
    spoken = (t.text for t in reversed(earlier) if t.speaker is Speaker.CUSTOMER and any(map(str.isalpha, t.text)))
    return detect_language(next(spoken, text))


def _context(earlier: Sequence[Turn]) -> str:
    """Return the customer's last question before this message."""
    for turn in reversed(earlier):
        # A number picked one of those offered: what is spoken of is still the question before it.
        if turn.speaker is Speaker.CUSTOMER and any(map(str.isalpha, turn.text)) and small_talk(turn.text) is None:
            return turn.text[:LONGEST]
    return ""


def _before(turns: Sequence[Turn], message: Message) -> Sequence[Turn]:
    """Return the turns before ``message``; what came after it while it waited is not read yet."""
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].id == message.id and turns[place].speaker is Speaker.CUSTOMER:
            return turns[:place]
    return turns


def _offered(earlier: Sequence[Turn]) -> Sequence[Citation]:
    """Return what the bot offered in its last turn, if that was a clarifying question."""
    last = next((turn for turn in reversed(earlier) if turn.speaker is not Speaker.CUSTOMER), None)
    return last.citations if last is not None and last.action is Action.CLARIFY else ()


def _picked(text: str, offered: Sequence[Citation]) -> Citation | None:
    """Return what ``text`` picks of ``offered``: by its number, by its own words, or a yes to the only one."""
    plain = text.strip().rstrip(".。)）个").lstrip("#第")
    if len(offered) == 1 and agrees(text):
        return offered[0]
    if plain.isdecimal() and 1 <= int(plain) <= len(offered):
        return offered[int(plain) - 1]
    return next((citation for citation in offered if citation.question == text.strip()), None)


def _milliseconds_since(start: float) -> float:
    """Return the milliseconds since ``start`` of `time.perf_counter`, to a hundredth."""
    return round((time.perf_counter() - start) * 1000, 2)

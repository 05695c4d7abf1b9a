"""From a message to the one reply: understand, ask the sources together, let the policy decide, compose."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile

from bot.knowledge import CANDIDATES
from bot.languages import TOLD_APART, is_plain
from bot.placeholders import filled
from bot.policy import Decision, Finding, Rules, Situation, decide
from bot.ports import Composer, Entries, Released, Source, Understander, unseen
from bot.saying import Saying
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
    Understanding,
    Writing,
)
from bot.understanding import agrees, questions, small_talk, wants_person
from retrieval.text import detect_language, whole

#: More of a message is not read: 2,000 characters are three times the longest message people type in a chat.
LONGEST = 2_000

#: More questions in one message are read as one.
MOST_PARTS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heard:
    """A message before anything is looked up."""

    #: As it was sent, and what is to be looked up: what it picked of those offered, if it did; "" for nothing.
    text: str
    asks: str
    #: What tells the customer's language: the message, or one before it where it has no words of the customer's own.
    own_words: str
    picked: Citation | None
    small_talk: Reason | None
    wants_person: bool
    #: Whether the bot had asked back.
    clarified: bool


class CombinedResponder:
    """Answers with what all sources propose together, by what was understood of the message."""

    def __init__(
        self,
        sources: Sequence[Source],
        composer: Composer,
        rules: Rules,
        *,
        understander: Understander,
        entries: Entries,
        versions: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """``sources`` are asked at the same time; of equal confidence, the earlier one's candidate is preferred.

        ``entries`` has those that the rules name, ``versions`` tells what is in use at the moment, by name.
        """
        self._sources = sources
        self._composer = composer
        self._rules = rules
        self._understander = understander
        self._entries = entries
        self._versions = versions

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        """Return the one reply to ``message``, which is the last turn of ``conversation``."""
        start = time.perf_counter()
        earlier = _before(conversation.turns, message)
        heard = _heard(whole(message.text[:LONGEST]), earlier)
        asked = _asked(heard, message, earlier, conversation.language or detect_language(heard.own_words))
        timings: dict[str, float] = {}
        versions = dict(self._versions())
        situation = await self._situation(conversation, heard, asked, timings)
        while versions != (now := dict(self._versions())):  # or the reply would come from two of them
            versions = now
            situation = await self._situation(conversation, heard, asked, timings)
        decision = decide(situation, self._rules)
        language = conversation.language or _language(heard.own_words, decision)
        saying = Saying(
            decision=decision, language=language, at=message.at, question=heard.asks or heard.text, earlier=earlier
        )
        composing = time.perf_counter()
        composed = await self._composer.compose(saying, released)
        if composed.writing != Writing():
            timings["generator"] = _milliseconds_since(composing)
        timings["total"] = _milliseconds_since(start)
        return Reply(
            id=uuid.uuid4().hex,
            conversation=message.conversation,
            in_reply_to=message.id,
            text=composed.text,
            action=decision.action,
            reason=decision.reason,
            confidence=round(decision.confidence, 4),
            language=language,
            citations=tuple(
                Citation(id=c.id, question=c.question, source=c.origin, url=c.url) for c in decision.chosen
            ),
            candidates=tuple(situation.whole.candidates),
            understanding=situation.question.understanding,
            versions=versions,
            timings_ms=timings,
            writing=composed.writing,
        )

    async def _situation(
        self, conversation: Conversation, heard: _Heard, asked: Sequence[Question], timings: dict[str, float]
    ) -> Situation:
        understanding, proposals = await asyncio.gather(
            self._understand(heard, timings), self._ask(asked if heard.asks else [], timings)
        )
        # Replies are in the order of the messages, even where the next message came before the reply.
        before = [turn for turn in reversed(conversation.turns) if turn.speaker is not Speaker.CUSTOMER]
        understood = [understanding, *(turn.understanding for turn in before)]
        found = [
            Finding(text=q.text, candidates=_together(c, understood)) for q, c in zip(asked, proposals, strict=False)
        ]
        together, *parts = found or [Finding(text=heard.text, candidates=())]
        question = replace(asked[0], understanding=understanding)
        return Situation(
            question=question,
            small_talk=heard.small_talk,
            wants_person=heard.wants_person,
            picked=next((c for c in together.candidates if heard.picked and c.id == heard.picked.id), None),
            whole=together,
            parts=parts,
            named=self._named(question, understood),
            moods=_moods(before),
            clarified=heard.clarified,
        )

    async def _understand(self, heard: _Heard, timings: dict[str, float]) -> Understanding:
        """Return what the message says; one that picks says nothing but that."""
        start = time.perf_counter()
        understanding = None if heard.picked else await self._understander.understand(heard.text)
        if understanding is None:
            return Understanding()
        timings["understanding"] = _milliseconds_since(start)
        return understanding

    async def _ask(self, asked: Sequence[Question], timings: dict[str, float]) -> Sequence[Sequence[Candidate]]:
        """Return for each question what all sources propose."""
        if not asked:
            return []
        start = time.perf_counter()
        answers = await asyncio.gather(*(source.candidates(asked) for source in self._sources))
        timings["sources"] = _milliseconds_since(start)
        return [list(chain.from_iterable(proposals)) for proposals in zip(*answers, strict=True)]

    def _named(self, question: Question, understood: Sequence[Understanding]) -> dict[str, Candidate]:
        """Return the entries that the rules name for the intents of ``question``, where they may be quoted."""
        named = {}
        for intent, chance in question.understanding.intents:
            entry = self._rules.answers.get(intent)
            if entry is None:
                continue
            candidate = self._entries.entry(entry, question, source="intents", confidence=chance)
            candidate = filled(candidate, understood) if candidate else None
            if candidate is not None:
                named[intent] = candidate
        return named


def _heard(text: str, earlier: Sequence[Turn]) -> _Heard:
    offered = _offered(earlier)
    picked = _picked(text, offered)
    pleasantry = small_talk(text, asked=_was_asked(earlier)) if picked is None else None
    if offered and (pleasantry is Reason.ACKNOWLEDGED or agrees(text)):  # "ok" to several that were offered
        pleasantry = None if _has_letters(text) else Reason.NO_WORDS
    person = picked is None and pleasantry is None and wants_person(text)
    return _Heard(
        text=text,
        asks=picked.question if picked else "" if pleasantry or person else text,
        own_words=text if picked is None and _has_letters(text) else _own_words(earlier) or text,
        picked=picked,
        small_talk=pleasantry,
        wants_person=person,
        clarified=bool(offered),
    )


def _asked(heard: _Heard, message: Message, earlier: Sequence[Turn], language: str) -> list[Question]:
    """Return the message as one question, and the questions in it where it is several."""
    parts = questions(heard.asks) if heard.picked is None else []
    parts = parts if 1 < len(parts) <= MOST_PARTS else []
    context = context_of(earlier) if heard.picked is None else ""
    # Each question of a message may lean on the one before it, the first on what was said earlier.
    contexts = (context, context, *parts[:-1])
    return [
        Question(text=part, language=language, at=message.at, context=before)
        for part, before in zip((heard.asks, *parts), contexts, strict=False)
    ]


def _together(proposed: Sequence[Candidate], understood: Sequence[Understanding]) -> list[Candidate]:
    """Return what may be sent of what the sources propose: each entry once, with the highest confidence any gives."""
    best: dict[str, Candidate] = {}
    for proposal in proposed:
        candidate = filled(proposal, understood)
        if candidate and (candidate.id not in best or candidate.confidence > best[candidate.id].confidence):
            best[candidate.id] = candidate
    return sorted(best.values(), key=lambda candidate: -candidate.confidence)[:CANDIDATES]


def _moods(before: Sequence[Turn]) -> list[str]:
    """Return the sentiments behind the bot's turns, newest first, since it last handed over."""
    alone = takewhile(lambda turn: turn.speaker is Speaker.BOT and turn.action is not Action.HAND_OFF, before)
    return [turn.understanding.sentiment for turn in alone]


def _own_words(earlier: Sequence[Turn]) -> str:
    """Return the customer's last message in words that tell the language; "" where there is none.

    What was offered may be in another language than that of the customer, who repeats it or says yes to it.
    """
    for place in range(len(earlier) - 1, -1, -1):
        turn = earlier[place]
        if turn.speaker is not Speaker.CUSTOMER or not _has_letters(turn.text):
            continue
        if _picked(turn.text, _offered(earlier[:place])) is None:
            return turn.text
    return ""


def _language(own_words: str, decision: Decision) -> str:
    """Return the language to speak to a customer in who says ``own_words``.

    Only English and Chinese are told apart. Words that are plainly neither are taken to be in the language of the
    entries that they found, if that is a third one.
    """
    found = {candidate.language for candidate in decision.chosen}
    if len(found) == 1 and not found.intersection(TOLD_APART) and not is_plain(own_words):
        return found.pop()
    return detect_language(own_words)


def context_of(earlier: Sequence[Turn]) -> str:
    """Return the customer's last question before this message."""
    for turn in reversed(earlier):
        # A number picked one of those offered: what is spoken of is still the question before it.
        if turn.speaker is Speaker.CUSTOMER and _has_letters(turn.text) and small_talk(turn.text, asked=False) is None:
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
    last = _last_said(earlier)
    return last.citations if last is not None and last.action is Action.CLARIFY else ()


def _was_asked(earlier: Sequence[Turn]) -> bool:
    """Whether the customer may have been asked something: answers and pleasantries of the bot want no yes."""
    last = _last_said(earlier)
    return last is None or last.speaker is not Speaker.BOT or last.action not in (Action.ANSWER, Action.SMALL_TALK)


def _last_said(earlier: Sequence[Turn]) -> Turn | None:
    """Return the last turn that is not the customer's."""
    return next((turn for turn in reversed(earlier) if turn.speaker is not Speaker.CUSTOMER), None)


def _picked(text: str, offered: Sequence[Citation]) -> Citation | None:
    """Return what ``text`` picks of ``offered``: by its number, by its own words, or a yes to the only one."""
    plain = text.strip().rstrip(".。．、)）个").lstrip("#第")
    if len(offered) == 1 and agrees(text):
        return offered[0]
    if plain.isdecimal() and 1 <= int(plain) <= len(offered):
        return offered[int(plain) - 1]
    return next((citation for citation in offered if citation.question == text.strip()), None)


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _milliseconds_since(start: float) -> float:
    """Return the milliseconds since ``start`` of `time.perf_counter`, to a hundredth."""
    return round((time.perf_counter() - start) * 1000, 2)

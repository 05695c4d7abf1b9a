"""What the bot says to labelled turns at every threshold: it is asked anew until it says nothing."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.evaluation.budget import LEVELS, Said
from bot.evaluation.judging import quotes
from bot.evaluation.labelled import LabelledTurn
from bot.evaluation.replay import AT_ONCE
from bot.policy import topic_of
from bot.ports import Responder
from bot.types import Conversation, ConversationKey, Message, Turn
from retrieval.text import detect_language

_RISING = LEVELS[::-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """A labelled turn, and what the bot says to it."""

    #: What decides on its slice: language and topic.
    kind: tuple[str, str]
    #: Of the likeliest candidate; None where nothing was looked up, or nothing found.
    confidence: float | None
    #: By rising thresholds.
    said: tuple[Said, ...]
    #: Of the knowledge, and by kind of the models in use.
    versions: Mapping[str, str]


async def sweep(
    turns: Sequence[LabelledTurn],
    responder: Callable[[float], Responder],
    *,
    at: datetime,
    done: Callable[[], None] = lambda: None,
) -> list[Swept]:
    """Return what the bot says to each of ``turns`` ``at`` a time.

    ``responder`` returns the bot for a threshold, which may be the same one for the same threshold; ``done`` is called
    for each turn.
    """
    responders = {level: responder(level) for level in _RISING}
    free = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, turn: LabelledTurn) -> Swept:
        async with free:
            swept = await _sweep(number, turn, responders, at)
        done()
        return swept

    return list(await asyncio.gather(*(one(number, turn) for number, turn in enumerate(turns))))


async def _sweep(number: int, turn: LabelledTurn, responders: Mapping[float, Responder], at: datetime) -> Swept:
    key = ConversationKey(channel="calibrate", thread=str(number))
    earlier = tuple(Turn(speaker=speaker, text=text, at=at) for speaker, text in turn.history)
    conversation = Conversation(key=key, turns=earlier)
    message = Message(id="asked", conversation=key, text=turn.text, at=at)
    place, said = 0, []
    first = reply = await responders[_RISING[place]].respond(conversation, message)
    while quoted := quotes(reply):
        # What is said rests on the least sure of what it quotes, so it stays until that is not sure enough. The
        # confidence of a reply is rounded: at a level that equals it, only asking tells.
        place = max(place + 1, bisect_left(_RISING, reply.confidence))
        said.append(Said(until=_RISING[place - 1], wrong=not turn.right(quoted)))
        if place == len(_RISING):
            break
        reply = await responders[_RISING[place]].respond(conversation, message)
    best = first.candidates[0] if first.candidates else None
    return Swept(
        kind=(detect_language(turn.text), topic_of(first.candidates)),
        confidence=best.confidence if best else None,
        said=tuple(said),
        versions=first.versions,
    )

"""Logged dialogues through the bot as it is: each message with the true history up to it, and nothing is sent."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.evaluation.dialogues import Dialogue
from bot.evaluation.judging import Alike, judged
from bot.evaluation.turns import ReplayedTurn
from bot.ports import Responder
from bot.types import Conversation, ConversationKey, Message

#: Messages answered at the same time: two searches of 32 questions run side by side.
AT_ONCE = 64

#: The first messages are answered one after the other: what that takes is what a customer waits.
ALONE = 100

#: Dialogues under way: their messages keep the places full while the first of them still waits for its last one.
AHEAD = 2 * AT_ONCE


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """A dialogue after its replay."""

    turns: tuple[ReplayedTurn, ...]
    #: Milliseconds to the replies that were made alone. They differ from run to run and are kept apart.
    took: tuple[float, ...]


async def replay(
    dialogues: Iterable[Dialogue], responder: Responder, alike: Alike, *, as_of: datetime | None = None
) -> AsyncIterator[Replayed]:
    """Yield each dialogue after its replay, in their order.

    ``dialogues`` may be without end: few of them are in memory at a time. With ``as_of`` all of it happens then, and
    the knowledge is as valid as on that day.
    """
    free, alone = asyncio.Semaphore(1), ALONE

    async def asked(dialogue: Dialogue, place: int, took: list[float]) -> ReplayedTurn:
        nonlocal alone
        async with free:
            turn, milliseconds = await _asked(dialogue, place, responder, alike, as_of)
        if alone:
            took.append(milliseconds)
            alone -= 1
            if not alone:
                for _ in range(AT_ONCE - 1):
                    free.release()
        return turn

    async def replayed(dialogue: Dialogue) -> Replayed:
        took: list[float] = []
        turns = await asyncio.gather(*(asked(dialogue, place, took) for place in dialogue.asked()))
        return Replayed(turns=tuple(turns), took=tuple(took))

    waiting: deque[asyncio.Task[Replayed]] = deque()
    try:
        for dialogue in dialogues:
            waiting.append(asyncio.create_task(replayed(dialogue), name=f"replay {dialogue.id}"))
            if len(waiting) >= AHEAD:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _asked(
    dialogue: Dialogue, place: int, responder: Responder, alike: Alike, as_of: datetime | None
) -> tuple[ReplayedTurn, float]:
    start = time.perf_counter()
    conversation, message = _as_it_was(dialogue, place, as_of)
    reply = await responder.respond(conversation, message)
    took = (time.perf_counter() - start) * 1000
    truth = dialogue.truth(place)
    row = ReplayedTurn.of_reply(dialogue, place, reply, truth, await judged(reply, truth, alike))
    return row, took


def _as_it_was(dialogue: Dialogue, place: int, as_of: datetime | None) -> tuple[Conversation, Message]:
    """Return a message and the conversation before it."""
    key = ConversationKey(channel=dialogue.channel or "replay", thread=dialogue.id)
    turn = dialogue.turns[place]
    message = Message(
        id=str(place), conversation=key, text=turn.text, at=as_of or turn.at, attachments=turn.attachments
    )
    return Conversation(key=key, turns=dialogue.turns[:place]), message

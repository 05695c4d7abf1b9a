"""What the tests of the dispatcher share: responders, a connector, and messages between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from bot.dispatcher import Dispatcher
from bot.ports import Released, Responder, Store, unseen
from bot.types import Action, Conversation, ConversationKey, Message, Reason, Reply
from bot.work import Errand

#: Seconds between two looks of a dispatcher: tests need not wait for it, but where the store fails.
PAUSE = 0.005

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def key(thread: str = "anna") -> ConversationKey:
    return ConversationKey(channel="chat", thread=thread)


def message(id_: str, text: str = "hello", thread: str = "anna") -> Message:
    return Message(id=id_, conversation=key(thread), text=text, at=NOON)


def reply_to(asked: Message, text: str, action: Action = Action.ANSWER) -> Reply:
    return Reply(
        id=f"r-{asked.conversation.thread}-{asked.id}",
        conversation=asked.conversation,
        in_reply_to=asked.id,
        text=text,
        action=action,
        reason=Reason.CONFIDENT,
        confidence=1.0,
        language="en",
    )


def fallback(asked: Message) -> Reply:
    return reply_to(asked, "A colleague will help you.", Action.HAND_OFF)


class Echo:
    """Repeats the customer; hands over when asked for a person."""

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        if message.text == "person":
            return reply_to(message, "I pass you on.", Action.HAND_OFF)
        return reply_to(message, message.text.upper())


class Calls:
    """A responder made of a function."""

    def __init__(self, function: Callable[[Conversation, Message], Awaitable[Reply]]) -> None:
        self.function = function

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        return await self.function(conversation, message)


class Gated(Echo):
    """Holds every message until its gate is opened."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.changed = asyncio.Event()

    def open(self, *ids: str) -> None:
        for id_ in ids:
            self.gates.setdefault(id_, asyncio.Event()).set()

    async def reached(self, count: int) -> None:
        while len(self.begun) < count:
            self.changed.clear()
            await self.changed.wait()

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        self.begun.append(message.id)
        self.changed.set()
        await self.gates.setdefault(message.id, asyncio.Event()).wait()
        return await super().respond(conversation, message)


class Phone:
    """A connector that keeps what it showed, and fails while it is down."""

    name = "chat"

    def __init__(self) -> None:
        self.shown: list[Reply] = []
        self.down = False
        #: Ids of the messages whose replies it fails to show.
        self.failing: set[str] = set()
        self.tried = 0
        #: What agents were told.
        self.told: list[str] = []
        #: Of each try: whether it was told that it may not be the first.
        self.again: list[bool] = []

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        self.tried += 1
        self.again.append(again)
        if self.down or reply.in_reply_to in self.failing:
            raise ConnectionError(f"cannot send {reply.text}")
        self.shown.append(reply)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        self.told.append(f"note: {text.splitlines()[0]}")

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        self.told.append("hand over")

    @property
    def texts(self) -> list[str]:
        return [reply.text for reply in self.shown]


async def turns_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def bug(conversation: Conversation, asked: Message) -> Reply:
    """Fail with an error that quotes the customer."""
    raise ValueError(f"cannot read {asked.text}")


def dispatcher(store: Store, responder: Responder, phone: Phone, **more: Any) -> Dispatcher:
    return Dispatcher(store, responder, {"chat": phone}, fallback=fallback, **{"pause": PAUSE, **more})


async def on_their_way(store: Store) -> list[Reply]:
    return [one.reply for one in await store.outbox() if one.errand is Errand.REPLY]

"""What the dispatcher shows of a reply while it is written: before the reply, never over a person, at no cost."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.joining import LONGEST
from bot.ports import Released, unseen
from bot.store.memory import MemoryStore
from bot.store.sql import SqlStore
from bot.types import Conversation, ConversationKey, Event, Message, Reply, Speaker, Turn, Writing
from bot.work import Work
from tests.contract.conftest import Clock
from tests.unit.bot.desk import NOON, Echo, Phone, dispatcher, key, message, on_their_way, reply_to, turns_of_the_loop

WRITTEN = "One. Two. Three."


class Writer(Echo):
    """Writes a sentence, waits until it is told to go on, writes two more, and replies with all."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        released("One.")
        self.begun.set()
        await self.go_on.wait()
        released("One. Two.")
        released(WRITTEN)
        return reply_to(message, WRITTEN)


class Screen(Phone):
    """A phone that shows what is written, the reply behind it."""

    def __init__(self, shows: Callable[[str], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        #: For which messages there was something to show.
        self.asked: list[Message] = []
        self._shows = shows

    async def preview(self, message: Message, text: str) -> None:
        self.asked.append(message)
        if self._shows:
            await self._shows(text)
        self.lines.put_nowait(text)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        await super().deliver(reply, again=again)
        self.lines.put_nowait(f"reply: {reply.text}")

    def seen(self) -> list[str]:
        """Return what was shown and not looked at yet."""
        return [self.lines.get_nowait() for _ in range(self.lines.qsize())]


async def test_what_is_written_is_shown_before_the_reply_and_nothing_after_it() -> None:
    writer, screen = Writer(), Screen()
    async with dispatcher(MemoryStore(), writer, screen) as running:
        await running.submit(message("1"))
        assert await screen.lines.get() == "One."
        writer.go_on.set()
        await running.idle()
    assert screen.seen()[-1] == f"reply: {WRITTEN}"
    assert screen.texts == [WRITTEN]


async def test_a_channel_that_shows_nothing_gets_the_reply() -> None:
    writer, phone = Writer(), Phone()
    writer.go_on.set()
    async with dispatcher(MemoryStore(), writer, phone) as running:
        await running.submit(message("1"))
        await running.idle()
    assert phone.texts == [WRITTEN]


async def test_where_the_channel_is_slow_the_newest_takes_the_place_of_what_was_not_shown() -> None:
    shown, slow, done = list[str](), asyncio.Event(), asyncio.Event()

    async def shows(text: str) -> None:
        shown.append(text)
        await slow.wait()
        if text == WRITTEN:
            done.set()

    class Waits(Writer):
        async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
            reply = await super().respond(conversation, message, released)
            slow.set()
            await done.wait()
            return reply

    writer, screen = Waits(), Screen(shows)
    async with dispatcher(MemoryStore(), writer, screen) as running:
        await running.submit(message("1"))
        while not shown:
            await asyncio.sleep(0)
        writer.go_on.set()
        await running.idle()
    assert shown == ["One.", WRITTEN]


@pytest.mark.parametrize(
    "happens",
    [
        lambda store: store.record(key(), Event.TAKEN),
        lambda store: store.record(key(), Event.RESOLVED),
        lambda store: store.append(key(), Turn(speaker=Speaker.AGENT, text="I am on it.", at=NOON)),
        lambda store: store.forget(key()),
    ],
    ids=["taken", "resolved", "a person writes", "forgotten"],
)
async def test_once_it_is_not_the_bots_to_answer_nothing_more_is_shown_and_the_bot_is_silent(
    happens: Callable[[MemoryStore], Awaitable[object]],
) -> None:
    end = asyncio.Event()

    class Waits(Writer):
        async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
            reply = await super().respond(conversation, message, released)
            await end.wait()
            return reply

    store, writer, screen = MemoryStore(), Waits(), Screen()
    async with dispatcher(store, writer, screen) as running:
        await running.submit(message("1"))
        assert await screen.lines.get() == "One."
        await happens(store)
        writer.go_on.set()
        await turns_of_the_loop(20)
        end.set()
        await running.idle()
    assert screen.seen() == []


async def fails(text: str) -> None:
    raise ConnectionError(text)


async def hangs(text: str) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("shows", [fails, hangs])
async def test_a_channel_that_cannot_show_it_costs_no_reply(
    shows: Callable[[str], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    writer, screen = Writer(), Screen(shows)
    caplog.set_level(logging.WARNING)
    async with dispatcher(MemoryStore(), writer, screen) as running:
        await running.submit(message("1"))
        await writer.begun.wait()
        while not screen.asked:
            await asyncio.sleep(0)
        writer.go_on.set()
        await running.idle()
    assert screen.seen() == [f"reply: {WRITTEN}"]
    gc.collect()  # a task that failed and that nobody asked is told of then
    assert caplog.text == ""


async def test_the_reply_waits_until_a_channel_that_is_still_showing_has_stopped() -> None:
    async def shows(text: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await turns_of_the_loop(10)
            screen.lines.put_nowait("stopped")

    writer, screen = Writer(), Screen(shows)
    async with dispatcher(MemoryStore(), writer, screen) as running:
        await running.submit(message("1"))
        while not screen.asked:
            await asyncio.sleep(0)
        writer.go_on.set()
        await running.idle()
    assert screen.seen() == ["stopped", f"reply: {WRITTEN}"]


async def test_a_store_that_cannot_tell_who_has_the_case_costs_no_reply_and_nothing_is_shown() -> None:
    away = asyncio.Event()

    class Away(MemoryStore):
        async def work(self, key: ConversationKey) -> Work:
            if not writer.begun.is_set():
                return await super().work(key)
            away.set()
            raise OSError("away")

    writer, screen = Writer(), Screen()
    async with dispatcher(Away(), writer, screen) as running:
        await running.submit(message("1"))
        await away.wait()
        writer.go_on.set()
        await running.idle()
    assert screen.seen() == [f"reply: {WRITTEN}"]


async def test_of_messages_that_are_answered_together_the_last_is_the_one_it_is_shown_to() -> None:
    clock, writer, screen = Clock(), Writer(), Screen()
    store = MemoryStore(clock)
    for number in "12":
        await store.accept(message(number, f"part {number}"), joins=True)
    clock.now += LONGEST
    async with dispatcher(store, writer, screen, clock=clock) as running:
        assert await screen.lines.get() == "One."
        writer.go_on.set()
        await running.idle()
    assert {(one.id, one.text) for one in screen.asked} == {("2", "part 1\npart 2")}


async def test_what_a_model_was_asked_reaches_the_channel_and_no_store(tmp_path: Path) -> None:
    secret = "what the customer said"

    class Prompted(Echo):
        async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
            reply = await super().respond(conversation, message)
            return replace(reply, writing=Writing(why="timeout", prompt=(("user", secret),)))

    prompts = list[object]()

    class Down(Phone):
        async def deliver(self, reply: Reply, *, again: bool) -> None:
            prompts.append(reply.writing.prompt)
            raise ConnectionError

    async with SqlStore.open(f"sqlite:///{tmp_path / 'kefu.db'}") as store:
        async with dispatcher(store, Prompted(), Down()) as running:
            await running.submit(message("1"))
            await running.idle()
        (waiting,), (record,) = await on_their_way(store), await store.latest(1)
    assert prompts[0] == (("user", secret),)
    assert waiting.writing == record.reply.writing == Writing(why="timeout")
    assert waiting.writing.prompt == record.reply.writing.prompt == ()
    assert secret.encode() not in await asyncio.to_thread(bytes_of, tmp_path)


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())

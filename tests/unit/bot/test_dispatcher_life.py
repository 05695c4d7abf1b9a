"""What the dispatcher promises when something fails, when it begins and when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.errors import OverloadedError
from bot.store.memory import MemoryStore
from bot.types import Conversation, ConversationKey, Message, Owner, Reply
from bot.work import Delivery, Taken, Work
from tests.unit.bot.desk import (
    Calls,
    Echo,
    Gated,
    Phone,
    bug,
    dispatcher,
    key,
    message,
    on_their_way,
    reply_to,
    turns_of_the_loop,
)

# --- failures ---------------------------------------------------------------------------------------------------------


async def _cancelled_inside(conversation: Conversation, asked: Message) -> Reply:
    future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    future.cancel()
    return await future


@pytest.mark.parametrize("respond", [bug, _cancelled_inside])
async def test_a_failing_responder_still_gives_one_reply_that_hands_over(
    respond: Callable[[Conversation, Message], Awaitable[Reply]],
) -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Calls(respond), phone) as running:
        await running.submit(message("1"))
        await running.idle()
    assert phone.texts == ["A colleague will help you."]
    assert (await store.conversation(key())).owner is Owner.WAITING


async def test_no_text_of_customer_or_bot_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store, phone = MemoryStore(), Phone()
    phone.down = True
    async with dispatcher(store, Calls(bug), phone) as running:
        await running.submit(message("m-17", "my card is 4111"))
        await running.submit(message("m-18", "my card is 4111"))
        await running.idle()
    assert "m-17" in caplog.text
    assert "ValueError < desk.py" in caplog.text
    assert "ConnectionError" in caplog.text
    assert "4111" not in caplog.text
    assert "colleague" not in caplog.text


class Away(MemoryStore):
    """Fails so many times in each method named."""

    def __init__(self, **times: int) -> None:
        super().__init__()
        self.times = times

    def fail(self, name: str) -> None:
        if self.times.get(name, 0):
            self.times[name] -= 1
            raise OSError("my card is 4111")

    async def take(self, limit: int) -> Taken:
        self.fail("take")
        return await super().take(limit)

    async def work(self, key: ConversationKey) -> Work:
        self.fail("work")
        return await super().work(key)

    async def finish(self, message: Message, reply: Reply | None, note: str = "", **more: Any) -> bool:
        self.fail("finish")
        return await super().finish(message, reply, note, **more)

    async def sendable(self, delivery: Delivery) -> bool:
        self.fail("sendable")
        return await super().sendable(delivery)

    async def release(self, key: ConversationKey) -> None:
        self.fail("release")
        await super().release(key)


@pytest.mark.parametrize("method", ["take", "work", "finish", "sendable", "release"])
async def test_work_goes_on_when_the_store_is_back(method: str, caplog: pytest.LogCaptureFixture) -> None:
    store, phone = Away(**{method: 3}), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        await running.submit(message("1", "one"))
        await running.idle()
        await running.submit(message("2", "two"))
        await running.idle()
    assert phone.texts == ["ONE", "TWO"]
    assert "OSError < test_dispatcher_life.py" in caplog.text
    assert "4111" not in caplog.text


async def test_a_store_that_is_away_for_longer_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    phone = Phone()
    async with dispatcher(Away(take=20), Echo(), phone) as running:
        await running.submit(message("1"))
        await running.idle()
    assert caplog.text.count("the store is away") == 1


async def test_a_reply_whose_delivery_could_not_be_noted_is_sent_with_the_word_that_it_may_be_the_second() -> None:
    class Forgetful(MemoryStore):
        times = 1

        async def delivered(self, delivery: Delivery) -> None:
            if self.times:
                self.times -= 1
                raise OSError("away")
            await super().delivered(delivery)

    phone = Phone()
    async with dispatcher(Forgetful(), Echo(), phone) as running:
        await running.submit(message("1"))
        await running.idle()
    assert phone.again == [False, True]


async def test_the_end_does_not_wait_for_a_store_that_stays_away(caplog: pytest.LogCaptureFixture) -> None:
    store = Away(finish=10**6)
    async with dispatcher(store, Echo(), Phone()) as running:
        await running.submit(message("1"))
        await turns_of_the_loop(50)
        await running.drain(timeout=0)
    assert await store.unfinished() == [message("1")]
    assert "stopped with 1 messages unfinished" in caplog.text


# --- beginning and end ------------------------------------------------------------------------------------------------


async def test_leaving_finishes_what_was_accepted() -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        for n in range(10):
            await running.submit(message(str(n), thread=str(n % 3)))
    assert len(phone.shown) == 10
    with pytest.raises(OverloadedError, match="not running"):
        await running.submit(message("late"))
    assert not await store.unfinished()


async def test_what_the_deadline_left_is_said_and_resumed_by_the_next_start(caplog: pytest.LogCaptureFixture) -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()
    async with dispatcher(store, responder, phone) as running:
        await running.submit(message("1", "one"))
        await running.submit(message("2", "two"))
        await responder.reached(1)
        await running.drain(timeout=0)
    assert "stopped with 2 messages unfinished and 0 replies undelivered" in caplog.text
    assert phone.shown == []

    async with dispatcher(store, Echo(), phone) as running:
        await running.idle()
    assert phone.texts == ["ONE", "TWO"]


async def test_the_outbox_is_sent_before_resumed_messages() -> None:
    store, phone = MemoryStore(), Phone()
    for id_ in ("1", "2"):
        await store.accept(message(id_, id_))
    await store.finish(message("1", "1"), reply_to(message("1", "1"), "first"))
    async with dispatcher(store, Echo(), phone) as running:
        await running.idle()
    assert phone.texts == ["first", "2"]


async def test_an_outcome_that_is_being_written_survives_cancellation() -> None:
    class SlowToWrite(MemoryStore):
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def finish(self, message: Message, reply: Reply | None, note: str = "", **more: Any) -> bool:
            self.begun.set()
            await self.go_on.wait()
            return await super().finish(message, reply, note, **more)

    store, phone = SlowToWrite(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        await running.submit(message("1"))
        await store.begun.wait()
        ending = asyncio.create_task(running.drain(timeout=0))
        while not any(task.cancelling() for task in asyncio.all_tasks()):
            await asyncio.sleep(0)
        await turns_of_the_loop(5)
        assert not ending.done()
        store.go_on.set()
        await ending
    assert await store.unfinished() == []
    assert [reply.in_reply_to for reply in await on_their_way(store)] == ["1"]

    async with dispatcher(store, Echo(), phone) as running:
        await running.idle()
    assert phone.texts == ["HELLO"]


async def test_an_error_of_the_block_comes_out_as_it_is_after_draining() -> None:
    store, phone = MemoryStore(), Phone()
    with pytest.raises(BrokenPipeError):
        async with dispatcher(store, Echo(), phone) as running:
            await running.submit(message("1"))
            raise BrokenPipeError
    assert phone.texts == ["HELLO"]


async def test_a_cancelled_service_drains() -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()

    async def serve() -> None:
        async with dispatcher(store, responder, phone) as running:
            await running.submit(message("1"))
            await asyncio.Event().wait()

    service = asyncio.create_task(serve())
    await responder.reached(1)
    service.cancel()
    await asyncio.sleep(0)
    responder.open("1")
    with pytest.raises(asyncio.CancelledError):
        await service
    assert phone.texts == ["HELLO"]

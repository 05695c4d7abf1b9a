"""What the dispatcher promises where more is to be done than it can do at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.errors import OverloadedError
from bot.store.memory import MemoryStore
from bot.types import Conversation, Message, Outcome, Reply
from bot.work import Taken
from tests.unit.bot.desk import Calls, Echo, Gated, Phone, dispatcher, key, message, reply_to, turns_of_the_loop


async def test_no_more_conversations_than_allowed_are_worked_on_at_once() -> None:
    at_once = most = 0

    async def respond(conversation: Conversation, asked: Message) -> Reply:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await turns_of_the_loop(5)
        at_once -= 1
        return reply_to(asked, "ok")

    phone = Phone()
    async with dispatcher(MemoryStore(), Calls(respond), phone, concurrency=3) as running:
        await asyncio.gather(*(running.submit(message("1", thread=str(n))) for n in range(20)))
        await running.idle()
    assert most == 3
    assert len(phone.shown) == 20


async def test_where_all_are_busy_messages_are_kept_without_a_look_for_more_work() -> None:
    class Counts(MemoryStore):
        looks = 0

        async def take(self, limit: int) -> Taken:
            self.looks += 1
            return await super().take(limit)

    store, responder, phone = Counts(), Gated(), Phone()
    async with dispatcher(store, responder, phone, concurrency=2, pause=60) as running:
        for number in range(4):
            await running.submit(message(str(number), thread=str(number)))
        await responder.reached(2)
        looks = store.looks
        await asyncio.gather(*(running.submit(message(str(n), thread=str(n))) for n in range(4, 40)))
        await turns_of_the_loop(50)
        assert store.looks <= looks + 1
        responder.open(*map(str, range(40)))
        await running.idle()
    assert len(phone.shown) == 40


async def test_messages_that_come_in_go_before_the_work_on_others() -> None:
    class Slow(MemoryStore):
        go_on = asyncio.Event()

        async def accept(self, message: Message, **more: Any) -> bool:
            if message.text == "late":
                await self.go_on.wait()
            return await super().accept(message, **more)

    store, responder, phone = Slow(), Gated(), Phone()
    async with dispatcher(store, responder, phone, concurrency=4) as running:
        late = [asyncio.create_task(running.submit(message(str(n), "late", thread=str(n)))) for n in range(9)]
        await turns_of_the_loop(5)
        await asyncio.gather(*(running.submit(message("1", thread=name)) for name in "abcd"))
        await responder.reached(2)
        await turns_of_the_loop(50)
        assert len(responder.begun) == 2, "some go on all the same"
        store.go_on.set()
        await asyncio.gather(*late)
        await responder.reached(4)
        responder.open(*map(str, range(9)))
        await running.idle()
    assert len(phone.shown) == 13


async def test_a_busy_conversation_does_not_starve_another() -> None:
    responder, phone = Gated(), Phone()
    async with dispatcher(MemoryStore(), responder, phone, concurrency=1) as running:
        for id_ in ("1", "2", "3"):
            await running.submit(message(id_, "busy"))
        await running.submit(message("4", "other", thread="boris"))
        responder.open("1", "2", "3", "4")
        await running.idle()
    assert phone.texts == ["BUSY", "OTHER", "BUSY", "BUSY"]


async def test_overload_refuses_and_leaves_the_store_unchanged() -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()
    async with dispatcher(store, responder, phone, waiting=2) as running:
        await running.submit(message("1", thread="anna"))
        await running.submit(message("2", thread="anna"))
        before = (await store.unfinished(), await store.conversation(key("boris")))
        with pytest.raises(OverloadedError, match="the limit is 2"):
            await running.submit(message("3", thread="boris"))
        assert (await store.unfinished(), await store.conversation(key("boris"))) == before

        responder.open("1", "2", "3")
        await running.idle()
        assert await running.submit(message("3", thread="boris")) is Outcome.ACCEPTED
    assert len(phone.shown) == 3


async def test_messages_on_their_way_into_the_store_count() -> None:
    class SlowToAccept(MemoryStore):
        async def accept(self, message: Message, **more: Any) -> bool:
            await asyncio.sleep(0)
            return await super().accept(message, **more)

    async with dispatcher(SlowToAccept(), Echo(), Phone(), waiting=2) as running:
        results = await asyncio.gather(
            *(running.submit(message(str(n), thread=str(n))) for n in range(4)), return_exceptions=True
        )
    assert results[:2] == [Outcome.ACCEPTED] * 2
    assert [type(result) for result in results[2:]] == [OverloadedError] * 2

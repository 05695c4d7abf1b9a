"""What the dispatcher promises for a reply that could not be delivered."""

from __future__ import annotations

import asyncio

import pytest

from bot.dispatcher import Dispatcher
from bot.store.memory import MemoryStore
from bot.types import Conversation, Owner, Reply
from tests.unit.bot.desk import Echo, Phone, SlowOutbox, dispatcher, fallback, key, message, turns_of_the_loop


async def test_replies_wait_behind_an_undelivered_one_and_come_in_order() -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.down = True
        await running.submit(message("1", "one"))
        await running.idle()
        phone.down = False
        await running.submit(message("2", "two"))
        await running.submit(message("1", "other", thread="boris"))
        await running.idle()
        assert phone.texts == ["OTHER"], "the conversation went on, its replies did not overtake"

        await running.redeliver()
        await running.idle()
        assert phone.texts == ["OTHER", "ONE", "TWO"]
        await running.submit(message("3", "three"))
        await running.idle()
    assert phone.texts[-1] == "THREE"
    assert await store.outbox() == []


async def test_redelivery_stops_at_the_first_failure_of_a_conversation() -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.down = True
        for id_ in ("1", "2", "3"):
            await running.submit(message(id_, id_))
        await running.idle()
        phone.tried = 0
        await running.redeliver()
        await running.idle()
        assert phone.tried == 1
    assert [reply.text for reply in await store.outbox()] == ["1", "2", "3"]


async def test_redelivering_twice_at_once_sends_once() -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.down = True
        await running.submit(message("1"))
        await running.idle()
        phone.down = False
        await asyncio.gather(running.redeliver(), running.redeliver())
        await running.redeliver()
        await running.idle()
    assert phone.texts == ["HELLO"]


async def test_redeliveries_that_read_at_the_same_time_send_nothing_twice() -> None:
    store, phone = SlowOutbox(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.failing = {"1", "2"}
        await running.submit(message("1", "one"))
        await running.submit(message("2", "two"))
        await running.idle()
        phone.failing = {"2"}
        first, second = asyncio.create_task(running.redeliver()), asyncio.create_task(running.redeliver())
        await turns_of_the_loop(5)
        store.may_return.release()
        await first
        await running.idle()
        store.may_return.release()
        await second
        await running.idle()
        store.may_return.release()
    assert phone.texts == ["ONE"]


async def test_a_redelivery_asked_for_while_another_sends_sends_nothing_twice() -> None:
    class SlowPhone(Phone):
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def deliver(self, reply: Reply) -> None:
            if not self.failing >= {"1", "2"}:
                self.begun.set()
                await self.go_on.wait()
            await super().deliver(reply)

    store, phone = SlowOutbox(), SlowPhone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.failing = {"1", "2"}
        await running.submit(message("1", "one"))
        await running.submit(message("2", "two"))
        await running.idle()
        phone.failing = {"2"}
        store.may_return.release()
        await running.redeliver()
        await phone.begun.wait()
        second = asyncio.create_task(running.redeliver())
        await turns_of_the_loop(5)
        phone.go_on.set()
        await running.idle()
        store.may_return.release()
        await second
        await running.idle()
        store.may_return.release()
    assert phone.texts == ["ONE"]


async def test_a_reply_that_comes_to_wait_during_a_redelivery_is_sent_with_it() -> None:
    store, phone = SlowOutbox(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.down = True
        await running.submit(message("1", "one"))
        await running.idle()
        phone.down = False
        again = asyncio.create_task(running.redeliver())
        await turns_of_the_loop(5)
        await running.submit(message("2", "two"))
        await running.idle()
        for _ in range(3):
            store.may_return.release()
        await again
        await running.idle()
        assert phone.texts == ["ONE", "TWO"]
        await running.submit(message("3", "three"))
        await running.idle()
    assert phone.texts == ["ONE", "TWO", "THREE"]


async def test_a_reply_forgotten_before_its_redelivery_is_not_sent() -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.down = True
        await running.submit(message("1"))
        await running.idle()
        phone.down = False
        await running.redeliver()
        await store.forget(key())
        await running.idle()
    assert phone.shown == []
    assert await store.conversation(key()) == Conversation(key=key())


@pytest.mark.parametrize("owner", [Owner.HUMAN, Owner.CLOSED])
async def test_an_undelivered_reply_is_withdrawn_when_a_person_took_the_case(owner: Owner) -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        phone.down = True
        await running.submit(message("1"))
        await running.idle()
        phone.down = False
        await store.set_owner(key(), owner)
        await running.redeliver()
        await running.idle()
    assert phone.shown == [] == await store.outbox()


async def test_an_undelivered_hand_off_is_sent_while_nobody_took_the_case() -> None:
    phone = Phone()
    async with dispatcher(MemoryStore(), Echo(), phone) as running:
        phone.down = True
        await running.submit(message("1", "person"))
        await running.idle()
        phone.down = False
        await running.redeliver()
        await running.idle()
    assert phone.texts == ["I pass you on."]


async def test_a_reply_without_a_connector_stays_in_the_outbox(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    async with Dispatcher(store, Echo(), {}, fallback=fallback) as running:
        await running.submit(message("1"))
        await running.idle()
    assert len(await store.outbox()) == 1
    assert "no connector serves channel chat" in caplog.text

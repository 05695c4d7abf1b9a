"""What the dispatcher promises for a reply that could not be delivered."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from pathlib import Path

import pytest

from bot.delivery import FIRST_WAIT, GIVE_UP_AFTER, LONGEST_WAIT, Sender, completed
from bot.dispatcher import Dispatcher
from bot.errors import DeliveryError
from bot.store.memory import MemoryStore
from bot.store.sql import LEASE, SqlStore
from bot.types import Conversation, Owner, Reply
from tests.contract.conftest import COMES_TO, Clock
from tests.unit.bot.desk import Echo, Phone, dispatcher, fallback, key, message, on_their_way, reply_to


class Desk:
    """A dispatcher, its store and its phone, by a clock that stands still."""

    def __init__(self, phone: Phone | None = None) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock)
        self.phone = phone or Phone()

    def opens(self) -> Dispatcher:
        return dispatcher(self.store, Echo(), self.phone, clock=self.clock)

    async def after(self, running: Dispatcher, seconds: float) -> None:
        self.clock.forward(seconds)
        running.wake()
        await running.idle()

    async def says(self, running: Dispatcher, *ids: str) -> None:
        for id_ in ids:
            await running.submit(message(id_, id_))
        await running.idle()


async def test_replies_wait_behind_an_undelivered_one_and_come_in_order() -> None:
    desk = Desk()
    async with desk.opens() as running:
        desk.phone.down = True
        await desk.says(running, "one")
        desk.phone.down = False
        await desk.says(running, "two")
        await running.submit(message("1", "other", thread="boris"))
        await running.idle()
        assert desk.phone.texts == ["OTHER"], "the conversation went on, its replies did not overtake"

        await desk.after(running, FIRST_WAIT)
        assert desk.phone.texts == ["OTHER", "ONE", "TWO"]
        await desk.says(running, "three")
    assert desk.phone.texts[-1] == "THREE"
    assert await desk.store.outbox() == []


async def test_another_try_stops_at_the_first_failure_of_a_conversation() -> None:
    desk = Desk()
    async with desk.opens() as running:
        desk.phone.down = True
        await desk.says(running, "1", "2", "3")
        desk.phone.tried = 0
        await desk.after(running, FIRST_WAIT)
        assert desk.phone.tried == 1
    assert [reply.text for reply in await on_their_way(desk.store)] == ["1", "2", "3"]


async def test_a_reply_is_tried_again_by_itself() -> None:
    phone = Phone()
    phone.failing = {"1"}
    clock = Clock()
    async with dispatcher(MemoryStore(clock), Echo(), phone, clock=clock) as running:
        await running.submit(message("1"))
        await running.idle()
        phone.failing = set()
        clock.forward(FIRST_WAIT)
        while not phone.shown:  # no wake: the dispatcher looks now and then
            await running.idle()
            await _a_moment()
    assert phone.again == [False, True]


async def _a_moment() -> None:
    import asyncio

    await asyncio.sleep(0)


async def test_the_waits_grow_up_to_a_limit() -> None:
    desk = Desk()
    desk.phone.down = True
    waits = []
    async with desk.opens() as running:
        await desk.says(running, "1")
        for tried in range(1, 14):
            assert desk.phone.tried == tried
            waited = 0.0
            while desk.phone.tried == tried:
                step = FIRST_WAIT / 8
                await desk.after(running, step)
                waited += step
            waits.append(waited)
    longest = [min(FIRST_WAIT * 2**n, LONGEST_WAIT) for n in range(len(waits))]
    for waited, most in zip(waits, longest, strict=True):
        assert most / 2 <= waited <= most + FIRST_WAIT / 8


async def test_replies_that_failed_together_are_not_tried_together() -> None:
    desk = Desk()
    desk.phone.down = True
    async with desk.opens() as running:
        for number in range(20):
            await running.submit(message("1", thread=str(number)))
        await running.idle()
        desk.phone.tried = 0
        await desk.after(running, FIRST_WAIT * 0.75)
        assert 0 < desk.phone.tried < 20


class Refusing(Phone):
    """Refuses with what it is told to."""

    error: Exception | None = None

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        if self.error is not None:
            self.tried += 1
            raise self.error
        await super().deliver(reply, again=again)


async def test_a_channel_is_left_alone_for_as_long_as_it_asks() -> None:
    desk = Desk(phone := Refusing())
    phone.error = DeliveryError("too many requests", after=30)
    async with desk.opens() as running:
        await desk.says(running, "1")
        phone.error = None
        await desk.after(running, 29.9)
        assert phone.shown == []
        await desk.after(running, 0.1)
        assert phone.texts == ["1"]


async def test_what_no_further_try_could_deliver_is_a_dead_letter_and_the_next_goes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(phone := Refusing())
    phone.error = DeliveryError("the customer has blocked the bot", final=True)
    async with desk.opens() as running:
        await desk.says(running, "1")
        phone.error = None
        await desk.says(running, "2")
        assert phone.texts == ["2"]
        (dead,) = await desk.store.dead_letters()
        assert dead.reply.text == "1"
        assert dead.error == "A channel did not take a reply. the customer has blocked the bot"
        assert "a dead letter" in caplog.text

        assert await desk.store.resend(dead.reply.id)
        await desk.after(running, 0)
    assert phone.texts == ["2", "1"]


async def test_what_was_not_delivered_for_a_day_is_a_dead_letter() -> None:
    desk = Desk()
    desk.phone.down = True
    async with desk.opens() as running:
        await desk.says(running, "1")
        desk.clock.forward((GIVE_UP_AFTER - timedelta(seconds=1)).total_seconds())
        await desk.after(running, 0)
        assert await desk.store.dead_letters() == []
        await desk.after(running, LONGEST_WAIT)
    assert [one.attempts for one in await desk.store.dead_letters()] == [3]
    assert await desk.store.outbox() == []


async def test_a_reply_forgotten_before_its_next_try_is_not_sent() -> None:
    desk = Desk()
    async with desk.opens() as running:
        desk.phone.down = True
        await desk.says(running, "1")
        desk.phone.down = False
        await desk.store.forget(key())
        await desk.after(running, FIRST_WAIT)
    assert desk.phone.shown == []
    assert await desk.store.conversation(key()) == Conversation(key=key())


@pytest.mark.parametrize("owner", [Owner.HUMAN, Owner.CLOSED])
async def test_an_undelivered_reply_is_withdrawn_when_a_person_took_the_case(owner: Owner) -> None:
    desk = Desk()
    async with desk.opens() as running:
        desk.phone.down = True
        await desk.says(running, "1")
        desk.phone.down = False
        await desk.store.record(key(), COMES_TO[owner])
        await desk.after(running, FIRST_WAIT)
    assert desk.phone.shown == [] == await desk.store.outbox()


async def test_an_undelivered_hand_off_is_sent_while_nobody_took_the_case() -> None:
    desk = Desk()
    async with desk.opens() as running:
        desk.phone.down = True
        await desk.says(running, "person")
        desk.phone.down = False
        await desk.after(running, FIRST_WAIT)
    assert desk.phone.texts == ["I pass you on."]


async def test_a_reply_without_a_connector_stays_in_the_outbox(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    async with Dispatcher(store, Echo(), {}, fallback=fallback) as running:
        await running.submit(message("1"))
        await running.idle()
    assert len(await store.outbox()) == 1
    assert "no connector serves channel chat" in caplog.text


async def test_a_process_that_slept_takes_nothing_away_from_the_one_that_has_the_case_now(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, phone, address = Clock(), Phone(), f"sqlite:///{tmp_path / 'kefu.db'}"
    async with SqlStore.open(address, clock=clock) as asleep, SqlStore.open(address, clock=clock) as awake:
        await asleep.accept(message("1"))
        await asleep.finish(message("1"), reply_to(message("1"), "hello"))
        assert (await asleep.take(10)).conversations == (key(),)
        clock.forward(LEASE.total_seconds())
        assert (await awake.take(10)).conversations == (key(),)
        (delivery,) = await awake.outbox()
        await Sender(asleep, {"chat": phone}, clock).deliver(delivery, again=True)
        assert phone.shown == []
        assert await awake.outbox() == [delivery], "it is the other one's to send"
    assert "withdrawn: the case was taken, closed or forgotten, or another process has it" in caplog.text


async def test_a_write_that_fails_while_its_task_is_cancelled_is_told_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        begun.set()
        await goes_on.wait()
        raise OSError("my card is 4111")

    task = asyncio.create_task(completed(write()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    gc.collect()  # then the loop tells of what was not asked for
    assert [record.name for record in caplog.records] == ["bot.delivery"]
    assert "OSError" in caplog.text
    assert "4111" not in caplog.text

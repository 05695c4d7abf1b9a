"""What the dispatcher promises for a message and a conversation: one outcome, in order, never over a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.store.memory import MemoryStore
from bot.types import Conversation, ConversationKey, Event, Message, Outcome, Owner, Reply, Speaker
from tests.contract.conftest import COMES_TO, Clock
from tests.unit.bot.desk import (
    Calls,
    Echo,
    Gated,
    Phone,
    dispatcher,
    key,
    message,
    on_their_way,
    reply_to,
    turns_of_the_loop,
)

# --- dialogues --------------------------------------------------------------------------------------------------------

SAID_BY_BOT_OR_NOT = [
    pytest.param([("hello", "HELLO"), ("bye", "BYE")], id="each message has one reply"),
    pytest.param([("hello", "HELLO"), ("person", "I pass you on."), ("hurry", None)], id="silent while one waits"),
]


@pytest.mark.parametrize("turns", SAID_BY_BOT_OR_NOT)
async def test_a_dialogue(turns: list[tuple[str, str | None]]) -> None:
    phone = Phone()
    async with dispatcher(MemoryStore(), Echo(), phone) as running:
        for number, (customer, bot) in enumerate(turns):
            before = len(phone.shown)
            await running.submit(message(str(number), customer))
            await running.idle()
            assert phone.texts[before:] == ([bot] if bot else [])


async def test_people_are_told_why_then_the_customer_then_people_are_asked_and_once() -> None:
    order: list[str] = []

    class Desk(Phone):
        async def deliver(self, reply: Reply, *, again: bool) -> None:
            order.append("reply")
            await super().deliver(reply, again=again)

        async def note(self, reply: Reply, text: str, *, again: bool) -> None:
            order.append(text)

        async def hand_over(self, reply: Reply, *, again: bool) -> None:
            order.append("hand over")

    async with dispatcher(MemoryStore(), Echo(), Desk()) as running:
        await running.submit(message("1", "person"))
        await running.submit(message("2", "person"))
        await running.idle()
    note, *rest = order
    assert note.startswith("Handed over by the bot") and "- person" in note
    assert rest == ["reply", "hand over"]


async def test_after_the_hand_back_the_bot_answers_again() -> None:
    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        await running.submit(message("1", "person"))
        await running.idle()
        assert (await store.conversation(key())).owner is Owner.WAITING
        await running.hand_back(key())
        await running.submit(message("2", "thanks"))
        await running.idle()
    assert phone.texts == ["I pass you on.", "THANKS"]


async def test_the_responder_sees_the_turns_so_far() -> None:
    seen: list[list[str]] = []

    async def respond(conversation: Conversation, asked: Message) -> Reply:
        seen.append([turn.text for turn in conversation.turns])
        return reply_to(asked, f"answer {asked.id}")

    async with dispatcher(MemoryStore(), Calls(respond), Phone()) as running:
        for id_ in ("1", "2"):
            await running.submit(message(id_, f"question {id_}"))
            await running.idle()
    assert seen == [["question 1"], ["question 1", "answer 1", "question 2"]]


# --- acceptance and order ---------------------------------------------------------------------------------------------


async def test_a_second_delivery_is_a_duplicate_and_not_answered() -> None:
    phone = Phone()
    async with dispatcher(MemoryStore(), Echo(), phone) as running:
        first, second = await asyncio.gather(running.submit(message("1")), running.submit(message("1")))
        await running.idle()
        third = await running.submit(message("1"))
    assert (first, second, third) == (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.DUPLICATE)
    assert phone.texts == ["HELLO"]


async def test_a_conversation_is_answered_one_by_one_in_order() -> None:
    responder, phone = Gated(), Phone()
    async with dispatcher(MemoryStore(), responder, phone) as running:
        for id_ in ("1", "2", "3"):
            await running.submit(message(id_, id_))
        responder.open("3", "2")
        await responder.reached(1)
        assert responder.begun == ["1"]
        responder.open("1")
        await running.idle()
    assert phone.texts == ["1", "2", "3"]


async def test_a_slow_conversation_does_not_hold_up_another() -> None:
    responder, phone = Gated(), Phone()
    async with dispatcher(MemoryStore(), responder, phone) as running:
        await running.submit(message("slow", "slow", thread="anna"))
        await running.submit(message("fast", "fast", thread="boris"))
        responder.open("fast")
        await responder.reached(2)
        while not phone.shown:
            await asyncio.sleep(0)
        assert phone.texts == ["FAST"]
        responder.open("slow")


@pytest.mark.parametrize("turns", range(12))
async def test_a_message_accepted_at_the_moment_a_worker_ends_is_answered(turns: int) -> None:
    class HoldsSecond(MemoryStore):
        go_on = asyncio.Event()

        async def accept(self, message: Message, **more: Any) -> bool:
            if message.id == "2":
                await self.go_on.wait()
            return await super().accept(message, **more)

    store, responder, phone = HoldsSecond(), Gated(), Phone()
    responder.open("2")
    async with dispatcher(store, responder, phone, concurrency=1) as running:
        await running.submit(message("1", thread="anna"))
        second = asyncio.create_task(running.submit(message("2", thread="boris")))
        await responder.reached(1)
        responder.open("1")
        await turns_of_the_loop(turns)
        store.go_on.set()
        await second
        await turns_of_the_loop(50)
        assert len(phone.shown) == 2


async def test_a_message_is_answered_even_if_its_submitter_is_cancelled() -> None:
    class SlowToAccept(MemoryStore):
        written = asyncio.Event()

        async def accept(self, message: Message, **more: Any) -> bool:
            new = await super().accept(message, **more)
            self.written.set()
            await asyncio.sleep(0)
            return new

    store, phone = SlowToAccept(), Phone()
    async with dispatcher(store, Echo(), phone) as running:
        webhook = asyncio.create_task(running.submit(message("1")))
        await store.written.wait()
        webhook.cancel()
        with pytest.raises(asyncio.CancelledError):
            await webhook
        await running.idle()
    assert phone.texts == ["HELLO"]


async def test_when_the_store_refuses_to_accept_only_the_submitter_fails() -> None:
    class FullOnce(MemoryStore):
        full = True

        async def accept(self, message: Message, **more: Any) -> bool:
            if self.full:
                raise OSError("no space left")
            return await super().accept(message, **more)

    store, phone = FullOnce(), Phone()
    async with dispatcher(store, Echo(), phone, waiting=1) as running:
        with pytest.raises(OSError, match="no space"):
            await running.submit(message("1"))
        store.full = False
        assert await running.submit(message("1")) is Outcome.ACCEPTED
        await running.idle()
    assert phone.texts == ["HELLO"]


# --- who has the case -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [Owner.WAITING, Owner.HUMAN])
async def test_a_case_comes_back_with_the_first_message_after_a_time_without_a_person(owner: Owner) -> None:
    clock, phone = Clock(), Phone()
    store = MemoryStore(clock)
    hour = {owner: timedelta(hours=1)}
    async with dispatcher(store, Echo(), phone, clock=clock, back_after=hour) as running:
        await store.record(key(), COMES_TO[owner])
        clock.forward(3599)
        await running.submit(message("1", "one"))
        await running.idle()
        assert phone.shown == []
        clock.forward(1)
        await running.submit(message("2", "two"))
        await running.idle()
        assert phone.texts == ["TWO"]
        assert (await store.conversation(key())).owner is Owner.BOT


async def test_a_person_who_writes_just_then_keeps_the_case() -> None:
    class Busy(MemoryStore):
        async def record(self, key: ConversationKey, event: Event, **more: Any) -> Owner:
            if event is Event.HANDED_BACK:
                await super().record(key, Event.TAKEN)
            return await super().record(key, event, **more)

    clock, phone = Clock(), Phone()
    store = Busy(clock)
    await store.record(key(), Event.TAKEN)
    clock.forward(3600)
    hour = {Owner.HUMAN: timedelta(hours=1)}
    async with dispatcher(store, Echo(), phone, clock=clock, back_after=hour) as running:
        await running.submit(message("1"))
        await running.idle()
    assert phone.shown == []
    assert (await store.conversation(key())).owner is Owner.HUMAN


async def test_what_comes_after_a_case_was_resolved_is_a_new_one_and_the_bots() -> None:
    seen: list[list[str]] = []

    async def respond(conversation: Conversation, asked: Message) -> Reply:
        seen.append([turn.text for turn in conversation.turns])
        return reply_to(asked, "ok")

    store, phone = MemoryStore(), Phone()
    async with dispatcher(store, Calls(respond), phone) as running:
        await running.submit(message("1", "one"))
        await running.idle()
        await store.record(key(), Event.TAKEN)
        await store.record(key(), Event.RESOLVED)
        await running.submit(message("2", "two"))
        await running.idle()
    assert seen == [["one"], ["two"]]
    assert len(phone.shown) == 2


@pytest.mark.parametrize("owner", [Owner.WAITING, Owner.HUMAN])
async def test_the_bot_is_silent_and_not_even_asked_while_it_has_not_the_case(owner: Owner) -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()
    await store.record(key(), COMES_TO[owner])
    async with dispatcher(store, responder, phone) as running:
        await running.submit(message("1"))
        await running.idle()
    assert (responder.begun, phone.shown, await store.unfinished()) == ([], [], [])
    assert (await store.conversation(key())).owner is owner


async def test_a_reply_in_the_making_is_dropped_when_a_person_takes_the_case() -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()
    async with dispatcher(store, responder, phone) as running:
        await running.submit(message("1"))
        await responder.reached(1)
        await store.record(key(), COMES_TO[Owner.HUMAN])
        responder.open("1")
        await running.idle()
    conversation = await store.conversation(key())
    assert phone.shown == [] == await on_their_way(store)
    assert await store.unfinished() == []
    assert conversation.owner is Owner.HUMAN
    assert [turn.speaker for turn in conversation.turns] == [Speaker.CUSTOMER]


async def test_a_reply_is_dropped_for_good_when_the_case_was_taken_and_handed_back_meanwhile() -> None:
    class TakenForAMoment(MemoryStore):
        async def finish(self, message: Message, reply: Reply | None, note: str = "", **more: Any) -> bool:
            done = await super().finish(message, reply, note, **more)
            if not done:
                await self.record(message.conversation, Event.HANDED_BACK)
            return done

    store, responder, phone = TakenForAMoment(), Gated(), Phone()
    async with dispatcher(store, responder, phone) as running:
        await running.submit(message("1"))
        await responder.reached(1)
        await store.record(key(), COMES_TO[Owner.HUMAN])
        responder.open("1", "2")
        await running.idle()
        assert (await store.conversation(key())).owner is Owner.BOT
        await running.submit(message("2", "and now"))
        await running.idle()
    assert phone.texts == ["AND NOW"], "the first was the person's to answer"


async def test_nothing_is_said_to_a_conversation_forgotten_meanwhile() -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()
    async with dispatcher(store, responder, phone) as running:
        await running.submit(message("1"))
        await responder.reached(1)
        await store.forget(key())
        responder.open("1")
        await running.idle()
    assert phone.shown == []
    assert await store.conversation(key()) == Conversation(key=key())

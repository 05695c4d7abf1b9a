"""What the dispatcher promises of messages in pieces, of robots that answer it, and of people without a desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.dispatcher import Dispatcher
from bot.joining import ENDED, LONGEST, OPEN, SHORT
from bot.ports import Released, unseen
from bot.store.memory import MemoryStore
from bot.store.sql import SqlStore
from bot.types import Action, Conversation, Event, Message, Outcome, Owner, Reason, Reply, Turn
from tests.contract.conftest import COMES_TO, Clock
from tests.unit.bot.desk import Calls, Echo, Phone, dispatcher, key, message, on_their_way, reply_to

MOMENT = timedelta(milliseconds=1)


class Watched(Echo):
    """Keeps what it was asked, and what was said before."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.before: list[list[str]] = []

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        self.asked.append(message.text)
        self.before.append([turn.text for turn in conversation.turns if turn.id != message.id])
        return await super().respond(conversation, message)


async def says(running: Dispatcher, *texts: str, at: int = 1) -> list[Outcome]:
    """Have a customer write messages that join, numbered from ``at``."""
    said = enumerate(texts, start=at)
    return [await running.submit(message(str(number), text), joins=True) for number, text in said]


async def wait(running: Dispatcher, clock: Clock, span: timedelta) -> None:
    """Let ``span`` pass, and everything be done that is due then."""
    clock.forward(span.total_seconds())
    running.wake()
    await running.idle()


async def test_three_short_messages_are_one_question_and_have_one_reply() -> None:
    clock, responder, phone = Clock(), Watched(), Phone()
    store = MemoryStore(clock)
    async with dispatcher(store, responder, phone, clock=clock) as running:
        await says(running, "hi")
        await wait(running, clock, OPEN)
        await says(running, "about my order", "the red lamp", "where is it?", at=2)
        await wait(running, clock, ENDED)
    assert responder.asked == ["hi", "about my order\nthe red lamp\nwhere is it?"]
    assert responder.before == [[], ["hi", "HI"]], "none of them was said before"
    assert [reply.in_reply_to for reply in phone.shown] == ["1", "4"]
    assert await store.unfinished() == []
    assert [await store.answered(key(), id_) for id_ in ("2", "3")] == [await store.answered(key(), "4")] * 2


@pytest.mark.parametrize(("text", "span"), [("where is my order", OPEN), ("where is it?", ENDED)])
async def test_a_message_alone_is_answered_after_its_wait(text: str, span: timedelta) -> None:
    clock, phone = Clock(), Phone()
    async with dispatcher(MemoryStore(clock), Echo(), phone, clock=clock) as running:
        await says(running, text)
        await wait(running, clock, span - MOMENT)
        assert phone.shown == []
        await wait(running, clock, MOMENT)
        assert phone.texts == [text.upper()]


async def test_a_long_message_is_answered_at_once() -> None:
    clock, phone = Clock(), Phone()
    async with dispatcher(MemoryStore(clock), Echo(), phone, clock=clock) as running:
        await says(running, "x" * (SHORT + 1))
        await running.idle()
        assert phone.texts == ["X" * (SHORT + 1)]


async def test_who_types_without_end_is_answered_all_the_same() -> None:
    clock, responder, phone = Clock(), Watched(), Phone()
    async with dispatcher(MemoryStore(clock), responder, phone, clock=clock) as running:
        for number in range(6):
            await says(running, f"part {number}", at=number)
            await wait(running, clock, LONGEST / 6)
    assert responder.asked == ["\n".join(f"part {number}" for number in range(6))]


async def test_second_deliveries_among_them_are_not_said_twice() -> None:
    clock, responder, phone = Clock(), Watched(), Phone()
    async with dispatcher(MemoryStore(clock), responder, phone, clock=clock) as running:
        await says(running, "my order")
        assert await says(running, "my order", "where is it?") == [Outcome.DUPLICATE, Outcome.ACCEPTED]
        await wait(running, clock, ENDED)
        assert await says(running, "my order", "where is it?") == [Outcome.DUPLICATE] * 2
        await wait(running, clock, LONGEST)
    assert responder.asked == ["my order\nwhere is it?"]
    assert len(phone.shown) == 1


async def test_pieces_that_a_process_left_behind_are_one_question_for_the_next(tmp_path: Path) -> None:
    clock, responder, phone = Clock(), Watched(), Phone()
    address = f"sqlite:///{tmp_path / 'kefu.db'}"
    async with SqlStore.open(address, clock=clock) as store, dispatcher(store, Echo(), phone, clock=clock) as running:
        await says(running, "my order", "the red lamp")
    assert phone.shown == []
    async with (
        SqlStore.open(address, clock=clock) as store,
        dispatcher(store, responder, phone, clock=clock) as running,
    ):
        await says(running, "the red lamp", "where is it?", at=2)
        await wait(running, clock, ENDED)
        assert await store.unfinished() == []
    assert responder.asked == ["my order\nthe red lamp\nwhere is it?"]
    assert responder.before == [[]]


async def test_what_does_not_join_is_answered_by_itself_in_its_place() -> None:
    clock, responder, phone = Clock(), Watched(), Phone()
    async with dispatcher(MemoryStore(clock), responder, phone, clock=clock) as running:
        await says(running, "hi", "you")
        await running.submit(message("3", "alone"))
        await says(running, "more", at=4)
        await wait(running, clock, OPEN)
    assert responder.asked == ["hi\nyou", "alone", "more"]


# --- two robots -----------------------------------------------------------------------------------------------------


async def test_what_goes_too_fast_for_a_person_is_handed_over_once_and_then_the_bot_is_silent() -> None:
    clock, phone = Clock(), Phone()
    store = MemoryStore(clock)
    async with dispatcher(store, Echo(), phone, clock=clock, per_minute=3) as running:
        for number in range(6):
            await running.submit(message(str(number), f"m{number}"))
            await running.idle()
            clock.forward(1)
    assert phone.texts == ["M0", "M1", "M2", "A colleague will help you."]
    assert [reply.reason for reply in phone.shown][-1] is Reason.TOO_FAST
    assert len(phone.told) == 2, "one note, and one request"
    assert (await store.conversation(key())).owner is Owner.WAITING


async def test_a_person_who_writes_at_leisure_is_not_taken_for_a_robot() -> None:
    clock, phone = Clock(), Phone()
    async with dispatcher(MemoryStore(clock), Echo(), phone, clock=clock, per_minute=3) as running:
        for number in range(9):
            await running.submit(message(str(number), f"m{number}"))
            await running.idle()
            clock.forward(20)
    assert {reply.action for reply in phone.shown} == {Action.ANSWER}


# --- people who are shown what customers write --------------------------------------------------------------------


class Chat(Phone):
    """A channel without a desk: keeps in their order what the customer and the people there are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        await super().deliver(reply, again=again)
        self.log.append(f"customer: {reply.text}")

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        self.log.append("people: note")

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        self.log.append("people: take over")

    async def relay(self, message: Message, *, again: bool) -> None:
        if message.id in self.failing:
            raise ConnectionError("down")
        self.log.append(f"people: {message.text}")


async def test_people_are_shown_what_comes_after_the_hand_over_in_its_order() -> None:
    store, chat = MemoryStore(), Chat()
    async with dispatcher(store, Echo(), chat) as running:
        for number, text in enumerate(("hello", "person", "it is urgent", "really")):
            await running.submit(message(str(number), text))
        await running.idle()
        await store.record(key(), Event.TAKEN)
        await running.submit(replace(message("9", "thanks"), attachments=("bill.pdf",)))
        await running.idle()
    assert chat.log == [
        "customer: HELLO",
        "people: note",
        "customer: I pass you on.",
        "people: take over",
        "people: it is urgent",
        "people: really",
        "people: thanks",
    ]
    assert await store.outbox() == []


async def test_what_could_not_be_shown_is_shown_later_and_nothing_overtakes_it() -> None:
    clock, chat = Clock(), Chat()
    store = MemoryStore(clock)
    await store.record(key(), Event.TAKEN)
    chat.failing = {"1"}
    async with dispatcher(store, Echo(), chat, clock=clock) as running:
        for id_ in ("1", "2"):
            await running.submit(message(id_, id_))
            await running.idle()
        assert chat.log == []
        chat.failing = set()
        await wait(running, clock, timedelta(seconds=60))
    assert chat.log == ["people: 1", "people: 2"]


async def test_what_a_person_comes_in_between_is_shown_to_people() -> None:
    store, chat = MemoryStore(), Chat()

    async def respond(conversation: Conversation, asked: Message) -> Reply:
        await store.append(key(), Turn.saying(replace(asked, id="a1")))
        await store.record(key(), Event.TAKEN)
        return reply_to(asked, "too late")

    async with dispatcher(store, Calls(respond), chat) as running:
        await running.submit(message("1", "hello"))
        await running.idle()
        running.wake()
        await running.idle()
    assert chat.log == ["people: hello"]


async def test_pieces_that_wait_when_a_person_comes_are_shown_each() -> None:
    clock, chat = Clock(), Chat()
    store = MemoryStore(clock)
    async with dispatcher(store, Echo(), chat, clock=clock) as running:
        await says(running, "my order", "where is it?")
        await store.record(key(), Event.TAKEN)
        await wait(running, clock, LONGEST)
        await says(running, "hello?", at=3)
        await running.idle()
    assert chat.log == ["people: my order", "people: where is it?", "people: hello?"]


async def test_where_there_is_a_desk_people_see_for_themselves() -> None:
    store, phone = MemoryStore(), Phone()
    await store.record(key(), COMES_TO[Owner.HUMAN])
    async with dispatcher(store, Echo(), phone) as running:
        await running.submit(message("1"))
        await running.idle()
    assert await store.outbox() == [] == await on_their_way(store)

"""What the dispatcher promises for a message, a conversation, a failure and an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.dispatcher import Dispatcher
from bot.errors import OverloadedError
from bot.memory import MemoryStore
from bot.ports import Responder, Store
from bot.types import Action, Conversation, ConversationKey, Message, Outcome, Owner, Reason, Reply, Speaker

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

    async def respond(self, conversation: Conversation, message: Message) -> Reply:
        if message.text == "person":
            return reply_to(message, "I pass you on.", Action.HAND_OFF)
        return reply_to(message, message.text.upper())


class Calls:
    """A responder made of a function."""

    def __init__(self, function: Callable[[Conversation, Message], Awaitable[Reply]]) -> None:
        self.function = function

    async def respond(self, conversation: Conversation, message: Message) -> Reply:
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

    async def respond(self, conversation: Conversation, message: Message) -> Reply:
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

    async def deliver(self, reply: Reply) -> None:
        self.tried += 1
        if self.down or reply.in_reply_to in self.failing:
            raise ConnectionError(f"cannot send {reply.text}")
        self.shown.append(reply)

    @property
    def texts(self) -> list[str]:
        return [reply.text for reply in self.shown]


class SlowOutbox(MemoryStore):
    """Reads the outbox at once, and gives each read back only when allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_return = asyncio.Semaphore(1)

    async def outbox(self) -> list[Reply]:
        read = await super().outbox()
        await self.may_return.acquire()
        return read


async def turns_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def dispatcher(store: Store, responder: Responder, phone: Phone, **limits: Any) -> Dispatcher:
    return Dispatcher(store, responder, {"chat": phone}, fallback=fallback, **limits)


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


@pytest.mark.parametrize("turns", range(12))
async def test_a_message_accepted_at_the_moment_a_worker_ends_is_answered(turns: int) -> None:
    class HoldsSecond(MemoryStore):
        go_on = asyncio.Event()

        async def accept(self, message: Message) -> bool:
            if message.id == "2":
                await self.go_on.wait()
            return await super().accept(message)

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
        async def accept(self, message: Message) -> bool:
            await asyncio.sleep(0)
            return await super().accept(message)

    async with dispatcher(SlowToAccept(), Echo(), Phone(), waiting=2) as running:
        results = await asyncio.gather(
            *(running.submit(message(str(n), thread=str(n))) for n in range(4)), return_exceptions=True
        )
    assert results[:2] == [Outcome.ACCEPTED] * 2
    assert [type(result) for result in results[2:]] == [OverloadedError] * 2


async def test_a_message_is_answered_even_if_its_submitter_is_cancelled() -> None:
    class SlowToAccept(MemoryStore):
        written = asyncio.Event()

        async def accept(self, message: Message) -> bool:
            new = await super().accept(message)
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

        async def accept(self, message: Message) -> bool:
            if self.full:
                raise OSError("no space left")
            return await super().accept(message)

    store, phone = FullOnce(), Phone()
    async with dispatcher(store, Echo(), phone, waiting=1) as running:
        with pytest.raises(OSError, match="no space"):
            await running.submit(message("1"))
        store.full = False
        assert await running.submit(message("1")) is Outcome.ACCEPTED
        await running.idle()
    assert phone.texts == ["HELLO"]


# --- who has the case -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [Owner.WAITING, Owner.HUMAN, Owner.CLOSED])
async def test_the_bot_is_silent_and_not_even_asked_while_it_has_not_the_case(owner: Owner) -> None:
    store, responder, phone = MemoryStore(), Gated(), Phone()
    await store.set_owner(key(), owner)
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
        await store.set_owner(key(), Owner.HUMAN)
        responder.open("1")
        await running.idle()
    conversation = await store.conversation(key())
    assert phone.shown == [] == await store.outbox()
    assert await store.unfinished() == []
    assert conversation.owner is Owner.HUMAN
    assert [turn.speaker for turn in conversation.turns] == [Speaker.CUSTOMER]


async def test_a_reply_is_sent_when_the_case_was_taken_and_handed_back_meanwhile() -> None:
    class TakenForAMoment(MemoryStore):
        async def finish(self, message: Message, reply: Reply | None, *, owner: Owner) -> bool:
            if (await self.conversation(message.conversation)).owner is Owner.HUMAN:
                done = await super().finish(message, reply, owner=owner)
                await self.set_owner(message.conversation, Owner.BOT)
                return done
            return await super().finish(message, reply, owner=owner)

    store, responder, phone = TakenForAMoment(), Gated(), Phone()
    async with dispatcher(store, responder, phone) as running:
        await running.submit(message("1"))
        await responder.reached(1)
        await store.set_owner(key(), Owner.HUMAN)
        responder.open("1")
        await running.idle()
    assert phone.texts == ["HELLO"]


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


# --- delivery ---------------------------------------------------------------------------------------------------------


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


# --- failures ---------------------------------------------------------------------------------------------------------


async def _bug(conversation: Conversation, asked: Message) -> Reply:
    raise ValueError(f"cannot read {asked.text}")


async def _cancelled_inside(conversation: Conversation, asked: Message) -> Reply:
    future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    future.cancel()
    return await future


@pytest.mark.parametrize("respond", [_bug, _cancelled_inside])
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
    async with dispatcher(store, Calls(_bug), phone) as running:
        await running.submit(message("m-17", "my card is 4111"))
        await running.submit(message("m-18", "my card is 4111"))
        await running.idle()
        await running.redeliver()
    assert "m-17" in caplog.text
    assert "ValueError < test_dispatcher.py" in caplog.text
    assert "ConnectionError" in caplog.text
    assert "4111" not in caplog.text
    assert "colleague" not in caplog.text


async def test_the_service_stops_when_the_store_fails_under_a_message() -> None:
    class Broken(MemoryStore):
        async def finish(self, message: Message, reply: Reply | None, *, owner: Owner) -> bool:
            raise OSError("disk gone")

    store = Broken()
    with pytest.raises(ExceptionGroup) as stopped:
        async with dispatcher(store, Echo(), Phone()) as running:
            await running.submit(message("1"))
            await asyncio.Event().wait()
    assert stopped.group_contains(OSError, match="disk gone")
    assert await store.unfinished() == [message("1")]


async def test_the_service_stops_when_a_write_is_cancelled_from_elsewhere() -> None:
    class Cancelling(MemoryStore):
        async def finish(self, message: Message, reply: Reply | None, *, owner: Owner) -> bool:
            raise asyncio.CancelledError

    with pytest.raises(ExceptionGroup) as stopped:
        async with dispatcher(Cancelling(), Echo(), Phone()) as running:
            await running.submit(message("1"))
            await turns_of_the_loop(50)
            pytest.fail("went on without its worker")
    assert stopped.group_contains(RuntimeError, match="cancelled from elsewhere")


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
    await store.finish(message("1", "1"), reply_to(message("1", "1"), "first"), owner=Owner.BOT)
    async with dispatcher(store, Echo(), phone) as running:
        await running.idle()
    assert phone.texts == ["first", "2"]


async def test_an_outcome_that_is_being_written_survives_cancellation() -> None:
    class SlowToWrite(MemoryStore):
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def finish(self, message: Message, reply: Reply | None, *, owner: Owner) -> bool:
            self.begun.set()
            await self.go_on.wait()
            return await super().finish(message, reply, owner=owner)

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
    assert [reply.in_reply_to for reply in await store.outbox()] == ["1"]

    async with dispatcher(store, Echo(), phone) as running:
        await running.idle()
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

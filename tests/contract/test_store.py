"""What every store promises, run over each implementation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.ports import Store
from bot.store.memory import CASES_KEPT, MemoryStore
from bot.store.memory_case import IDS_KEPT, TURNS_KEPT
from bot.types import (
    Action,
    Citation,
    Conversation,
    ConversationKey,
    Entity,
    Event,
    Message,
    Owner,
    Reason,
    Reply,
    Speaker,
    Turn,
    Understanding,
)
from bot.work import Delivery, Errand
from tests.contract.conftest import COMES_TO

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ANNA = ConversationKey(channel="chat", account="shop", thread="anna")
BORIS = ConversationKey(channel="chat", account="shop", thread="boris")


def message(id_: str, key: ConversationKey = ANNA, text: str = "Where is my parcel?") -> Message:
    return Message(id=id_, conversation=key, text=text, at=NOON, customer="c1")


def reply_to(asked: Message, text: str = "On its way.", action: Action = Action.ANSWER) -> Reply:
    return Reply(
        id=f"r-{asked.conversation.thread}-{asked.id}",
        conversation=asked.conversation,
        in_reply_to=asked.id,
        text=text,
        action=action,
        reason=Reason.CONFIDENT,
        confidence=0.9,
        language="en",
        citations=(
            Citation(id="parcel", question="Where is my parcel?", source="faq.jsonl:3", url="https://x.test/p"),
        ),
        understanding=Understanding(
            intents=(("track_order", 0.9), ("complaint", 0.6)),
            entities=(Entity(type="order_number", text="A-1", start=9, end=12),),
            sentiment="angry",
            sentiment_chance=0.8,
        ),
        timings_ms={"sources": 1.5},
    )


def sent(reply: Reply) -> Delivery:
    """Return the delivery of ``reply`` to the customer."""
    return Delivery(reply=reply, since=NOON)


async def on_their_way(store: Store) -> list[Reply]:
    return [delivery.reply for delivery in await store.outbox() if delivery.errand is Errand.REPLY]


async def test_an_unknown_conversation_is_new_and_the_bots(store: Store) -> None:
    assert await store.conversation(ANNA) == Conversation(key=ANNA)


async def test_an_accepted_message_is_a_turn_and_unfinished(store: Store) -> None:
    asked = message("1")
    assert await store.accept(asked)
    assert (await store.conversation(ANNA)).turns == (Turn(speaker=Speaker.CUSTOMER, text=asked.text, at=NOON, id="1"),)
    assert await store.unfinished() == [asked]


async def test_the_same_id_is_accepted_once_and_changes_nothing_the_second_time(store: Store) -> None:
    await store.accept(message("1"))
    before = await store.conversation(ANNA)
    assert not await store.accept(message("1", text="other words"))
    assert await store.conversation(ANNA) == before
    assert len(await store.unfinished()) == 1


async def test_a_finished_message_is_still_a_duplicate(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    assert not await store.accept(message("1"))


async def test_the_same_id_in_another_conversation_is_another_message(store: Store) -> None:
    assert await store.accept(message("1", ANNA))
    assert await store.accept(message("1", BORIS))
    await store.finish(message("1", ANNA), None)
    assert await store.unfinished() == [message("1", BORIS)]


async def test_of_deliveries_at_the_same_time_one_is_accepted(store: Store) -> None:
    results = await asyncio.gather(*(store.accept(message("1")) for _ in range(8)))
    assert sorted(results) == [False] * 7 + [True]
    assert len((await store.conversation(ANNA)).turns) == 1


async def test_unfinished_messages_come_in_the_order_of_acceptance(store: Store) -> None:
    # The ids and the clock say otherwise.
    sent = [message("3"), message("1", BORIS), replace(message("2"), at=NOON - timedelta(hours=1))]
    for one in sent:
        await store.accept(one)
    assert await store.unfinished() == sent


async def test_finishing_writes_turn_outbox_and_owner_together(store: Store) -> None:
    asked = message("1")
    reply = reply_to(asked, action=Action.HAND_OFF)
    await store.accept(asked)
    assert await store.finish(asked, reply)

    conversation = await store.conversation(ANNA)
    assert conversation.owner is Owner.WAITING
    said = conversation.turns[-1]
    assert (said.speaker, said.text, said.id) == (Speaker.BOT, reply.text, reply.id)
    assert (said.action, said.citations) == (Action.HAND_OFF, reply.citations)
    assert said.understanding == reply.understanding
    assert said.at.tzinfo is not None
    assert await store.unfinished() == []
    assert await on_their_way(store) == [reply]


@pytest.mark.parametrize("owner", [Owner.BOT, Owner.WAITING])
async def test_finishing_silently_says_nothing_and_leaves_the_case_where_it_is(store: Store, owner: Owner) -> None:
    await store.accept(message("1"))
    await store.record(ANNA, COMES_TO[owner])
    assert await store.finish(message("1"), None)
    assert (await store.unfinished(), await on_their_way(store)) == ([], [])
    conversation = await store.conversation(ANNA)
    assert conversation.owner is owner
    assert [turn.speaker for turn in conversation.turns] == [Speaker.CUSTOMER]


async def test_a_reply_that_hands_nobody_over_leaves_the_case_with_the_bot(store: Store) -> None:
    await store.accept(message("1"))
    assert await store.finish(message("1"), reply_to(message("1")))
    assert (await store.conversation(ANNA)).owner is Owner.BOT
    assert await on_their_way(store) == [reply_to(message("1"))]


@pytest.mark.parametrize("second", [None, reply_to(message("1"), "Again.")], ids=["silent", "reply"])
async def test_a_message_is_finished_once(store: Store, second: Reply | None) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    before = await store.conversation(ANNA)
    assert not await store.finish(message("1"), second)
    assert await store.conversation(ANNA) == before
    assert len(await on_their_way(store)) == 1


async def test_of_finishes_at_the_same_time_one_counts(store: Store) -> None:
    await store.accept(message("1"))
    replies = [replace(reply_to(message("1")), id=f"r{n}") for n in range(8)]
    results = await asyncio.gather(*(store.finish(message("1"), reply) for reply in replies))
    assert sorted(results) == [False] * 7 + [True]
    assert await on_their_way(store) == [replies[results.index(True)]]


async def test_a_reply_is_refused_while_the_case_waits_for_a_person(store: Store) -> None:
    await store.accept(message("1"))
    await store.record(ANNA, Event.HANDED_OVER)
    before = await store.conversation(ANNA)
    assert not await store.finish(message("1"), reply_to(message("1")))
    assert await store.conversation(ANNA) == before
    assert await store.unfinished() == [message("1")]
    assert await on_their_way(store) == []


async def test_a_message_that_was_never_accepted_cannot_be_finished(store: Store) -> None:
    assert not await store.finish(message("1"), reply_to(message("1")))
    assert await store.conversation(ANNA) == Conversation(key=ANNA)
    assert await on_their_way(store) == []


async def test_the_outbox_is_oldest_first_and_gives_back_the_whole_reply(store: Store) -> None:
    replies = []
    for one in (message("2"), message("1", BORIS), message("1")):
        await store.accept(one)
        replies.append(reply_to(one))
        await store.finish(one, replies[-1])
    assert await on_their_way(store) == replies


async def test_a_delivered_reply_leaves_the_outbox_and_stays_a_turn(store: Store) -> None:
    for id_ in ("1", "2"):
        await store.accept(message(id_))
        await store.finish(message(id_), reply_to(message(id_)))
    await store.delivered(sent(reply_to(message("1"))))
    await store.delivered(sent(reply_to(message("1"))))
    assert await on_their_way(store) == [reply_to(message("2"))]
    assert len((await store.conversation(ANNA)).turns) == 4


async def test_turns_from_elsewhere_are_appended_in_order(store: Store) -> None:
    await store.accept(message("1"))
    said = Turn(speaker=Speaker.AGENT, text="Let me look.", at=NOON - timedelta(days=1))
    await store.append(ANNA, said)
    assert (await store.conversation(ANNA)).turns[-1] == said
    await store.append(BORIS, said)
    assert (await store.conversation(BORIS)).turns == (said,)


async def test_the_language_is_fixed_and_freed(store: Store) -> None:
    await store.set_language(ANNA, "zh")
    assert (await store.conversation(ANNA)).language == "zh"
    await store.set_language(ANNA, None)
    assert (await store.conversation(ANNA)).language is None


async def test_a_conversation_that_was_read_does_not_change_under_its_reader(store: Store) -> None:
    await store.accept(message("1"))
    read = await store.conversation(ANNA)
    await store.accept(message("2"))
    await store.record(ANNA, COMES_TO[Owner.HUMAN])
    assert (len(read.turns), read.owner) == (1, Owner.BOT)


async def test_nothing_of_a_forgotten_conversation_is_kept(store: Store) -> None:
    for id_ in ("1", "2"):
        await store.accept(message(id_))
    await store.finish(message("1"), reply_to(message("1")))
    await store.set_language(ANNA, "zh")
    await store.accept(message("1", BORIS))

    await store.forget(ANNA)

    assert await store.conversation(ANNA) == Conversation(key=ANNA)
    assert await store.unfinished() == [message("1", BORIS)]
    assert await on_their_way(store) == []
    assert not await store.finish(message("2"), reply_to(message("2")))
    assert await store.conversation(ANNA) == Conversation(key=ANNA)
    assert await store.accept(message("1")), "its ids are forgotten too"


async def test_forgetting_what_is_not_known_is_no_error_and_changes_nothing(store: Store) -> None:
    for id_ in ("1", "2"):
        await store.accept(message(id_, BORIS))
    await store.finish(message("1", BORIS), reply_to(message("1", BORIS)))
    before = await store.conversation(BORIS)
    await store.forget(ANNA)
    assert await store.conversation(ANNA) == Conversation(key=ANNA)
    assert await store.conversation(BORIS) == before
    assert await store.unfinished() == [message("2", BORIS)]
    assert await on_their_way(store) == [reply_to(message("1", BORIS))]


@pytest.mark.parametrize(
    "text", ["订单在哪？ 🚚", "שלום", "a\r\n\tb", "x" * 100_000, ""], ids=["zh", "he", "blanks", "long", "none"]
)
async def test_any_text_is_kept_as_it_came(store: Store, text: str) -> None:
    asked = message("1", text=text)
    assert await store.accept(asked)
    assert (await store.conversation(ANNA)).turns[0].text == text
    assert await store.unfinished() == [asked]


@pytest.mark.parametrize("odd", ["a\0b", "\ud83d"], ids=["zero", "half a pair"])
async def test_what_no_database_can_hold_is_no_error(store: Store, odd: str) -> None:
    key = replace(ANNA, thread=odd)
    asked = message(odd, key, text=odd)
    assert await store.accept(asked)
    assert not await store.accept(asked)
    assert await store.finish(asked, reply_to(asked, text=odd))
    assert [reply.in_reply_to for reply in await on_their_way(store)] == [odd]
    await store.forget(key)
    assert await store.conversation(key) == Conversation(key=key)


async def test_memory_keeps_the_newest_turns_only() -> None:
    store = MemoryStore()
    for n in range(TURNS_KEPT + 5):
        await store.append(ANNA, Turn(speaker=Speaker.AGENT, text=str(n), at=NOON))
    kept = [turn.text for turn in (await store.conversation(ANNA)).turns]
    assert kept == [str(n) for n in range(5, TURNS_KEPT + 5)]


async def test_memory_forgets_the_oldest_ids_but_never_those_of_unfinished_messages() -> None:
    store = MemoryStore()
    await store.accept(message("waits"))
    await store.accept(message("done"))
    await store.finish(message("done"), None)
    for n in range(IDS_KEPT):
        await store.accept(message(str(n)))
        await store.finish(message(str(n)), None)
    assert not await store.accept(message("waits"))
    assert not await store.accept(message("0"))
    assert await store.accept(message("done"))


async def test_memory_forgets_the_conversations_used_longest_ago_when_it_has_many() -> None:
    store = MemoryStore()
    await talk_of_many(store, 0, CASES_KEPT)
    await store.append(key_of(0), Turn(speaker=Speaker.BOT, text="Still there?", at=NOON))
    await talk_of_many(store, CASES_KEPT, CASES_KEPT + 2)
    assert [len((await store.conversation(key_of(n))).turns) for n in range(4)] == [3, 0, 0, 2]


async def test_memory_never_forgets_a_conversation_with_something_left_to_do() -> None:
    store = MemoryStore()
    unfinished, undelivered, waiting, human, closed = (key_of(-n) for n in range(1, 6))
    await store.accept(message("1", unfinished))
    await store.accept(message("1", undelivered))
    await store.finish(message("1", undelivered), reply_to(message("1", undelivered)))
    for key, owner in ((waiting, Owner.WAITING), (human, Owner.HUMAN), (closed, Owner.CLOSED)):
        await store.record(key, COMES_TO[owner])

    await talk_of_many(store, 0, CASES_KEPT)
    assert len((await store.conversation(unfinished)).turns) == 1
    assert len((await store.conversation(undelivered)).turns) == 2
    owners = [(await store.conversation(key)).owner for key in (waiting, human, closed)]
    assert owners == [Owner.WAITING, Owner.HUMAN, Owner.BOT], "a closed one may be forgotten"

    # Once nothing is left to do they are like any other.
    await store.finish(message("1", unfinished), None)
    await store.delivered(sent(reply_to(message("1", undelivered))))
    await store.record(human, COMES_TO[Owner.BOT])
    await talk_of_many(store, CASES_KEPT, 2 * CASES_KEPT)
    for key in (unfinished, undelivered, human):
        assert await store.conversation(key) == Conversation(key=key)


def key_of(number: int) -> ConversationKey:
    return ConversationKey(channel="chat", thread=str(number))


async def talk_of_many(store: Store, start: int, stop: int) -> None:
    """Let customers ask, each in a conversation of his own, and be answered."""
    for number in range(start, stop):
        asked = message("1", key_of(number))
        await store.accept(asked)
        await store.finish(asked, reply_to(asked))
        await store.delivered(sent(reply_to(asked)))

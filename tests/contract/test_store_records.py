"""What every store promises of how replies came about, and of what is told only once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.joining import LONGEST
from bot.ports import Store
from bot.types import Candidate, Conversation, ConversationKey, Event, Message, Owner, Reply, Speaker, Turn
from bot.work import Record
from tests.contract.conftest import Clock
from tests.contract.test_store import ANNA, BORIS, NOON, message, reply_to

CANDIDATE = Candidate(
    id="parcel",
    confidence=0.9,
    source="knowledge",
    question="Where is my parcel?",
    answer="On its way.",
    language="en",
    tags=("orders",),
    url="https://x.test/p",
    origin="faq.jsonl:3",
    unknown=0.1,
    details={"dense": 0.8},
)
SETUP = '{"policy": {"answer_from": 0.7}}'


def decided(asked: Message, *, id_: str = "") -> Reply:
    """Return a reply with all that a record keeps."""
    reply = replace(reply_to(asked), candidates=(CANDIDATE,), versions={"knowledge": "7"})
    return replace(reply, id=id_) if id_ else reply


async def replied(store: Store, asked: Message, *earlier: Message, setup: str = "") -> tuple[Conversation, Reply]:
    """Have the bot reply as the dispatcher does, and return what was seen and said."""
    seen, reply = await store.conversation(asked.conversation), decided(asked)
    assert await store.finish(asked, reply, earlier=earlier, seen=seen, setup=setup)
    return seen, reply


def as_kept(seen: Conversation) -> Conversation:
    """Return what a record has of a conversation: a store may note where its turns are."""
    return replace(seen, owner=Owner.BOT, since=None, span=(0, 0))


async def the_record(store: Store, id_: str) -> Record:
    (record,) = await store.records(id_)
    return replace(record, conversation=replace(record.conversation, span=(0, 0)))


async def test_a_record_is_what_was_seen_asked_said_and_set(store: Store) -> None:
    asked = replace(message("1"), attachments=("parcel.jpg", "bill.pdf"))
    await store.set_language(ANNA, "zh")
    await store.accept(asked)
    setup = await store.note_setup(SETUP)
    seen, reply = await replied(store, asked, setup=setup)
    expected = Record(
        reply=replace(reply, candidates=(replace(CANDIDATE, question="", answer=""),)),
        messages=(asked,),
        conversation=as_kept(seen),
        setup=SETUP,
    )
    assert await the_record(store, "1") == expected
    assert await the_record(store, reply.id) == expected


async def test_what_happens_later_is_not_in_the_record(store: Store) -> None:
    await store.accept(message("1"))
    seen, reply = await replied(store, message("1"))
    await store.accept(message("2"))
    await store.set_language(ANNA, "zh")
    await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="I have found it.", at=NOON))
    await store.record(ANNA, Event.RESOLVED)
    await store.accept(message("3"))
    assert (await the_record(store, reply.id)).conversation == as_kept(seen)


async def test_a_message_that_waited_meanwhile_was_seen(store: Store) -> None:
    for id_ in ("1", "2"):
        await store.accept(message(id_))
    seen = await store.conversation(ANNA)
    await store.accept(message("3"))
    reply = decided(message("1"))
    assert await store.finish(message("1"), reply, seen=seen)
    assert [turn.id for turn in (await the_record(store, reply.id)).conversation.turns] == ["1", "2"]


async def test_what_was_said_before_a_case_began_was_not_seen(store: Store) -> None:
    await store.accept(message("1"))
    await replied(store, message("1"))
    await store.record(ANNA, Event.RESOLVED)
    await store.accept(message("2"))
    seen, reply = await replied(store, message("2"))
    assert [turn.id for turn in seen.turns] == ["2"]
    assert (await the_record(store, reply.id)).conversation == as_kept(seen)
    assert [turn.id for turn in (await the_record(store, "1")).conversation.turns] == ["1"]


async def test_messages_answered_as_one_have_one_record_under_each_of_their_ids(store: Store, clock: Clock) -> None:
    texts = {"1": "hi", "2": "my order", "3": "where is it?"}
    first, second, third = (message(id_, text=text) for id_, text in texts.items())
    for one in (first, second, third):
        await store.accept(one, joins=True)
    clock.forward(LONGEST.total_seconds())
    _, reply = await replied(store, third, first, second)
    for id_ in (*texts, reply.id):
        record = await the_record(store, id_)
        assert (record.messages, record.reply.id) == ((first, second, third), reply.id)


async def test_a_message_id_in_two_conversations_finds_both_newest_first(store: Store) -> None:
    for key in (ANNA, BORIS):
        await store.accept(message("1", key))
        await store.accept(message("2", key))
        await replied(store, message("1", key))
        await replied(store, message("2", key))
    assert [record.conversation.key for record in await store.records("1")] == [BORIS, ANNA]
    assert [record.messages for record in await store.records("1")] == [
        (message("1", BORIS),),
        (message("1", ANNA),),
    ]


async def test_only_replies_have_records(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), None)
    await store.accept(message("2"))
    await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="Hm.", at=NOON, id="a1"))
    for id_ in ("1", "2", "a1", "", "unknown"):
        assert await store.records(id_) == []


async def test_without_what_was_seen_nothing_is_noted(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    assert (await store.records("1"), await store.latest(5)) == ([], [])


async def test_the_latest_are_those_of_all_conversations_newest_first(store: Store) -> None:
    for asked in (message("1"), message("1", BORIS), message("2")):
        await store.accept(asked)
        await replied(store, asked)
    latest = [(record.conversation.key, record.reply.in_reply_to) for record in await store.latest(2)]
    assert latest == [(ANNA, "2"), (BORIS, "1")]
    assert len(await store.latest(9)) == 3


async def test_settings_are_kept_once_and_each_record_has_its_own(store: Store) -> None:
    names = []
    for number, setup in enumerate(("one", "two", "one")):
        asked = message(str(number))
        await store.accept(asked)
        names.append(await store.note_setup(setup))
        await replied(store, asked, setup=names[-1])
    assert [(await the_record(store, str(number))).setup for number in range(3)] == ["one", "two", "one"]
    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize("odd", ["a\0b", "\ud83d", "订单 🚚", 'a"b'])
async def test_any_id_of_a_message_finds_its_record(store: Store, odd: str) -> None:
    key = ConversationKey(channel="chat", thread=odd)
    asked = message(odd, key, text=odd)
    await store.accept(asked)
    reply = decided(asked, id_="r1")
    assert await store.finish(asked, reply, seen=await store.conversation(key))
    assert [record.reply.id for record in await store.records(odd)] == ["r1"]
    assert (await store.answered(key, odd))[0]


# --- whether a message is done ------------------------------------------------------------------------------------


async def test_a_message_is_answered_when_its_reply_is_written(store: Store) -> None:
    assert await store.answered(ANNA, "1") == (False, None), "not known"
    for key in (ANNA, BORIS):
        await store.accept(message("1", key))
    assert await store.answered(ANNA, "1") == (False, None), "not done"
    _, reply = await replied(store, message("1"))
    done, said = await store.answered(ANNA, "1")
    assert (done, said) == (True, (await the_record(store, reply.id)).reply)
    assert await store.answered(BORIS, "1") == (False, None)


async def test_messages_answered_as_one_have_one_answer(store: Store) -> None:
    for id_ in ("1", "2"):
        await store.accept(message(id_), joins=True)
    _, reply = await replied(store, message("2"), message("1"))
    for id_ in ("1", "2"):
        done, said = await store.answered(ANNA, id_)
        assert (done, said and said.id) == (True, reply.id)


@pytest.mark.parametrize("event", [None, Event.TAKEN, Event.RESOLVED])
async def test_a_message_left_to_a_person_is_done_without_an_answer(store: Store, event: Event | None) -> None:
    await store.accept(message("1"))
    if event is None:
        await store.finish(message("1"), None)
    else:
        await store.record(ANNA, event)
    assert await store.answered(ANNA, "1") == (True, None)


# --- what is told twice counts once -------------------------------------------------------------------------------


async def test_a_turn_that_is_told_twice_is_there_once(store: Store) -> None:
    said = Turn(speaker=Speaker.AGENT, text="I have found it.", at=NOON, id="a1")
    assert await store.append(ANNA, said)
    await store.record(ANNA, Event.HANDED_BACK)
    before = await store.conversation(ANNA)
    assert not await store.append(ANNA, said)
    assert await store.conversation(ANNA) == before, "the case is still the bot's"
    assert await store.append(BORIS, said), "another conversation"
    assert await store.append(ANNA, replace(said, id="a2"))
    assert await store.append(ANNA, replace(said, speaker=Speaker.CUSTOMER)), "another speaker"


async def test_a_turn_told_again_when_a_new_case_has_begun_is_there_once(store: Store) -> None:
    said = Turn(speaker=Speaker.AGENT, text="I have found it.", at=NOON, id="a1")
    await store.append(ANNA, said)
    await store.record(ANNA, Event.RESOLVED)
    await store.accept(message("1"))
    assert not await store.append(ANNA, said)
    assert (await store.conversation(ANNA)).owner is Owner.BOT


async def test_what_the_store_has_itself_is_not_told_to_it(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    before = await store.conversation(ANNA)
    for turn in before.turns:
        assert not await store.append(ANNA, turn)
    assert await store.conversation(ANNA) == before


async def test_turns_without_an_id_are_all_there(store: Store) -> None:
    said = Turn(speaker=Speaker.AGENT, text="Yes.", at=NOON)
    assert [await store.append(ANNA, said) for _ in range(2)] == [True, True]
    assert len((await store.conversation(ANNA)).turns) == 2


async def test_an_event_that_is_told_twice_happens_once(store: Store) -> None:
    assert await store.record(ANNA, Event.TAKEN, id_="e1") is Owner.HUMAN
    assert await store.record(ANNA, Event.HANDED_BACK, id_="e2") is Owner.BOT
    assert await store.record(ANNA, Event.TAKEN, id_="e1") is Owner.BOT
    assert await store.record(BORIS, Event.TAKEN, id_="e1") is Owner.HUMAN, "another conversation"
    assert await store.record(ANNA, Event.TAKEN) is Owner.HUMAN
    await store.record(ANNA, Event.HANDED_BACK)
    assert await store.record(ANNA, Event.TAKEN) is Owner.HUMAN, "without an id each counts"


async def test_an_event_that_came_too_late_may_come_again(store: Store, clock: Clock) -> None:
    await store.record(ANNA, Event.TAKEN)
    old = (await store.conversation(ANNA)).since
    clock.forward(1)
    await store.record(ANNA, Event.TAKEN)
    assert await store.record(ANNA, Event.HANDED_BACK, id_="e1", seen=old) is Owner.HUMAN
    assert await store.record(ANNA, Event.HANDED_BACK, id_="e1") is Owner.BOT

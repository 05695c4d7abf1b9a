"""What every store promises of who has a case."""

from __future__ import annotations

import pytest

from bot.handover import AFTER, HEARD
from bot.ports import Store
from bot.types import Action, Conversation, Event, Owner, Speaker, Turn
from tests.contract.conftest import COMES_TO, Clock
from tests.contract.test_store import ANNA, BORIS, NOON, message, on_their_way, reply_to
from tests.contract.test_store import sent as delivery


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("before", list(Owner))
async def test_the_table_says_who_has_the_case(store: Store, before: Owner, event: Event) -> None:
    assert await store.record(ANNA, COMES_TO[before]) is before
    assert await store.record(ANNA, event) is AFTER[event][before]
    assert (await store.conversation(ANNA)).owner is AFTER[event][before]
    assert await store.conversation(BORIS) == Conversation(key=BORIS)


async def test_a_reply_that_hands_over_waits_for_a_person(store: Store) -> None:
    await store.accept(message("1"))
    reply = reply_to(message("1"), action=Action.HAND_OFF)
    assert await store.finish(message("1"), reply)
    assert (await store.conversation(ANNA)).owner is Owner.WAITING
    assert await store.sendable(delivery(reply))


@pytest.mark.parametrize("event", [Event.TAKEN, Event.RESOLVED])
async def test_what_the_bot_has_not_done_when_a_person_comes_it_never_does(store: Store, event: Event) -> None:
    for id_ in ("1", "2"):
        await store.accept(message(id_))
    await store.finish(message("1"), reply_to(message("1")))
    await store.accept(message("1", BORIS))
    await store.record(ANNA, event)
    assert (await store.unfinished(), await store.outbox()) == ([message("1", BORIS)], [])
    assert not await store.finish(message("2"), reply_to(message("2")))
    assert not await store.accept(message("2")), "it is known all the same"

    await store.record(ANNA, Event.HANDED_BACK)
    await store.accept(message("3"))
    assert not await store.sendable(delivery(reply_to(message("1"))))
    assert (await store.work(ANNA)).messages == (message("3"),)


async def test_what_a_customer_writes_to_a_person_is_for_the_person(store: Store) -> None:
    await store.record(ANNA, Event.TAKEN)
    await store.accept(message("1"))
    assert not await store.finish(message("1"), reply_to(message("1")))
    assert await store.finish(message("1"), None)
    assert (await store.conversation(ANNA)).owner is Owner.HUMAN


async def test_a_person_who_writes_has_the_case_and_is_heard(store: Store) -> None:
    await store.accept(message("1"))
    said = Turn(speaker=Speaker.AGENT, text="I have found it.", at=NOON)
    await store.append(ANNA, said)
    conversation = await store.conversation(ANNA)
    assert conversation.owner is Owner.HUMAN
    assert conversation.turns[-1] == said


async def test_a_new_case_begins_without_what_was_said_in_the_one_before(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1"), action=Action.HAND_OFF))
    await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="I have found it.", at=NOON))
    await store.record(ANNA, Event.RESOLVED)
    assert len((await store.conversation(ANNA)).turns) == 3, "until then it can be read"

    await store.accept(message("2"))
    conversation = await store.conversation(ANNA)
    assert conversation.owner is Owner.BOT
    assert [turn.id for turn in conversation.turns] == ["2"]
    assert not await store.accept(message("1")), "a late second delivery is one all the same"


async def test_a_second_delivery_opens_no_case(store: Store) -> None:
    await store.accept(message("1"))
    await store.record(ANNA, Event.RESOLVED)
    assert not await store.accept(message("1"))
    assert (await store.conversation(ANNA)).owner is Owner.CLOSED


async def test_since_when_is_known_and_a_person_who_goes_on_is_seen(store: Store, clock: Clock) -> None:
    assert (await store.conversation(ANNA)).since is None
    await store.record(ANNA, Event.HANDED_OVER)
    began = clock()
    assert (await store.conversation(ANNA)).since == began
    clock.forward(10)
    await store.record(ANNA, Event.HANDED_OVER)
    assert (await store.conversation(ANNA)).since == began, "nothing new"
    for _ in range(2):
        clock.forward(10)
        await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="One moment.", at=NOON))
        assert (await store.conversation(ANNA)).since == clock()


async def test_what_was_decided_on_an_older_state_changes_nothing(store: Store, clock: Clock) -> None:
    await store.record(ANNA, Event.TAKEN)
    seen = (await store.conversation(ANNA)).since
    assert seen is not None
    clock.forward(1)
    await store.record(ANNA, Event.TAKEN)
    assert await store.record(ANNA, Event.HANDED_BACK, seen=seen) is Owner.HUMAN
    newer = (await store.conversation(ANNA)).since
    assert await store.record(ANNA, Event.HANDED_BACK, seen=newer) is Owner.BOT


@pytest.mark.parametrize("owner", list(Owner))
async def test_replies_leave_only_where_the_bot_is_heard(store: Store, owner: Owner) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    await store.record(ANNA, COMES_TO[owner])
    assert bool(await on_their_way(store)) is (owner in HEARD)

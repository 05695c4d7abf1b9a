"""What every store promises of messages that people have to be shown, and of how much is left to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.ports import Store
from bot.types import Action, Counts, Event, Message, Owner, Speaker, Turn
from bot.work import Delivery, Errand
from tests.contract.conftest import COMES_TO, Clock
from tests.contract.test_store import ANNA, BORIS, NOON, message, on_their_way, reply_to
from tests.contract.test_store import sent as delivery


async def shown(store: Store) -> list[Message]:
    """Return what is on its way to people, in its order."""
    return [one.message for one in await store.outbox() if one.errand is Errand.RELAY]


def at(clock: Clock, *asked: Message) -> list[Message]:
    """Return messages as people are shown them: whoever wrote is not told, and it counts as written now."""
    return [replace(one, at=clock(), customer="") for one in asked]


@pytest.mark.parametrize("owner", [Owner.WAITING, Owner.HUMAN])
async def test_people_are_shown_what_the_bot_does_not_answer(store: Store, clock: Clock, owner: Owner) -> None:
    await store.record(ANNA, COMES_TO[owner])
    asked = replace(message("1"), attachments=("bill.pdf", "a b.jpg"))
    await store.accept(asked, relay=True)
    assert await shown(store) == [], "not before its turn comes"
    assert await store.finish(asked, None)
    assert await shown(store) == at(clock, asked)
    (relay,) = await store.outbox()
    assert await store.sendable(relay)
    await store.delivered(relay)
    assert await store.outbox() == []


async def test_people_are_not_shown_what_the_bot_answers(store: Store) -> None:
    for number in ("1", "2"):
        await store.accept(message(number), relay=True, joins=True)
    await store.finish(message("2"), reply_to(message("2")), earlier=[message("1")])
    await store.record(ANNA, Event.TAKEN)
    assert await shown(store) == []


async def test_people_are_shown_only_what_they_have_to_be(store: Store, clock: Clock) -> None:
    await store.record(ANNA, Event.TAKEN)
    await store.accept(message("1"))
    await store.accept(message("2"), relay=True)
    await store.finish(message("2"), None, earlier=[message("1")])
    assert await shown(store) == at(clock, message("2"))


@pytest.mark.parametrize("event", [Event.TAKEN, Event.RESOLVED])
async def test_what_a_person_cuts_off_the_bot_from_is_shown_in_its_order(
    store: Store, clock: Clock, event: Event
) -> None:
    for number in ("2", "1", "3"):
        await store.accept(message(number), relay=True, joins=True)
    await store.record(ANNA, event)
    assert await shown(store) == at(clock, message("2"), message("1"), message("3"))
    assert await store.unfinished() == []
    await store.record(ANNA, event)
    assert len(await shown(store)) == 3, "once"


async def test_what_a_customer_writes_while_a_person_answers_is_shown(store: Store, clock: Clock) -> None:
    await store.record(ANNA, Event.TAKEN)
    await store.accept(message("1"), relay=True, joins=True)
    await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="One moment.", at=NOON))
    assert await shown(store) == at(clock, message("1"))


async def test_what_is_shown_stays_on_its_way_whatever_becomes_of_the_case(store: Store, clock: Clock) -> None:
    await store.accept(message("1"), relay=True)
    reply = reply_to(message("1"), action=Action.HAND_OFF)
    await store.finish(message("1"), reply, "why")
    await store.accept(message("2"), relay=True)
    await store.finish(message("2"), None)
    errands = [Errand.NOTE, Errand.REPLY, Errand.HAND_OVER, Errand.RELAY]
    assert [one.errand for one in await store.outbox()] == errands, "behind the hand-over"
    for event in (Event.TAKEN, Event.RESOLVED, Event.HANDED_BACK):
        await store.record(ANNA, event)
        assert await shown(store) == at(clock, message("2"))
        (relay,) = await store.outbox()
        assert await store.sendable(relay)


async def test_what_is_shown_keeps_its_order_over_failures(store: Store, clock: Clock) -> None:
    await store.record(ANNA, Event.TAKEN)
    for number in ("1", "2"):
        await store.accept(message(number), relay=True)
        await store.finish(message(number), None)
    first, second = await store.outbox()
    await store.put_off(first, clock() + timedelta(seconds=60), "away")
    await store.accept(message("3"), relay=True)
    await store.finish(message("3"), None)
    assert not (await store.work(ANNA)).due
    assert [one.message.id for one in (await store.work(ANNA)).outbox] == ["1", "2", "3"]
    clock.forward(60)
    assert (await store.work(ANNA)).due
    await store.give_up(first, "gone")
    assert [one.id for one in await store.dead_letters()] == [first.id]
    assert [one.message.id for one in await store.outbox()] == ["2", "3"]
    assert second.id != first.id


async def test_the_same_message_id_in_two_conversations_is_shown_for_both(store: Store) -> None:
    for key in (ANNA, BORIS):
        await store.record(key, Event.TAKEN)
        await store.accept(message("1", key), relay=True)
        await store.finish(message("1", key), None)
    assert [one.conversation for one in await shown(store)] == [ANNA, BORIS]


async def test_a_reply_after_a_time_without_one_is_not_put_off_by_failures_of_old(store: Store, clock: Clock) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    await store.put_off(delivery(reply_to(message("1"))), clock() + timedelta(seconds=300), "away")
    await store.record(ANNA, Event.TAKEN)
    await store.record(ANNA, Event.HANDED_BACK)
    await store.accept(message("2"))
    await store.finish(message("2"), reply_to(message("2")))
    assert (await store.work(ANNA)).due


async def test_what_may_not_be_sent_is_withdrawn(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    await store.give_up(delivery(reply_to(message("1"))), "gone")
    await store.record(ANNA, Event.TAKEN)
    assert await store.resend(reply_to(message("1")).id)
    (again,) = await store.outbox()
    assert not await store.sendable(again)
    await store.withdraw(again)
    assert await on_their_way(store) == []


async def test_how_much_is_left_is_counted(store: Store, clock: Clock) -> None:
    assert await store.counts() == Counts(waiting=0, outbox=0, dead=0)
    for number in ("1", "2", "3"):
        await store.accept(message(number))
    await store.accept(message("1", BORIS), joins=True)
    await store.finish(message("1"), reply_to(message("1"), action=Action.HAND_OFF), "why")
    assert await store.counts() == Counts(waiting=3, outbox=3, dead=0)
    note: Delivery = (await store.outbox())[0]
    await store.put_off(note, clock() + timedelta(seconds=60), "away")
    assert await store.counts() == Counts(waiting=3, outbox=3, dead=0)
    await store.give_up(note, "gone")
    assert await store.counts() == Counts(waiting=3, outbox=2, dead=1)
    await store.record(ANNA, Event.TAKEN)
    assert await store.counts() == Counts(waiting=1, outbox=0, dead=1)
    await store.forget(ANNA)
    assert await store.counts() == Counts(waiting=1, outbox=0, dead=0)

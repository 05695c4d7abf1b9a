"""What every store promises to those who share its work, and of replies that could not be delivered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.ports import Store
from bot.types import Action, Conversation, ConversationKey, Owner, Reply
from bot.work import Delivery, Errand, Taken
from tests.contract.conftest import COMES_TO, Clock
from tests.contract.test_store import ANNA, BORIS, key_of, message, on_their_way, reply_to
from tests.contract.test_store import sent as delivery


async def taken(store: Store, limit: int = 10) -> tuple[ConversationKey, ...]:
    return (await store.take(limit)).conversations


async def sent(store: Store, *ids: str) -> list[Reply]:
    """Have the bot reply to new messages of the same customer, without a delivery."""
    replies = []
    for id_ in ids:
        await store.accept(message(id_))
        replies.append(reply_to(message(id_)))
        assert await store.finish(message(id_), replies[-1])
    return replies


async def test_there_is_nothing_to_take_where_nothing_is_to_do(store: Store) -> None:
    await store.record(ANNA, COMES_TO[Owner.HUMAN])
    assert await store.take(10) == Taken(conversations=(), waiting=0)


async def test_a_conversation_with_a_message_is_taken_once(store: Store) -> None:
    await store.accept(message("1"))
    await store.accept(message("2"))
    assert await store.take(10) == Taken(conversations=(ANNA,), waiting=2)
    assert await store.take(10) == Taken(conversations=(), waiting=2)
    await store.accept(message("3"))
    assert await taken(store) == ()


async def test_no_more_are_taken_than_asked_for_and_those_first_that_waited_longest(store: Store) -> None:
    keys = [key_of(number) for number in range(5)]
    for key in keys:
        await store.accept(message("1", key))
    assert await taken(store, 0) == ()
    assert await taken(store, 2) == tuple(keys[:2])
    assert await taken(store, 9) == tuple(keys[2:])


async def test_takers_at_the_same_time_never_have_the_same(store: Store) -> None:
    keys = [key_of(number) for number in range(12)]
    for key in keys:
        await store.accept(message("1", key))
    both = await asyncio.gather(*(taken(store, 3) for _ in range(6)))
    everything = [key for some in both for key in some]
    assert len(everything) == len(set(everything))
    everything += await taken(store, 20)
    assert sorted(everything, key=str) == sorted(keys, key=str)


async def test_the_work_is_what_is_not_done(store: Store) -> None:
    assert (await store.work(ANNA)).conversation == Conversation(key=ANNA)
    (reply,) = await sent(store, "1")
    await store.accept(message("2"))
    await store.accept(message("1", BORIS))
    work = await store.work(ANNA)
    assert work.conversation == await store.conversation(ANNA)
    assert work.messages == (message("2"),)
    assert [one.reply for one in work.outbox] == [reply]
    assert work.due


async def test_a_released_conversation_is_taken_again_as_long_as_something_is_to_do(store: Store) -> None:
    await store.accept(message("1"))
    assert await taken(store) == (ANNA,)
    await store.release(ANNA)
    assert await taken(store) == (ANNA,)
    await store.finish(message("1"), None)
    await store.release(ANNA)
    assert await taken(store) == ()


async def test_a_busy_conversation_goes_behind_the_others(store: Store, clock: Clock) -> None:
    for one in (message("1"), message("2"), message("1", BORIS)):
        await store.accept(one)
    assert await taken(store, 1) == (ANNA,)
    clock.forward(1)
    await store.release(ANNA)
    assert await taken(store, 1) == (BORIS,)


async def test_releasing_what_is_not_known_is_no_error(store: Store) -> None:
    await store.release(ANNA)
    assert await store.conversation(ANNA) == Conversation(key=ANNA)


async def test_a_conversation_forgotten_while_somebody_has_it_begins_anew(store: Store) -> None:
    await store.accept(message("1"))
    assert await taken(store) == (ANNA,)
    await store.forget(ANNA)
    await store.accept(message("1"))
    assert await taken(store) == (ANNA,)


async def test_a_reply_on_its_way_is_work(store: Store) -> None:
    (reply,) = await sent(store, "1")
    assert await taken(store) == (ANNA,)
    assert await store.sendable(delivery(reply))
    await store.delivered(delivery(reply))
    assert not await store.sendable(delivery(reply))
    await store.release(ANNA)
    assert await taken(store) == ()


@pytest.mark.parametrize("owner", list(Owner))
async def test_a_reply_is_sendable_until_a_person_takes_or_closes_the_case(store: Store, owner: Owner) -> None:
    (reply,) = await sent(store, "1")
    await store.record(ANNA, COMES_TO[owner])
    assert await store.sendable(delivery(reply)) is (owner in (Owner.BOT, Owner.WAITING))


async def test_a_forgotten_reply_is_not_sendable(store: Store) -> None:
    (reply,) = await sent(store, "1")
    await store.forget(ANNA)
    assert not await store.sendable(delivery(reply))


async def test_what_was_put_off_waits_and_those_behind_it_too(store: Store, clock: Clock) -> None:
    first, second = await sent(store, "1", "2")
    await store.put_off(delivery(first), clock() + timedelta(seconds=60), "away")
    (third,) = await sent(store, "3")
    assert await taken(store) == ()
    work = await store.work(ANNA)
    assert not work.due
    assert [(one.reply, one.attempts, one.error) for one in work.outbox] == [
        (first, 1, "away"),
        (second, 0, ""),
        (third, 0, ""),
    ]

    clock.forward(59)
    assert await taken(store) == ()
    clock.forward(1)
    assert await taken(store) == (ANNA,)
    assert (await store.work(ANNA)).due
    assert await store.sendable(delivery(first))


async def test_a_message_is_work_even_where_replies_are_put_off(store: Store, clock: Clock) -> None:
    (reply,) = await sent(store, "1")
    await store.put_off(delivery(reply), clock() + timedelta(seconds=60), "away")
    await store.accept(message("2"))
    assert await taken(store) == (ANNA,)
    assert not (await store.work(ANNA)).due


async def test_a_dead_letter_lets_those_behind_it_go(store: Store, clock: Clock) -> None:
    first, second = await sent(store, "1", "2")
    await store.put_off(delivery(first), clock() + timedelta(seconds=60), "away")
    await store.give_up(delivery(first), "gone")
    assert await store.dead_letters() == [Delivery(reply=first, since=clock(), attempts=2, error="gone")]
    assert await on_their_way(store) == [second]
    assert await taken(store) == (ANNA,)
    assert (await store.work(ANNA)).due
    assert not await store.sendable(delivery(first))
    assert await store.sendable(delivery(second))


async def test_a_dead_letter_is_resent_behind_the_others(store: Store, clock: Clock) -> None:
    first, second = await sent(store, "1", "2")
    await store.give_up(delivery(first), "gone")
    clock.forward(5)
    assert await store.resend(first.id)
    assert not await store.resend(first.id)
    assert not await store.resend("unknown")
    assert await store.dead_letters() == []
    assert await on_their_way(store) == [second, first]
    assert (await store.outbox())[1] == Delivery(reply=first, since=clock())


async def test_a_dead_letter_that_is_dropped_is_gone_and_nothing_else_is(store: Store, clock: Clock) -> None:
    first, second = await sent(store, "1", "2")
    await store.give_up(delivery(first), "gone")
    assert await store.drop(first.id)
    assert not await store.drop(first.id)
    assert not await store.drop(second.id), "it is on its way"
    assert (await store.dead_letters(), await on_their_way(store)) == ([], [second])
    clock.forward(60)
    assert await store.forget_before(clock()) == 0
    await store.delivered(delivery(second))
    assert await store.forget_before(clock()) == 1


async def test_failures_of_what_is_delivered_or_forgotten_change_nothing(store: Store, clock: Clock) -> None:
    (reply,) = await sent(store, "1")
    await store.delivered(delivery(reply))
    await store.put_off(delivery(reply), clock() + timedelta(seconds=60), "away")
    await store.give_up(delivery(reply), "gone")
    elsewhere = replace(reply, conversation=BORIS)
    await store.put_off(delivery(elsewhere), clock(), "away")
    await store.give_up(delivery(elsewhere), "gone")
    assert (await store.outbox(), await store.dead_letters()) == ([], [])


async def test_a_hand_over_is_three_errands_in_their_order(store: Store, clock: Clock) -> None:
    await store.accept(message("1"))
    reply = reply_to(message("1"), action=Action.HAND_OFF)
    assert await store.finish(message("1"), reply, "why")
    note, said, asked = await store.outbox()
    assert (note.errand, note.note, note.reply) == (Errand.NOTE, "why", reply)
    assert (said.errand, said.note) == (Errand.REPLY, "")
    assert asked.errand is Errand.HAND_OVER
    assert all([await store.sendable(one) for one in (note, said, asked)])

    await store.put_off(note, clock() + timedelta(seconds=60), "away")
    assert not (await store.work(ANNA)).due
    await store.give_up(note, "gone")
    assert await store.dead_letters() == [replace(note, attempts=2, error="gone")]
    await store.delivered(said)
    assert await store.outbox() == [asked]
    assert await store.resend(note.id)
    assert await store.outbox() == [asked, note]

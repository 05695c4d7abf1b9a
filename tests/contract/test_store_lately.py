"""What every store promises of what was said lately."""

from __future__ import annotations

from datetime import timedelta

from bot.ports import Store
from bot.types import ConversationKey, Event, Owner, Speaker, Turn
from tests.contract.conftest import Clock
from tests.contract.test_store import ANNA, BORIS, NOON, message, reply_to

LONG_AGO = NOON - timedelta(days=1)


def key(name: str) -> ConversationKey:
    return ConversationKey(channel="chat", thread=name)


def agent(text: str, id_: str = "") -> Turn:
    return Turn(speaker=Speaker.AGENT, text=text, at=NOON, id=id_)


async def test_nothing_is_there_where_nothing_was_said(store: Store) -> None:
    assert await store.lately(LONG_AGO) == []
    await store.record(ANNA, Event.TAKEN)
    assert await store.lately(LONG_AGO) == [], "taken, and nothing said"


async def test_a_conversation_stands_there_as_it_is(store: Store) -> None:
    await store.accept(message("1"))
    await store.finish(message("1"), reply_to(message("1")))
    await store.append(ANNA, agent("I have found it."))
    (one,) = await store.lately(LONG_AGO)
    there = await store.conversation(ANNA)
    assert (one.conversation.key, one.conversation.owner, one.earlier) == (ANNA, Owner.HUMAN, ())
    assert one.conversation.turns == there.turns
    assert len(there.turns) == 3


async def test_what_was_said_before_the_case_began_stands_apart(store: Store) -> None:
    await store.accept(message("1"))
    await store.record(ANNA, Event.RESOLVED)
    await store.accept(message("2"))
    await store.record(ANNA, Event.RESOLVED)
    await store.accept(message("3"))
    (one,) = await store.lately(LONG_AGO)
    assert [turn.id for turn in one.earlier] == ["1", "2"]
    assert [turn.id for turn in one.conversation.turns] == ["3"]


async def test_only_what_was_said_since_is_there(store: Store, clock: Clock) -> None:
    await store.accept(message("1"))
    await store.accept(message("1", BORIS))
    clock.forward(3600)
    await store.finish(message("1"), reply_to(message("1")))
    (one,) = await store.lately(NOON + timedelta(minutes=1))
    assert [turn.speaker for turn in one.conversation.turns] == [Speaker.BOT]
    assert [one.conversation.key for one in await store.lately(NOON)] == [ANNA, BORIS]
    assert await store.lately(clock.now + timedelta(seconds=1)) == []


async def test_pages_hold_each_conversation_once_in_the_order_in_which_they_began(store: Store) -> None:
    names = [f"t{number}" for number in (3, 1, 4, 15, 9)]
    for name in names:
        await store.accept(message("1", key(name)))
    await store.accept(message("2", key(names[0])))
    pages, after = [], 0
    while page := await store.lately(LONG_AGO, after=after, limit=2):
        pages.append([one.conversation.key.thread for one in page])
        after = page[-1].number
    assert pages == [names[:2], names[2:4], names[4:]]


async def test_what_was_forgotten_is_not_there(store: Store) -> None:
    for one in (ANNA, BORIS):
        await store.accept(message("1", one))
    await store.forget(ANNA)
    assert [one.conversation.key for one in await store.lately(LONG_AGO)] == [BORIS]

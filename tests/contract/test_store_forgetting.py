"""What every store promises of deleting: all of a conversation goes, and nothing that is still to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.ports import Store
from bot.store.database import Database
from bot.store.schema import conversations, events, metadata, outbox, records, turns
from bot.types import Action, Conversation, ConversationKey, Event, Owner, Speaker, Turn
from tests.contract.conftest import COMES_TO, Clock
from tests.contract.test_store import ANNA, BORIS, message, reply_to

#: What there is of conversations, and nothing else.
OF_CONVERSATIONS = (conversations, turns, events, records, outbox)


async def rows(address: str) -> dict[str, int]:
    """Return how many rows of conversations are in the database at ``address``."""
    async with Database.open(address) as database:
        return {
            table.name: len(await database.run(lambda on, table=table: on.execute(table.select()).all()))
            for table in OF_CONVERSATIONS
        }


async def lived(store: Store, key: ConversationKey, at: datetime, customer: str = "c1") -> None:
    """Have a conversation with something in every table, of which nothing is left to do."""
    asked, late = (replace(message(id_, key), at=at, customer=customer) for id_ in ("1", "2"))
    await store.accept(asked)
    reply = reply_to(asked, action=Action.HAND_OFF)
    await store.finish(asked, reply, "why", seen=await store.conversation(key), setup=await store.note_setup("{}"))
    for one in await store.outbox():
        await store.delivered(one)
    await store.accept(late)
    await store.append(key, Turn(speaker=Speaker.AGENT, text="I have found it.", at=at, id="a1"))
    await store.record(key, Event.RESOLVED, id_="e1")
    await store.set_language(key, "zh")


async def is_there(store: Store, key: ConversationKey) -> bool:
    return await store.conversation(key) != Conversation(key=key)


def test_every_table_that_belongs_to_conversations_is_looked_at() -> None:
    kept = {"setups", "places", "workers"}
    assert {table.name for table in OF_CONVERSATIONS} == set(metadata.tables) - kept


async def test_forgetting_leaves_no_row(store: Store, kind: str, address: str, clock: Clock) -> None:
    await lived(store, ANNA, clock())
    await store.record(ANNA, Event.TAKEN)
    await store.record(ANNA, Event.HANDED_BACK)
    asked = message("3")
    await store.accept(asked)
    await store.finish(asked, reply_to(asked))
    if kind != "memory":
        assert all((await rows(address)).values()), "there is something in each"
    await store.forget(ANNA)
    assert not await is_there(store, ANNA)
    for id_ in ("1", "3", reply_to(message("1")).id):
        assert await store.records(id_) == []
    assert await store.answered(ANNA, "1") == (False, None)
    if kind != "memory":
        assert not any((await rows(address)).values())
    assert await store.record(ANNA, Event.TAKEN, id_="e1") is Owner.HUMAN, "ids of events are forgotten too"


# --- a customer ---------------------------------------------------------------------------------------------------


async def test_a_customer_is_forgotten_in_every_conversation(
    store: Store, kind: str, address: str, clock: Clock
) -> None:
    mail = ConversationKey(channel="mail", thread="7")
    for key, customer in ((ANNA, "c1"), (mail, "c1"), (BORIS, "c2")):
        await lived(store, key, clock(), customer)
    assert await store.forget_customer("c1") == 2
    assert [await is_there(store, key) for key in (ANNA, mail, BORIS)] == [False, False, True]
    assert await store.forget_customer("c1") == 0
    assert await store.forget_customer("c2") == 1
    if kind != "memory":
        assert not any((await rows(address)).values())


async def test_another_customer_may_have_the_id_elsewhere(store: Store, clock: Clock) -> None:
    mail = ConversationKey(channel="mail", thread="7")
    for key in (ANNA, mail):
        await lived(store, key, clock(), "c1")
    assert await store.forget_customer("c1", "mail") == 1
    assert [await is_there(store, key) for key in (ANNA, mail)] == [True, False]


async def test_a_customer_is_forgotten_whatever_is_left_to_do(store: Store) -> None:
    await store.accept(replace(message("1"), customer="c1"))
    await store.accept(replace(message("2"), customer="c2"))
    await store.finish(message("1"), reply_to(message("1")))
    assert await store.forget_customer("c1") == 1
    assert (await store.unfinished(), await store.outbox()) == ([], [])


async def test_nobody_is_forgotten_by_an_empty_id(store: Store) -> None:
    await store.accept(replace(message("1"), customer=""))
    assert await store.forget_customer("") == 0
    assert await is_there(store, ANNA)


# --- what is old --------------------------------------------------------------------------------------------------


async def test_what_nothing_was_said_in_for_long_goes_with_all_that_belongs_to_it(
    store: Store, kind: str, address: str, clock: Clock
) -> None:
    await lived(store, ANNA, clock())
    clock.forward(3600)
    assert await store.forget_before(clock() - timedelta(hours=1)) == 0, "just then"
    assert await store.forget_before(clock()) == 1
    assert not await is_there(store, ANNA)
    if kind != "memory":
        assert not any((await rows(address)).values())


async def test_one_late_word_keeps_the_conversation(store: Store, clock: Clock) -> None:
    await lived(store, ANNA, clock())
    clock.forward(3600)
    await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="Did it arrive?", at=clock()))
    assert await store.forget_before(clock()) == 0
    assert len((await store.conversation(ANNA)).turns) > 1, "as a whole"


async def test_a_case_that_a_person_has_is_kept_though_nothing_was_said_in_it(store: Store, clock: Clock) -> None:
    await store.record(ANNA, Event.TAKEN)
    clock.forward(3600)
    assert await store.forget_before(clock() - timedelta(days=1)) == 0
    assert (await store.conversation(ANNA)).owner is Owner.HUMAN
    assert await store.forget_before(clock()) == 1


@pytest.mark.parametrize("left", ["open", "waits", "on its way", "put off"])
async def test_nothing_goes_in_which_something_is_left_to_do(store: Store, clock: Clock, left: str) -> None:
    await store.accept(message("1"), joins=left == "waits")
    if left not in ("open", "waits"):
        await store.finish(message("1"), reply_to(message("1")))
        (one,) = await store.outbox()
        if left == "put off":
            await store.put_off(one, clock() + timedelta(seconds=60), "away")
    before = (await store.conversation(ANNA), await store.counts())
    clock.forward(86_400)
    assert await store.forget_before(clock()) == 0
    assert (await store.conversation(ANNA), await store.counts()) == before


async def test_what_could_not_be_delivered_is_kept_as_long_as_what_was_said(store: Store, clock: Clock) -> None:
    await store.accept(message("1"))
    clock.forward(3600)
    await store.finish(message("1"), reply_to(message("1")))
    (one,) = await store.outbox()
    await store.give_up(one, "gone")
    said = clock()
    clock.forward(3600)
    assert await store.forget_before(said) == 0
    assert await store.forget_before(clock()) == 1


@pytest.mark.parametrize("owner", list(Owner))
async def test_the_old_goes_whoever_has_the_case(store: Store, clock: Clock, owner: Owner) -> None:
    await lived(store, ANNA, clock())
    await store.record(ANNA, COMES_TO[owner])
    clock.forward(1)
    assert await store.forget_before(clock()) == 1


async def test_only_the_old_goes_however_many_there_are(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.forgetting.AT_ONCE", 2)
    old = [ConversationKey(channel="chat", thread=str(number)) for number in range(5)]
    for key in (*old, BORIS):
        if key is BORIS:
            clock.forward(3600)
        await store.append(key, Turn(speaker=Speaker.BOT, text="Hello.", at=clock()))
    assert await store.forget_before(clock()) == 5
    assert [await is_there(store, key) for key in (*old, BORIS)] == [False] * 5 + [True]

"""What databases say of how they find things: what is done for each message reads no table as a whole."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from bot.store.database import Database
from bot.store.sql import SqlStore
from bot.types import Action, Event, Message, Speaker, Turn
from tests.contract.conftest import Clock
from tests.contract.test_store import ANNA, NOON, message, reply_to

#: Tables that grow with what was ever said; the others have a row for each place, process or reply on its way.
GROWING = ("turns", "conversations", "records", "events", "setups")

WHOLE = re.compile(
    rf"SCAN ({'|'.join(GROWING)})\b(?! USING (COVERING )?INDEX ix_turns_o(pen|ldest))|Seq Scan on ({'|'.join(GROWING)})"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")
    return f"sqlite:///{tmp_path / 'kefu.db'}"


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Yield a list of what is asked of databases meanwhile."""
    asked: list[tuple[str, Any]] = []

    def keep(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            asked.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


async def plans(address: str, asked: list[tuple[str, Any]]) -> list[str]:
    """Return how the database would go about each of ``asked``."""

    def explain(connection: Connection) -> list[str]:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:  # few rows are read as a whole by choice; then only where there is no other way
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        how = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        return [
            f"{statement}\n"
            + "\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + statement, parameters))
            for statement, parameters in asked
        ]

    async with Database.open(address) as database:
        return await database.run(explain)


async def hand_over(store: SqlStore, asked: Message) -> None:
    reply = reply_to(asked, action=Action.HAND_OFF)
    await store.finish(asked, reply, "why", seen=await store.conversation(ANNA))


async def send(store: SqlStore, asked: Message) -> None:
    await hand_over(store, asked)
    for one in await store.outbox():
        await store.sendable(one)
        await store.put_off(one, NOON, "away")
        await store.delivered(one)


async def be_a_person(store: SqlStore, asked: Message) -> None:
    await store.append(ANNA, Turn(speaker=Speaker.AGENT, text="Here it is.", at=NOON, id="a1"))
    await store.record(ANNA, Event.RESOLVED, id_="e1")


async def look_up(store: SqlStore, asked: Message) -> None:
    await hand_over(store, asked)
    await store.answered(ANNA, asked.id)
    await store.records(asked.id)
    await store.records(reply_to(asked).id)


#: What is done for a message, or about it, by name.
DONE: dict[str, Callable[[SqlStore, Message], Awaitable[object]]] = {
    "take": lambda store, asked: store.take(10),
    "accept": lambda store, asked: store.accept(replace(asked, id="2"), joins=True, relay=True),
    "work": lambda store, asked: store.work(ANNA),
    "silence": lambda store, asked: store.finish(asked, None),
    "send": send,
    "release": lambda store, asked: store.release(ANNA),
    "person": be_a_person,
    "look up": look_up,
    "unfinished": lambda store, asked: store.unfinished(),
    "counts": lambda store, asked: store.counts(),
    "forget": lambda store, asked: store.forget(ANNA),
    "customer": lambda store, asked: store.forget_customer("c1"),
}


@pytest.mark.parametrize("what", DONE)
async def test_no_table_is_read_as_a_whole(what: str, address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as store:
        await store.accept(message("1"))
        with statements() as asked:
            await DONE[what](store, message("1"))
    found = await plans(address, asked)
    assert found
    for plan in found:
        assert not WHOLE.search(plan), plan


async def test_open_messages_are_found_by_their_index(address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as store:
        await store.accept(message("1"))
        with statements() as asked:
            assert (await store.take(10)).conversations == (ANNA,)
    about_turns = [plan for plan in await plans(address, asked) if "turns" in plan]
    assert len(about_turns) == 2, "which conversations there are, and how many messages wait"
    assert all("ix_turns_o" in plan for plan in about_turns)


@pytest.fixture
def clock() -> Clock:
    return Clock()

"""What a database adds to what every store promises: it outlives the process, and several may share it."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from bot.errors import StoreError
from bot.store import cases
from bot.store.cases import TURNS_READ
from bot.store.database import Database
from bot.store.records import MOST
from bot.store.schema import metadata, turns
from bot.store.sql import LEASE, SqlStore
from bot.store.taking import OLDEST
from bot.types import Speaker, Turn
from bot.work import Taken
from tests.contract.conftest import Clock
from tests.contract.test_store import ANNA, BORIS, NOON, message, on_their_way, reply_to
from tests.contract.test_store import sent as delivery


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")
    return f"sqlite:///{tmp_path / 'kefu.db'}"


async def test_what_was_kept_is_there_after_a_restart(address: str) -> None:
    done, open_ = message("1"), message("2")
    async with SqlStore.open(address) as store:
        await store.accept(done)
        await store.finish(done, reply_to(done))
        await store.accept(open_)
        await store.set_language(ANNA, "zh")
        before = await store.conversation(ANNA)
    async with SqlStore.open(address) as store:
        assert await store.conversation(ANNA) == before
        assert (await store.unfinished(), await on_their_way(store)) == ([open_], [reply_to(done)])
        assert not await store.accept(done)


def _accept_and_die(address: str) -> None:
    async def go() -> None:
        async with SqlStore.open(address) as store:
            await store.accept(message("1"))
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(go())


async def test_an_accepted_message_outlives_a_process_that_is_killed_at_once(address: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_accept_and_die, args=(address,))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL
    async with SqlStore.open(address) as store:
        assert await store.unfinished() == [message("1")]


async def test_of_deliveries_to_several_processes_one_is_accepted(address: str) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(SqlStore.open(address)) for _ in range(4)]
        results = await asyncio.gather(*(store.accept(message("1")) for store in stores for _ in range(4)))
        assert sorted(results) == [False] * 15 + [True]
        assert await stores[0].unfinished() == [message("1")]


async def test_processes_that_start_together_make_the_tables_once(address: str) -> None:
    async def accept(number: int) -> None:
        async with SqlStore.open(address) as store:
            await store.accept(message(str(number)))

    await asyncio.gather(*map(accept, range(6)))
    async with SqlStore.open(address) as store:
        assert {one.id for one in await store.unfinished()} == set(map(str, range(6)))


async def test_a_new_file_in_which_another_one_is_just_writing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, waited = tmp_path / "kefu.db", []
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def wait(seconds: float) -> None:
            waited.append(seconds)
            other.execute("COMMIT")

        monkeypatch.setattr("bot.store.database.sleep", wait)
        async with SqlStore.open(f"sqlite:///{path}") as store:
            assert await store.accept(message("1"))
    assert len(waited) == 1


async def _accepted_in(address: str) -> list[str]:
    """Open the store at ``address``, keep a message that names it, and return all that it has."""
    async with SqlStore.open(address) as store:
        await store.accept(message(address))
        return [one.id for one in await store.unfinished()]


async def test_databases_that_one_process_opens_at_once_each_get_their_own_tables(address: str, tmp_path: Path) -> None:
    addresses = [address, *(f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(7))]
    assert await asyncio.gather(*map(_accepted_in, addresses)) == [[each] for each in addresses]


def test_threads_with_loops_of_their_own_each_open_a_database(address: str, tmp_path: Path) -> None:
    addresses = [address, *(f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(7))]
    with ThreadPoolExecutor(len(addresses)) as threads:
        found = list(threads.map(lambda each: asyncio.run(_accepted_in(each)), addresses))
    assert found == [[each] for each in addresses]


async def test_the_migrations_make_the_tables_that_the_code_expects(address: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with Database.open(address) as database:
        assert await database.run(differences) == []


async def test_tables_of_a_newer_kefu_are_left_alone(address: str) -> None:
    async with Database.open(address) as database:
        await database.run(lambda on: on.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreError, match="newer kefu"):
        async with SqlStore.open(address):
            pass


async def test_the_newest_turns_are_read(address: str) -> None:
    async with SqlStore.open(address) as store:
        for n in range(TURNS_READ + 5):
            await store.append(ANNA, Turn(speaker=Speaker.AGENT, text=str(n), at=NOON))
        read = [turn.text for turn in (await store.conversation(ANNA)).turns]
    assert read == [str(n) for n in range(5, TURNS_READ + 5)]


async def test_a_broken_write_changes_nothing(address: str) -> None:
    async with SqlStore.open(address) as store:
        await store.accept(message("1"))
        await store.accept(message("2"))
        await store.finish(message("1"), reply_to(message("1")))
        before = await store.conversation(ANNA)
        with pytest.raises(Exception, match=r"(?i)unique"):  # the outbox has a reply with this id: the last write fails
            await store.finish(message("2"), reply_to(message("1")))
        assert await store.conversation(ANNA) == before
        assert await store.unfinished() == [message("2")]


async def test_who_asks_late_for_an_answer_is_told_it(address: str) -> None:
    async with SqlStore.open(address) as store:
        for number in range(MOST + 2):
            asked = message(str(number))
            await store.accept(asked)
            await store.finish(asked, reply_to(asked), seen=await store.conversation(ANNA))
        done, said = await store.answered(ANNA, "0")
        assert (done, said and said.id) == (True, reply_to(message("0")).id)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("kefu.db", "no address of a database"),
        ("postgres//kefu:secret@host/kefu", "no address of a database"),
        ("postgresql://kefu@host:secret/kefu", "no address of a database"),
        ("postgresql://kefu:top@secret@127.0.0.1/kefu", "@ is written %40"),
        ("postgres://kefu:secret@127.0.0.1:1/kefu", "127.0.0.1:1"),
        ("mysql://host/kefu", "mysql is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:////proc/none/kefu.db", "kefu.db"),
        ("postgresql://kefu:secret@127.0.0.1:1/kefu", "127.0.0.1:1"),
    ],
)
async def test_an_address_that_cannot_be_used_is_told(wrong: str, told: str) -> None:
    with pytest.raises(StoreError) as raised:
        async with SqlStore.open(wrong):
            pass
    assert told in str(raised.value)
    assert "secret" not in str(raised.value)


async def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "kefu.db"
    path.write_text("not a database, but longer than the header of one, which has a hundred bytes " * 3)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a database"):
        async with SqlStore.open(f"sqlite:///{path}"):
            pass
    assert path.read_bytes() == before


# --- several processes ------------------------------------------------------------------------------------------------


async def test_what_one_process_has_no_other_takes_or_finishes(address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as ours, SqlStore.open(address, clock=clock) as theirs:
        await theirs.accept(message("1"))
        assert (await ours.take(10)).conversations == (ANNA,)
        assert await theirs.take(10) == Taken(conversations=(), waiting=1)
        assert not await theirs.finish(message("1"), reply_to(message("1")))
        await theirs.release(ANNA)
        assert (await theirs.take(10)).conversations == ()
        assert await ours.finish(message("1"), reply_to(message("1")))
        assert not await theirs.sendable(delivery(reply_to(message("1"))))
        assert await ours.sendable(delivery(reply_to(message("1"))))


async def test_what_a_dead_process_had_others_take_and_it_counts_no_more(address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as dead, SqlStore.open(address, clock=clock) as alive:
        await dead.accept(message("1"))
        await dead.accept(message("2"))
        await dead.take(10)
        await dead.finish(message("1"), reply_to(message("1")))
        clock.forward(LEASE.total_seconds())
        assert (await alive.take(10)).conversations == (ANNA,)
        # It was only asleep.
        assert not await dead.finish(message("2"), reply_to(message("2")))
        assert not await dead.sendable(delivery(reply_to(message("1"))))
        await dead.release(ANNA)
        assert (await dead.take(10)).conversations == ()
        assert await alive.finish(message("2"), reply_to(message("2")))


async def test_a_process_that_takes_now_and_then_keeps_what_it_has(address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as ours, SqlStore.open(address, clock=clock) as theirs:
        await ours.accept(message("1"))
        await ours.take(10)
        for _ in range(5):
            clock.forward(LEASE.total_seconds() - 1)
            await ours.take(0)
            assert (await theirs.take(10)).conversations == ()


async def test_what_a_process_had_that_was_closed_others_take_at_once(address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as store:
        async with SqlStore.open(address, clock=clock) as closed:
            await closed.accept(message("1"))
            await closed.take(10)
        assert (await store.take(10)).conversations == (ANNA,)


async def test_a_conversation_in_which_somebody_writes_just_then_is_not_forgotten(address: str, clock: Clock) -> None:
    """The one who forgets has found it, and the other one writes before it is deleted."""
    async with SqlStore.open(address, clock=clock) as store, Database.open(address) as other:
        await store.append(ANNA, Turn(speaker=Speaker.BOT, text="Hello.", at=clock()))
        clock.forward(1)
        writing, written = threading.Event(), threading.Event()

        def write(connection: Connection) -> None:
            case = cases.held(connection, ANNA)
            writing.set()
            assert written.wait(60)
            row = {"conversation": case.id, "speaker": "customer", "text": "Hi", "at": NOON, "key": "1", "open": True}
            connection.execute(turns.insert(), row)

        task = asyncio.create_task(other.run(write))
        assert await asyncio.to_thread(writing.wait, 60)
        forgetting = asyncio.create_task(store.forget_before(clock()))
        if address.startswith("postgresql"):
            assert await forgetting == 0, "it does not wait for it"
        written.set()
        await task
        assert await forgetting == 0
        assert [one.id for one in await store.unfinished()] == ["1"]


async def test_a_database_that_is_never_idle_keeps_nothing_of_what_is_done(tmp_path: Path) -> None:
    """Each transaction once asked for a thread, and those asked in vain were forgotten only when nothing waited."""
    async with Database.open(f"sqlite:///{tmp_path / 'kefu.db'}") as database:
        asked_for = []

        def look(connection: Connection) -> None:
            asked_for.append(sum(type(one).__name__ == "_WorkItem" for one in gc.get_objects()))

        async def ask(number: int) -> None:
            for _ in range(20):
                await database.run(lambda connection: connection.execute(text("select 1")))
            if not number:  # the others go on meanwhile
                await database.run(look)

        await asyncio.gather(*map(ask, range(32)))
        assert max(asked_for) < 10


async def test_one_who_writes_more_than_is_looked_at_at_first_holds_nobody_up(address: str, clock: Clock) -> None:
    async with SqlStore.open(address, clock=clock) as store:
        await asyncio.gather(*(store.accept(message(str(number))) for number in range(OLDEST + 1)))
        await store.accept(replace(message("1"), conversation=BORIS))
        assert set((await store.take(10)).conversations) == {ANNA, BORIS}

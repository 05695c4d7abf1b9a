"""Transactions for asyncio: each is a plain function of a connection that runs in a thread.

Through the drivers for asyncio each statement changes threads or greenlets, which costs several times what most of them
cost themselves; here a whole transaction changes threads once.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.errors import MissingExtraError, StoreError
from bot.store.migrations import upgrade

#: Connections to PostgreSQL that one process holds at most.
CONNECTIONS = 10

#: Transactions that SQLite commits as one, at most: what waits while the disk is busy with those before.
TOGETHER = 16

#: Seconds that a process waits for another one that writes to the same SQLite file.
PATIENCE = 30

#: Seconds between two tries of what SQLite itself does not wait with.
AGAIN = 0.02

_EXPECTED = "Expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    done: Future[Any] = field(default_factory=Future)


class Database:
    """A database whose tables are up to date.

    PostgreSQL runs several transactions side by side. SQLite has one writer at a time: what waits for it is committed
    together, with one write to the disk, and is there when `run` returns even if the power fails.
    """

    def __init__(self, engine: Engine) -> None:
        """Use `Database.open`."""
        self._engine = engine
        self._most, self._together = (1, TOGETHER) if engine.dialect.name == "sqlite" else (CONNECTIONS, 1)
        self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="kefu store")
        #: Threads that serve what waits: each goes on until there is nothing, and none is asked for beside them.
        self._serving = 0
        self._lock = Lock()
        #: Those that somebody waits for, and the others.
        self._urgent: deque[_Job] = deque()
        self._jobs: deque[_Job] = deque()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Open the database at ``url``, bring its tables up to date, and close it at the end.

        ``url`` is "sqlite:///FILE" or "postgresql://USER:PASSWORD@HOST/DATABASE". Raises `StoreError`.
        """
        engine = _engine(url)
        database = cls(engine)
        try:
            try:
                await database.run(upgrade)
            except (SQLAlchemyError, OSError) as error:
                raise StoreError(f"{engine.url.render_as_string()}: {_told(error)}") from error
            yield database
        finally:
            await asyncio.to_thread(database._threads.shutdown)
            engine.dispose()

    async def run(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Return what ``work`` returns for a connection, once that is committed; nothing of it counts if it raises.

        A transaction that has begun is completed even if its caller is cancelled. One that is ``urgent`` goes before
        those that wait and are not.
        """
        job = _Job(work)
        with self._lock:
            (self._urgent if urgent else self._jobs).append(job)
            if self._serving < self._most:
                self._threads.submit(self._serve)
                self._serving += 1
        result: T = await asyncio.wrap_future(job.done)
        return result

    def _serve(self) -> None:
        """Run what waits, until there is nothing."""
        while jobs := self._waiting():
            jobs = [job for job in jobs if job.done.set_running_or_notify_cancel()]
            if jobs and not self._done(jobs):
                # Which of them failed, each shows by itself; nothing of any was committed.
                for job in jobs:
                    self._done([job])

    def _waiting(self) -> list[_Job]:
        """Take what is run next, as one transaction; where there is nothing this thread is done."""
        jobs: list[_Job] = []
        with self._lock:
            for waiting in (self._urgent, self._jobs):
                while waiting and len(jobs) < self._together:
                    jobs.append(waiting.popleft())
            if not jobs:
                self._serving -= 1
        return jobs

    def _done(self, jobs: Sequence[_Job]) -> bool:
        """Run ``jobs`` as one transaction; False, and nothing is done, where one of several fails."""
        try:
            with self._engine.begin() as connection:
                results = [job.work(connection) for job in jobs]
        except BaseException as error:  # it has to reach those who wait, whatever it is
            if len(jobs) > 1:
                return False
            jobs[0].done.set_exception(error)
            return True
        for job, result in zip(jobs, results, strict=True):
            job.done.set_result(result)
        return True


def _engine(url: str) -> Engine:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: the port is no number
        # It is not quoted: a password may stand in it.
        raise StoreError(f"This is no address of a database. {_EXPECTED}") from None
    if "@" in (address.host or ""):  # a part of the password, which is not quoted either
        raise StoreError("In the password of a database's address, @ is written %40, / is %2F, : is %3A and % is %25.")
    match address.get_backend_name():
        case "sqlite":
            return _sqlite(address)
        case "postgresql" | "postgres":  # the second is what hosts of databases give out
            if find_spec("psycopg") is None:
                raise MissingExtraError("psycopg", "postgres")
            driver = address.set(drivername="postgresql+psycopg")
            return create_engine(
                driver, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True, hide_parameters=True
            )
    raise StoreError(f"{address.render_as_string()}: {address.get_backend_name()} is not supported. {_EXPECTED}")


def _sqlite(address: URL) -> Engine:
    if address.database is None:
        raise StoreError(f"{address.render_as_string()} names no file. {_EXPECTED}")
    try:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        Path(address.database).touch(mode=0o600)  # what customers wrote, nobody else on the machine need read
    except OSError as error:
        raise StoreError(f"{address.database}: {error.strerror}") from error
    engine = create_engine(
        address.set(drivername="sqlite"),
        hide_parameters=True,  # in errors, and in its log
        poolclass=StaticPool,
        connect_args={"timeout": PATIENCE, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the library begins no transaction of its own, so that the next can
        _write_ahead(connection)
        for setting in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # What reads first and writes later could not go on where another process has written in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let those who read go on while somebody writes, in this file from now on.

    Where another one has just begun that, or writes before it, SQLite does not wait but refuses at once.
    """
    ends = monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > ends:
                raise
        sleep(AGAIN)


def _told(error: Exception) -> str:
    """Return what went wrong in one line: the cause alone, without the statement and what was to be written."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(cause).split()) or type(cause).__name__

"""The store in a database: SQLite in a file, or PostgreSQL where several processes or machines share the work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter
from sqlalchemy import AsyncAdaptedQueuePool, Row, Select, Table, delete, event, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import MissingExtraError, StoreError
from bot.store.migrations import upgrade
from bot.store.schema import accepted, conversations, outbox, turns
from bot.types import (
    Action,
    Citation,
    Conversation,
    ConversationKey,
    Message,
    Owner,
    Reply,
    Speaker,
    Turn,
    Understanding,
)

#: Newest turns that are read of a conversation.
TURNS_READ = 200

#: Connections to PostgreSQL that one process holds at most.
CONNECTIONS = 10

#: Seconds that a process waits for another one that writes to the same SQLite file.
PATIENCE = 30

#: What ``insert`` is where it has to do nothing about a row that is there.
_INSERT: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What is kept of the bot's turn beside its text."""

    citations: tuple[Citation, ...] = ()
    understanding: Understanding = field(default_factory=Understanding)


_EXPECTED = "Expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."

_REPLY = TypeAdapter(Reply)
_SAID = TypeAdapter(_Said)


class SqlStore:
    """A `bot.ports.Store` in a database.

    Each method is one transaction. One that writes to a conversation holds its row meanwhile, so that whatever happens
    to a conversation happens in an order, whoever does it. SQLite has one writer at a time in any case; it writes ahead
    to a log (WAL) and has every transaction on the disk before it says so.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Use `SqlStore.open`."""
        self._engine = engine
        self._insert = _INSERT[engine.dialect.name]

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Open the database at ``url``, bring its tables up to date, and close it at the end.

        ``url`` is "sqlite:///FILE" or "postgresql://USER:PASSWORD@HOST/DATABASE". Raises `StoreError`.
        """
        engine = _engine(url)
        try:
            try:
                async with engine.begin() as connection:
                    await connection.run_sync(upgrade)
            except (SQLAlchemyError, OSError) as error:
                raise StoreError(f"{engine.url.render_as_string()}: {_told(error)}") from error
            yield cls(engine)
        finally:
            await engine.dispose()

    async def accept(self, message: Message) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes)."""
        async with self._engine.begin() as connection:
            place = await self._place(connection, message.conversation)
            new = (
                self._insert(turns)
                .values(
                    conversation=place,
                    speaker=Speaker.CUSTOMER.value,
                    text=message.text,
                    at=message.at,
                    key=message.id,
                    customer=message.customer,
                    open=True,
                )
                .on_conflict_do_nothing(index_elements=["conversation", "key"], index_where=accepted)
                .returning(turns.c.id)
            )
            return (await connection.execute(new)).first() is not None

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""
        async with self._engine.connect() as connection:
            case = (await connection.execute(_case(key))).one_or_none()
            if case is None:
                return Conversation(key=key)
            newest = turns.select().where(turns.c.conversation == case.id).order_by(turns.c.id.desc()).limit(TURNS_READ)
            said = (await connection.execute(newest)).all()
        return Conversation(
            key=key, owner=Owner(case.owner), turns=tuple(map(_turn, reversed(said))), language=case.language
        )

    async def finish(self, message: Message, reply: Reply | None, *, owner: Owner | None = None) -> bool:
        """In one step: mark ``message`` as done, append the reply's turn, put the reply in the outbox, set the owner.

        False, and nothing changes, if the message is done already (or was forgotten), or a reply is given while
        someone other than the bot owns the conversation.
        """
        async with self._engine.begin() as connection:
            case = (await connection.execute(_case(message.conversation).with_for_update())).one_or_none()
            if case is None or (reply is not None and case.owner != Owner.BOT):
                return False
            done = (
                update(turns)
                .where(turns.c.conversation == case.id, turns.c.key == message.id, turns.c.open.is_(True))
                .values(open=False)
            )
            if (await connection.execute(done)).rowcount == 0:
                return False
            if owner is not None:
                await connection.execute(
                    update(conversations).where(conversations.c.id == case.id).values(owner=owner.value)
                )
            if reply is not None:
                await connection.execute(
                    insert(turns).values(conversation=case.id, **_said(Turn.of(reply, datetime.now(UTC))))
                )
                await connection.execute(
                    insert(outbox).values(
                        conversation=case.id, reply_id=reply.id, reply=_REPLY.dump_python(reply, mode="json")
                    )
                )
        return True

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        waiting = (
            select(turns, conversations.c.channel, conversations.c.account, conversations.c.thread)
            .join(conversations)
            .where(turns.c.open.is_(True))
            .order_by(turns.c.id)
        )
        return [
            Message(id=row.key, conversation=_key(row), text=row.text, at=row.at, customer=row.customer)
            for row in await self._all(waiting)
        ]

    async def outbox(self) -> list[Reply]:
        """Return replies not yet delivered, oldest first."""
        return [_REPLY.validate_python(row.reply) for row in await self._all(select(outbox).order_by(outbox.c.id))]

    async def delivered(self, reply: Reply) -> None:
        """Take ``reply`` out of the outbox."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(outbox).where(outbox.c.reply_id == reply.id))

    async def append(self, key: ConversationKey, turn: Turn) -> None:
        """Add a turn that came from elsewhere, such as an agent's."""
        async with self._engine.begin() as connection:
            place = await self._place(connection, key)
            await connection.execute(insert(turns).values(conversation=place, **_said(turn)))

    async def set_owner(self, key: ConversationKey, owner: Owner) -> None:
        """Say who has the case now."""
        await self._set(key, owner=owner.value)

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        await self._set(key, language=language)

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(conversations).where(*_is(key)))

    async def _set(self, key: ConversationKey, **values: str | None) -> None:
        async with self._engine.begin() as connection:
            place = await self._place(connection, key)
            await connection.execute(update(conversations).where(conversations.c.id == place).values(**values))

    async def _place(self, connection: AsyncConnection, key: ConversationKey) -> int:
        """Return the id of the row of a conversation, which is made where there is none, and hold it."""
        known = _case(key).with_for_update()
        row = (await connection.execute(known)).one_or_none()
        if row is None:
            new = self._insert(conversations).values(
                channel=key.channel, account=key.account, thread=key.thread, owner=Owner.BOT.value
            )
            await connection.execute(new.on_conflict_do_nothing())
            row = (await connection.execute(known)).one()
        place: int = row.id
        return place

    async def _all(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
        return rows


def _is(key: ConversationKey) -> tuple[Any, ...]:
    return (
        conversations.c.channel == key.channel,
        conversations.c.account == key.account,
        conversations.c.thread == key.thread,
    )


def _case(key: ConversationKey) -> Select[Any]:
    return select(conversations).where(*_is(key))


def _key(row: Row[Any]) -> ConversationKey:
    return ConversationKey(channel=row.channel, account=row.account, thread=row.thread)


def _turn(row: Row[Any]) -> Turn:
    said = _SAID.validate_python(row.about or {})
    return Turn(
        speaker=Speaker(row.speaker),
        text=row.text,
        at=row.at,
        id=row.key,
        action=Action(row.action) if row.action else None,
        citations=said.citations,
        understanding=said.understanding,
    )


def _said(turn: Turn) -> dict[str, object]:
    """Return a turn as a row of the table, without its conversation."""
    about = _Said(citations=turn.citations, understanding=turn.understanding)
    return {
        "speaker": turn.speaker.value,
        "text": turn.text,
        "at": turn.at,
        "key": turn.id,
        "action": turn.action and turn.action.value,
        "about": None if about == _Said() else _SAID.dump_python(about, mode="json"),
    }


def _engine(url: str) -> AsyncEngine:
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError(f"{url!r} is no address of a database. {_EXPECTED}") from None
    match address.get_backend_name():
        case "sqlite":
            return _sqlite(address)
        case "postgresql":
            if find_spec("asyncpg") is None:
                raise MissingExtraError("asyncpg", "postgres")
            return create_async_engine(
                address.set(drivername="postgresql+asyncpg"), pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True
            )
    raise StoreError(f"{address.render_as_string()}: {address.get_backend_name()} is not supported. {_EXPECTED}")


def _sqlite(address: URL) -> AsyncEngine:
    """Return an engine with one connection: SQLite has one writer at a time, and here they wait in a queue."""
    if address.database is None:
        raise StoreError(f"{address.render_as_string()} names no file. {_EXPECTED}")
    try:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{address.database}: {error.strerror}") from error
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=PATIENCE,
        connect_args={"timeout": PATIENCE},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the library begins no transaction of its own, so that the next can
        cursor = connection.cursor()
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        # What reads first and writes later could not go on where another process has written in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _told(error: Exception) -> str:
    """Return what went wrong in one line: the cause alone, without the statement and what was to be written."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(cause).split()) or type(cause).__name__

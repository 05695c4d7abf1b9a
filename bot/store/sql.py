"""The store in a database: SQLite in a file, or PostgreSQL where several processes or machines share the work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.database import Database
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


_REPLY = TypeAdapter(Reply)
_SAID = TypeAdapter(_Said)

_IS = tuple(conversations.c[name] == bindparam(name) for name in ("channel", "account", "thread"))
_CASE = select(conversations).where(*_IS)
#: Whoever writes to a conversation holds its row meanwhile, so that what happens to it happens in an order.
_HELD = _CASE.with_for_update()
_NEWEST = select(turns).where(turns.c.conversation == bindparam("place")).order_by(turns.c.id.desc()).limit(TURNS_READ)
_UNFINISHED = (
    select(turns, conversations.c.channel, conversations.c.account, conversations.c.thread)
    .join(conversations)
    .where(turns.c.open.is_(True))
    .order_by(turns.c.id)
)


class SqlStore:
    """A `bot.ports.Store` in a database. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Use `SqlStore.open`."""
        self._database = database

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Open the store at ``url``, as `Database.open` has it, and close it at the end; raises `StoreError`."""
        async with Database.open(url) as database:
            yield cls(database)

    async def accept(self, message: Message) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes)."""

        def work(connection: Connection) -> bool:
            new = _INSERT[connection.dialect.name](turns).values(
                conversation=_place(connection, message.conversation),
                speaker=Speaker.CUSTOMER.value,
                text=message.text,
                at=message.at,
                key=message.id,
                customer=message.customer,
                open=True,
            )
            once = new.on_conflict_do_nothing(index_elements=["conversation", "key"], index_where=accepted)
            return connection.execute(once.returning(turns.c.id)).first() is not None

        return await self._database.run(work)

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""

        def work(connection: Connection) -> Conversation:
            case = connection.execute(_CASE, asdict(key)).one_or_none()
            if case is None:
                return Conversation(key=key)
            said = connection.execute(_NEWEST, {"place": case.id}).all()
            return Conversation(
                key=key, owner=Owner(case.owner), turns=tuple(map(_turn, reversed(said))), language=case.language
            )

        return await self._database.run(work)

    async def finish(self, message: Message, reply: Reply | None, *, owner: Owner | None = None) -> bool:
        """In one step: mark ``message`` as done, append the reply's turn, put the reply in the outbox, set the owner.

        False, and nothing changes, if the message is done already (or was forgotten), or a reply is given while
        someone other than the bot owns the conversation.
        """

        def work(connection: Connection) -> bool:
            case = connection.execute(_HELD, asdict(message.conversation)).one_or_none()
            if case is None or (reply is not None and case.owner != Owner.BOT):
                return False
            open_ = (turns.c.conversation == case.id, turns.c.key == message.id, turns.c.open.is_(True))
            if connection.execute(update(turns).where(*open_).values(open=False)).rowcount == 0:
                return False
            if owner is not None:
                _set(connection, case.id, owner=owner.value)
            if reply is not None:
                said = _row(Turn.of(reply, datetime.now(UTC)))
                connection.execute(insert(turns).values(conversation=case.id, **said))
                sent = {"reply_id": reply.id, "reply": _REPLY.dump_python(reply, mode="json")}
                connection.execute(insert(outbox).values(conversation=case.id, **sent))
            return True

        return await self._database.run(work)

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        return [
            Message(id=row.key, conversation=_key(row), text=row.text, at=row.at, customer=row.customer)
            for row in await self._database.run(lambda connection: connection.execute(_UNFINISHED).all())
        ]

    async def outbox(self) -> list[Reply]:
        """Return replies not yet delivered, oldest first."""
        oldest = select(outbox).order_by(outbox.c.id)
        rows = await self._database.run(lambda connection: connection.execute(oldest).all())
        return [_REPLY.validate_python(row.reply) for row in rows]

    async def delivered(self, reply: Reply) -> None:
        """Take ``reply`` out of the outbox."""
        gone = delete(outbox).where(outbox.c.reply_id == reply.id)
        await self._database.run(lambda connection: connection.execute(gone))

    async def append(self, key: ConversationKey, turn: Turn) -> None:
        """Add a turn that came from elsewhere, such as an agent's."""

        def work(connection: Connection) -> None:
            connection.execute(insert(turns).values(conversation=_place(connection, key), **_row(turn)))

        await self._database.run(work)

    async def set_owner(self, key: ConversationKey, owner: Owner) -> None:
        """Say who has the case now."""
        await self._database.run(lambda connection: _set(connection, _place(connection, key), owner=owner.value))

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        await self._database.run(lambda connection: _set(connection, _place(connection, key), language=language))

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        gone = delete(conversations).where(*_IS)
        await self._database.run(lambda connection: connection.execute(gone, asdict(key)))


def _place(connection: Connection, key: ConversationKey) -> int:
    """Return the id of the row of a conversation, which is made where there is none, and hold it."""
    row = connection.execute(_HELD, asdict(key)).one_or_none()
    if row is None:
        new = _INSERT[connection.dialect.name](conversations).values(**asdict(key), owner=Owner.BOT.value)
        connection.execute(new.on_conflict_do_nothing())
        row = connection.execute(_HELD, asdict(key)).one()
    place: int = row.id
    return place


def _set(connection: Connection, place: int, **values: str | None) -> None:
    connection.execute(update(conversations).where(conversations.c.id == place).values(**values))


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


def _row(turn: Turn) -> dict[str, object]:
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

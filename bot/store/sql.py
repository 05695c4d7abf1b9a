"""The store in a database: SQLite in a file, or PostgreSQL where several processes or machines share the work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.handover import AFTER, HEARD
from bot.store.database import Database
from bot.store.rows import delivery_of, key_of, message_of, outbox_row, turn_of, turn_row
from bot.store.schema import accepted, conversations, outbox, turns, workers
from bot.types import (
    Action,
    Conversation,
    ConversationKey,
    Delivery,
    Event,
    Message,
    Owner,
    Reply,
    Speaker,
    Taken,
    Turn,
    Work,
)

#: Newest turns that are read of a conversation.
TURNS_READ = 200

#: How long a process has what it took without taking again. The clocks of machines that share a database must differ by
#: less.
LEASE = timedelta(seconds=15)

#: What ``insert`` is where it has to do nothing about a row that is there.
_INSERT: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


_IS = tuple(conversations.c[name] == bindparam(name) for name in ("channel", "account", "thread"))
_CASE = select(conversations).where(*_IS)
#: Whoever writes to a conversation holds its row meanwhile, so that what happens to it happens in an order.
_HELD = _CASE.with_for_update()
_SENDING = (
    select(conversations.c.owner, conversations.c.worker)
    .join(outbox)
    .where(*_IS, outbox.c.key == bindparam("delivery"), outbox.c.due.is_not(None))
)

_HERE = turns.c.conversation == bindparam("place")
_NEWEST = select(turns).where(_HERE, turns.c.id >= bindparam("begins")).order_by(turns.c.id.desc()).limit(TURNS_READ)
_OPEN = select(turns).where(_HERE, turns.c.open.is_(True)).order_by(turns.c.id)
_SENT = (
    select(outbox).where(outbox.c.conversation == bindparam("place"), outbox.c.due.is_not(None)).order_by(outbox.c.id)
)

_WAITING = select(func.count()).select_from(turns).where(turns.c.open.is_(True))
_UNFINISHED = (
    select(turns, conversations.c.channel, conversations.c.account, conversations.c.thread)
    .join(conversations)
    .where(turns.c.open.is_(True))
    .order_by(turns.c.id)
)

_GONE = delete(workers).where(workers.c.id == bindparam("me"))
_todo = union(
    select(turns.c.conversation).where(turns.c.open.is_(True)),
    select(outbox.c.conversation).where(outbox.c.due <= bindparam("now")),
)
_alive = select(workers.c.id).where(workers.c.seen > bindparam("alive"))
#: Another process that is about to take a conversation has its row: it is passed over.
_FREE = (
    select(conversations)
    .where(
        conversations.c.id.in_(_todo),
        or_(conversations.c.worker.is_(None), conversations.c.worker.not_in(_alive)),
    )
    .order_by(conversations.c.worked_on.nulls_first(), conversations.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


class SqlStore:
    """A `bot.ports.Store` in a database. Each method is one transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime], lease: timedelta) -> None:
        """Use `SqlStore.open`."""
        self._database, self._clock, self._lease = database, clock, lease
        #: This process, among those that share the database.
        self._me = uuid4().hex

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), lease: timedelta = LEASE
    ) -> AsyncIterator[Self]:
        """Open the store at ``url``, as `Database.open` has it, and close it at the end; raises `StoreError`."""
        async with Database.open(url) as database:
            store = cls(database, clock, lease)
            try:
                yield store
            finally:  # what it had, others may have at once
                await database.run(lambda connection: connection.execute(_GONE, {"me": store._me}))

    async def accept(self, message: Message) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes)."""
        now = self._clock()

        def work(connection: Connection) -> bool:
            case = _held(connection, message.conversation)
            new = _INSERT[connection.dialect.name](turns).values(
                conversation=case.id,
                speaker=Speaker.CUSTOMER.value,
                text=message.text,
                at=message.at,
                key=message.id,
                customer=message.customer,
                open=True,
            )
            once = new.on_conflict_do_nothing(index_elements=["conversation", "key"], index_where=accepted)
            turn = connection.execute(once.returning(turns.c.id)).scalar_one_or_none()
            if turn is not None and case.owner == Owner.CLOSED:
                _set(connection, case.id, begins=turn)
                _happened(connection, case, Event.WROTE, now)
            return turn is not None

        return await self._database.run(work)

    async def take(self, limit: int) -> Taken:
        """Take on up to ``limit`` conversations in which there is something to do and that nobody has."""
        now = self._clock()
        asked = {"most": limit, "now": now, "alive": now - self._lease}

        def work(connection: Connection) -> Taken:
            seen = _INSERT[connection.dialect.name](workers).values(id=self._me, seen=now)
            connection.execute(seen.on_conflict_do_update(index_elements=["id"], set_={"seen": now}))
            free = connection.execute(_FREE, asked).all()
            if free:
                mine = conversations.c.id.in_([row.id for row in free])
                connection.execute(update(conversations).where(mine).values(worker=self._me))
            waiting = connection.execute(_WAITING).scalar_one()
            return Taken(conversations=tuple(map(key_of, free)), waiting=waiting)

        return await self._database.run(work)

    async def work(self, key: ConversationKey) -> Work:
        """Return what there is to do in a conversation."""
        now = self._clock()

        def work(connection: Connection) -> Work:
            case = connection.execute(_CASE, asdict(key)).one_or_none()
            if case is None:
                return Work(conversation=Conversation(key=key))
            place = {"place": case.id}
            sent = connection.execute(_SENT, place).all()
            return Work(
                conversation=_conversation(connection, case),
                messages=tuple(message_of(key, row) for row in connection.execute(_OPEN, place)),
                outbox=tuple(map(delivery_of, sent)),
                due=all(row.due <= now for row in sent),
            )

        return await self._database.run(work)

    async def release(self, key: ConversationKey) -> None:
        """Let go of a conversation: whoever takes next may have it."""
        now = self._clock()

        def work(connection: Connection) -> None:
            case = connection.execute(_HELD, asdict(key)).one_or_none()
            if case is not None and case.worker == self._me:
                _set(connection, case.id, worker=None, worked_on=now)

        await self._database.run(work)

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""

        def work(connection: Connection) -> Conversation:
            case = connection.execute(_CASE, asdict(key)).one_or_none()
            return Conversation(key=key) if case is None else _conversation(connection, case)

        return await self._database.run(work)

    async def finish(self, message: Message, reply: Reply | None, note: str = "") -> bool:
        """In one step: mark ``message`` as done, append the reply's turn, put the reply in the outbox, hand over.

        False, and nothing changes, if the message is done already (or was forgotten), or a reply is given while
        someone other than the bot has the case.
        """
        now = self._clock()

        def work(connection: Connection) -> bool:
            case = connection.execute(_HELD, asdict(message.conversation)).one_or_none()
            if case is None or case.worker not in (None, self._me) or (reply is not None and case.owner != Owner.BOT):
                return False
            done = update(turns).where(*_open(case.id), turns.c.key == message.id).values(open=False)
            if connection.execute(done).rowcount == 0:
                return False
            if reply is not None:
                if reply.action is Action.HAND_OFF:
                    _happened(connection, case, Event.HANDED_OVER, now)
                connection.execute(insert(turns).values(conversation=case.id, **turn_row(Turn.of(reply, now))))
                _send(connection, case.id, Delivery.all_of(reply, now, note))
            return True

        return await self._database.run(work)

    async def sendable(self, delivery: Delivery) -> bool:
        """Whether it may still be sent: it is on its way, and no person has taken or closed the case."""
        where = asdict(delivery.reply.conversation) | {"delivery": delivery.id}

        def work(connection: Connection) -> bool:
            case = connection.execute(_SENDING, where).one_or_none()
            return case is not None and case.worker in (None, self._me) and case.owner in HEARD

        return await self._database.run(work)

    async def delivered(self, delivery: Delivery) -> None:
        """Take it out of the outbox."""
        gone = delete(outbox).where(outbox.c.key == delivery.id)
        await self._database.run(lambda connection: connection.execute(gone))

    async def put_off(self, delivery: Delivery, until: datetime, error: str) -> None:
        """Note that it could not be delivered, and do not send it, or what is behind it, before ``until``."""
        await self._failed(delivery, error, until, {})

    async def give_up(self, delivery: Delivery, error: str) -> None:
        """Note that it cannot be delivered: it becomes a dead letter, and what is behind it goes on."""
        await self._failed(delivery, error, self._clock(), {"due": None})

    async def _failed(self, delivery: Delivery, error: str, until: datetime, more: dict[str, None]) -> None:
        def work(connection: Connection) -> None:
            case = connection.execute(_HELD, asdict(delivery.reply.conversation)).one_or_none()
            if case is not None:
                others = (outbox.c.conversation == case.id, outbox.c.due.is_not(None))
                connection.execute(update(outbox).where(*others).values(due=until))
                noted = {"attempts": outbox.c.attempts + 1, "error": error, **more}
                connection.execute(update(outbox).where(outbox.c.key == delivery.id).values(noted))

        await self._database.run(work)

    async def dead_letters(self) -> list[Delivery]:
        """Return what could not be delivered, oldest first."""
        return await self._deliveries(outbox.c.due.is_(None))

    async def resend(self, id_: str) -> bool:
        """Put a dead letter back into the outbox, by its id; False where there is none."""
        now = self._clock()

        def work(connection: Connection) -> bool:
            dead = delete(outbox).where(outbox.c.key == id_, outbox.c.due.is_(None))
            row = connection.execute(dead.returning(outbox)).one_or_none()
            if row is not None:
                again = replace(delivery_of(row), since=now, attempts=0, error="")
                _send(connection, row.conversation, [again])
            return row is not None

        return await self._database.run(work)

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        rows = await self._database.run(lambda connection: connection.execute(_UNFINISHED).all())
        return [message_of(key_of(row), row) for row in rows]

    async def outbox(self) -> list[Delivery]:
        """Return what is on its way, oldest first."""
        return await self._deliveries(outbox.c.due.is_not(None))

    async def _deliveries(self, which: ColumnElement[bool]) -> list[Delivery]:
        rows = select(outbox).where(which).order_by(outbox.c.id)
        return list(map(delivery_of, await self._database.run(lambda connection: connection.execute(rows).all())))

    async def append(self, key: ConversationKey, turn: Turn) -> None:
        """Add a turn that came from elsewhere; a person who says it has the case from then on."""
        now = self._clock()

        def work(connection: Connection) -> None:
            case = _held(connection, key)
            if turn.speaker is Speaker.AGENT:
                _happened(connection, case, Event.TAKEN, now)
            connection.execute(insert(turns).values(conversation=case.id, **turn_row(turn)))

        await self._database.run(work)

    async def record(self, key: ConversationKey, event: Event, *, seen: datetime | None = None) -> Owner:
        """Note what happened to the case, and return who has it now."""
        now = self._clock()

        def work(connection: Connection) -> Owner:
            case = _held(connection, key)
            return _happened(connection, case, event, now) if seen in (None, case.since) else Owner(case.owner)

        return await self._database.run(work)

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        await self._database.run(lambda connection: _set(connection, _held(connection, key).id, language=language))

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        gone = delete(conversations).where(*_IS)
        await self._database.run(lambda connection: connection.execute(gone, asdict(key)))


def _held(connection: Connection, key: ConversationKey) -> Row[Any]:
    """Return the row of a conversation, which is made where there is none, and hold it."""
    row = connection.execute(_HELD, asdict(key)).one_or_none()
    if row is None:
        new = _INSERT[connection.dialect.name](conversations).values(**asdict(key), owner=Owner.BOT.value, begins=0)
        connection.execute(new.on_conflict_do_nothing())
        row = connection.execute(_HELD, asdict(key)).one()
    return row


def _happened(connection: Connection, case: Row[Any], event: Event, now: datetime) -> Owner:
    """Note what happened to the case of the row ``case``, which is held, and return who has it now."""
    after = AFTER[event][Owner(case.owner)]
    if after != case.owner or event is Event.TAKEN:
        _set(connection, case.id, owner=after.value, since=now)
    if after not in HEARD:  # or it would be said when the case comes back
        connection.execute(update(turns).where(*_open(case.id)).values(open=False))
        connection.execute(delete(outbox).where(outbox.c.conversation == case.id, outbox.c.due.is_not(None)))
    return after


def _open(place: int) -> tuple[ColumnElement[bool], ...]:
    return (turns.c.conversation == place, turns.c.open.is_(True))


def _send(connection: Connection, place: int, deliveries: Iterable[Delivery]) -> None:
    """Put ``deliveries`` into the outbox, behind what is there of their conversation: they wait as long as that."""
    last = select(func.max(outbox.c.due)).where(outbox.c.conversation == place)
    put_off = connection.execute(last).scalar_one()
    rows = [{"conversation": place, "due": put_off or one.since, **outbox_row(one)} for one in deliveries]
    connection.execute(insert(outbox), rows)


def _set(connection: Connection, place: int, **values: object) -> None:
    connection.execute(update(conversations).where(conversations.c.id == place).values(**values))


def _conversation(connection: Connection, case: Row[Any]) -> Conversation:
    newest = connection.execute(_NEWEST, {"place": case.id, "begins": case.begins}).all()
    return Conversation(
        key=key_of(case),
        owner=Owner(case.owner),
        since=case.since,
        turns=tuple(map(turn_of, reversed(newest))),
        language=case.language,
    )

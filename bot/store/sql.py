"""The store in a database: SQLite in a file, or PostgreSQL where several processes or machines share the work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Self
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from bot import joining
from bot.handover import AFTER
from bot.store import cases, forgetting, sending, taking
from bot.store import lately as reading
from bot.store import places as fetching
from bot.store import records as finding
from bot.store.database import Database
from bot.store.rows import delivery_of, key_of, message_of, record_row, turn_row
from bot.store.schema import accepted, conversations, events, outbox, records, turns, workers
from bot.types import (
    PLACES_KEPT,
    Action,
    Conversation,
    ConversationKey,
    Counts,
    Event,
    Message,
    Owner,
    Place,
    Reply,
    Speaker,
    Turn,
)
from bot.work import Delivery, Lately, Record, Taken, Work

#: How long a process has what it took without taking again. The clocks of machines that share a database must differ by
#: less.
LEASE = timedelta(seconds=15)

#: A process that was not seen for longer is not even remembered.
DEAD = timedelta(days=1)

_HERE = turns.c.conversation == bindparam("place")
_OPEN = select(turns).where(_HERE, turns.c.open.is_(True)).order_by(turns.c.id)
_SENT = select(outbox).where(outbox.c.conversation == bindparam("place"), sending.LEAVES).order_by(outbox.c.id)

#: Made once, as in `bot.store.cases`.
_ACCEPTED = {
    name: made(turns)
    .on_conflict_do_nothing(index_elements=["conversation", "key"], index_where=accepted)
    .returning(turns.c.id)
    for name, made in cases.INSERT.items()
}
_SAID = insert(turns).returning(turns.c.id)
_RECORDED = insert(records)

_COUNTS = select(
    taking.WAITING.scalar_subquery().label("waiting"),
    select(func.count()).select_from(outbox).where(sending.LEAVES).scalar_subquery().label("outbox"),
    select(func.count()).select_from(outbox).where(~sending.LEAVES).scalar_subquery().label("dead"),
)
_UNFINISHED = (
    select(turns, conversations.c.channel, conversations.c.account, conversations.c.thread)
    .join(conversations)
    .where(turns.c.open.is_(True))  # put in order here: SQLite would read all turns in theirs
)

_GONE = delete(workers).where(workers.c.id == bindparam("me"))


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
            old = delete(workers).where(workers.c.seen < clock() - DEAD)
            await database.run(lambda connection: connection.execute(old))
            try:
                yield store
            finally:  # what it had, others may have at once
                await database.run(lambda connection: connection.execute(_GONE, {"me": store._me}))

    async def accept(self, message: Message, *, joins: bool = False, relay: bool = False) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes)."""
        now = self._clock()

        def work(connection: Connection) -> bool:
            case = cases.held(connection, message.conversation)
            waits = joins and AFTER[Event.WROTE][Owner(case.owner)] is Owner.BOT
            row = turn_row(Turn.saying(message)) | {
                "conversation": case.id,
                "customer": message.customer,
                "open": True,
                "relay": relay,
                "kept": now if waits else None,
                "due": now if waits else None,
            }
            turn = connection.execute(_ACCEPTED[connection.dialect.name], row).scalar_one_or_none()
            if turn is None:
                return False
            if case.owner == Owner.CLOSED:
                cases.put(connection, case.id, begins=turn)
                cases.happened(connection, case, Event.WROTE, now)
            if waits:
                waiting = (*cases.is_open(case.id), turns.c.kept.is_not(None))
                first = connection.execute(select(func.min(turns.c.kept)).where(*waiting)).scalar_one()
                due = joining.due(first, now, message.text)
                connection.execute(update(turns).where(*waiting).values(due=due))
            return True

        return await self._database.run(work, urgent=True)

    async def take(self, limit: int) -> Taken:
        """Take on up to ``limit`` conversations in which there is something to do and that nobody has."""
        now = self._clock()
        return await self._database.run(
            lambda connection: taking.take(connection, self._me, limit, now=now, alive=now - self._lease)
        )

    async def work(self, key: ConversationKey) -> Work:
        """Return what there is to do in a conversation."""
        now = self._clock()

        def work(connection: Connection) -> Work:
            case = connection.execute(cases.CASE, asdict(key)).one_or_none()
            if case is None:
                return Work(conversation=Conversation(key=key))
            place = {"place": case.id}
            sent = connection.execute(_SENT, place).all()
            waiting = connection.execute(_OPEN, place).all()
            messages = tuple(message_of(key, row) for row in waiting)
            return Work(
                conversation=cases.conversation_of(connection, case),
                messages=messages,
                ready=joining.ready(messages, [row.due for row in waiting], now),
                outbox=tuple(map(delivery_of, sent)),
                due=all(row.due <= now for row in sent),
            )

        return await self._database.run(work)

    async def release(self, key: ConversationKey) -> None:
        """Let go of a conversation: whoever takes next may have it."""
        now = self._clock()

        def work(connection: Connection) -> None:
            case = connection.execute(cases.HELD, asdict(key)).one_or_none()
            if case is not None and case.worker == self._me:
                cases.put(connection, case.id, worker=None, worked_on=now)

        await self._database.run(work)

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""

        def work(connection: Connection) -> Conversation:
            case = connection.execute(cases.CASE, asdict(key)).one_or_none()
            return Conversation(key=key) if case is None else cases.conversation_of(connection, case)

        return await self._database.run(work)

    async def finish(
        self,
        message: Message,
        reply: Reply | None,
        note: str = "",
        *,
        earlier: Sequence[Message] = (),
        seen: Conversation | None = None,
        setup: str = "",
    ) -> bool:
        """In one step: mark ``message`` as done, append the reply's turn, put the reply in the outbox, hand over.

        False, and nothing changes, if the message is done already (or was forgotten), or a reply is given while
        someone other than the bot has the case.
        """
        now = self._clock()
        messages = (*earlier, message)

        def work(connection: Connection) -> bool:
            case = connection.execute(cases.HELD, asdict(message.conversation)).one_or_none()
            if case is None or case.worker not in (None, self._me) or (reply is not None and case.owner != Owner.BOT):
                return False
            here = cases.is_open(case.id)
            if connection.execute(select(turns.c.id).where(*here, turns.c.key == message.id)).first() is None:
                return False
            done = *here, turns.c.key.in_([one.id for one in messages])
            if reply is None:
                cases.silence(connection, case, done, now)
            else:
                connection.execute(update(turns).where(*done).values(open=False))
                if reply.action is Action.HAND_OFF:
                    cases.happened(connection, case, Event.HANDED_OVER, now)
                said = turn_row(Turn.of(reply, now)) | {"conversation": case.id}
                turn = connection.execute(_SAID, said).scalar_one()
                if seen is not None:
                    connection.execute(_RECORDED, record_row(reply, messages, seen, setup) | {"turn": turn})
                cases.send(connection, case.id, Delivery.all_of(reply, now, note))
            return True

        return await self._database.run(work)

    async def note_setup(self, setup: str) -> str:
        """Keep the settings that decide, as JSON, and return what to call them."""
        return await self._database.run(lambda connection: finding.note_setup(connection, setup))

    async def records(self, id_: str) -> list[Record]:
        """Return how replies came about: the one with the id, or those to messages with it; newest first."""
        return await self._database.run(lambda connection: finding.find(connection, id_))

    async def latest(self, count: int) -> list[Record]:
        """Return how the newest replies came about, newest first."""
        return await self._database.run(lambda connection: finding.latest(connection, count))

    async def lately(self, since: datetime, *, after: int = 0, limit: int = 100) -> list[Lately]:
        """Return up to ``limit`` conversations in which something was said ``since``, those begun first first."""
        return await self._database.run(lambda connection: reading.lately(connection, since, after, limit))

    async def answered(self, key: ConversationKey, id_: str) -> tuple[bool, Reply | None]:
        """Return whether a message is done, and what was said to it, as `Record` has it, if anything was."""
        return await self._database.run(lambda connection: finding.answered(connection, key, id_))

    async def sendable(self, delivery: Delivery) -> bool:
        """Whether it may still be sent: it is on its way, and no person has taken or closed the case."""
        return await self._database.run(lambda connection: sending.sendable(connection, delivery, self._me))

    async def delivered(self, delivery: Delivery) -> None:
        """Take it out of the outbox."""
        await self._database.run(lambda connection: sending.delivered(connection, delivery))

    async def withdraw(self, delivery: Delivery) -> None:
        """Take it out of the outbox because it may not be sent, unless another process sees to it."""
        await self._database.run(lambda connection: sending.withdraw(connection, delivery, self._me))

    async def put_off(self, delivery: Delivery, until: datetime, error: str) -> None:
        """Note that it could not be delivered, and do not send it, or what is behind it, before ``until``."""
        await self._database.run(lambda connection: sending.failed(connection, delivery, error, until, dead=False))

    async def give_up(self, delivery: Delivery, error: str) -> None:
        """Note that it cannot be delivered: it becomes a dead letter, and what is behind it goes on."""
        now = self._clock()
        await self._database.run(lambda connection: sending.failed(connection, delivery, error, now, dead=True))

    async def dead_letters(self) -> list[Delivery]:
        """Return what could not be delivered, oldest first."""
        return await self._database.run(lambda connection: sending.deliveries(connection, ~sending.LEAVES))

    async def resend(self, id_: str) -> bool:
        """Put a dead letter back into the outbox, by its id; False where there is none."""
        now = self._clock()
        return await self._database.run(lambda connection: sending.resend(connection, id_, now))

    async def drop(self, id_: str) -> bool:
        """Delete a dead letter, by its id; False where there is none."""
        return await self._database.run(lambda connection: sending.drop(connection, id_))

    async def counts(self) -> Counts:
        """Return how much is left to do; fails where the store is away."""
        row = await self._database.run(lambda connection: connection.execute(_COUNTS).one())
        return Counts(waiting=row.waiting, outbox=row.outbox, dead=row.dead)

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        rows = await self._database.run(lambda connection: connection.execute(_UNFINISHED).all())
        return [message_of(key_of(row), row) for row in sorted(rows, key=attrgetter("id"))]

    async def outbox(self) -> list[Delivery]:
        """Return what is on its way, oldest first."""
        return await self._database.run(lambda connection: sending.deliveries(connection, sending.LEAVES))

    async def append(self, key: ConversationKey, turn: Turn) -> bool:
        """Add a turn that came from elsewhere; a person who says it has the case from then on.

        False, and nothing changes, if the conversation has a turn of that speaker with its id ("" counts as none).
        """
        now = self._clock()

        def work(connection: Connection) -> bool:
            case = cases.held(connection, key)
            same = turns.c.conversation == case.id, turns.c.key == turn.id, turns.c.speaker == turn.speaker.value
            if turn.id and connection.execute(select(turns.c.id).where(*same).limit(1)).first():
                return False
            if turn.speaker is Speaker.AGENT:
                cases.happened(connection, case, Event.TAKEN, now)
            connection.execute(_SAID, turn_row(turn) | {"conversation": case.id})
            return True

        return await self._database.run(work, urgent=True)

    async def record(self, key: ConversationKey, event: Event, *, id_: str = "", seen: datetime | None = None) -> Owner:
        """Note what happened to the case, and return who has it now."""
        now = self._clock()

        def work(connection: Connection) -> Owner:
            case = cases.held(connection, key)
            if seen not in (None, case.since):
                return Owner(case.owner)
            if id_:
                new = cases.INSERT[connection.dialect.name](events).values(
                    conversation=case.id, key=id_, event=event.value, at=now
                )
                # What was inserted is asked for: PostgreSQL's driver does not count it.
                if connection.execute(new.on_conflict_do_nothing().returning(events.c.id)).first() is None:
                    return Owner(case.owner)
            return cases.happened(connection, case, event, now)

        return await self._database.run(work, urgent=True)

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        await self._database.run(
            lambda connection: cases.put(connection, cases.held(connection, key).id, language=language)
        )

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        gone = delete(conversations).where(*cases.IS)
        await self._database.run(lambda connection: connection.execute(gone, asdict(key)))

    async def forget_customer(self, customer: str, channel: str | None = None) -> int:
        """Delete every conversation in which a customer wrote, by the id in the channel, and return how many."""
        return await self._database.run(lambda connection: forgetting.of_customer(connection, customer, channel))

    async def forget_before(self, moment: datetime) -> int:
        """Delete the conversations in which nothing was said or done since, and return how many."""
        count = 0
        # A part at a time: what else is to be written waits no longer than for one.
        while some := await self._database.run(lambda connection: forgetting.some_before(connection, moment)):
            count += some
        quiet = min(moment, self._clock() - PLACES_KEPT)
        await self._database.run(lambda connection: fetching.forget(connection, quiet))
        return count

    async def want(self, channel: str, place: str) -> Place:
        """Note that there is something to fetch at a place."""
        now = self._clock()
        return await self._database.run(lambda connection: fetching.want(connection, channel, place, now))

    async def wanted(self, before: datetime) -> list[Place]:
        """Return the places where there was something to fetch ``before``, and still is."""
        return await self._database.run(lambda connection: fetching.wanted(connection, before))

    async def looked(self, place: Place, cursor: str) -> None:
        """Note where to go on at a place; and that nothing is there, unless something came about meanwhile."""
        now = self._clock()
        await self._database.run(lambda connection: fetching.looked(connection, place, cursor, now))

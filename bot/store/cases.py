"""Conversations in the database: finding one and holding it, what happens to it, and what is put on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.handover import AFTER, HEARD
from bot.store.rows import key_of, message_of, outbox_row, turn_of
from bot.store.schema import conversations, outbox, turns
from bot.types import Conversation, ConversationKey, Event, Owner
from bot.work import Delivery, Errand

#: Newest turns that are read of a conversation.
TURNS_READ = 200

#: What ``insert`` is where it has to do nothing about a row that is there.
INSERT: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

IS = tuple(conversations.c[name] == bindparam(name) for name in ("channel", "account", "thread"))
CASE = select(conversations).where(*IS)
#: Whoever writes to a conversation holds its row meanwhile, so that what happens to it happens in an order.
HELD = CASE.with_for_update()

#: Statements that every message needs are made once: that takes several times as long as to run them.
_NEW = {name: made(conversations).on_conflict_do_nothing() for name, made in INSERT.items()}
_CHANGED = update(conversations).where(conversations.c.id == bindparam("place"))
_UNSAID = delete(outbox).where(
    outbox.c.conversation == bindparam("place"), outbox.c.due.is_not(None), outbox.c.errand != Errand.RELAY.value
)
_PUT_OFF = select(func.max(outbox.c.due)).where(outbox.c.conversation == bindparam("place"))
_SENT = insert(outbox)

_TURNS = (
    select(turns)
    .where(turns.c.conversation == bindparam("place"), turns.c.id.between(bindparam("first"), bindparam("last")))
    .order_by(turns.c.id.desc())
    .limit(TURNS_READ)
)
#: Of SQLite's and PostgreSQL's numbers.
_LAST = 2**63 - 1


def held(connection: Connection, key: ConversationKey) -> Row[Any]:
    """Return the row of a conversation, which is made where there is none, and hold it."""
    row = connection.execute(HELD, asdict(key)).one_or_none()
    if row is None:
        connection.execute(_NEW[connection.dialect.name], asdict(key) | {"owner": Owner.BOT.value, "begins": 0})
        row = connection.execute(HELD, asdict(key)).one()
    return row


def happened(connection: Connection, case: Row[Any], event: Event, now: datetime) -> Owner:
    """Note what happened to the case of the row ``case``, which is held, and return who has it now."""
    after = AFTER[event][Owner(case.owner)]
    if after != case.owner or event is Event.TAKEN:
        put(connection, case.id, owner=after.value, since=now)
    if after not in HEARD:  # or it would be said when the case comes back
        connection.execute(_UNSAID, {"place": case.id})
        silence(connection, case, is_open(case.id), now)
    return after


def silence(connection: Connection, case: Row[Any], which: tuple[ColumnElement[bool], ...], now: datetime) -> None:
    """Mark messages as done that the bot does not answer: people are shown those they have to be shown."""
    done = connection.execute(update(turns).where(*which).values(open=False).returning(turns)).all()
    shown = [message_of(key_of(case), row) for row in sorted(done, key=attrgetter("id")) if row.relay]
    if shown:
        send(connection, case.id, [Delivery.relaying(message, now) for message in shown])


def is_open(place: int) -> tuple[ColumnElement[bool], ...]:
    """Whether a turn is a message of the conversation that is not done."""
    return (turns.c.conversation == place, turns.c.open.is_(True))


def send(connection: Connection, place: int, deliveries: Iterable[Delivery]) -> None:
    """Put ``deliveries`` into the outbox, behind what is there of their conversation: they wait as long as that."""
    put_off = connection.execute(_PUT_OFF, {"place": place}).scalar_one()
    rows = [{"conversation": place, "due": put_off or one.since, **outbox_row(one)} for one in deliveries]
    connection.execute(_SENT, rows)


def put(connection: Connection, place: int, **values: object) -> None:
    """Change the row of a conversation."""
    connection.execute(_CHANGED, {"place": place, **values})


def conversation_of(connection: Connection, case: Row[Any], span: tuple[int, int] | None = None) -> Conversation:
    """Return the conversation of a row, with the turns of ``span``, or those of the case as it is now."""
    first, last = span or (case.begins, _LAST)
    newest = connection.execute(_TURNS, {"place": case.id, "first": first, "last": last}).all()
    return Conversation(
        key=key_of(case),
        owner=Owner(case.owner),
        since=case.since,
        turns=tuple(map(turn_of, reversed(newest))),
        language=case.language,
        span=(first, newest[0].id if newest else first),
    )

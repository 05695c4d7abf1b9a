"""What is on its way, as the database keeps it: whether it may still leave, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select, update

from bot.handover import HEARD
from bot.store import cases
from bot.store.rows import delivery_of
from bot.store.schema import conversations, outbox
from bot.work import Delivery, Errand

#: Of the outbox: what is on its way; what is not is a dead letter.
LEAVES = outbox.c.due.is_not(None)

_DELIVERED = delete(outbox).where(outbox.c.key == bindparam("delivery"))
_FROM = (
    select(conversations.c.owner, conversations.c.worker)
    .join(outbox)
    .where(*cases.IS, outbox.c.key == bindparam("delivery"), LEAVES)
)


def sendable(connection: Connection, delivery: Delivery, me: str) -> bool:
    """Return whether the process ``me`` may still send it."""
    where = asdict(delivery.reply.conversation) | {"delivery": delivery.id}
    case = connection.execute(_FROM, where).one_or_none()
    if case is None or case.worker not in (None, me):
        return False
    return case.owner in HEARD or delivery.errand is Errand.RELAY


def delivered(connection: Connection, delivery: Delivery) -> None:
    """Take it out."""
    connection.execute(_DELIVERED, {"delivery": delivery.id})


def withdraw(connection: Connection, delivery: Delivery, me: str) -> None:
    """Take it out, unless another process than ``me`` has the conversation and sees to it."""
    ours = or_(conversations.c.worker.is_(None), conversations.c.worker == me)
    here = outbox.c.conversation.in_(select(conversations.c.id).where(ours))
    connection.execute(delete(outbox).where(outbox.c.key == delivery.id, here))


def failed(connection: Connection, delivery: Delivery, error: str, until: datetime, *, dead: bool) -> None:
    """Note that it failed, and when to go on with the conversation: with it, or without it where it is ``dead``."""
    case = connection.execute(cases.HELD, asdict(delivery.reply.conversation)).one_or_none()
    if case is not None:
        connection.execute(update(outbox).where(outbox.c.conversation == case.id, LEAVES).values(due=until))
        noted = {"attempts": outbox.c.attempts + 1, "error": error} | ({"due": None} if dead else {})
        connection.execute(update(outbox).where(outbox.c.key == delivery.id).values(noted))


def resend(connection: Connection, id_: str, now: datetime) -> bool:
    """Put a dead letter behind what is on its way; False where there is none."""
    row = connection.execute(delete(outbox).where(outbox.c.key == id_, ~LEAVES).returning(outbox)).one_or_none()
    if row is not None:
        again = replace(delivery_of(row), since=now, attempts=0, error="")
        cases.send(connection, row.conversation, [again])
    return row is not None


def drop(connection: Connection, id_: str) -> bool:
    """Delete a dead letter; False where there is none."""
    return connection.execute(delete(outbox).where(outbox.c.key == id_, ~LEAVES)).rowcount > 0


def deliveries(connection: Connection, which: ColumnElement[bool]) -> list[Delivery]:
    """Return some of the outbox, oldest first."""
    return list(map(delivery_of, connection.execute(select(outbox).where(which).order_by(outbox.c.id))))

"""Which conversations a process takes on: those in which there is something to do, and that nobody has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select, union, update

from bot.store import cases
from bot.store.rows import key_of
from bot.store.schema import conversations, outbox, turns, workers
from bot.work import Taken

#: What waits longest is looked at first, so many messages and deliveries: with thousands behind them, a look at all
#: would take longer than what is done then.
OLDEST = 500

WAITING = select(func.count()).select_from(turns).where(turns.c.open.is_(True))
_ALIVE = {
    name: new.on_conflict_do_update(index_elements=["id"], set_={"seen": new.excluded.seen})
    for name, new in ((name, made(workers)) for name, made in cases.INSERT.items())
}
_alive = select(workers.c.id).where(workers.c.seen > bindparam("alive"))
_open = select(turns.c.id, turns.c.conversation, turns.c.due).where(turns.c.open.is_(True))


def _free_of(waiting: Select[Any]) -> Select[Any]:
    """Return the query for conversations in which there is something to do and that nobody has.

    Another process that is about to take one has its row: it is passed over.
    """
    among = waiting.cte("waiting")
    # Where the first message waits for others, those behind it wait too.
    first = select(func.min(among.c.id)).group_by(among.c.conversation)
    ready = or_(among.c.due.is_(None), among.c.due <= bindparam("now"))
    sent = select(outbox.c.conversation).where(outbox.c.due <= bindparam("now")).order_by(outbox.c.due).limit(OLDEST)
    todo = union(
        select(among.c.conversation).where(among.c.id.in_(first), ready),
        select(sent.subquery().c.conversation),
    )
    return (
        select(conversations)
        .where(
            conversations.c.id.in_(todo),
            or_(conversations.c.worker.is_(None), conversations.c.worker.not_in(_alive)),
        )
        .order_by(conversations.c.worked_on.nulls_first(), conversations.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


_FREE = _free_of(_open.order_by(turns.c.id).limit(OLDEST))
_FREE_OF_ALL = _free_of(_open)


def take(connection: Connection, me: str, limit: int, *, now: datetime, alive: datetime) -> Taken:
    """Take on up to ``limit`` for the process ``me``; those of one that was not seen since ``alive`` are nobody's."""
    connection.execute(_ALIVE[connection.dialect.name], {"id": me, "seen": now})
    asked = {"most": limit, "now": now, "alive": alive}
    waiting = connection.execute(WAITING).scalar_one()
    free = connection.execute(_FREE, asked).all()
    if len(free) < limit and waiting > OLDEST:  # one customer may have written all of those
        free = connection.execute(_FREE_OF_ALL, asked).all()
    if free:
        mine = conversations.c.id.in_([row.id for row in free])
        connection.execute(update(conversations).where(mine).values(worker=me))
    return Taken(conversations=tuple(map(key_of, free)), waiting=waiting)

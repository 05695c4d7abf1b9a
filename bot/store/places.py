"""Where in a channel there is something to fetch, as the database keeps it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.store import cases
from bot.store.schema import places
from bot.types import Place


def want(connection: Connection, channel: str, name: str, now: datetime) -> Place:
    """Note that there is something at a place, and return it."""
    new = cases.INSERT[connection.dialect.name](places).values(channel=channel, name=name, cursor="", since=now)
    once = new.on_conflict_do_update(index_elements=["channel", "name"], set_={"since": now})
    cursor = connection.execute(once.returning(places.c.cursor)).scalar_one()
    return Place(channel=channel, name=name, cursor=cursor, since=now)


def wanted(connection: Connection, before: datetime) -> list[Place]:
    """Return the places where there was something ``before``, and still is."""
    rows = connection.execute(select(places).where(places.c.since < before).order_by(places.c.since))
    return [Place(channel=row.channel, name=row.name, cursor=row.cursor, since=row.since) for row in rows]


def looked(connection: Connection, place: Place, cursor: str, now: datetime) -> None:
    """Note where to go on; nothing is there any more unless something came about meanwhile."""
    here = places.c.channel == place.channel, places.c.name == place.name
    connection.execute(update(places).where(*here).values(cursor=cursor, looked=now))
    connection.execute(update(places).where(*here, places.c.since == place.since).values(since=None))


def forget(connection: Connection, before: datetime) -> None:
    """Forget the places where there is nothing, and nobody looked since."""
    connection.execute(delete(places).where(places.c.since.is_(None), places.c.looked < before))

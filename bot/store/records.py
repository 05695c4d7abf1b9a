"""How replies came about, as the database keeps it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from bot.store import cases
from bot.store.rows import message_of, reply_of
from bot.store.schema import conversations, records, setups, turns
from bot.types import ConversationKey, Owner, Reply, Speaker
from bot.work import Record

#: Of replies to messages with one id, in different conversations, so many are returned.
MOST = 20

_FOUND = select(records, turns.c.text, turns.c.conversation).join(turns, records.c.turn == turns.c.id)

_SAID = select(turns.c.id).where(turns.c.key == bindparam("id"), turns.c.speaker == Speaker.BOT.value)
_ASKED = (
    select(turns.c.id, turns.c.conversation)
    .where(turns.c.key == bindparam("id"), turns.c.open.is_(False))
    .order_by(turns.c.id.desc())
    .limit(MOST)
)
_LATER = (
    select(records.c.turn, records.c.messages)
    .join(turns)
    .where(turns.c.conversation == bindparam("place"), turns.c.id > bindparam("asked"))
)

_MESSAGE = (
    select(turns.c.id, turns.c.conversation, turns.c.open)
    .join(conversations)
    .where(*cases.IS, turns.c.key == bindparam("message"), turns.c.open.is_not(None))
)


def note_setup(connection: Connection, setup: str) -> str:
    """Keep ``setup`` and return its hash."""
    id_ = hashlib.sha256(setup.encode()).hexdigest()
    new = cases.INSERT[connection.dialect.name](setups).values(id=id_, json=setup)
    connection.execute(new.on_conflict_do_nothing())
    return id_


def find(connection: Connection, id_: str) -> list[Record]:
    """Return the records of a reply, or of what was said to messages with this id."""
    places = list(connection.execute(_SAID, {"id": id_}).scalars())
    for asked in connection.execute(_ASKED, {"id": id_}):
        later = connection.execute(_LATER, {"place": asked.conversation, "asked": asked.id})
        places += [row.turn for row in later if id_ in row.messages]
    wanted = records.c.turn.in_(places)
    found = connection.execute(_FOUND.where(wanted).order_by(records.c.turn.desc()).limit(MOST)).all()
    return [_record(connection, row) for row in found]


def latest(connection: Connection, count: int) -> list[Record]:
    """Return the newest records."""
    found = connection.execute(_FOUND.order_by(records.c.turn.desc()).limit(count)).all()
    return [_record(connection, row) for row in found]


def answered(connection: Connection, key: ConversationKey, id_: str) -> tuple[bool, Reply | None]:
    """Return whether a message of a conversation is done, and what was said to it."""
    asked = connection.execute(_MESSAGE, asdict(key) | {"message": id_}).one_or_none()
    if asked is None or asked.open:
        return False, None
    later = connection.execute(_LATER, {"place": asked.conversation, "asked": asked.id})
    turn = next((row.turn for row in later if id_ in row.messages), None)
    if turn is None:
        return True, None
    return True, reply_of(connection.execute(_FOUND.where(records.c.turn == turn)).one())


def _record(connection: Connection, row: Row[Any]) -> Record:
    case = connection.execute(select(conversations).where(conversations.c.id == row.conversation)).one()
    conversation = cases.conversation_of(connection, case, (row.first, row.last))
    asked = turns.c.conversation == row.conversation, turns.c.key.in_(row.messages), turns.c.open.is_not(None)
    said = connection.execute(select(turns).where(*asked).order_by(turns.c.id)).all()
    setup = connection.execute(select(setups.c.json).where(setups.c.id == row.setup)).scalar_one_or_none()
    return Record(
        reply=reply_of(row),
        messages=tuple(message_of(conversation.key, one) for one in said),
        conversation=replace(conversation, owner=Owner.BOT, since=None, language=row.language),
        setup=setup or "",
    )

"""What was said lately, conversation by conversation, for whoever counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from bot.store.rows import key_of, turn_of
from bot.store.schema import conversations, turns
from bot.types import Conversation, Owner
from bot.work import Lately

#: Newest turns that are read of a conversation.
MOST = 1000

_SINCE = turns.c.at >= bindparam("since")
_THERE = (
    select(conversations)
    .where(
        conversations.c.id > bindparam("after"),
        select(turns.c.id).where(turns.c.conversation == conversations.c.id, _SINCE).exists(),
    )
    .order_by(conversations.c.id)
    .limit(bindparam("limit"))
)
_SAID = select(turns).where(turns.c.conversation == bindparam("place"), _SINCE).order_by(turns.c.id.desc()).limit(MOST)


def lately(connection: Connection, since: datetime, after: int, limit: int) -> list[Lately]:
    """Return up to ``limit`` conversations behind the one numbered ``after`` in which something was said."""
    rows = connection.execute(_THERE, {"since": since, "after": after, "limit": limit}).all()
    return [found for case in rows if (found := _lately(connection, case, since))]


def _lately(connection: Connection, case: Row[Any], since: datetime) -> Lately | None:
    said = connection.execute(_SAID, {"place": case.id, "since": since}).all()[::-1]
    if not said:  # forgotten since it was found
        return None
    conversation = Conversation(
        key=key_of(case),
        owner=Owner(case.owner),
        since=case.since,
        turns=tuple(turn_of(row) for row in said if row.id >= case.begins),
        language=case.language,
        span=(case.begins, said[-1].id),
    )
    earlier = tuple(turn_of(row) for row in said if row.id < case.begins)
    return Lately(number=case.id, conversation=conversation, earlier=earlier)

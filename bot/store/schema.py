"""The tables of the database. What changes here needs a migration beside it, in `bot.store.migrations`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    # Named by rule, so that a migration can name them too.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Counts up with each row. SQLite does that for its own kind of integer alone.
Number = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """A moment with time zone. SQLite keeps none: there it is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database is given."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database gave, with its time zone."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text as it came, but for what a database cannot hold: a zero character, and half a surrogate pair."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what the database is given."""
        return (
            None
            if value is None
            else value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
        )


def _of_conversation() -> Column[Any]:
    return Column("conversation", Number, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False)


conversations = Table(
    "conversations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("thread", Words, nullable=False),
    #: A `bot.types.Owner`; since when, and when a person last did something.
    Column("owner", String(16), nullable=False),
    Column("since", Moment),
    #: The first turn of the case as it is now.
    Column("begins", Number, nullable=False),
    Column("language", String(16)),
    #: The process that works on it (an id of ``workers``), and when one did last.
    Column("worker", Words),
    Column("worked_on", Moment),
    UniqueConstraint("channel", "account", "thread"),
)

#: What was said, in the order in which it was kept. A customer's turn is at the same time the entry of its message in
#: the ledger by which a second delivery is known.
turns = Table(
    "turns",
    metadata,
    Column("id", Number, primary_key=True),
    _of_conversation(),
    #: A `bot.types.Speaker`.
    Column("speaker", String(16), nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Moment, nullable=False),
    #: The id of the message or the reply; of a turn that came from elsewhere its own, or "".
    Column("key", Words, nullable=False),
    #: Of an accepted message alone: who sent it, whether the bot still has to see to it, and whether people have to be
    #: shown it where the bot does not answer.
    Column("customer", Words),
    Column("open", Boolean),
    Column("relay", Boolean),
    #: Of one that may be answered with others: when it came, and until when it waits for them.
    Column("kept", Moment),
    Column("due", Moment),
    #: Of the bot's alone: a `bot.types.Action`; of all: files, citations and what was understood, as JSON.
    Column("action", String(16)),
    Column("about", JSON),
)
Index("ix_turns_conversation_id", turns.c.conversation, turns.c.id)
#: Every accepted message of a conversation has an id of its own; turns that came from elsewhere may have any.
accepted = turns.c.open.is_not(None)
Index(
    "uq_turns_accepted",
    turns.c.conversation,
    turns.c.key,
    unique=True,
    sqlite_where=accepted,
    postgresql_where=accepted,
)
_waiting = turns.c.open.is_(True)
Index("ix_turns_open", turns.c.conversation, turns.c.id, sqlite_where=_waiting, postgresql_where=_waiting)
#: The oldest of all, without a look at the others.
Index("ix_turns_oldest", turns.c.id, sqlite_where=_waiting, postgresql_where=_waiting)
_known = turns.c.customer != ""
Index("ix_turns_customer", turns.c.customer, sqlite_where=_known, postgresql_where=_known)
#: By the id of a message or a reply, which others may have in their conversations.
Index("ix_turns_key", turns.c.key, turns.c.conversation)

#: What happened to cases, as far as it has an id by which a second delivery is known.
events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    _of_conversation(),
    Column("key", Words, nullable=False),
    #: A `bot.types.Event`.
    Column("event", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("conversation", "key"),
)

#: How each reply came about: what a `bot.work.Record` says beside the turns.
records = Table(
    "records",
    metadata,
    #: The bot's turn.
    Column("turn", Number, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    #: The first and the last turn that was seen, and the language that was fixed.
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("language", String(16)),
    #: The ids of all messages that it answers, and the reply without its texts.
    Column("messages", JSON, nullable=False),
    Column("reply", JSON, nullable=False),
    #: The settings that decided.
    Column("setup", String(64), nullable=False),
)

#: Settings that decided, by the SHA-256 of them.
setups = Table(
    "setups",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("json", Text, nullable=False),
)

#: Where in a channel to go on fetching.
places = Table(
    "places",
    metadata,
    Column("channel", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("cursor", Words, nullable=False),
    #: Since when there is something; nothing where there is nothing. And when somebody looked there last.
    Column("since", Moment),
    Column("looked", Moment),
)

#: What is on its way, oldest first.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True),
    _of_conversation(),
    #: The id of a `bot.work.Delivery`, what is to be done, the whole reply it is done for, and what a note says.
    Column("key", Words, nullable=False, unique=True),
    Column("errand", String(16), nullable=False),
    Column("reply", JSON, nullable=False),
    Column("note", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Words, nullable=False),
    #: When it may be sent, and not before those of the conversation that are older; nothing for a dead letter.
    Column("due", Moment),
    Index("ix_outbox_conversation", "conversation"),
    Index("ix_outbox_due", "due"),
)

#: The processes that share the database. One that was not seen for a while has died, and has no conversations any more.
workers = Table(
    "workers",
    metadata,
    Column("id", Words, primary_key=True),
    Column("seen", Moment, nullable=False),
)

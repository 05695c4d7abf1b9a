"""Conversations, turns, the outbox, and who works on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "conversations",
        sa.Column("id", _number, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("begins", _number, nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("worker", sa.Text()),
        sa.Column("worked_on", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("channel", "account", "thread", name="uq_conversations_channel_account_thread"),
    )
    op.create_table(
        "turns",
        sa.Column("id", _number, nullable=False),
        sa.Column("conversation", _number, nullable=False),
        sa.Column("speaker", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("open", sa.Boolean()),
        sa.Column("relay", sa.Boolean()),
        sa.Column("kept", sa.DateTime(timezone=True)),
        sa.Column("due", sa.DateTime(timezone=True)),
        sa.Column("action", sa.String(16)),
        sa.Column("about", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name="fk_turns_conversation", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_turns_conversation_id", "turns", ["conversation", "id"])
    accepted = sa.text("open IS NOT NULL")
    # SQLite takes a partial index only where a query says the very same, and there true is written 1.
    waiting, waiting_sqlite = sa.text("open IS true"), sa.text("open IS 1")
    op.create_index(
        "uq_turns_accepted",
        "turns",
        ["conversation", "key"],
        unique=True,
        sqlite_where=accepted,
        postgresql_where=accepted,
    )
    op.create_index(
        "ix_turns_open", "turns", ["conversation", "id"], sqlite_where=waiting_sqlite, postgresql_where=waiting
    )
    op.create_index("ix_turns_oldest", "turns", ["id"], sqlite_where=waiting_sqlite, postgresql_where=waiting)
    known = sa.text("customer <> ''")
    op.create_index("ix_turns_customer", "turns", ["customer"], sqlite_where=known, postgresql_where=known)
    op.create_index("ix_turns_key", "turns", ["key", "conversation"])
    op.create_table(
        "events",
        sa.Column("id", _number, nullable=False),
        sa.Column("conversation", _number, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name="fk_events_conversation", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("conversation", "key", name="uq_events_conversation_key"),
    )
    op.create_table(
        "records",
        sa.Column("turn", _number, nullable=False),
        sa.Column("first", _number, nullable=False),
        sa.Column("last", _number, nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("setup", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("turn", name="pk_records"),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name="fk_records_turn", ondelete="CASCADE"),
    )
    op.create_table(
        "setups",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_setups"),
    )
    op.create_table(
        "places",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("looked", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("channel", "name", name="pk_places"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", _number, nullable=False),
        sa.Column("conversation", _number, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("errand", sa.String(16), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name="fk_outbox_conversation", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
    )
    op.create_index("ix_outbox_conversation", "outbox", ["conversation"])
    op.create_index("ix_outbox_due", "outbox", ["due"])
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )

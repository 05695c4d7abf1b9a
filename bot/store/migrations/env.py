"""What Alembic runs migrations with: the connection that `bot.store.migrations.upgrade` gives it."""

from __future__ import annotations

from alembic import context

from bot.store.schema import metadata

# SQLite changes a table by building it anew.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

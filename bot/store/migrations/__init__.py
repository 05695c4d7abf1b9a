"""How the tables came to be as they are: each file of ``versions`` changes them once, at the start of what needs it."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.errors import StoreError

#: Any number, but the same in every process: whoever has it changes the tables, and the others wait.
_LOCK = 0x6B656675

#: Alembic keeps what a migration works on in globals of its modules: two databases at once, and the tables of one would
#: be made in the other. Taken last, with the database held already, so that nobody who has it waits for a database.
_ALEMBIC = Lock()


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date within the transaction of ``connection``.

    Raises `StoreError` where a newer kefu has changed them.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    now, newest = MigrationContext.configure(connection).get_current_revision(), script.get_current_head()
    if now == newest:
        return
    if now is not None and now not in {step.revision for step in script.walk_revisions()}:
        raise StoreError(f"Its tables are those of a newer kefu ({now}; this one knows up to {newest}). Update kefu.")
    with _ALEMBIC:
        command.upgrade(config, "head")

"""The real `kefu serve` beside a real helpdesk, and what it keeps of a conversation."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bot.store.sql import SqlStore
from bot.types import Conversation, ConversationKey, Counts
from tests.desk.helpdesk import PATIENCE, Helpdesk, browser, eventually, free_port, http
from tests.e2e.command import KEFU, Desk

SECRET = "a key in the address of the hooks"
QUERY = "?key=a+key+in+the+address+of+the+hooks"

#: The first start on a machine exports the encoder.
FIRST = 300.0

T = TypeVar("T")


@dataclass
class Serving:
    """`kefu serve` in a folder of its own, with the entries of `tests.e2e.command`."""

    desk: Desk
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, helpdesk: Helpdesk, folder: Path) -> Serving:
        """Set it up for a helpdesk, as its page in the documentation says."""
        facts = helpdesk.facts
        desk = Desk.with_entries(folder)
        desk.write(
            "kefu.toml",
            "[django_helpdesk]",
            f'url = "{helpdesk.url}"',
            f'token = "{facts["bot"]["token"]}"',
            f'secret = "{SECRET}"',
            f'bot = "{facts["bot"]["id"]}"',
            f'assignee = "{facts["agent"]["id"]}"',
            f'queue = "{facts["people"]}"',
        )
        return cls(desk)

    @property
    def hook(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/django_helpdesk{QUERY}"

    @property
    def log(self) -> Path:
        return self.desk.folder / "log"

    def start(self) -> None:
        """Serve, and look for the first time what there is."""
        with self.log.open("ab") as log:
            command = [KEFU, "serve", "--port", str(self.port), "--faq", "faq"]
            process = subprocess.Popen(
                command, cwd=self.desk.folder, env=self.desk.environment({}), stdout=log, stderr=log
            )
        self._process = process

        def is_up() -> bool:
            assert process.poll() is None, self.log.read_text("utf-8")
            return http(browser(), f"http://127.0.0.1:{self.port}/readyz")[0] == 200

        eventually(is_up, patience=FIRST)
        eventually(self._has_looked)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._process is not None:
            process, self._process = self._process, None
            process.terminate()
            assert process.wait(PATIENCE) == 0, self.log.read_text("utf-8")

    def _has_looked(self) -> bool:
        with closing(sqlite3.connect(self.desk.state / "kefu.db")) as database:
            return bool(database.execute("SELECT 1 FROM places WHERE since IS NULL").fetchall())

    # --- what it keeps

    def conversation(self, ticket: str) -> Conversation:
        return self._read(lambda store: store.conversation(ConversationKey(channel="django_helpdesk", thread=ticket)))

    def counts(self) -> Counts:
        return self._read(lambda store: store.counts())

    def heard(self, ticket: str, text: str) -> Conversation:
        """Wait until something that was said in a ticket is kept, and nothing is left to do; return what is kept."""

        def is_done() -> Conversation | None:
            counts, kept = self.counts(), self.conversation(ticket)
            return kept if (counts.waiting, counts.outbox) == (0, 0) and text in [t.text for t in kept.turns] else None

        found = eventually(is_done)
        assert found is not None
        return found

    def _read(self, look: Callable[[SqlStore], Awaitable[T]]) -> T:
        async def reading() -> T:
            async with SqlStore.open(f"sqlite:///{self.desk.state / 'kefu.db'}") as store:
                return await look(store)

        return asyncio.run(reading())

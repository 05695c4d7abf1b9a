"""A conversation in a terminal; through a pipe, one plain reply for each line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TextIO

from bot.types import Message, Reply
from connectors.terminal.session import Desk, Session

__all__ = ["Desk", "Terminal"]


def _now() -> datetime:
    # With the local zone: which entries are valid depends on the day where the person sits.
    return datetime.now().astimezone()


class Terminal:
    """The connector of `kefu chat`: one conversation for each object, whoever types is the customer."""

    name = "terminal"

    def __init__(
        self,
        desk: Desk,
        *,
        entries: int,
        history: Path | None = None,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Talk to ``desk``; ``entries`` is how many it knows, for the welcome.

        ``history`` is the file that keeps what was typed (None: kept for this run only). ``clock`` gives the
        time of a message, with time zone.
        """
        self._session = Session(desk, channel=self.name, clock=clock)
        self._entries = entries
        self._history = history
        self._stdin = sys.stdin if stdin is None else stdin
        self._stdout = sys.stdout if stdout is None else stdout

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Hand ``reply`` to whoever waits for it.

        A reply to a conversation of an earlier run counts as delivered: its customer has left for good.
        """
        await self._session.receive(reply)

    async def preview(self, message: Message, text: str) -> None:
        """Show what is written of the reply so far; through a pipe, nothing."""
        await self._session.preview(message, text)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell nobody: there are no agents here."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask nobody: there are no agents here."""

    async def run(self) -> int:
        """Talk until the customer leaves or the input ends; return the exit code."""
        # The libraries that draw cost a quarter of a second to import: only a person at a terminal pays for them.
        if self._stdin.isatty() and self._stdout.isatty():
            from connectors.terminal.screen import Screen

            screen = Screen(
                self._session, entries=self._entries, history=self._history, stdin=self._stdin, stdout=self._stdout
            )
            return await screen.run()
        from connectors.terminal.pipe import relay

        return await relay(self._session, self._stdin, self._stdout)

"""A connector within the process: who sent a message waits for its reply. For programs, `kefu ask`, the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.ports import Released, unseen
from bot.types import Message, Outcome, Reply


class Mailbox:
    """Keeps each reply for the one who asked."""

    def __init__(self, name: str = "mailbox") -> None:
        """``name`` is the channel of the messages asked through it."""
        self.name = name
        self._expected: dict[str, tuple[asyncio.Future[Reply], Released]] = {}

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Give ``reply`` to whoever waits; a reply that nobody waits for any more counts as delivered."""
        future, _ = self._expected.get(reply.in_reply_to, (None, unseen))
        if future is not None and not future.done():
            future.set_result(reply)

    async def preview(self, message: Message, text: str) -> None:
        """Show whoever waits what is written of the reply so far."""
        _, released = self._expected.get(message.id, (None, unseen))
        released(text)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell nobody: there are no agents here."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask nobody: there are no agents here."""

    async def ask(
        self, submit: Callable[[Message], Awaitable[Outcome]], message: Message, released: Released = unseen
    ) -> Reply:
        """Submit ``message``, whose id nobody else uses, and return its reply; what is ``released`` comes before it."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._expected[message.id] = future, released
        try:
            await submit(message)
            return await future
        finally:
            del self._expected[message.id]

"""A language model in this process: it writes beside the event loop, each answer in a thread that nobody waits for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from bot.aside import aside
from bot.generator.failure import NotWritten, Why
from bot.generator.turns import Turns
from bot.logs import where

log = logging.getLogger(__name__)

#: Writes an answer to messages, from any thread: tells each piece of it, asks again and again whether to go on, and
#: returns whether it came to its end.
Write = Callable[[list[dict[str, str]], Callable[[str], None], Callable[[], bool]], bool]


class Inside:
    """A `bot.generator.model.LanguageModel` that is called, and not connected to."""

    def __init__(self, write: Write, turns: Turns) -> None:
        """``turns`` are shared by all that write in this process."""
        self._write = write
        self._turns = turns

    @asynccontextmanager
    async def asked(self, messages: Sequence[dict[str, str]]) -> AsyncIterator[AsyncIterator[str]]:
        """Ask as a language model is asked; it stops at the next token when the block ends."""
        async with self._turns.turn():
            loop = asyncio.get_running_loop()
            said: asyncio.Queue[str | Why | None] = asyncio.Queue()  # no longer than an answer may be
            left = threading.Event()

            def tell(what: str | Why | None) -> None:
                with suppress(RuntimeError):  # the event loop has ended, and nobody listens
                    loop.call_soon_threadsafe(said.put_nowait, what)

            def work() -> None:
                try:
                    whole = self._write(list(messages), tell, lambda: not left.is_set())
                except Exception as error:  # whatever it is, a customer waits
                    log.error("the language model failed: %s", where(error))
                    tell(Why.SERVER_ERROR)
                else:
                    tell(None if whole else Why.TOO_LONG)

            aside(work)
            try:
                yield _pieces(said)
            finally:
                left.set()


async def _pieces(said: asyncio.Queue[str | Why | None]) -> AsyncIterator[str]:
    """Yield what is said up to the end of the answer; raises `NotWritten` where it has none."""
    while (what := await said.get()) is not None:
        if isinstance(what, Why):
            raise NotWritten(what)
        yield what

"""A language model in this process: it writes in a thread, one answer at a time, beside the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from bot.generator.failure import NotWritten, Why
from bot.generator.turns import Turns

log = logging.getLogger(__name__)

#: Writes an answer to messages: tells each piece of it, asks after each token whether to go on, and returns whether it
#: came to its end.
Write = Callable[[list[dict[str, str]], Callable[[str], None], Callable[[], bool]], bool]


class Inside:
    """A `bot.generator.model.LanguageModel` that is called, and not connected to."""

    def __init__(self, write: Write, turns: Turns, thread: ThreadPoolExecutor) -> None:
        """``thread`` is one thread, which all that share ``turns`` write in."""
        self._write = write
        self._turns = turns
        self._thread = thread

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
                    log.error("the language model failed: %s", type(error).__name__)
                    tell(Why.SERVER_ERROR)
                else:
                    tell(None if whole else Why.TOO_LONG)

            future = self._thread.submit(work)
            try:
                yield _pieces(said)
            finally:
                left.set()
                future.cancel()


async def _pieces(said: asyncio.Queue[str | Why | None]) -> AsyncIterator[str]:
    """Yield what is said up to the end of the answer; raises `NotWritten` where it has none."""
    while (what := await said.get()) is not None:
        if isinstance(what, Why):
            raise NotWritten(what)
        yield what

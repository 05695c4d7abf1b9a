"""Whose turn it is to ask a language model: so many at once, within a deadline, and nobody while it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.generator.breaker import Breaker
from bot.generator.failure import NotWritten, Why

log = logging.getLogger(__name__)

#: What says that the model is not well. Whatever else there is, it has answered.
_ILL = {Why.TIMEOUT, Why.UNREACHABLE, Why.REFUSED, Why.OVERLOADED, Why.SERVER_ERROR, Why.GARBAGE}


class Turns:
    """Gives turns at a model. It may be used in several event loops, one after the other."""

    def __init__(self, *, at_once: int, deadline: float, breaker: Breaker | None = None) -> None:
        """``deadline`` is in seconds, and of all: of waiting for a turn, and of the turn itself."""
        self._at_once = at_once
        self._deadline = deadline
        self._breaker = breaker or Breaker()
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, which is what the block does; raises `NotWritten`, also in the block when time is over."""
        if self._breaker.refuses:
            raise NotWritten(Why.CIRCUIT_OPEN)
        ticket = None
        try:
            try:
                async with asyncio.timeout(self._deadline), self._permits():
                    ticket = self._breaker.enter()
                    if ticket is None:
                        raise NotWritten(Why.CIRCUIT_OPEN)
                    yield
            except TimeoutError:
                raise NotWritten(Why.BUSY if ticket is None else Why.TIMEOUT) from None
        except BaseException as error:
            if ticket is not None:
                self._note(error, ticket)
            raise
        self._answered(ticket)

    def _note(self, error: BaseException, ticket: int) -> None:
        if not isinstance(error, NotWritten):  # the service stops, or kefu failed: that says nothing of the model
            self._breaker.left(ticket)
        elif error.why not in _ILL:
            self._answered(ticket)
        elif self._breaker.failed(ticket):
            log.warning(
                "the language model failed several times in a row, with %s: entries are quoted until it answers again. "
                "See what is wrong with: kefu doctor",
                error.why.value,
            )

    def _answered(self, ticket: int) -> None:
        if self._breaker.answered(ticket):
            log.info("the language model answers again")

    def _permits(self) -> asyncio.Semaphore:
        """Return those of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._of_loop = loop, asyncio.Semaphore(self._at_once)
        return self._of_loop

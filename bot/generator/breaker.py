"""A circuit breaker: a server that fails is left alone for a while, so that customers do not wait for it in vain.

Michael Nygard, Release It! (2nd edition, 2018), chapter 5.

| state  | asked                                 | it answers | it fails                              |
| ------ | ------------------------------------- | ---------- | ------------------------------------- |
| closed | yes                                   | closed     | open, if it is the last of so many    |
| open   | no; after a while one goes: trial     | open       | open, as long as it would have been   |
| trial  | no, until it is known how it went     | closed     | open, for another while               |

Who was let in while it was closed, and tells how it went when it is not any more, tells nothing new: of a trial only
the one that tries is heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from itertools import count


class _State(Enum):
    CLOSED = auto()
    OPEN = auto()
    TRIAL = auto()


class Breaker:
    """Says whether a server may be asked."""

    def __init__(
        self, *, failures: int = 5, seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open after so many ``failures`` in a row, for so many ``seconds`` of ``clock``."""
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._state = _State.CLOSED
        self._failures = 0
        self._opened = 0.0
        self._tickets = count(1)
        self._trial = 0

    @property
    def refuses(self) -> bool:
        """Whether nobody may ask at the moment."""
        waits = self._state is _State.OPEN and self._clock() - self._opened < self._seconds
        return waits or self._state is _State.TRIAL

    def enter(self) -> int | None:
        """Ask whether one may ask now, None if not: with this ticket one tells how it went.

        One has to: `answered`, `failed` or `left`.
        """
        if self.refuses:
            return None
        ticket = next(self._tickets)
        if self._state is _State.OPEN:
            self._state, self._trial = _State.TRIAL, ticket
        return ticket

    def answered(self, ticket: int) -> bool:
        """Tell that the server answered; return whether it had been left alone before."""
        if not self._hears(ticket):
            return False
        was_open = self._state is not _State.CLOSED
        self._state = _State.CLOSED
        self._failures = 0
        return was_open

    def failed(self, ticket: int) -> bool:
        """Tell that it did not; return whether it was the last of so many, and the server is left alone from now on."""
        if not self._hears(ticket):
            return False
        self._failures += 1
        trial = self._state is _State.TRIAL
        last = not trial and self._failures >= self._most
        if trial or last:
            self._state = _State.OPEN
            self._opened = self._clock()
        return last

    def left(self, ticket: int) -> None:
        """Tell that nobody waited for it: the next one may try."""
        if self._state is _State.TRIAL and self._hears(ticket):
            self._state = _State.OPEN

    def _hears(self, ticket: int) -> bool:
        return self._state is _State.CLOSED or (self._state is _State.TRIAL and ticket == self._trial)

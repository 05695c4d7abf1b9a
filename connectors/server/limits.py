"""How much may come: counted in windows of fixed length, so that nothing is remembered of who does not call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable


class Window:
    """Lets through so many in each span of time, of each kind."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Let ``most`` of each kind through in ``seconds``."""
        self._most, self._seconds, self._clock = most, seconds, clock
        self._counts: Counter[Hashable] = Counter()
        self._ends = clock() + seconds

    def wait(self, kind: Hashable) -> float:
        """Return for how many seconds no more of a kind may come; 0 where it may now."""
        self._turn()
        return self._ends - self._clock() if self._counts[kind] >= self._most else 0.0

    def count(self, kind: Hashable) -> None:
        """Note that one came."""
        self._turn()
        self._counts[kind] += 1

    def _turn(self) -> None:
        now = self._clock()
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + self._seconds

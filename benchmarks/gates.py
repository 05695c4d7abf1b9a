"""Where everything stops until it is let through: whoever opens the gates decides in which order things happen."""

from __future__ import annotations

import asyncio


class Gates:
    """Gates that are closed or wide open, and the promises that were seen broken behind them."""

    def __init__(self) -> None:
        """Begin with all of them open."""
        self.closed: list[asyncio.Future[str]] = []
        #: Let everything through at once.
        self.wide_open = True
        #: Promises seen broken. Kept, not raised: what is watched would take the error for a failure of that part.
        self.broken: list[str] = []

    def expect(self, kept: bool, promise: str) -> None:
        """Note it where ``promise`` is not ``kept``."""
        if not kept:
            self.broken.append(promise)

    async def told(self) -> str:
        """Wait for a turn, and return how to fail ("" for not at all)."""
        if self.wide_open:
            return ""
        gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed.append(gate)
        try:
            return await gate
        finally:
            if gate in self.closed:
                self.closed.remove(gate)

    async def stop(self, who: str = "store") -> bool:
        """Wait for a turn; False means: fail now."""
        return await self.told() != who

    def open(self, number: int, fails: str = "") -> None:
        """Let one through; it fails if it is ``fails``."""
        if self.closed:
            gate = self.closed.pop(number % len(self.closed))
            if not gate.done():
                gate.set_result(fails)

    def open_all(self) -> None:
        """Let everything through, now and from now on."""
        self.wide_open = True
        while self.closed:
            self.open(0)

"""Listening: one process on its port, with what protects it from slow callers."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from connectors.server.desk import Limits

#: Seconds that calls under way have to end once the server stops.
ENDING = 5


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int, limits: Limits, *, shared: bool) -> AsyncIterator[int]:
    """Serve ``app`` until the block ends, and yield the port; ``shared`` lets other processes listen there too."""
    # What the library says of calls that it cannot read quotes them.
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=limits.patience,
        lingering_time=limits.patience,
        shutdown_timeout=ENDING,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_port=shared or None)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def stopped() -> None:
    """Return when the process is asked to stop: SIGTERM, or Ctrl-C."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()

"""A model server in a process of its own that falls ill when it is told to, and gets well again."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from benchmarks.generator import copied, event_of

WELL, KILLED, FROZEN = "well", "killed (SIGKILL)", "frozen (SIGSTOP)"

_EVENTS = "text/event-stream"
_DONE = event_of("", "stop") + b"data: [DONE]\n\n"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What an ill server does with a call: what it sends in the place of what it should, and what it does then."""

    sends: Callable[[list[bytes]], list[bytes] | Iterator[bytes]]
    #: "ends", "hangs", "drops" the connection, or "drips": one of what it sends each tenth of a second.
    then: str = "ends"
    status: int = 200
    kind: str = _EVENTS


def _first_half(events: list[bytes]) -> list[bytes]:
    return events[: max(1, len(events) // 2)]


def _comments() -> Iterator[bytes]:
    while True:
        yield b": wait\n\n"


FAULTS = {
    WELL: Fault(sends=lambda events: events),
    "hangs before a byte": Fault(sends=lambda _: [], then="hangs"),
    "hangs half-way": Fault(sends=_first_half, then="hangs"),
    "drips for ever": Fault(sends=lambda _: _comments(), then="drips"),
    "breaks off at once": Fault(sends=lambda _: [], then="drops"),
    "breaks off half-way": Fault(sends=_first_half, then="drops"),
    "ends half-way": Fault(sends=_first_half),
    "HTML": Fault(sends=lambda _: [b"<html><body>Bad gateway</body></html>"], kind="text/html"),
    "HTML as events": Fault(sends=lambda _: [b"<html>\n<body>Bad gateway</body>\n</html>\n"]),
    "broken JSON": Fault(sends=lambda events: [*_first_half(events), b'data: {"choices": [{"delta"\n\n']),
    "a megabyte": Fault(sends=lambda _: [b"data: " + b"x" * 1_000_000 + b"\n\n"]),
    "control characters": Fault(sends=lambda _: [event_of("We \x00\x1b[31mrefund\x07 it.\x08"), _DONE]),
    "wrong events": Fault(sends=lambda _: [b"text: We refund it.\n\n", _DONE]),
    "500": Fault(sends=lambda _: [b"{}"], status=500, kind="application/json"),
    "503": Fault(sends=lambda _: [b"{}"], status=503, kind="application/json"),
    "429": Fault(sends=lambda _: [b"{}"], status=429, kind="application/json"),
    "goes on after its end": Fault(sends=lambda events: events, then="hangs"),
}


class _Server:
    """What runs in the process of the model server."""

    def __init__(self) -> None:
        self.fault = FAULTS[WELL]

    async def falls(self, request: web.Request) -> web.Response:
        self.fault = FAULTS[await request.text()]
        return web.Response()

    async def chat(self, request: web.Request) -> web.StreamResponse:
        fault = self.fault
        sends = fault.sends(copied(await request.json()))
        response = web.StreamResponse(status=fault.status, headers={"Content-Type": fault.kind})
        if sends:
            await response.prepare(request)
        for chunk in sends:
            await response.write(chunk)
            if fault.then == "drips":
                await asyncio.sleep(0.1)
        if fault.then == "hangs":
            await asyncio.Event().wait()
        if fault.then == "drops" and request.transport:
            request.transport.abort()
        return response

    async def serve(self, port: int) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/fault", self.falls)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        await asyncio.Event().wait()


def _serve(port: int) -> None:
    logging.disable()  # of customers who went away while something was written to them
    asyncio.run(_Server().serve(port))


class Machine:
    """The process of the model server, which can be killed, frozen and told what to do."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(self.port,), daemon=True)
        self._process.start()

    async def ready(self) -> None:
        """Return when it listens."""
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    async def falls_ill(self, fault: str) -> None:
        """Do what ``fault`` says, from now on."""
        if fault == KILLED:
            self.kill()
        elif fault == FROZEN:
            os.kill(self._pid, signal.SIGSTOP)
        else:
            await self._tell(fault)

    async def recovers(self, fault: str) -> None:
        """Be well again."""
        if fault == KILLED:
            self._begin()
            await self.ready()
        elif fault == FROZEN:
            os.kill(self._pid, signal.SIGCONT)
        else:
            await self._tell(WELL)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()

    @property
    def _pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    async def _tell(self, fault: str) -> None:
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"http://127.0.0.1:{self.port}/fault", data=fault) as told,
        ):
            told.raise_for_status()

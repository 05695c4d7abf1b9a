"""A language model that writes what it is dictated: a real server on this machine, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from tests.unit.bot.generator.model import KEY, MODEL, FakeModel, event, running, stream

#: What a writer may be told beside pieces of a text.
_END, _BREAK = object(), object()


class Dictated:
    """A model that is asked, and then writes piece by piece what it is told, and nothing else."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._told: asyncio.Queue[object] = asyncio.Queue()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """What makes a command use it; nobody waits for a deadline."""
        return {
            "KEFU_GENERATOR__URL": self.url,
            "KEFU_GENERATOR__MODEL": MODEL,
            "KEFU_GENERATOR__KEY": KEY,
            "KEFU_GENERATOR__DEADLINE_SECONDS": "60",
        }

    def writes(self, text: str) -> None:
        """Write ``text``, and go on."""
        self._tell(text)

    def ends(self) -> None:
        """End the reply."""
        self._tell(_END)

    def breaks(self) -> None:
        """Break the connection."""
        self._tell(_BREAK)

    def _tell(self, what: object) -> None:
        self._loop.call_soon_threadsafe(self._told.put_nowait, what)

    async def _write(
        self, model: FakeModel, request: web.Request, messages: list[dict[str, str]]
    ) -> web.StreamResponse:
        response = await stream(request, event("", role="assistant"))
        while (what := await self._told.get()) is not _END:
            if what is _BREAK:
                assert request.transport
                request.transport.abort()
                return response
            await response.write(event(str(what)))
        await response.write(event("", reason="stop") + b"data: [DONE]\n\n")
        return response

    async def _serve(self) -> None:
        async with running(self._write) as model:
            self.url = model.url
            self._ready.set()
            await self._over.wait()


@contextmanager
def dictated() -> Iterator[Dictated]:
    """Run such a model until the block ends."""
    model = Dictated()
    thread = threading.Thread(target=lambda: model._loop.run_until_complete(model._serve()), name="model")
    thread.start()
    try:
        assert model._ready.wait(30)
        yield model
    finally:
        model._loop.call_soon_threadsafe(model._over.set)
        thread.join(30)
        model._loop.close()

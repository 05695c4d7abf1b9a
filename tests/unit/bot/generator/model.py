"""A language model behind an OpenAI-compatible server: a real one on this machine, strict, and able to fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.composer import VerbatimComposer
from bot.generator.breaker import Breaker
from bot.generator.client import ModelServer
from bot.generator.composer import GeneratedComposer

KEY = "secret of the model server"
MODEL = "small"

#: Answers a call with its messages.
Writes = Callable[["FakeModel", web.Request, list[dict[str, str]]], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class FakeModel:
    """What it was asked, and how it answers."""

    writes: Writes
    asked: list[list[dict[str, str]]] = field(default_factory=list)
    #: What was asked and is not as the API documents it: empty at the end of a test.
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    #: Set when the test is over: what hangs, hangs until then.
    over: asyncio.Event = field(default_factory=asyncio.Event)
    #: How many were written at the same time, at most.
    most: int = 0
    _now: int = 0
    _server: TestServer | None = None

    async def kill(self) -> None:
        """Die, in the middle of what is being written."""
        assert self._server
        self.over.set()
        await self._server.close()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self._look(request)
        body = await request.json()
        fields: dict[str, Any] = {
            "model": str,
            "messages": list,
            "stream": bool,
            "temperature": (int, float),
            "max_tokens": int,
        }
        if set(body) != set(fields) or not all(isinstance(body[name], kind) for name, kind in fields.items()):
            self.wrong.append(f"fields {sorted(body)}")
        if body["model"] != MODEL or not body["stream"] or [m["role"] for m in body["messages"]] != ["system", "user"]:
            self.wrong.append("model, stream or roles")
        self.asked.append(body["messages"])
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self.writes(self, request, body["messages"])
        finally:
            self._now -= 1

    async def _models(self, request: web.Request) -> web.Response:
        self._look(request)
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def _look(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            self.wrong.append("no key")


@asynccontextmanager
async def running(writes: Writes) -> AsyncIterator[FakeModel]:
    """Run a model until the block ends."""
    model = FakeModel(writes=writes)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model._chat)
    app.router.add_get("/v1/models", model._models)
    server = TestServer(app)
    async with server:
        model._server, model.url = server, str(server.make_url("/v1"))
        yield model
        model.over.set()
    assert model.wrong == []


def composer(model: FakeModel, *, deadline: float = 5.0, at_once: int = 8, failures: int = 5) -> GeneratedComposer:
    """Return what writes with ``model``."""
    client = server(model, deadline=deadline, at_once=at_once, failures=failures)
    return GeneratedComposer(VerbatimComposer(), lambda: client)


def server(model: FakeModel, *, deadline: float = 5.0, at_once: int = 8, failures: int = 5) -> ModelServer:
    """Return the client of ``model``."""
    breaker = Breaker(failures=failures)
    return ModelServer(url=model.url, model=MODEL, key=KEY, deadline=deadline, at_once=at_once, breaker=breaker)


def event(text: str, *, reason: str | None = None, **more: Any) -> bytes:
    """Return an event with a piece of text."""
    choice = {"index": 0, "delta": {"content": text, **more}, "finish_reason": reason}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


def events(text: str, size: int = 7) -> bytes:
    """Return the whole stream of a text, in pieces of ``size`` characters."""
    parts = [event(text[at : at + size]) for at in range(0, len(text), size)]
    return b"".join([event("", role="assistant"), *parts, event("", reason="stop"), b"data: [DONE]\n\n"])


async def stream(request: web.Request, *chunks: bytes) -> web.StreamResponse:
    """Send ``chunks`` as an event stream."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(chunk)
    return response


def saying(text: str) -> Writes:
    """Return a model that always says ``text``."""
    return sending(events(text))


def sending(*chunks: bytes) -> Writes:
    """Return a server that sends ``chunks``, whatever they are."""

    async def writes(model: FakeModel, request: web.Request, messages: list[dict[str, str]]) -> web.StreamResponse:
        return await stream(request, *chunks)

    return writes


def failing(status: int, **headers: str) -> Writes:
    """Return a server that answers with ``status``."""

    async def writes(model: FakeModel, request: web.Request, messages: list[dict[str, str]]) -> web.StreamResponse:
        return web.json_response({"error": {"message": "customer text"}}, status=status, headers=headers)

    return writes


def hanging(*chunks: bytes) -> Writes:
    """Return a server that sends ``chunks`` and then nothing more, until it is killed: then it breaks off."""

    async def writes(model: FakeModel, request: web.Request, messages: list[dict[str, str]]) -> web.StreamResponse:
        response = await stream(request, *chunks) if chunks else web.StreamResponse()
        await model.over.wait()
        if request.transport:
            request.transport.abort()
        return response

    return writes


def dropping(*chunks: bytes) -> Writes:
    """Return a server that sends ``chunks`` and breaks the connection."""

    async def writes(model: FakeModel, request: web.Request, messages: list[dict[str, str]]) -> web.StreamResponse:
        response = await stream(request, *chunks) if chunks else web.StreamResponse()
        assert request.transport
        request.transport.close()
        return response

    return writes

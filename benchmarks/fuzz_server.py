"""The server that `benchmarks.fuzz` calls: with all channels, whose tools answer with anything, in a thread."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from benchmarks.fuzz_calls import KEY, SETTINGS, anything
from bot.channels import CONNECTORS, helpdesks
from bot.dispatcher import Dispatcher
from bot.ports import Connector, Released, Store, unseen
from bot.settings import Settings, State
from bot.store.sql import SqlStore
from bot.types import Action, Conversation, Message, Outcome, Reason, Reply
from connectors.server.api import Callers
from connectors.server.app import application
from connectors.server.desk import Access, Limits
from connectors.server.metrics import Metrics
from connectors.server.run import listening


class Echo:
    """Repeats the customer."""

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        """Answer at once; now and then a person is to answer."""
        return Reply(
            id=uuid.uuid4().hex,
            conversation=message.conversation,
            in_reply_to=message.id,
            text=message.text or "?",
            action=Action.HAND_OFF if len(message.text) % 20 == 0 else Action.ANSWER,
            reason=Reason.CONFIDENT,
            confidence=1.0,
            language="en",
        )


class Desk:
    """What the server talks to."""

    store: Store

    def __init__(self, store: Store, dispatcher: Dispatcher) -> None:
        self.store, self._dispatcher = store, dispatcher

    async def submit(self, message: Message, *, joins: bool = False) -> Outcome:
        """Accept a message."""
        return await self._dispatcher.submit(message, joins=joins)


@asynccontextmanager
async def serving(folder: Path, chance: random.Random) -> AsyncIterator[int]:
    """Serve the API and all channels, whose tools answer with anything, and yield the port."""
    async with AsyncExitStack() as held:
        http = await held.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        tool = await held.enter_async_context(_tool(chance))
        sections = {name: {**SETTINGS[name], "url": f"http://127.0.0.1:{tool}"} for name in CONNECTORS}
        given = Settings.model_validate({**sections, "state": State(folder=folder)})
        desks, callers = helpdesks(given, http), Callers()
        assert len(desks) == len(CONNECTORS)
        store = await held.enter_async_context(SqlStore.open(given.state.address))
        carriers: dict[str, Connector] = {desk.name: desk for desk in desks}
        carriers[callers.name] = callers
        dispatcher = Dispatcher(store, Echo(), carriers, fallback=_fails, waiting=1_000_000)
        await held.enter_async_context(dispatcher)
        held.callback(setattr, dispatcher, "_open", False)
        limits = Limits(per_minute=1_000_000, per_second=1_000_000, patience=1, reply=5)
        app = application(
            Desk(store, dispatcher),
            {desk.name: desk for desk in desks},
            callers,
            version="0",
            access=Access(keys={"shop": KEY}),
            limits=limits,
            metrics=Metrics(),
        )
        yield await held.enter_async_context(listening(app, "127.0.0.1", 0, limits, shared=False))


def _fails(message: Message) -> Reply:
    raise AssertionError("the echo does not fail")


@asynccontextmanager
async def _tool(chance: random.Random) -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        kind = chance.random()
        if kind < 0.8:
            return web.json_response({"ok": True, "errcode": 0, "access_token": "x", "expires_in": 7200, "id": 1})
        return web.Response(text=json.dumps(anything(chance)), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextmanager
def served(folder: Path, chance: random.Random) -> Iterator[int]:
    """Serve in another thread until the block ends, and yield the port."""
    begun, ports = threading.Event(), list[int]()
    loop, end = asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        try:
            async with serving(folder, chance) as port:
                ports.append(port)
                begun.set()
                await end.wait()
        finally:
            begun.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="server")
    thread.start()
    begun.wait()
    try:
        if not ports:
            raise RuntimeError("the server did not begin")
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()

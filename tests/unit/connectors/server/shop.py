"""What the tests of the server share: a real one on this machine, whose bot repeats what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.dispatcher import Dispatcher
from bot.ports import Released, Responder, unseen
from bot.store.sql import SqlStore
from bot.types import Conversation, ConversationKey, Message, Outcome, Reply
from connectors.helpdesk import Helpdesk
from connectors.server.api import Callers
from connectors.server.app import application
from connectors.server.desk import Access, Limits
from connectors.server.metrics import Metrics
from connectors.server.run import listening
from tests.contract.conftest import Clock
from tests.unit.bot import desk
from tests.unit.bot.desk import PAUSE, fallback

KEYS = {"shop": "key-of-the-shop-0123456789", "other": "key-of-another-0123456789"}


class Echo(desk.Echo):
    """Repeats the customer; its replies have ids of their own in each account."""

    def __init__(self) -> None:
        self.asked: list[Message] = []

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        self.asked.append(message)
        return own(await super().respond(conversation, message))


class Gated(desk.Gated):
    """The same, and holds every message until its gate is opened."""

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        return own(await super().respond(conversation, message))


def own(reply: Reply) -> Reply:
    return replace(reply, id=f"{reply.conversation.channel}-{reply.conversation.account}-{reply.id}")


@dataclass
class Shop:
    """A server, and what is behind it."""

    store: SqlStore
    dispatcher: Dispatcher | None
    clock: Clock
    metrics: Metrics
    callers: Callers
    folder: Path
    app: web.Application = field(init=False)
    http: aiohttp.ClientSession = field(init=False)
    port: int = 0

    async def submit(self, message: Message, *, joins: bool = False) -> Outcome:
        """Be the desk of the server; without a dispatcher, what is kept is left for another process."""
        if self.dispatcher is not None:
            return await self.dispatcher.submit(message, joins=joins)
        return Outcome.ACCEPTED if await self.store.accept(message, joins=joins) else Outcome.DUPLICATE

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = KEYS["shop"], **more: Any
    ) -> Answered:
        """Make a call, with the key of the shop if no other is given, and return how it was answered."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["json"] = body
        async with self.http.request(method, self.url(path), headers=headers, **more) as response:
            return Answered(response.status, dict(response.headers), await response.text())

    async def says(self, text: str, conversation: str = "anna", **more: Any) -> Answered:
        """Send a customer's message."""
        key = more.pop("key", KEYS["shop"])
        return await self.call("POST", "/v1/messages", {"conversation": conversation, "text": text, **more}, key=key)

    async def sends(self, raw: bytes) -> bytes:
        """Send bytes, and return all that comes back until the server ends the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@dataclass
class Answered:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """Of an error."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message"}
        code: str = self.json["error"]["code"]
        return code


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    responder: Responder | None = None,
    helpdesks: Sequence[Helpdesk] = (),
    limits: Limits | None = None,
    access: Access | None = None,
    kind: type[SqlStore] = SqlStore,
    alone: bool = True,
    **more: Any,
) -> AsyncIterator[Shop]:
    """Run a server until the block ends; not ``alone``: what it keeps is answered by another process.

    ``more`` goes to the dispatcher.
    """
    clock, callers, metrics = Clock(), Callers(), Metrics()
    limits = limits or Limits()
    carriers = {one.name: one for one in (*helpdesks, callers)}
    await _database(folder / "kefu.db")
    async with AsyncExitStack() as held:
        store = await held.enter_async_context(kind.open(f"sqlite:///{folder / 'kefu.db'}", clock=clock))
        dispatcher = None
        if alone:
            dispatcher = Dispatcher(
                store, responder or Echo(), carriers, fallback=fallback, pause=PAUSE, clock=clock, **more
            )
            await held.enter_async_context(dispatcher)
        shop = Shop(store, dispatcher, clock, metrics, callers, folder)
        shop.app = application(
            shop,
            {one.name: one for one in helpdesks},
            callers,
            version="1.2.3",
            access=access or Access(keys=KEYS),
            limits=limits,
            metrics=metrics,
            clock=clock,
        )
        shop.port = await held.enter_async_context(listening(shop.app, "127.0.0.1", 0, limits, shared=False))
        shop.http = await held.enter_async_context(aiohttp.ClientSession())
        yield shop


#: A database in which nothing is: made once, for that takes longer than most tests.
_EMPTY: list[bytes] = []


async def _database(file: Path) -> None:
    if not _EMPTY:
        async with SqlStore.open(f"sqlite:///{file}"):
            pass
    _copy(file)


def _copy(file: Path) -> None:
    if not _EMPTY:
        _EMPTY.append(file.read_bytes())
    elif not file.exists():
        file.write_bytes(_EMPTY[0])


def of_shop(conversation: str = "anna", account: str = "shop") -> ConversationKey:
    return ConversationKey(channel="api", account=account, thread=conversation)


def events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream: name and data."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"])))
    return found

"""An OpenAI-compatible server: one address, asked for streams, bounded in time, in size and in how many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import hdrs

from bot.generator.breaker import Breaker
from bot.generator.failure import NotWritten, Why
from bot.generator.stream import MOST, pieces
from bot.generator.turns import Turns
from bot.settings_generator import Generator

#: Seconds within which a response ends after its text has: a server sends both in one go.
FOLLOWS = 0.1

#: No connection, or one that broke before the first byte of an answer: nothing was written yet, so it is asked again.
_BEFORE = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


class ModelServer:
    """Asks a server for text. It may be used in several event loops, one after the other.

    Connections are opened when the first text is asked for, and closed when the event loop ends or nothing refers to
    this any more.
    """

    def __init__(
        self,
        *,
        url: str,
        model: str,
        key: str = "",
        deadline: float = 8.0,
        at_once: int = 8,
        temperature: float = 0.0,
        max_tokens: int = 300,
        breaker: Breaker | None = None,
    ) -> None:
        """``url`` is that of the API, such as "http://127.0.0.1:8000/v1"; ``deadline`` is in seconds."""
        self._url = url.rstrip("/")
        self._body = {"model": model, "temperature": temperature, "max_tokens": max_tokens, "stream": True}
        # Uncompressed: a small answer cannot become a large one.
        self._headers = {hdrs.ACCEPT_ENCODING: "identity"} | ({hdrs.AUTHORIZATION: f"Bearer {key}"} if key else {})
        self._deadline = deadline
        self._turns = Turns(at_once=at_once, deadline=deadline, breaker=breaker)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def asked(self, messages: Sequence[dict[str, str]]) -> AsyncIterator[AsyncIterator[str]]:
        """Ask as a `bot.generator.model.LanguageModel` is asked."""
        async with self._turns.turn():
            http = await self._opened()
            try:
                response = await self._post(http, {**self._body, "messages": list(messages)})
                ended = False

                async def text() -> AsyncIterator[str]:
                    nonlocal ended
                    async for piece in pieces(response.content.iter_any()):
                        yield piece
                    ended = True

                try:
                    _check(response, "text/event-stream")
                    yield text()
                finally:
                    self._leave(response, ended=ended)
            except aiohttp.ClientError:
                raise NotWritten(Why.UNREACHABLE) from None

    def _leave(self, response: aiohttp.ClientResponse, *, ended: bool) -> None:
        """Let go of ``response`` and its connection, without waiting.

        Where its text has not ``ended``, both are closed, and the server stops. Where it has, the end of the response
        is about to follow, and gives the connection back to the pool. What goes on instead is closed after `FOLLOWS`;
        nothing of it is read, and the network is not asked for more than a buffer holds.
        """
        if not ended:
            response.close()
            return
        leaving = asyncio.create_task(asyncio.sleep(FOLLOWS), name="kefu response")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        leaving.add_done_callback(lambda _: response.close())  # a connection that was given back is not its any more

    async def models(self) -> list[str]:
        """Return the names of the models that the server has; raises `NotWritten`. No text is sent."""
        http = await self._opened()
        url = f"{self._url}/models"
        try:
            async with (
                asyncio.timeout(self._deadline),
                http.get(url, headers=self._headers, allow_redirects=False) as response,
            ):
                _check(response, "application/json")
                body = b""
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MOST:
                        raise NotWritten(Why.GARBAGE)
        except TimeoutError:
            raise NotWritten(Why.TIMEOUT) from None
        except aiohttp.ClientError:
            raise NotWritten(Why.UNREACHABLE) from None
        try:
            return [str(model["id"]) for model in json.loads(body)["data"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise NotWritten(Why.GARBAGE) from None

    async def _post(self, http: aiohttp.ClientSession, body: dict[str, Any]) -> aiohttp.ClientResponse:
        url = f"{self._url}/chat/completions"
        try:
            return await http.post(url, json=body, headers=self._headers, allow_redirects=False)
        except _BEFORE:
            return await http.post(url, json=body, headers=self._headers, allow_redirects=False)

    async def _opened(self) -> aiohttp.ClientSession:
        """Return the connections of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            held = _connections()
            self._http = await anext(held)
            self._loop, self._held = loop, held
        return self._http


def server_of(settings: Generator) -> ModelServer:
    """Return the server that the settings name."""
    return ModelServer(
        url=settings.url,
        model=settings.model,
        key=settings.key.get_secret_value() if settings.key else "",
        deadline=settings.deadline_seconds,
        at_once=settings.at_once,
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
    )


async def _connections() -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Yield a session, once. An event loop closes the generators that it began when it ends, and this one with it."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),  # who has a turn has a connection
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),  # none of its own
        auto_decompress=False,
    ) as http:
        yield http


def _check(response: aiohttp.ClientResponse, kind: str) -> None:
    """Raise `NotWritten` where ``response`` is an error, or not of the ``kind`` that was asked for."""
    if response.status in (429, 503):
        raise NotWritten(Why.OVERLOADED)
    if response.status >= 500:
        raise NotWritten(Why.SERVER_ERROR)
    if response.status != 200:
        raise NotWritten(Why.REFUSED)
    if response.content_type != kind:
        raise NotWritten(Why.GARBAGE)

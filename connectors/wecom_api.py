"""Calls to WeCom: with an access token that lasts two hours, and errors that come with status 200.

developer.work.weixin.qq.com/document/path/91039 (gettoken), 90313 (errors).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.errors import DeliveryError
from connectors.api import TOO_MUCH, Api

#: Of a text, in bytes: WeCom cuts a longer one.
LONGEST = 2048

#: How long before its end a token is not used any more.
_EARLY = timedelta(minutes=5)

#: The token is not known, or has ended.
_TOKEN = frozenset({40001, 40014, 42001})

#: Asked too often, or too much at a time.
_TOO_MUCH = frozenset({45009, 45033})

#: Errors that pass, or that a change in WeCom or in the settings mends: busy; the company, the secret or a permission
#: is wrong; the address of this machine is not among those allowed.
_PASSING = frozenset({-1, 40013, 48002, 60011, 60020, 301002}) | _TOKEN | _TOO_MUCH


class WeComError(DeliveryError):
    """WeCom did not do what it was asked to."""

    def __init__(self, path: str, code: int, said: str) -> None:
        """``said`` is WeCom's own text, which is in no log: it may quote what was sent."""
        after = TOO_MUCH if code in _TOO_MUCH else None
        super().__init__(f"{path}: errcode {code}", final=code not in _PASSING, after=after)
        self.code = code
        self.said = said


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class WeComApi:
    """The API as one app of a company may call it."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, *, corp: str, secret: str, clock: Callable[[], datetime] = now
    ) -> None:
        """Call ``url`` for the company ``corp`` by the app whose secret is ``secret``."""
        self._api = Api(http, url)
        self._corp = corp
        self._secret = secret
        self._clock = clock
        self._token = ""
        self._until = clock()
        self._fetching = asyncio.Lock()

    async def call(self, path: str, body: object) -> dict[str, Any]:
        """Return what WeCom answers; a token that it does not take is fetched anew, once. Raises `DeliveryError`."""
        token = await self._access()
        try:
            return await self._answer("POST", path, {"access_token": token}, body)
        except WeComError as error:
            if error.code not in _TOKEN:
                raise
        if self._token == token:  # another call may have fetched one meanwhile
            self._token = ""
        return await self._answer("POST", path, {"access_token": await self._access()}, body)

    async def _access(self) -> str:
        async with self._fetching:
            if not self._token or self._clock() >= self._until:
                path = "/cgi-bin/gettoken"
                answer = await self._answer("GET", path, {"corpid": self._corp, "corpsecret": self._secret})
                token, seconds = answer.get("access_token"), answer.get("expires_in")
                if not isinstance(token, str) or not isinstance(seconds, int):
                    raise DeliveryError(f"{path}: not what was expected")
                self._token = token
                self._until = self._clock() + timedelta(seconds=seconds) - _EARLY
            return self._token

    async def _answer(self, method: str, path: str, query: dict[str, str], body: object = None) -> dict[str, Any]:
        answer = await self._api.call(method, path, query=query, body=body)
        code = answer.get("errcode", 0) if isinstance(answer, dict) else None
        if not isinstance(code, int):
            raise DeliveryError(f"{path}: not what was expected")
        if code:
            raise WeComError(path, code, str(answer.get("errmsg", "")))
        return dict(answer)


def as_it_is(text: str) -> str:
    """Return ``text`` without links that say something else than where they lead: WeCom shows <a href> as such."""
    return re.sub(r"<(?=/?a\b)", "＜", text, flags=re.IGNORECASE)

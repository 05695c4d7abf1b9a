"""Calls to a helpdesk: to its configured host alone, within its rate, and with errors that say whether to try again."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any
from urllib.parse import quote

import aiohttp
from aiolimiter import AsyncLimiter
from yarl import URL

from bot.errors import DeliveryError, SettingsError

#: Seconds for a whole call, and to connect.
TOTAL, CONNECT = 20, 5

#: More of an answer is not read, in bytes: a page of a long ticket has some hundred kilobytes.
LARGEST = 8 * 1024 * 1024

#: Seconds to wait where too much was asked and no answer says how long.
TOO_MUCH = 30.0


class Api:
    """One tool's API."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        calls: float = 0,
        seconds: float = 1,
    ) -> None:
        """Call ``base``, an https address (http is for this machine alone), with ``headers`` on each call.

        At most ``calls`` are made in ``seconds`` (0: as many as there are). Raises `SettingsError` for another address.
        """
        address = URL(base)
        if not address.host or address.scheme not in ("https", "http"):
            raise SettingsError(f"{base}: expected an address such as https://desk.example.com.")
        if address.scheme == "http" and not is_this_machine(address.host):
            raise SettingsError(f"{base}: expected https, for secrets are sent there.")
        self._http = http
        self._base = base.rstrip("/")
        self._host = address.host if address.is_default_port() else f"{address.host}:{address.port}"
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._limiter = AsyncLimiter(calls, seconds) if calls else None

    async def call(
        self,
        method: str,
        path: str,
        *parts: object,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = True,
    ) -> Any:
        """Return the JSON that a call is answered with; None where that is empty, or nobody ``reads`` it.

        ``path`` has a {} for each of ``parts``, which may hold what customers wrote: it is quoted, and is in no error.
        ``body`` is sent as JSON. Raises `DeliveryError`.
        """
        where = f"{method} {self._host}{path}"
        url = URL(self._base + path.format(*(quote(str(part), safe="") for part in parts)), encoded=True)
        try:
            async with AsyncExitStack() as held:
                if self._limiter:
                    await held.enter_async_context(self._limiter)
                response = await held.enter_async_context(
                    self._http.request(
                        method,
                        url.update_query(query) if query else url,
                        json=body,
                        headers={**self._headers, **(headers or {})},
                        allow_redirects=False,
                        middlewares=(_once,),
                        timeout=aiohttp.ClientTimeout(total=TOTAL, connect=CONNECT),
                    )
                )
                if response.status >= 300:
                    raise _failed(where, response)
                return await _json(where, response) if reads else None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError(f"{where}: {_why(error)}") from error


def is_this_machine(host: str) -> bool:
    """Whether ``host`` is a name or an address of the machine itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3: a number, or a date)."""
    if value is None:
        return None
    try:
        asked = float(value)
        return max(asked, 0.0) if isfinite(asked) else None
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(value) - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


class _BrokenError(aiohttp.ClientConnectionError):
    """There is no connection any more, or none came about: why, in words of ours."""


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep the library from sending again what a broken connection may have carried: whether to is decided elsewhere.

    It does so, without being asked, for methods that it takes to be idempotent (`aiohttp.client`).
    """
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenError(_why(error)) from error


def _why(error: Exception) -> str:
    """Return in words of ours why there is no answer: those of the library may have the whole address in them."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "no such host"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not valid"
        case aiohttp.ClientSSLError():
            return "no connection by TLS"
        case aiohttp.ClientOSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case aiohttp.ServerDisconnectedError():
            return "disconnected"
        case _BrokenError():
            return str(error)
        case TimeoutError():
            return "no answer in time"
    return type(error).__name__


def _failed(where: str, response: aiohttp.ClientResponse) -> DeliveryError:
    status = response.status
    after = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    if status == 429:
        after = TOO_MUCH if after is None else after
    # A token that is refused may be mended in the settings; what else the tool does not take, it never will.
    final = 300 <= status < 500 and status not in (401, 408, 409, 423, 425, 429)
    hint = ", is the token in the settings right?" if status == 401 else ""
    return DeliveryError(f"{where}: {status} {response.reason}{hint}", final=final, after=after)


async def _json(where: str, response: aiohttp.ClientResponse) -> Any:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise DeliveryError(f"{where}: the answer has more than {LARGEST} bytes", final=True)
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise DeliveryError(f"{where}: the answer is not JSON", final=True) from None

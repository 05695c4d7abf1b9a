"""Around every call: its size, its time, who calls how often, what is logged of it, and errors as JSON."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import math
import time
from collections.abc import Mapping

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from bot.errors import OverloadedError
from connectors.server.desk import Limits
from connectors.server.limits import Window
from connectors.server.metrics import Metrics

log = logging.getLogger(__name__)

#: What the log says of a call beside its status, without a word of what it says.
WHY = web.RequestKey("why", str)

#: What watches the server calls these: each has a rate of its own.
WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})

#: Seconds after which to call again where too much waits.
FULL = 5


class Refused(Exception):
    """A call that is answered with an error, from wherever that is found out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """As `refusal` has it."""
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an error as every caller gets it."""
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)


def too_many(seconds: float, message: str) -> web.Response:
    """Return that the caller has to wait (RFC 6585, 4)."""
    return refusal(429, "too_many", message, {"Retry-After": str(max(1, math.ceil(seconds)))})


def failed(request: web.Request, error: Exception) -> web.Response:
    """Log an error of ours without its words, which may quote a customer; return what the caller is told."""
    request[WHY] = type(error).__name__
    bare = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
    log.error("a call failed: %s", type(error).__name__, exc_info=bare)
    return refusal(500, "failed", "The server failed. Send it again later.")


async def body_of(request: web.Request, limits: Limits) -> bytes:
    """Return the body; raises an error of HTTP where it is too large, or does not come."""
    try:
        async with asyncio.timeout(limits.patience):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError:  # not compressed as it says, or no chunks
        raise web.HTTPBadRequest from None


def bearer(request: web.Request) -> str:
    """Return the token of a call (RFC 6750, 2.1), "" where it has none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def middlewares(limits: Limits, metrics: Metrics, trusted: frozenset[str]) -> list[Middleware]:
    """Return what stands around every call, the outermost first."""
    window = Window(limits.per_second, 1)

    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log and count a call: its route, and no part of what it says."""
        begun = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            taken = time.perf_counter() - begun
            resource = request.match_info.route.resource
            route = resource.canonical if resource else "none"
            # A method may be any word of the caller.
            method = request.method if request.method in hdrs.METH_ALL else "?"
            metrics.requests.labels(method if route != "none" else "", route, str(status)).inc()
            metrics.seconds.labels(route).observe(taken)
            why = request.get(WHY, "")
            quiet = route in WATCHED and status == 200
            log.log(
                logging.DEBUG if quiet else logging.INFO,
                "%s %s %d in %.1f ms from %s%s",
                *(method, route, status, taken * 1000, caller(request, trusted), f": {why}" if why else ""),
            )

    @web.middleware
    async def as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Tell what went wrong in one form, and nothing of what went on inside."""
        try:
            return await handler(request)
        except OverloadedError as error:
            request[WHY] = "full"
            return too_many(FULL, str(error).splitlines()[0])
        except Refused as error:
            headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
            return refusal(error.status, error.code, error.message, headers)
        except web.HTTPException as error:
            return refusal(error.status, error.reason.lower().replace(" ", "_"), error.reason, _kept(error))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            return failed(request, error)

    @web.middleware
    async def rate(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what is more than the machine can take."""
        # A server that has much to do need not be started anew, and is watched then above all.
        kind = request.path if request.path in WATCHED else ""
        if wait := window.wait(kind):
            request[WHY] = "too many calls"
            return too_many(wait, "Too many calls. Send it again later.")
        window.count(kind)
        return await handler(request)

    return [told, as_json, rate]


def caller(request: web.Request, trusted: frozenset[str]) -> str:
    """Return the address of who calls: the last one that is none of our proxies, as those say in X-Forwarded-For."""
    said = ",".join(request.headers.getall("X-Forwarded-For", ()))  # some proxies add a line of their own
    hops = [hop.strip() for hop in said.split(",") if hop.strip()]
    address = request.remote or ""
    while address in trusted and hops:
        address = hops.pop()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:  # what a proxy was told may be anything, and this stands in the log
        return "?"


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {name: value for name, value in error.headers.items() if name in ("Allow", "Location")}

"""The application: routes, and what stands around them."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

from aiohttp import web

from bot.types import Counts
from connectors.helpdesk import Helpdesk
from connectors.server.api import Api, Callers
from connectors.server.desk import Access, Desk, Limits
from connectors.server.guards import Refused, bearer, is_same, middlewares
from connectors.server.metrics import Metrics
from connectors.server.openapi import document
from connectors.server.webhooks import Webhooks

log = logging.getLogger(__name__)

#: Seconds between two looks for what nobody fetched.
SWEEP = 30

#: Seconds between two looks where calls may be lost.
LOOK_AROUND = 300

#: Seconds that the store has to say how much is left to do.
PATIENCE = 2


def application(
    desk: Desk,
    helpdesks: Mapping[str, Helpdesk],
    callers: Callers,
    *,
    version: str,
    access: Access,
    limits: Limits,
    metrics: Metrics,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> web.Application:
    """Return the application; ``version`` stands in the document, ``callers`` is the connector of the API."""
    app = web.Application(middlewares=middlewares(limits, metrics, access.trusted_proxies), client_max_size=limits.body)
    webhooks = Webhooks(desk, helpdesks, limits, metrics, clock)
    api = Api(desk, callers, access, limits, clock)
    schema = document(version)

    async def healthz(request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "up"})

    async def readyz(request: web.Request) -> web.StreamResponse:
        ready = await _counts(desk) is not None
        return web.json_response({"status": "ready" if ready else "the store is away"}, status=200 if ready else 503)

    async def measured(request: web.Request) -> web.StreamResponse:
        if access.metrics_key is not None and not is_same(bearer(request), access.metrics_key):
            raise Refused(401, "no_key", "Send the key of the metrics as a bearer token.")
        return web.Response(body=metrics.text(await _counts(desk)), content_type="text/plain")

    async def described(request: web.Request) -> web.StreamResponse:
        return web.json_response(schema)

    conversation = "/v1/conversations/{conversation}"
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", measured)
    app.router.add_get("/openapi.json", described)
    app.router.add_post("/v1/messages", api.messages)
    app.router.add_get(conversation, api.conversation)
    app.router.add_delete(conversation, api.forget)
    app.router.add_post(f"{conversation}/turns", api.turns)
    app.router.add_post(f"{conversation}/events", api.events)
    app.router.add_route("*", "/webhooks/{channel}", webhooks.serve)

    async def fetching(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_fetch(webhooks), name="kefu fetch")
        yield
        task.cancel()
        await asyncio.wait({task})
        await webhooks.close()

    app.cleanup_ctx.append(fetching)
    return app


async def _fetch(webhooks: Webhooks) -> None:
    looked = -math.inf
    while True:
        try:
            if time.monotonic() - looked >= LOOK_AROUND:
                await webhooks.look_around()
                looked = time.monotonic()
            await webhooks.sweep()
        except Exception as error:  # the store is away, say
            log.error("what may have come elsewhere cannot be looked for yet: %s", type(error).__name__)
        await asyncio.sleep(SWEEP)


async def _counts(desk: Desk) -> Counts | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await desk.store.counts()
    except Exception as error:
        log.error("the store does not answer: %s", type(error).__name__)
        return None

"""`kefu serve`: webhooks of helpdesks, the API, health and metrics."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import ConfigOption, FaqOption, StateOption, settings_from, warn
from bot.errors import ServeError
from bot.logs import tell_operators

if TYPE_CHECKING:
    from bot.ports import Store
    from bot.settings import Settings, State
    from connectors.server.desk import Access, Limits

log = logging.getLogger(__name__)

#: Seconds between two looks for conversations and runs that are old enough to be deleted.
TIDY = 3600


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen at. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen at. Default: 8600")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes. Default: 1")] = None,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Serve helpdesks and the API until SIGTERM or Ctrl-C; then what was accepted is finished."""
    settings = settings_from(config, faq, state, server__host=host, server__port=port, server__workers=workers)
    from bot.channels import check

    check(settings)
    asyncio.run(_try(settings))
    if settings.server.workers > 1:
        from bot.workers import supervise

        raise typer.Exit(supervise(settings))
    raise typer.Exit(run(settings))


async def _try(settings: Settings) -> None:
    """Open what may be set wrongly, and close it: an operator is told at once, and once for all processes.

    Raises `SettingsError` for a channel, `StoreError` for the database.
    """
    import aiohttp

    from bot.channels import helpdesks
    from bot.store.sql import SqlStore

    async with aiohttp.ClientSession() as http:
        helpdesks(settings, http)
    async with SqlStore.open(settings.state.address):
        pass


def run(settings: Settings, *, shared: bool = False) -> int:
    """Be the server, or with others that have its port, ``shared``, a part of it; return the exit code."""
    from bot.cli.knowledge import open_knowledge

    tell_operators(as_json=settings.server.json_logs)
    library, index = open_knowledge(settings)

    async def serving() -> None:
        import aiohttp

        from bot import __version__
        from bot.app import running
        from bot.channels import helpdesks
        from bot.store.sql import SqlStore
        from connectors.server.api import Callers
        from connectors.server.app import application
        from connectors.server.metrics import Metrics
        from connectors.server.run import listening, stopped

        metrics, callers, limits = Metrics(), Callers(), limits_of(settings)
        async with AsyncExitStack() as held:
            http = await held.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            store = await held.enter_async_context(SqlStore.open(settings.state.address))
            desks = helpdesks(settings, http)
            bot = await held.enter_async_context(
                running(settings, library, index, store=store, connectors=[*desks, callers], told=metrics.replied)
            )
            app = application(
                bot,
                {desk.name: desk for desk in desks},
                callers,
                version=__version__,
                access=access_of(settings),
                limits=limits,
                metrics=metrics,
            )
            tidying = asyncio.create_task(_tidy(store, settings.state), name="kefu tidy")
            held.callback(tidying.cancel)
            host, port = settings.server.host, settings.server.port
            try:
                bound = await held.enter_async_context(listening(app, host, port, limits, shared=shared))
            except OSError as error:
                raise ServeError.at(host, port, error) from error
            log.info("listening at http://%s:%d%s", host, bound, _channels(settings))
            if not shared:
                warn(f"kefu serves at http://{host}:{bound} (stop with Ctrl-C)")
            await stopped()
            log.info("stopping: what was accepted is finished")

    asyncio.run(serving())
    return 0


def limits_of(settings: Settings) -> Limits:
    """Return what is refused, because it is too much."""
    from connectors.server.desk import Limits

    return Limits(per_minute=settings.limits.customer_per_minute, per_second=settings.limits.per_second)


def access_of(settings: Settings) -> Access:
    """Return who may call."""
    from connectors.server.desk import Access

    server = settings.server
    keys = {name: key.get_secret_value() for name, key in server.keys.items()}
    return Access(
        keys=None if server.insecure and not keys else keys,
        metrics_key=server.metrics_key.get_secret_value() if server.metrics_key else None,
        trusted_proxies=frozenset(server.trusted_proxies),
    )


def _channels(settings: Settings) -> str:
    from bot.channels import sections

    names = [name for name, _ in sections(settings)]
    return f"; webhooks at {', '.join(f'/webhooks/{name}' for name in names)}" if names else ""


async def _tidy(store: Store, state: State) -> None:
    """Delete what is old."""
    while days := state.keep_days:
        moment = datetime.now(UTC) - timedelta(days=days)
        try:
            count = await store.forget_before(moment)
            if count:
                log.info("%d conversations in which nothing was said for %d days are deleted", count, days)
        except Exception as error:
            log.error("old conversations cannot be deleted yet: %s", type(error).__name__)
        try:
            await asyncio.to_thread(_tidy_runs, state.folder, moment)
        except Exception as error:
            log.error("old runs cannot be deleted yet: %s", type(error).__name__)
        await asyncio.sleep(TIDY)


def _tidy_runs(folder: Path, moment: datetime) -> None:
    from bot.evaluation.runs import delete_runs, runs_before

    count, problems = delete_runs(runs_before(folder, moment))
    if count:
        log.info("%d runs to which nothing was written since %s are deleted", count, moment.date())
    for told in problems:
        log.error("an old run cannot be deleted yet: %s", told)

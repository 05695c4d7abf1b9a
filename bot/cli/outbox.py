"""`kefu outbox`: what is on its way to customers, what could not be delivered, and sending that again or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import ConfigOption, JsonOption, StateOption, counted, print_json, settings_from
from bot.cli.kept import kept
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.sql import SqlStore
    from bot.work import Delivery

IdsArgument = Annotated[list[str] | None, typer.Argument(help="As kefu outbox list names them.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that could not be delivered.")]

outbox = typer.Typer(help="What is on its way to customers, and what could not be delivered.", no_args_is_help=True)


@outbox.command("list")
def list_outbox(json_output: JsonOption = False, config: ConfigOption = None, state: StateOption = None) -> None:
    """List what is on its way, and what could not be delivered (dead)."""
    settings = settings_from(config, None, state)

    async def read() -> tuple[list[Delivery], list[Delivery]]:
        async with kept(settings) as store:
            return await store.outbox(), await store.dead_letters()

    on_its_way, dead = asyncio.run(read())
    rows = [_as_json(one, dead=False) for one in on_its_way] + [_as_json(one, dead=True) for one in dead]
    if json_output:
        print_json(rows)
        return
    for row in rows:
        mark = typer.style("dead ", fg="red") if row["dead"] else typer.style("waits", fg="yellow")
        tries = counted(row["attempts"], "try", "tries")
        typer.echo(f"{mark} {row['id']}  {row['errand']} to {row['conversation']}, {tries} since {row['since']}")
        if row["error"]:
            typer.echo(f"     {row['error']}")
    typer.echo(f"{counted(len(on_its_way), 'is', 'are')} on the way, {len(dead)} dead.")
    if dead:
        typer.echo("Send them again with: kefu outbox resend ID, or --all. Not at all: kefu outbox drop")


@outbox.command("resend")
def resend(
    ids: IdsArgument = None, everything: AllOption = False, config: ConfigOption = None, state: StateOption = None
) -> None:
    """Send again what could not be delivered; `kefu serve` does it, when it runs."""
    count = _each(ids, everything, settings_from(config, None, state), lambda store, id_: store.resend(id_))
    typer.echo(f"{counted(count, 'is', 'are')} on the way again.")


@outbox.command("drop")
def drop(
    ids: IdsArgument = None, everything: AllOption = False, config: ConfigOption = None, state: StateOption = None
) -> None:
    """Delete what could not be delivered: nobody gets it any more."""
    count = _each(ids, everything, settings_from(config, None, state), lambda store, id_: store.drop(id_))
    typer.echo(f"{counted(count, 'is', 'are')} deleted.")


def _each(
    ids: list[str] | None, everything: bool, settings: Settings, act: Callable[[SqlStore, str], Awaitable[bool]]
) -> int:
    """Return how many of those named ``act`` found; an error names the others, once the rest is done."""
    if bool(ids) == everything:
        raise UsageError("Give the ids of what could not be delivered, or --all.")

    async def go() -> tuple[int, list[str]]:
        async with kept(settings) as store:
            wanted = ids or [delivery.id for delivery in await store.dead_letters()]
            missing = [id_ for id_ in wanted if not await act(store, id_)]
            return len(wanted) - len(missing), missing

    count, missing = asyncio.run(go())
    if missing:
        raise UsageError(f"Not among what could not be delivered: {', '.join(missing)}. Done: {count}.")
    return count


def _as_json(delivery: Delivery, *, dead: bool) -> dict[str, Any]:
    key = delivery.reply.conversation
    return {
        "id": delivery.id,
        "dead": dead,
        "errand": delivery.errand.value,
        "conversation": "/".join(filter(None, (key.channel, key.account, key.thread))),
        "in_reply_to": delivery.reply.in_reply_to,
        "since": delivery.since.isoformat(timespec="seconds"),
        "attempts": delivery.attempts,
        "error": delivery.error,
    }

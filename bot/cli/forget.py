"""`kefu forget`: everything that is kept of a customer is deleted."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bot.cli.common import ConfigOption, StateOption, counted, settings_from, warn
from bot.cli.kept import kept


def forget(
    customer: Annotated[str, typer.Argument(help="The customer's id in the channel.")],
    channel: Annotated[
        str | None, typer.Option("--channel", help="Of this channel alone: another customer may have the id elsewhere.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Delete every conversation in which a customer wrote, with all that is kept of it."""
    settings = settings_from(config, None, state)
    if not yes:
        where = f"of channel {channel}" if channel else "of any channel"
        typer.confirm(f"Delete every conversation of customer {customer} {where}? It cannot be taken back.", abort=True)

    async def delete() -> int:
        async with kept(settings) as store:
            return await store.forget_customer(customer, channel)

    count = asyncio.run(delete())
    typer.echo(f"{counted(count, 'conversation is', 'conversations are')} deleted.")
    if not count:
        from bot.channels import CONNECTORS

        known = ["api", *CONNECTORS]
        if channel and channel not in known:
            warn(f"No channel of kefu serve is called {channel}: there are {', '.join(known)}.")
        raise typer.Exit(1)

"""`kefu forget`: everything that is kept of a customer is deleted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import ConfigOption, StateOption, counted, listed, settings_from, warn
from bot.cli.kept import kept
from bot.errors import UsageError


def forget(
    customer: Annotated[str, typer.Argument(help="The customer's id in the channel.")],
    channel: Annotated[
        str | None, typer.Option("--channel", help="Of this channel alone: another customer may have the id elsewhere.")
    ] = None,
    runs: Annotated[
        bool, typer.Option("--runs", help="Every run of kefu evaluate in the state folder as well.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Delete every conversation in which a customer wrote, with all that is kept of it."""
    settings = settings_from(config, None, state)
    if not yes:
        where = f"of channel {channel}" if channel else "of any channel"
        more = ", and every run of logs in the state folder" if runs else ""
        typer.confirm(
            f"Delete every conversation of customer {customer} {where}{more}? It cannot be taken back.", abort=True
        )

    async def delete() -> int:
        async with kept(settings) as store:
            return await store.forget_customer(customer, channel)

    count = asyncio.run(delete())
    typer.echo(f"{counted(count, 'conversation is', 'conversations are')} deleted.")
    gone = _runs(settings.state.folder, delete=runs)
    if not count:
        from bot.channels import CONNECTORS

        known = ["api", *CONNECTORS]
        if channel and channel not in known:
            warn(f"No channel of kefu serve is called {channel}: there are {', '.join(known)}.")
        if not gone:
            raise typer.Exit(1)


def _runs(state: Path, *, delete: bool) -> int:
    """Delete the runs in the state folder and return how many, or tell which there are.

    Raises `UsageError` where one cannot be deleted.
    """
    from bot.evaluation.runs import data_of, delete_runs, runs_in

    runs = runs_in(state)
    if delete:
        count, problems = delete_runs(runs)
        typer.echo(f"{counted(count, 'run is', 'runs are')} deleted.")
        if problems:
            raise UsageError("\n".join(problems))
        return count
    if runs:
        warn("Runs of kefu evaluate stay, for they do not tell whose messages they hold:")
        for run in runs:
            data = data_of(run)
            warn(f"  {run}{f', of {listed(data)}' if data else ''}")
        warn("Where a log had this customer's, delete its run, or all of them with --runs.")
    return 0

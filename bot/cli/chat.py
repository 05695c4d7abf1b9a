"""`kefu chat`: a conversation in the terminal."""

from __future__ import annotations

import asyncio

import typer

from bot.cli.common import ConfigOption, FaqOption, StateOption, progress, settings_from, tell_problems


def chat(config: ConfigOption = None, faq: FaqOption = None, state: StateOption = None) -> None:
    """Talk to the bot; through a pipe, one reply for each line."""
    settings = settings_from(config, faq, state)
    from bot.app import Library, running
    from connectors.terminal import Terminal

    with progress() as shown:
        library = Library.load(settings, shown)
        index, ingestion = library.index(settings, shown)
    tell_problems(ingestion.problems)

    async def talk() -> int:
        async with running(settings, library, index) as bot:
            terminal = Terminal(bot, entries=len(index), history=settings.state.folder / "history")
            bot.connect(terminal)
            return await terminal.run()

    raise typer.Exit(asyncio.run(talk()))

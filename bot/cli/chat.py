"""`kefu chat`: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import logging

import typer

from bot.cli.common import ConfigOption, FaqOption, StateOption, settings_from
from bot.cli.knowledge import open_knowledge


def chat(config: ConfigOption = None, faq: FaqOption = None, state: StateOption = None) -> None:
    """Talk to the bot; through a pipe, one reply for each line."""
    settings = settings_from(config, faq, state)
    # A hand-over that /reset forgets is withdrawn, which nobody at a terminal need be warned of: it has no agents.
    logging.getLogger("bot.delivery").setLevel(logging.ERROR)
    from bot.app import running
    from connectors.terminal import Terminal

    library, index = open_knowledge(settings)

    async def talk() -> int:
        async with running(settings, library, index) as bot:
            terminal = Terminal(bot, entries=len(index), history=settings.state.folder / "history")
            bot.connect(terminal)
            return await terminal.run()

    raise typer.Exit(asyncio.run(talk()))

"""What `kefu doctor` says of the language model that writes replies: whether its server answers, and has it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.cli.common import listed
from bot.cli.doctor import Finding

if TYPE_CHECKING:
    from bot.settings import Settings


def model_server(settings: Settings) -> Iterator[Finding]:
    """Yield whether the model can be asked; nothing where none is set. No text is sent."""
    url, model = settings.generator.url, settings.generator.model
    if not url:
        return
    from bot.generator.client import server_of
    from bot.generator.failure import NotWritten

    try:
        models = asyncio.run(server_of(settings.generator).models())
    except NotWritten as error:
        yield Finding(
            name="generator",
            ok=False,
            text=f"{url}/models: {error.why.value}. Until it answers, entries are quoted. Start the model's server, or "
            "correct generator.url and generator.key.",
        )
        return
    if model in models:
        yield Finding(name="generator", ok=True, text=f"{model} at {url}")
    else:
        text = f"{url} has no {model}; it has {listed(sorted(models)) or 'none'}. Name one of them in generator.model."
        yield Finding(name="generator", ok=False, text=text)

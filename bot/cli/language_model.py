"""What `kefu doctor` says of the language model that writes replies: which one it is, and whether it can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.cli.common import listed
from bot.cli.doctor import Finding
from bot.errors import KefuError
from bot.generator.failure import NotWritten, Why
from bot.models import Generators, open_artefact
from retrieval.errors import told

if TYPE_CHECKING:
    from bot.settings import Settings
    from finetune.artefact import Artefact

NAME = "generator"

#: What keeps a server from saying which models it has, in words, and what to do.
_WRONG = {
    Why.UNREACHABLE: "there is no connection. Start the model's server, or correct generator.url",
    Why.TIMEOUT: "no answer within generator.deadline_seconds. See how the model's server does",
    Why.REFUSED: "the call is refused. Correct generator.key, or generator.url, which ends in /v1 with most servers",
    Why.GARBAGE: "what answers is no OpenAI-compatible API. Correct generator.url, which ends in /v1 with most servers",
}


def language_model(settings: Settings) -> Iterator[Finding]:
    """Yield what writes, and whether it does; nothing where nothing is to write. A server is sent no text."""
    folder = settings.state.folder / "models"
    try:
        artefact = open_artefact(folder, NAME) if (folder / NAME / "live.json").exists() else None
    except KefuError as error:
        yield Finding(name=NAME, ok=None if settings.generator.url else False, text=str(error))
        artefact = None
    if not settings.generator.url:
        yield from _inside(settings, artefact)
        return
    yield _server(settings)
    if artefact:
        yield Finding(name=NAME, ok=None, text=f"{artefact.version} is in use, but the server writes: generator.url")


def _inside(settings: Settings, artefact: Artefact | None) -> Iterator[Finding]:
    try:
        model = Generators(settings.generator).open(artefact)
    except Exception as error:  # whatever it is, it is what the doctor is asked for
        yield Finding(name=NAME, ok=False, text=f"{told(error)}\nUntil it can be opened, entries are quoted.")
        return
    if model is not None:
        named = settings.generator.model or (artefact.recipe.backbone if artefact else "")
        text = f"{artefact.version} {artefact.recipe.method} on {named}" if artefact else named
        yield Finding(name=NAME, ok=True, text=f"{text}, in this process")


def _server(settings: Settings) -> Finding:
    url, model = settings.generator.url, settings.generator.model
    from bot.generator.client import server_of

    try:
        models = asyncio.run(server_of(settings.generator).models())
    except NotWritten as error:
        return Finding(
            name=NAME,
            ok=False,
            text=f"{url}/models: {_WRONG.get(error.why, 'the server fails. See what it logs')}.\n"
            "Until it answers, entries are quoted.",
        )
    if model in models:
        return Finding(name=NAME, ok=True, text=f"{model} at {url}")
    text = f"{url} has no {model}; it has {listed(sorted(models)) or 'none'}. Name one of them in generator.model."
    return Finding(name=NAME, ok=False, text=text)

"""What an operator is told to do next: commands that can be pasted, and the first of many problems."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Sequence

from bot.settings import Settings
from bot.settings_source import FILE

#: Problems told one by one: as a rule they are all of one kind.
MOST_TOLD = 5


def again(command: str, settings: Settings) -> str:
    """Return ``command`` with the options that lead to the same ``settings``, to be pasted to a shell."""
    options: list[tuple[str, object]] = []
    if settings.file not in (None, FILE):
        options.append(("--config", settings.file))
    if settings.origins.get("knowledge.sources") == "command line":
        options += [("--faq", path) for path in settings.knowledge.sources]
    if settings.origins.get("state.folder") == "command line":
        options.append(("--state", settings.state.folder))
    return " ".join([command, *(f"{name} {shlex.quote(str(value))}" for name, value in options)])


def told(problems: Sequence[object], settings: Settings, *, most: int = MOST_TOLD) -> list[str]:
    """Return ``problems`` of the sources, a line each; of more than ``most`` the first, and where to see the others."""
    lines = list(map(str, problems[:most]))
    if (more := len(problems) - most) > 0:
        lines.append(f"... and {more} more. See them all with: {again('kefu ingest', settings)}")
    return lines


def labels_of(settings: Settings) -> dict[str, Sequence[str]]:
    """Return the labels that the settings name, by the kind of model that has them."""
    intents = settings.intents
    return {
        "intents": [*intents.answers, *intents.hand_over, *intents.scope],
        "sentiment": settings.sentiment.hand_over,
    }


def does_nothing(kind: str) -> str:
    """Return what is told of settings that name labels of ``kind`` while no model of it is in use."""
    return f"[{kind}] of the settings does nothing while nothing trained is in use: see kefu train {kind} --help"


def idle(settings: Settings, trained: Collection[str]) -> list[str]:
    """Return which settings do nothing, a line each; ``trained`` are the kinds of which a model is in use."""
    return [does_nothing(kind) for kind, names in labels_of(settings).items() if names and kind not in trained]


def not_entries(settings: Settings, holds: Callable[[str], bool]) -> list[str]:
    """Return what is wrong with the entries that the settings name, a line each; ``holds`` says whether one exists."""
    return [
        f"intents.answers.{intent}: there is no entry {entry!r}, so nothing is done about this intent."
        for intent, entry in settings.intents.answers.items()
        if not holds(entry)
    ]

"""How commands replay: the bot as the settings name it, over dialogues, into the folder of a run."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.cli.common import bar
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.evaluation.dialogues import Dialogue
    from bot.evaluation.folder import Writing
    from bot.evaluation.judging import Alike
    from bot.ports import Responder
    from bot.settings import Settings

#: Where runs are kept that no folder is named for, in the state folder.
RUNS = "runs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A replay after its end."""

    #: Turns that were there before, and those that were replayed now.
    before: int
    turns: int
    #: How long these took.
    seconds: float

    @property
    def speed(self) -> float:
        """Turns replayed in a second."""
        return self.turns / self.seconds if self.seconds else 0.0


def run_of(settings: Settings, parts: Parts, kind: str, files: Sequence[Path], day: date | None) -> dict[str, Any]:
    """Return what decides on a run: two that have the same here have the same turns."""
    from bot.app import setup_of, versions_of

    return {
        "kind": kind,
        "data": [{"name": path.name, "sha256": _hash(path)} for path in files],
        "as_of": None if day is None else day.isoformat(),
        "versions": versions_of(parts.source, parts.learned),
        **json.loads(setup_of(settings)),
    }


def folder_for(settings: Settings, report: Path | None, run: dict[str, Any]) -> Path:
    """Return the folder of a run: the one that is named, or one by what decides on it."""
    name = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:12]
    return report or settings.state.folder / RUNS / name


def replay_into(
    folder: Path,
    run: dict[str, Any],
    dialogues: Iterable[Dialogue],
    responder: Responder,
    alike: Alike,
    *,
    as_of: datetime | None,
) -> Done:
    """Replay into ``folder`` what is not there yet, with a bar."""
    from bot.evaluation.folder import writing

    start = monotonic()
    with writing(folder, run) as file:
        turns = asyncio.run(_replay(file, dialogues, responder, alike, as_of))
        return Done(before=file.before, turns=turns, seconds=monotonic() - start)


async def _replay(
    file: Writing, dialogues: Iterable[Dialogue], responder: Responder, alike: Alike, as_of: datetime | None
) -> int:
    from rich.progress import TextColumn

    from bot.evaluation.replay import replay

    new = (dialogue for dialogue in dialogues if dialogue.id not in file.done)
    shown = bar(TextColumn("{task.fields[rate]}"))
    shown.disable = not shown.console.is_terminal  # a pipe would get an empty line
    turns = 0
    with shown:
        task = shown.add_task("Replaying", total=None, rate="")
        async for replayed in replay(new, responder, alike, as_of=as_of):
            file.write(replayed)
            turns += len(replayed.turns)
            speed = shown.tasks[0].finished_speed or shown.tasks[0].speed or 0.0
            shown.update(task, advance=len(replayed.turns), rate=f"{speed:.0f} turns a second")
    return turns


def _hash(path: Path) -> str:
    """Return the hash of a file; raises `UsageError` where it cannot be read."""
    from retrieval.disk import sha256

    try:
        return sha256(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from error


def moment(day: date, settings: Settings) -> datetime:
    """Return noon of ``day`` where the bot is."""
    return datetime.combine(day, time(12), ZoneInfo(settings.knowledge.time_zone)).astimezone(UTC)


def day_of(text: str | None) -> date | None:
    """Read a day from the command line; raises `UsageError`."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of: expected a day such as 2026-11-25, found {text!r}.") from None

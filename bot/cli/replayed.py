"""How commands replay: the bot as the settings name it, over dialogues, into the folder of a run."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.cli.common import bar, counted, listed, warn
from bot.cli.knowledge import today
from bot.cli.logged import dialogues, labelled
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.evaluation.dialogues import Dialogue
    from bot.evaluation.folder import Writing
    from bot.evaluation.judging import Alike
    from bot.ports import Responder
    from bot.settings import Settings
    from finetune.logs import Problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What a run is made of, beside the bot: the messages, and the day on which they are asked."""

    #: "dialogues" for exported logs, "answers" for labelled messages.
    kind: str
    files: Sequence[Path]
    #: On which all of it is asked; None for when it was logged.
    day: date | None

    def read(self, settings: Settings, problems: Problems) -> Iterator[Dialogue]:
        """Yield the dialogues; messages of which no time is known are asked today."""
        at = moment(self.day or today(settings), settings)
        return labelled(self.files, at) if self.kind == "answers" else dialogues(self.files, problems, otherwise=at)

    def at(self, settings: Settings) -> datetime | None:
        """Return when all of it is asked; None for when it was logged."""
        return None if self.day is None else moment(self.day, settings)

    def run(self, settings: Settings, parts: Parts) -> dict[str, Any]:
        """Return what decides on the run with ``parts``: two that have the same here have the same turns."""
        from bot.app import setup_of, versions_of

        return {
            "kind": self.kind,
            "data": [{"name": path.name, "sha256": _hash(path)} for path in self.files],
            "as_of": None if self.day is None else self.day.isoformat(),
            "versions": versions_of(parts.source, parts.learned),
            **json.loads(setup_of(settings)),
        }

    @classmethod
    def of(cls, folder: Path) -> Inputs:
        """Return those of the run in ``folder``; raises `UsageError` where its data are not there any more."""
        from bot.evaluation.folder import DATA, read_run

        run = read_run(folder)
        try:
            files = [Path(name) for name in json.loads((folder / DATA).read_bytes())]
            day = date.fromisoformat(run["as_of"]) if run.get("as_of") else None
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{folder} does not tell what it was made of ({error}). Evaluate again.") from error
        if gone := [str(path) for path in files if not path.exists()]:
            raise UsageError(
                f"{folder} was made of {listed(gone)}, and that is gone. Evaluate again, with what is there."
            )
        return cls(kind=str(run.get("kind")), files=files, day=day)


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A replay after its end."""

    #: Of the run.
    folder: Path
    #: Turns that were there before, and those that were replayed now.
    before: int
    turns: int
    #: How long these took.
    seconds: float
    #: When the last turn of all dialogues was said (None: there is none).
    until: datetime | None

    @property
    def speed(self) -> float:
        """Turns replayed in a second."""
        return self.turns / self.seconds if self.seconds else 0.0


def _folder_for(settings: Settings, run: dict[str, Any]) -> Path:
    """Return the folder in the state folder of a run, by what decides on it."""
    from bot.evaluation.runs import RUNS

    name = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:12]
    return settings.state.folder / RUNS / name


def _tidy(settings: Settings) -> None:
    """Delete runs of the state folder that are too old: on a machine where nobody serves, nothing else does."""
    from bot.evaluation.runs import delete_runs, runs_before

    if days := settings.state.keep_days:
        count, problems = delete_runs(runs_before(settings.state.folder, datetime.now(UTC) - timedelta(days=days)))
        if count:
            warn(f"{counted(count, 'run is', 'runs are')} deleted: nothing was written there for {days} days.")
        for problem in problems:
            warn(problem)


def replay_into(
    folder: Path | None,
    inputs: Inputs,
    settings: Settings,
    parts: Parts,
    alike: Alike,
    problems: Problems,
) -> Done:
    """Replay into ``folder`` what is not there yet, with a bar; without one, into one in the state folder.

    Raises `UsageError` where there is nothing to ask.
    """
    from bot.evaluation.folder import DATA, put, writing

    start, run = monotonic(), inputs.run(settings, parts)
    if folder is None:
        _tidy(settings)
        folder = _folder_for(settings, run)
    with writing(folder, run) as file:
        put(folder / DATA, json.dumps([str(path.absolute()) for path in inputs.files]).encode())
        until: datetime | None = None

        def new() -> Iterator[Dialogue]:
            nonlocal until
            for dialogue in inputs.read(settings, problems):
                times = [turn.at for turn in dialogue.turns]
                until = max([*times, until] if until else times, default=None)
                if dialogue.id not in file.done:
                    yield dialogue

        turns = asyncio.run(_replay(file, new(), parts.responder(settings), alike, inputs.at(settings)))
        if not file.before + turns:
            names = listed([str(path) for path in inputs.files])
            raise UsageError(f"There is no message of a customer in {names}, so there is nothing to ask.")
        return Done(folder=folder, before=file.before, turns=turns, seconds=monotonic() - start, until=until)


async def _replay(
    file: Writing, dialogues: Iterator[Dialogue], responder: Responder, alike: Alike, as_of: datetime | None
) -> int:
    from rich.progress import TextColumn

    from bot.evaluation.replay import replay

    turns = 0
    with bar(TextColumn("{task.fields[rate]}")) as shown:
        task = shown.add_task("Replaying", total=None, rate="")
        async for replayed in replay(dialogues, responder, alike, as_of=as_of):
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

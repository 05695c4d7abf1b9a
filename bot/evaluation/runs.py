"""The runs of a state folder: which there are, and how they are deleted.

They hold what customers wrote in logs. A log does not tell whose it was, and a report quotes what the turns say: a run
is deleted as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import UsageError
from bot.evaluation.folder import RUN, delete, read_run

#: Where runs are kept that no folder is named for, in the state folder.
RUNS = "runs"


def runs_in(state: Path) -> list[Path]:
    """Return the folders of the runs in the state folder ``state``; what else lies beside them is none of ours."""
    place = state / RUNS
    return sorted(path.parent for path in place.glob(f"*/{RUN}")) if place.is_dir() else []


def runs_before(state: Path, moment: datetime) -> list[Path]:
    """Return those to which nothing was written since ``moment``."""
    return [folder for folder in runs_in(state) if (at := _written(folder)) and at < moment]


def data_of(folder: Path) -> list[str]:
    """Return the names of the files that a run was made of, as far as it tells them."""
    with suppress(UsageError, KeyError, TypeError):
        return [str(file["name"]) for file in read_run(folder)["data"]]
    return []


def delete_runs(folders: Iterable[Path]) -> tuple[int, list[str]]:
    """Delete runs; return how many were, and what is to be told of those that could not be."""
    count, problems = 0, []
    for folder in folders:
        try:
            delete(folder)
            count += 1
        except UsageError as error:
            if folder.exists():  # otherwise another process has deleted it too
                problems.append(error.detail)
    return count, problems


def _written(folder: Path) -> datetime | None:
    """Return when something of a run was last written; None where another process is just deleting it."""
    with suppress(FileNotFoundError):
        if times := [path.stat().st_mtime for path in folder.iterdir()]:
            return datetime.fromtimestamp(max(times), UTC)
    return None

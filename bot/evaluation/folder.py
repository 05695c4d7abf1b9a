"""A run on disk: what was replayed with what, a line for each turn, and how long replies took.

``run.json`` says what the run is of: the data by their hashes, the settings that decide, the versions of knowledge and
models. ``turns.jsonl`` has the turns: the same build, data and settings write the same bytes. ``timings.jsonl`` has
what differs each time. ``log.json`` tells of the log itself, as it was held: what became of its cases, and what in it
could not be read. A run that was cut off goes on where it stopped, and one process at a time writes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bot.errors import UsageError
from bot.evaluation.replay import Replayed
from bot.evaluation.turns import ReplayedTurn

RUN, TURNS, TIMINGS, LOG = "run.json", "turns.jsonl", "timings.jsonl", "log.json"
#: Where the data of a run lay, which another machine need not know.
DATA = "data.json"


def read_run(folder: Path) -> dict[str, Any]:
    """Return what the run in ``folder`` is of; raises `UsageError` where there is none."""
    path = folder / RUN
    try:
        run = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no run: there is no {RUN}. Make one with: kefu evaluate dialogues") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}. Evaluate again, into another folder.") from error
    if not isinstance(run, dict):
        raise UsageError(f"{path}: expected an object. Evaluate again, into another folder.")
    return run


def read_turns(folder: Path) -> Iterator[ReplayedTurn]:
    """Yield the turns of the run in ``folder``, in their order; raises `UsageError` that names the line."""
    path = folder / TURNS
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}. Evaluate again, into another folder.") from error
    with file:
        for number, line in enumerate(file, 1):
            yield _turn(line, path, number)


def read_timings(folder: Path) -> list[float]:
    """Return the milliseconds that replies took, of those that were made alone."""
    found: list[float] = []
    with suppress(OSError), (folder / TIMINGS).open("rb") as file:
        for line in file:
            with suppress(ValueError, KeyError, TypeError):  # cut off; the others are as good as before
                found += map(float, json.loads(line)["ms"])
    return found


def write_log(folder: Path, about: Mapping[str, Any]) -> None:
    """Write what is told of the log itself."""
    put(folder / LOG, json.dumps(about, ensure_ascii=False, indent=2).encode())


def read_log(folder: Path) -> dict[str, Any] | None:
    """Return what `write_log` wrote, None where nothing was; raises `UsageError` where it is damaged."""
    path = folder / LOG
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}. Delete it, and evaluate again.") from error
    return found


def _turn(line: bytes, path: Path, number: int) -> ReplayedTurn:
    try:
        return ReplayedTurn.of_json(line.decode())
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}:{number}: not a turn of a run ({error}). Evaluate again.") from error


@dataclass(kw_only=True)
class Writing:
    """A run that is being written: dialogue by dialogue."""

    folder: Path
    #: The dialogues that were there before, and how many turns they have.
    done: frozenset[str]
    before: int
    _turns: IO[bytes] = field(repr=False)
    _timings: IO[bytes] = field(repr=False)

    def write(self, replayed: Replayed) -> None:
        """Add a dialogue."""
        self._turns.write("".join(f"{turn.json()}\n" for turn in replayed.turns).encode())
        if replayed.took:
            timings = {"dialogue": replayed.turns[0].dialogue, "ms": [round(took, 2) for took in replayed.took]}
            self._timings.write(f"{json.dumps(timings, ensure_ascii=False)}\n".encode())


@contextmanager
def writing(folder: Path, run: Mapping[str, Any]) -> Iterator[Writing]:
    """Begin the run in ``folder``, or go on with it; one that ends without a turn was not begun.

    Raises `UsageError` where the folder cannot be written to or holds another one, or another process is writing it.
    """
    begun = (folder / RUN).exists()
    if begun and (other := differing(read_run(folder), run)):
        raise UsageError(
            f"{folder} holds a run of something else, with other {', '.join(other)}. Name another folder with --report."
        )
    if not begun:
        _begin(folder, run)
    with (folder / TURNS).open("ab") as turns, (folder / TIMINGS).open("ab") as timings:
        _hold(turns, folder, "Wait for it, or name another folder.")
        done, before = _whole(folder / TURNS)
        try:
            yield Writing(folder=folder, done=done, before=before, _turns=turns, _timings=timings)
        finally:
            turns.flush()
            if not os.fstat(turns.fileno()).st_size:
                for name in (RUN, DATA, TURNS, TIMINGS):
                    (folder / name).unlink(missing_ok=True)


def delete(folder: Path) -> None:
    """Delete the run in ``folder`` with all that lies there, its report too.

    Raises `UsageError` where another process is writing it, or it cannot be deleted.
    """
    try:
        with (folder / TURNS).open("ab") as turns:
            _hold(turns, folder, "Wait for it, and delete it then.")
            # What tells that this is a run goes last: of one that is half deleted the rest is found again.
            for path in sorted(folder.iterdir(), key=lambda path: path.name == RUN):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        folder.rmdir()
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}. Delete {folder} yourself.") from error


def _hold(turns: IO[bytes], folder: Path, what_next: str) -> None:
    """Be the one process that has the run in ``folder``; raises `UsageError` where another one has it."""
    try:
        fcntl.flock(turns, fcntl.LOCK_EX | fcntl.LOCK_NB)  # freed when the process ends, however it ends
    except OSError as error:
        raise UsageError(f"{folder} is being written by another kefu. {what_next}") from error


def _begin(folder: Path, run: Mapping[str, Any]) -> None:
    """Make the folder of a run; raises `UsageError` where it holds something else, or cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} holds something else than a run. Name another folder with --report.")
        put(folder / RUN, json.dumps(run, ensure_ascii=False, indent=2, sort_keys=True).encode())
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}. Name another folder with --report.") from error


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in what two runs differ, as `read_run` has them."""
    now = json.loads(json.dumps(now))
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def put(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole, or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(data)
    os.replace(beside, path)


def _whole(path: Path) -> tuple[frozenset[str], int]:
    """Return the dialogues that are in the file whole, and their turns; the rest of one that was cut off is cut."""
    done: set[str] = set()
    keep = place = turns = mine = 0
    dialogue = ""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            turn = _turn(line, path, number)
            place += len(line)
            mine = mine + 1 if turn.dialogue == dialogue else 1
            dialogue = turn.dialogue
            if mine == turn.of:
                done.add(dialogue)
                keep, turns = place, number
    os.truncate(path, keep)
    return frozenset(done), turns

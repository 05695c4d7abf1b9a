"""What the commands that measure on labelled rows share: their options, and how they tell what came out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import bar
from bot.cli.tables import table
from bot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

DataOption = Annotated[
    list[Path], typer.Option("--data", metavar="FILE", help="Labelled rows, as JSONL; repeat it for several.")
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FOLDER", help="Write what --json prints to report.json there, without times."),
]


def check_data(data: Sequence[Path]) -> None:
    """Raise `UsageError` where the rows are to come from the standard input."""
    if Path("-") in data:
        raise UsageError("--data: expected a file, whose hash is told; found the standard input.")


def files_of(data: Sequence[Path], rows: Sequence[int]) -> list[dict[str, Any]]:
    """Return what the data are known by; ``rows`` says how many each file has."""
    from retrieval.disk import sha256

    return [{"name": path.name, "sha256": sha256(path), "n": n} for path, n in zip(data, rows, strict=True)]


def write_report(folder: Path, document: Mapping[str, Any]) -> Path:
    """Write report.json: the same build and data write the same bytes. Raises `UsageError` where that cannot be."""
    from retrieval.disk import replace_file

    path = folder / "report.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())
    except OSError as error:
        raise UsageError(f"--report: {error.filename or path}: {error.strerror}. Name another folder.") from error
    return path


@contextmanager
def advancing(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of ``total`` are done: a bar at a terminal, nothing through a pipe."""
    with bar() as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.advance(task, done)


def columns(document: Mapping[str, Any], by: str) -> dict[str, Mapping[str, Any]]:
    """Return the figures of each slice ``by`` language or kind, and of all where there are several of them."""
    mine: dict[str, Mapping[str, Any]] = document["slices"].get(by, {})
    return mine if len(mine) == 1 else {"all": document["metrics"], **mine}


def show_figures(figures: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], what: str) -> None:
    """Print a table: a row for each of ``names``, figures and how they are called, a column for each slice.

    Its first row is how many of ``what`` the first figure of a slice rests on.
    """
    first = next(iter(names))
    rows = [["", *figures], [what, *(str(each[first]["n"]) for each in figures.values())]]
    rows += [[name, *(interval(each[key]) for each in figures.values())] for key, name in names.items()]
    typer.echo(f"{table(rows)}\n")


def interval(estimate: Mapping[str, Any]) -> str:
    """Return a figure with its bounds: "0.905 (0.886-0.923)"."""
    if estimate["mean"] is None:
        return "-"
    bounds = "" if estimate["low"] is None else f" ({estimate['low']:.3f}-{estimate['high']:.3f})"
    return f"{estimate['mean']:.3f}{bounds}"

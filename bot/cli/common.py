"""What the commands share: their common options, and how they read rows and print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import UsageError
from retrieval.text import whole

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from bot.settings import Settings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file. Default: kefu.toml here, if there is one.")
]
FaqOption = Annotated[
    list[Path] | None, typer.Option("--faq", help="Folder or file with FAQ entries; repeat it for several.")
]
StateOption = Annotated[
    Path | None, typer.Option("--state", help="Folder for the index and what was trained. Default: .kefu")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

#: Names listed in one line; the others are counted.
_LISTED = 10


def settings_from(config: Path | None, faq: list[Path] | None, state: Path | None, **others: object) -> Settings:
    """Return the settings with the common options over them; ``others`` are dotted keys with "__" for the dot."""
    # pydantic takes a tenth of a second to import, which `kefu --help` need not wait for.
    from bot.settings import load_settings

    overrides: dict[str, object] = {"knowledge.sources": faq or None, "state.folder": state}
    return load_settings(config, overrides=overrides | {key.replace("__", "."): v for key, v in others.items()})


def bar(*more: ProgressColumn) -> Progress:
    """Return a bar on the standard error that vanishes when it is done; ``more`` stands at its end.

    Nothing is shown through a pipe, which would get an empty line.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *more)
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on a terminal's standard error that something goes on of which the end is not known."""
    shown = bar()
    shown.disable = not shown.console.is_terminal  # a pipe would get an empty line
    with shown:
        shown.add_task(what, total=None)
        yield


def print_json(document: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def warn(text: str) -> None:
    """Tell something on the standard error."""
    typer.echo(text, err=True)


def counted(count: int, one: str, many: str) -> str:
    """Return the count with the word for one or for many."""
    return f"{count} {one if count == 1 else many}"


def listed(names: Sequence[str]) -> str:
    """Return ``names`` in one line, the first ones where there are many."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and content of each row of a JSONL file; "-" is the standard input.

    Raises `UsageError` that names the line where a row is not a JSON object.
    """
    try:
        lines = sys.stdin.buffer if str(path) == "-" else path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from error
    with lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if b"\\u" in line:  # an escape can be half of a character, which no file takes
                    row = json.loads(whole(json.dumps(row, ensure_ascii=False)))
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{path}:{number}: not JSON ({error}).") from error
            if not isinstance(row, dict):
                raise UsageError(f"{path}:{number}: expected an object, found {type(row).__name__}.")
            yield number, row


def same_encoder(one: str, other: str) -> bool:
    """Whether two names of encoders are one: "embedded", a hub name, or a folder, however it is written."""
    return Path(one).expanduser().absolute() == Path(other).expanduser().absolute()

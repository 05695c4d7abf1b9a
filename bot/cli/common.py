"""What the commands share: their common options, how they load, show progress and fail."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.aside import aside
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Library, Progress
    from bot.settings import Settings
    from bot.types import Reply
    from retrieval.index import KnowledgeIndex
    from retrieval.ingest import Ingestion

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file. Default: kefu.toml here, if there is one.")
]
FaqOption = Annotated[
    list[Path] | None, typer.Option("--faq", help="Folder or file with FAQ entries; repeat it for several.")
]
StateOption = Annotated[Path | None, typer.Option("--state", help="Folder for the index. Default: .kefu")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

#: Problems of the sources shown one by one; `kefu ingest` shows them all.
_SHOWN = 5

#: Names listed in one line; the others are counted.
_LISTED = 10


def settings_from(config: Path | None, faq: list[Path] | None, state: Path | None, **others: object) -> Settings:
    """Return the settings with the common options over them; ``others`` are dotted keys with "__" for the dot."""
    # pydantic takes a tenth of a second to import, which `kefu --help` need not wait for.
    from bot.settings import load_settings

    overrides: dict[str, object] = {"knowledge.sources": faq or None, "state.folder": state}
    return load_settings(config, overrides=overrides | {key.replace("__", "."): v for key, v in others.items()})


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


def today(settings: Settings) -> date:
    """Return the day that decides which entries are served now."""
    return datetime.now(ZoneInfo(settings.knowledge.time_zone)).date()


def read_knowledge(settings: Settings) -> tuple[Library, KnowledgeIndex, Ingestion]:
    """Load the library and the index, with progress; an interrupt ends it at once."""
    from bot.app import Library

    with progress() as shown:

        def work() -> tuple[Library, KnowledgeIndex, Ingestion]:
            library = Library.load(settings, shown)
            return library, *library.index(settings, shown)

        return aside(work).result()


def open_knowledge(settings: Settings) -> tuple[Library, KnowledgeIndex]:
    """Load the library and the index; what was wrong with the sources is told on the standard error."""
    library, index, ingestion = read_knowledge(settings)
    for problem in ingestion.problems[:_SHOWN]:
        warn(f"Left out: {problem}")
    if len(ingestion.problems) > _SHOWN:
        more = len(ingestion.problems) - _SHOWN
        warn(f"... and {more} more. See them all with: {settings.again('kefu ingest')}")
    return library, index


def log_to_stderr() -> None:
    """Send warnings of kefu to the standard error, one line each."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Show on the standard error how far the start has come: a bar at a terminal, nothing through a pipe."""
    from bot.app import Progress

    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=None)

        def encoded(done: int, total: int) -> None:
            bar.update(task, description="Encoding", completed=done, total=total)

        yield Progress(step=lambda text: bar.update(task, description=text), encoded=encoded)


def reply_json(reply: Reply, *, name: str | None = None) -> dict[str, Any]:
    """Return ``reply`` as the JSON that all commands print; ``name`` stands in for its id."""
    return {
        "id": name or reply.id,
        "text": reply.text,
        "action": reply.action.value,
        "confidence": reply.confidence,
        "language": reply.language,
        "citations": [{"id": c.id, "question": c.question, "source": c.source, "url": c.url} for c in reply.citations],
        "reason": reply.reason.value,
        "candidates": [{"id": c.id, "score": round(c.confidence, 4), "source": c.source} for c in reply.candidates],
        "timings_ms": dict(reply.timings_ms),
    }


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
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{path}:{number}: not JSON ({error}).") from error
            if not isinstance(row, dict):
                raise UsageError(f"{path}:{number}: expected an object, found {type(row).__name__}.")
            yield number, row

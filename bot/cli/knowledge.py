"""How the commands come to the knowledge: loaded with progress, and only as early as they need it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.aside import aside
from bot.cli.common import bar, warn

if TYPE_CHECKING:
    from bot.library import Library, Progress
    from bot.settings import Settings
    from retrieval.index import KnowledgeIndex
    from retrieval.ingest import Ingestion


def read_knowledge(settings: Settings) -> tuple[Library, KnowledgeIndex, Ingestion]:
    """Load the library and the index, with progress; an interrupt ends it at once."""
    from bot.library import Library

    with progress() as shown:

        def work() -> tuple[Library, KnowledgeIndex, Ingestion]:
            library = Library.load(settings, shown)
            return library, *library.index(settings, shown)

        return aside(work).result()


def open_knowledge(settings: Settings) -> tuple[Library, KnowledgeIndex]:
    """Load the library and the index; what was wrong with the sources is told on the standard error."""
    from bot.hints import told

    library, index, ingestion = read_knowledge(settings)
    for line in told([f"Left out: {problem}" for problem in ingestion.problems], settings):
        warn(line)
    return library, index


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Show on the standard error how far the start has come: a bar at a terminal, nothing through a pipe."""
    from bot.library import Progress

    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.progress import TimeRemainingColumn

    with bar(TimeRemainingColumn()) as shown:
        task = shown.add_task("Starting", total=None)

        def encoded(done: int, total: int) -> None:
            shown.update(task, description="Encoding", completed=done, total=total)

        yield Progress(step=lambda text: shown.update(task, description=text), encoded=encoded)


def today(settings: Settings) -> date:
    """Return the day that decides which entries are served now."""
    return datetime.now(ZoneInfo(settings.knowledge.time_zone)).date()

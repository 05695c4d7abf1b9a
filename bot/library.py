"""What reads and searches knowledge, as the settings name it, and the edits of the knowledge while a bot runs."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.aside import aside
from bot.hints import MOST_TOLD, told
from bot.knowledge import KnowledgeSource
from bot.settings import Settings
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.errors import KefuError, SourceError
from retrieval.export import load_encoder
from retrieval.index import KnowledgeIndex
from retrieval.ingest import Ingestion, read_sources
from retrieval.types import Problem, Query

log = logging.getLogger(__name__)

#: How long edits may keep coming before the knowledge is read again, in milliseconds: editors write a file in steps.
SETTLE_MS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Who is told how far the start has come; each default tells nobody."""

    #: A step that takes a while begins.
    step: Callable[[str], None] = lambda text: None
    #: So many texts are encoded, of so many.
    encoded: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """What reads and searches knowledge: loaded once, used for every version of the knowledge."""

    encoder: Encoder
    analyzer: Analyzer

    @classmethod
    def load(cls, settings: Settings, progress: Progress) -> Library:
        """Load what the settings name; the encoder is exported the first time."""
        return cls(
            encoder=load_encoder(
                settings.retrieval.encoder,
                settings.state.cache,
                threads=settings.retrieval.threads,
                progress=progress.step,
            ),
            analyzer=Analyzer(user_dictionary=settings.retrieval.user_dictionary),
        )

    def index(self, settings: Settings, progress: Progress) -> tuple[KnowledgeIndex, Ingestion]:
        """Read the sources and return their index, built or taken over, and what was wrong with them."""
        progress.step("Reading the knowledge")
        ingestion = read_sources(settings.knowledge.sources, strict=settings.knowledge.strict)
        if not ingestion.passages:
            raise SourceError(_nothing(settings.knowledge.sources, ingestion.problems))
        folder = settings.state.folder / "index"
        index = build_index(
            folder,
            ingestion.passages,
            self.encoder,
            self.analyzer,
            keep=timedelta(days=settings.state.index_days),
            progress=progress.encoded,
        )
        return index, ingestion


def _nothing(sources: Sequence[Path], problems: Sequence[Problem]) -> str:
    """Return what is told where the sources hold no entry: what is wrong with them, and what to do.

    `told` would send an operator who has run `kefu ingest` to `kefu ingest`.
    """
    more = len(problems) - MOST_TOLD
    return "\n".join(
        [
            f"There is no entry to index in {', '.join(map(str, sources))}.",
            *map(str, problems[:MOST_TOLD]),
            *[f"... and {more} more"] * (more > 0),
            f"{'Mend them' if problems else 'Write entries there'}, or name others with --faq, or as [knowledge] "
            "sources in the settings.",
        ]
    )


async def watch(settings: Settings, library: Library, source: KnowledgeSource) -> None:
    """Take up each edit of the sources; where they cannot be watched any more, that is told and the bot goes on."""
    sources = [path.absolute() for path in settings.knowledge.sources]
    folders = {path if path.is_dir() else path.parent for path in sources}
    state = settings.state.folder.absolute()

    def concerns(_: object, name: str) -> bool:
        """Whether a change is one of the sources: a file's folder may hold much else, the bot's own state for one."""
        path = Path(name)
        return not path.is_relative_to(state) and any(
            path.is_relative_to(source) or path.parent == source.parent for source in sources
        )

    try:
        from watchfiles import awatch

        async for _ in awatch(*folders, watch_filter=concerns, step=SETTLE_MS // 3, debounce=SETTLE_MS):
            await _take_up(settings, library, source)
    except Exception as error:  # the system watches no more files, say
        log.error("Edits of the knowledge are not seen until the next start. %s: %s", type(error).__name__, error)


async def _take_up(settings: Settings, library: Library, source: KnowledgeSource) -> None:
    """Put the index of the sources as they are now in place; where they cannot be used, the earlier one goes on."""
    try:
        index, ingestion = await _indexed(settings, library)
        if index.version != source.index.version:
            await asyncio.to_thread(prepare, index)
    except Exception as error:  # a full disk, say: whatever it is, the next edit has to be seen
        what = error if isinstance(error, KefuError) else f"{type(error).__name__}: {error}"
        log.warning("The knowledge changed but cannot be used, the earlier one goes on. %s", what)
        return
    for line in told(ingestion.problems, settings):
        log.warning("%s", line)
    if index.version != source.index.version:
        source.index = index
        log.info("knowledge %s is in use: %d entries", index.version, len(index))


async def _indexed(settings: Settings, library: Library) -> tuple[KnowledgeIndex, Ingestion]:
    """Read and index the sources; if the bot stops meanwhile, that is given up at the next text to encode."""
    unwanted = threading.Event()

    def encoded(done: int, total: int) -> None:
        if unwanted.is_set():
            raise KefuError(f"Given up after {done} of {total} texts: the bot has stopped.")

    try:
        return await asyncio.wrap_future(aside(lambda: library.index(settings, Progress(encoded=encoded))))
    finally:
        unwanted.set()


def prepare(index: KnowledgeIndex) -> None:
    """Search once: what an index makes ready at its first search, no customer should wait for.

    What mends slips is made at the first one: it takes a quarter of a second, which `kefu ask` need not wait for.
    """
    index.search([Query(text="?")], 1, day=date.min)

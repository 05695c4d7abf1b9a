"""The bot as it is, with more entries in its knowledge: tried out, and put into use nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.library import Library
    from bot.settings import Settings
    from retrieval.index import KnowledgeIndex
    from retrieval.types import Passage


@contextmanager
def trial(
    settings: Settings, library: Library, index: KnowledgeIndex, parts: Parts
) -> Iterator[Callable[[Sequence[Passage]], Parts]]:
    """Yield what returns ``parts`` with entries beside those of ``index``, or instead of those with the same id.

    Their index is one of its own that vanishes at the end.
    """
    from retrieval.build import build_index

    with TemporaryDirectory(prefix="kefu-trial-") as name:
        folder = Path(name)
        with suppress(OSError):  # without it everything is encoded again
            shutil.copytree(settings.state.folder / "index" / index.version, folder / index.version)
            (folder / "current").write_text(index.version, "utf-8")

        def tried(more: Sequence[Passage]) -> Parts:
            passages = {passage.key: passage for passage in (*index.data.passages, *more)}
            return parts.over(settings, build_index(folder, [*passages.values()], library.encoder, library.analyzer))

        yield tried

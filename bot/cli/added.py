"""What an entry would change: the run of before once more, with the entry in the knowledge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.cli.common import warn
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings


@contextmanager
def with_entries(run: Path, entries: Sequence[Path], settings: Settings) -> Iterator[Path]:
    """Yield the folder of a run like that in the folder ``run``, with ``entries`` added; it vanishes at the end.

    Raises `UsageError` where more has changed since than the entries: what they do could not be told from that.
    """
    from bot.app import Parts
    from bot.cli.knowledge import open_knowledge
    from bot.cli.replayed import Inputs, replay_into
    from bot.cli.trial import trial
    from bot.evaluation.folder import differing, read_run
    from bot.evaluation.likeness import Likeness
    from finetune.logs import Problems
    from retrieval.ingest import read_sources

    inputs = Inputs.of(run)
    ingestion = read_sources(list(entries))
    for problem in ingestion.problems:
        warn(f"Left out: {problem}")
    if not ingestion.passages:
        raise UsageError("--add: there is no entry in it.")
    library, index = open_knowledge(settings)
    parts = Parts.of(settings, library, index)
    if differ := differing(read_run(run), inputs.run(settings, parts)):
        raise UsageError(
            f"{run} was made with other {', '.join(differ)} than are in use now. Make it anew with kefu evaluate "
            f"{inputs.kind}, so that what is added is all that differs."
        )
    with trial(settings, library, index, parts) as tried, TemporaryDirectory(prefix="kefu-added-") as folder:
        more = Path(folder) / "run"
        alike = Likeness(library.encoder.encode)
        replay_into(more, inputs, settings, tried(ingestion.passages), alike, Problems())
        yield more

"""All checks over one knowledge, in order, and what is left of their findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from retrieval.index import KnowledgeIndex
from retrieval.ingest import Ingestion
from retrieval.ingest.decode import decode, read_bytes
from retrieval.ingest.rows import Unreadable
from retrieval.lint.dates import check_dates
from retrieval.lint.finding import Finding, Place
from retrieval.lint.nearness import look_around
from retrieval.lint.pairs import check_pairs
from retrieval.lint.reach import check_reach
from retrieval.lint.references import DOCUMENTS, check_references
from retrieval.lint.slips import check_slips
from retrieval.lint.suppression import COMMENTS, apply, suppressions
from retrieval.lint.twins import check_twins
from retrieval.lint.wording import Channel, check_wording
from retrieval.types import Passage, Problem

#: The fields of a problem that tell of dates.
_DATES = frozenset({"valid_from", "valid_until"})

#: What is told of a text that nobody has written yet: what else is wrong with it follows from that.
_UNFINISHED = frozenset({"K602", "K603"})


def lint(
    ingestion: Ingestion,
    index: KnowledgeIndex,
    *,
    day: date,
    channels: Sequence[Channel] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Finding]:
    """Return what is wrong with the knowledge on ``day``, in the order of files and lines.

    ``index`` holds the passages of ``ingestion``; ``channels`` are those that answers have to fit into. ``progress``
    is told how much is done, of how much. What is suppressed is left out, and what suppresses nothing is told.
    """
    passages, texts = ingestion.passages, _texts(ingestion)
    findings = [_not_taken(problem) for problem in ingestion.problems]
    wording = list(check_wording(passages, channels))
    unfinished = {(f.place.id, f.place.language) for f in wording if f.code in _UNFINISHED}
    written = [passage for passage in passages if passage.key not in unfinished]
    steps = _Steps(len(index.data.passages) + len(written), progress)
    findings += wording
    findings += check_dates(passages, day)
    findings += check_twins(passages, unfinished)
    findings += check_references(passages, texts)
    findings += check_slips(passages)
    findings += _with_index(written, index, day, steps)
    left, idle = apply(findings, list(suppressions(passages, texts)))
    message = "There is nothing to ignore here: take {} out."
    left += [Finding(code="K002", place=each.place, message=message.format(each.code)) for each in idle]
    order = {str(file): number for number, file in enumerate(ingestion.files)}
    return sorted(left, key=lambda f: (order.get(f.place.file, len(order)), f.place.line, f.code, f.message))


class _Steps:
    """Counts what is done."""

    def __init__(self, total: int, told: Callable[[int, int], None]) -> None:
        self.done = 0
        self._total = total
        self._told = told

    def __call__(self, more: int) -> None:
        self.done += more
        self._told(self.done, self._total)


def _with_index(
    passages: Sequence[Passage], index: KnowledgeIndex, day: date, steps: Callable[[int], None]
) -> Iterator[Finding]:
    """Yield what the index finds; an entry that is in another's way is told of once."""
    told: set[frozenset[str]] = set()
    around = look_around(index, steps)
    for finding in check_pairs(passages, around):
        if finding.other:
            told.add(frozenset((finding.place.id, finding.other.id)))
        yield finding
    yield from check_reach(passages, index, around, day=day, told=told, progress=steps)


def _not_taken(problem: Problem) -> Finding:
    code = "K401" if problem.field in _DATES else "K001"
    field = f"{problem.field}: " if problem.field else ""
    message = f"{field}{problem.found}; expected {problem.expected}."
    return Finding(code=code, place=Place(file=problem.file, line=problem.line), message=message)


def _texts(ingestion: Ingestion) -> dict[str, str]:
    """Return the texts of the files whose comments and links the passages do not show."""
    return {str(file): _text(file) for file in ingestion.files if file.suffix.lower() in {*DOCUMENTS, *COMMENTS}}


def _text(file: Path) -> str:
    try:
        return decode(read_bytes(file))
    except Unreadable:  # it is told among the problems
        return ""

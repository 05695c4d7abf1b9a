"""From paths to passages: finds the files, reads each by its kind, and keeps ids apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.ingest.decode import MAX_BYTES, decode, read_bytes
from retrieval.ingest.files import looked_for, source_files
from retrieval.ingest.rows import Collector, Unreadable
from retrieval.ingest.tables import MAX_LINE, read_csv, read_json, read_jsonl, read_tsv, read_xlsx, read_yaml
from retrieval.ingest.yamltext import MAX_YAML_BYTES
from retrieval.types import Passage, Problem

#: A document is read as a whole; a longer one is a book, and better given as its chapters.
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingestion:
    """What a set of sources holds."""

    #: In the order of the files, and within a file in its own.
    passages: tuple[Passage, ...]
    #: What could not be taken, or was taken with a doubt.
    problems: tuple[Problem, ...]
    #: The knowledge files that were read.
    files: tuple[Path, ...]


def read_sources(paths: Sequence[Path], *, strict: bool = False) -> Ingestion:
    """Read all knowledge under ``paths``: every good entry, and a problem for everything else.

    No two of the passages share id and language: the first one stays. Raises SourceError where a path does not exist,
    where there is no knowledge file at all, and, if ``strict``, where there is any problem.
    """
    files = source_files(paths)
    if not files:
        raise SourceError(f"There is no knowledge file.\n{looked_for(paths)}")
    passages: dict[tuple[str, str], Passage] = {}
    problems: list[Problem] = []
    for file in files:
        found = read_file(file)
        _merge(found, passages)
        problems += sorted(found.problems, key=lambda problem: problem.line)
    if strict and problems:
        more = f"\n... and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise SourceError(f"{problems[0]}{more}")
    return Ingestion(passages=tuple(passages.values()), problems=tuple(problems), files=tuple(files))


def read_file(path: Path) -> Collector:
    """Read one knowledge file; what is wrong with it stands among the problems, and nothing is raised."""
    into = Collector(str(path))
    try:
        _READERS[path.suffix.lower()](path, into)
    except Unreadable as wrong:
        into.problem(wrong.line, found=wrong.found, expected=wrong.expected)
    except RecursionError:
        into.problem(0, found="elements nested hundreds deep", expected="a document as people write them")
    return into


def _merge(found: Collector, passages: dict[tuple[str, str], Passage]) -> None:
    """Add the entries of a file whose ids are still free; note the others as problems."""
    for entry in found.entries:
        taken = next((part for part in entry if part.key in passages), None)
        if taken is None:
            passages.update((part.key, part) for part in entry)
            continue
        first = passages[taken.key]
        place = f"{first.source}:{first.line}"
        if (first.question, first.answer) == (taken.question, taken.answer):
            found.problem(entry[0].line, found=f"the entry of {place} again ({taken.id})", expected="each entry once")
        else:
            expected = f"an id of its own for each entry in {taken.language}"
            has = f"{taken.id!r}, which {place} has already"
            found.problem(entry[0].line, field="id", found=has, expected=expected)


def _table(read: Callable[[str, Collector], None], limit: int, path: Path, into: Collector) -> None:
    read(decode(read_bytes(path, limit)), into)


def _xlsx(path: Path, into: Collector) -> None:
    read_xlsx(read_bytes(path), into)


def _document(path: Path, into: Collector) -> None:
    """Read running text; the libraries for it are imported where there is some."""
    text = decode(read_bytes(path, MAX_DOCUMENT_BYTES))
    name = " ".join(path.stem.replace("_", " ").replace("-", " ").split()) or path.name
    if any(len(line) > MAX_LINE for line in text.split("\n")):
        raise Unreadable("a line that never ends", f"lines of at most {MAX_LINE} characters")
    if path.suffix.lower() == ".txt":
        if text.strip():
            into.row([("question", name), ("answer", text)], 1, in_parts=True)
    elif path.suffix.lower() in {".html", ".htm"}:
        from retrieval.ingest.html import read_html

        read_html(text, into, name=name)
    else:
        from retrieval.ingest.markdown import read_markdown

        read_markdown(text, into, name=name)


_yaml = partial(_table, read_yaml, MAX_YAML_BYTES)

#: How each kind of file is read; its keys are the suffixes of ``retrieval.ingest.files.SUFFIXES``.
_READERS: dict[str, Callable[[Path, Collector], None]] = {
    ".jsonl": partial(_table, read_jsonl, MAX_BYTES),
    ".json": partial(_table, read_json, MAX_BYTES),
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": partial(_table, read_csv, MAX_BYTES),
    ".tsv": partial(_table, read_tsv, MAX_BYTES),
    ".xlsx": _xlsx,
    ".md": _document,
    ".markdown": _document,
    ".html": _document,
    ".htm": _document,
    ".txt": _document,
}

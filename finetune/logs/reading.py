"""From paths to conversations: which files are logs, and which of their pieces belong to one conversation.

Everything is read twice: the files, piece by piece, onto a `Shelf` on disk, and from there conversation by
conversation. So memory holds one conversation at a time, however large the logs are; the disk holds a copy of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from finetune.errors import DataError, NothingError
from finetune.logs.cells import long_cells
from finetune.logs.dialogues import dialogue_of, dialogue_pieces
from finetune.logs.kinds import Cells
from finetune.logs.problems import Problems, Report, What
from finetune.logs.records import NEVER, Conversation, Utterance
from finetune.logs.shelf import Piece, Shelf, open_shelf
from finetune.logs.tables import Table, table_pieces, ticket_of
from retrieval.ingest.rows import describe

_DIALOGUES, _TABLES = (".jsonl", ".ndjson"), (".csv", ".tsv")
_SUFFIXES = (*_DIALOGUES, *_TABLES)
_ENDINGS = ", ".join(_SUFFIXES)

#: Hears what is done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def log_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that ``paths`` name, those in folders in the order of their names; raises `DataError`."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in _SUFFIXES)
            if not inside:
                raise DataError(f"{path}: no log in this folder; expected files that end in {_ENDINGS}.")
            files += inside
        elif path.suffix.lower() not in _SUFFIXES:
            if not path.exists():
                raise DataError(f"{path}: No such file or directory.")
            raise DataError(f"{path}: not known by its name as a log; expected a file that ends in {_ENDINGS}.")
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def iter_logs(paths: Sequence[Path], problems: Problems, progress: Progress | None = None) -> Iterator[Conversation]:
    """Yield the conversations of all logs, each once, in the order in which they were begun.

    Parts of a ticket in several exports are put together, and what stands in two of them counts once. What is wrong in
    them is told to ``problems``, and the rest is read; raises `DataError` for a file that cannot be read at all, or
    that nothing is left of, and where there is nothing in any. ``progress`` hears of each file and each conversation.
    """
    files = log_files(paths)
    told = progress or _silent
    read = Counter[Path]()
    with open_shelf() as shelf:
        headers: list[Table | None] = []
        empty: dict[Path, NothingError] = {}
        for number, path in enumerate(files):
            told(f"Reading {path.name}", number, len(files))
            try:
                headers.append(_put(path, number, _label(path, files), shelf, problems))
            except NothingError as nothing:  # a day without a ticket, say: nothing is lost without it
                empty[path] = nothing
                headers.append(None)
        if len(empty) == len(files):
            raise empty[files[0]]
        for path in empty:
            problems.at(path, 0)(What.EMPTY, "nothing in it", "a log")
        total = shelf.sort()
        for number, pieces in enumerate(shelf.conversations()):
            told("Reading conversations", number, total)
            parts = _parts(pieces, files, headers, shelf, problems)
            for part, piece in parts:
                read[files[piece.file]] += len(part.utterances) + part.notes + part.events
            yield from _together(parts, files, shelf, problems)
    for path in files:
        if not read[path] and path in problems.lost and path not in empty:
            raise _nothing(path, problems)


def _silent(step: str, done: int, total: int) -> None:
    pass


def _put(path: Path, number: int, label: str, shelf: Shelf, problems: Problems) -> Table | None:
    """Put the pieces of a file on the shelf; return what its header tells, if it is a table."""
    header = None
    if path.suffix.lower() in _DIALOGUES:
        count = shelf.put(dialogue_pieces(path, number, label, problems))
    else:
        with long_cells():
            header, pieces = table_pieces(path, number, problems)
            count = shelf.put(pieces)
    if not count:
        raise _nothing(path, problems)
    return header


def _nothing(path: Path, problems: Problems) -> DataError:
    """Return the error for a file that nothing is left of."""
    if lost := problems.lost.get(path):
        return DataError(f"Nothing in {path} can be read. {lost}.")
    if path.suffix.lower() in _TABLES:
        return NothingError(f"{path}: nothing below the header; expected a message in each row.")
    return NothingError(f"{path} is empty; expected a dialogue in each line.")


def labels(files: Sequence[Path]) -> dict[Path, str]:
    """Return of each file as much of the end of its path as no other has: for that, what has no id is named."""
    return {path: _label(path, files) for path in files}


def _label(path: Path, files: Sequence[Path]) -> str:
    for length in range(1, len(path.parts)):
        label = path.parts[-length:]
        if sum(file.parts[-length:] == label for file in files) == 1:
            return "/".join(label)
    return str(path)


#: A part of a conversation, and its first piece.
Part = tuple[Conversation, Piece]


def _parts(
    pieces: Sequence[Piece], files: Sequence[Path], headers: Sequence[Table | None], shelf: Shelf, problems: Problems
) -> list[Part]:
    """Return the parts of a conversation: each of its dialogues, and the rows of each table."""
    parts: list[Part] = []
    tickets: dict[int, tuple[Table, Piece, list[tuple[Cells, Report]]]] = {}
    for piece in pieces:
        header, report = headers[piece.file], problems.at(files[piece.file], piece.line)
        if header is None:
            parts.append((dialogue_of(piece, report), piece))
        else:
            _, _, rows = tickets.setdefault(piece.file, (header, piece, []))
            rows.append((header.cells(piece), report))
    if tickets:
        kind = next(iter(tickets.values()))[0].kind  # of all of them, for the id of a conversation names it
        kind.complete([cells for _, _, rows in tickets.values() for cells, _ in rows], shelf.guests)
    parts += [(ticket_of(first.id, header.kind, rows), first) for header, first, rows in tickets.values()]
    return parts


def _together(parts: Sequence[Part], files: Sequence[Path], shelf: Shelf, problems: Problems) -> Iterator[Conversation]:
    """Put the parts of a conversation together, those that stand there twice once.

    What cannot be put in order, for want of times, are dialogues that share an id, and become conversations of their
    own.
    """
    distinct: dict[tuple[Utterance, ...], Part] = {}
    for part, piece in parts:
        distinct.setdefault(part.utterances, (part, piece))
    one: list[Part] = []
    others: list[Part] = []
    for part, piece in distinct.values():
        # Nothing was said in some parts, which belong to any.
        (one if all(utterance.at for utterance in part.utterances) else others).append((part, piece))
    if not any(part.utterances for part, _ in one):
        one, others = one + others[:1], others[1:]
    yield _merged([part for part, _ in one])
    numbers = count(2)
    for part, piece in others:
        name = next(name for number in numbers if not shelf.holds(name := f"{part.id}#{number}"))
        found = f"the id {describe(part.id)} for other messages, with no times to put both in order; read as {name!r}"
        problems.at(files[piece.file], piece.line)(What.SAME_ID, found, "an id for each dialogue")
        yield replace(part, id=name)


def _merged(parts: Sequence[Conversation]) -> Conversation:
    """Put parts together that have times, or of which only one has anything said in it."""
    if len(parts) == 1:
        return parts[0]
    utterances = list(dict.fromkeys(utterance for part in parts for utterance in part.utterances))
    return Conversation(
        id=parts[0].id,
        utterances=tuple(sorted(utterances, key=lambda utterance: utterance.at or NEVER)),
        channel=next((part.channel for part in parts if part.channel), ""),
        outcome=next((part.outcome for part in reversed(parts) if part.outcome), ""),
        names=frozenset[str]().union(*(part.names for part in parts)),
        notes=sum(part.notes for part in parts),
        events=sum(part.events for part in parts),
    )

"""CSV exports of helpdesks: a message in each row, the kind told by the header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

from finetune.errors import DataError
from finetune.logs.kinds import KINDS, Cells, Kind, column_name
from finetune.logs.markup import plain
from finetune.logs.records import NEVER, Conversation, Utterance
from finetune.logs.values import MOMENTS, moment
from retrieval.ingest.decode import decode, read_bytes
from retrieval.ingest.rows import Unreadable

#: A table is read as a whole, since the messages of a conversation may stand anywhere in it.
MAX_BYTES = 512 * 1024 * 1024
#: No mail fills a million characters; a cell that does is a quotation mark that was never closed.
MAX_CELL = 1_000_000

#: Who has such a word in the name is no person, and what else is in it may be the company's own name.
_DEPARTMENT = re.compile(r"(?i:\b(?:support|team|service|help ?desk|shop|store|sales|info|bot)\b)|客服|售后|团队|专员")
#: Columns shown of a table that is of no known kind.
_SHOWN = 20


@dataclass(slots=True)
class _Ticket:
    """The rows of one conversation, while they are collected."""

    messages: list[tuple[Utterance, int]] = field(default_factory=list)
    outcome: str = ""
    names: set[str] = field(default_factory=set)
    notes: int = 0
    events: int = 0


def read_table(path: Path) -> Iterator[Conversation]:
    """Yield the conversations of a table; raises `DataError` with file and line."""
    try:
        text = decode(read_bytes(path, MAX_BYTES))
    except Unreadable as wrong:
        place = f"{path}:{wrong.line}" if wrong.line else f"{path}"
        raise DataError(f"{place}: {wrong.found}; expected {wrong.expected}.") from None
    if not text.strip():
        raise DataError(f"{path} is empty; expected a CSV export of {', '.join(kind.title for kind in KINDS)}.")
    kind, rows = _rows(text, path)
    tickets: dict[str, _Ticket] = {}
    kind.complete([cells for _, cells in rows])
    for line, cells in rows:
        try:
            _take(cells, kind, tickets.setdefault(cells["conversation"], _Ticket()))
        except (ValueError, OverflowError) as wrong:
            raise DataError(f"{path}:{line}: {wrong}.") from None
    for name, ticket in tickets.items():
        yield Conversation(
            id=f"{kind.name}:{name}",
            utterances=_in_order(ticket),
            outcome=ticket.outcome,
            names=frozenset(ticket.names),
            notes=ticket.notes,
            events=ticket.events,
        )


def _rows(text: str, path: Path) -> tuple[Kind, list[tuple[int, Cells]]]:
    """Return the kind of the table and its rows, each with its line."""
    delimiter, skipped = _delimiter(text)
    table = _cells(text.split("\n", skipped)[-1], delimiter, skipped, path)
    header = [column_name(cell) for cell in table[0][1]]
    kind = _kind(header, path)
    fields = kind.fields(header)
    rows = []
    for line, cells in table[1:]:
        if len(cells) > len(header):
            raise DataError(
                f"{path}:{line}: {len(cells)} cells; expected at most {len(header)}, as in the header. A cell with a "
                "delimiter or a line break in it stands in quotes."
            )
        cells += [""] * (len(header) - len(cells))
        named = {name: cells[place].strip() for name, place in fields.items()}
        if not named["conversation"]:
            raise DataError(f"{path}:{line}: no {header[fields['conversation']]}; expected the id of the conversation.")
        rows.append((line, named))
    if not rows:
        raise DataError(f"{path}: nothing below the header; expected a message in each row.")
    return kind, rows


def _delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter that makes the longest header, and how many lines stand before it."""
    first = text.split("\n", 1)[0]
    if first in ("sep=,", "sep=;", "sep=\t"):  # written, and not shown, by Excel
        return first[-1], 1
    return max(",;\t", key=first.count), 0


def _cells(text: str, delimiter: str, skipped: int, path: Path) -> list[tuple[int, list[str]]]:
    """Return each row that is not blank with the line of the file that it starts at."""
    limit = csv.field_size_limit(MAX_CELL)
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = skipped + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = reader.line_num + skipped + 1
    except csv.Error as error:
        raise DataError(
            f"{path}:{line}: {error}; expected cells with {delimiter!r} between them, "
            'and "" for a " inside a quoted one.'
        ) from None
    finally:
        csv.field_size_limit(limit)
    return rows


def _kind(header: Sequence[str], path: Path) -> Kind:
    for kind in KINDS:
        if not kind.missing(header):
            return kind
    columns = ", ".join(filter(None, header[:_SHOWN])) + (", ..." if len(header) > _SHOWN else "")
    nearest = min(KINDS, key=lambda kind: (len(kind.missing(header)), KINDS.index(kind)))
    near = ""
    if len(nearest.missing(header)) < len(nearest.needed) / 2:
        near = f"\nIt comes nearest to {nearest.title}, and lacks {', '.join(nearest.missing(header))}."
    raise DataError(
        f"{path}: an export of no known kind. Its columns are: {columns}.{near}\n"
        f"Known are: {'; '.join(map(str, KINDS))}. Rename the columns, or turn it into dialogues as JSONL."
    )


def _take(cells: Cells, kind: Kind, ticket: _Ticket) -> None:
    ticket.outcome = cells.get("outcome") or ticket.outcome
    try:
        private = kind.private(cells)
    except ValueError:
        found = cells.get("private", cells.get("public", ""))
        raise ValueError(f"the column that tells private notes holds {found!r}; expected true or false") from None
    if private:
        ticket.notes += 1
        return
    speaker = kind.speaker(cells)
    if speaker is None:
        ticket.events += 1
        return
    ticket.names |= {name for field in ("name", "customer_name") if (name := _person(cells.get(field, "")))}
    try:
        at = moment(cells["at"]) if cells.get("at") else None
    except (ValueError, OverflowError):
        raise ValueError(f"the time is {cells['at']!r}; expected {MOMENTS}") from None
    number = cells.get("message", "")
    order = int(number) if number.isascii() and number.isdigit() else len(ticket.messages)
    utterance = Utterance(speaker=speaker, text=plain(cells["text"]), at=at)
    ticket.messages.append((utterance, order))


def _person(cell: str) -> str:
    """Return the name in a cell such as ``Anna Lee <anna@mail.example>``: "" for an id, an address, a department."""
    name = (parseaddr(cell)[0] if "@" in cell else cell).strip("\"' ").partition(" via ")[0]
    if any(c in "@<>" or c.isdigit() for c in name) or _DEPARTMENT.search(name):
        return ""
    return name


def _in_order(ticket: _Ticket) -> tuple[Utterance, ...]:
    """Put the messages in their order: by time, and by number within a second; exports often begin with the newest."""
    messages = ticket.messages
    if all(utterance.at for utterance, _ in messages):
        messages = sorted(messages, key=lambda m: (m[0].at or NEVER, m[1]))
    return tuple(utterance for utterance, _ in messages)

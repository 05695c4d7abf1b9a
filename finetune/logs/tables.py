"""CSV exports of helpdesks: a message in each row, the kind told by the header."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path

from finetune.errors import DataError, NothingError
from finetune.logs.cells import read_cells
from finetune.logs.kinds import KINDS, Cells, Kind, column_name
from finetune.logs.lines import read_lines
from finetune.logs.markup import plain
from finetune.logs.problems import Problems, Report, What
from finetune.logs.records import Conversation, Utterance, in_order
from finetune.logs.shelf import Piece
from finetune.logs.values import MOMENTS, moment
from retrieval.ingest.rows import Rejected, describe

#: Who has such a word in the name is no person, and what else is in it may be the company's own name.
_DEPARTMENT = re.compile(r"(?i:\b(?:support|team|service|help ?desk|shop|store|sales|info|bot)\b)|客服|售后|团队|专员")
#: Columns shown of a table that is of no known kind.
_SHOWN = 20
#: The number of a message has fewer digits.
_DIGITS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What the header of a file tells."""

    kind: Kind
    #: The columns that are kept, by the names of the kind's fields.
    fields: dict[str, int]

    @classmethod
    def of(cls, header: Sequence[str], path: Path) -> Table:
        """Return what ``header`` tells; raises `DataError` where it is of no known kind."""
        columns = [column_name(cell) for cell in header]
        kind = _kind(columns, path)
        return cls(kind=kind, fields=kind.fields(columns))

    def piece(self, row: Sequence[str], number: int, line: int) -> Piece | None:
        """Return a row of the file ``number``, None where it does not name its conversation."""
        cells = {name: row[place].strip() for name, place in self.fields.items()}
        if not cells["conversation"]:
            return None
        name = f"{self.kind.name}:{cells['conversation']}"
        content = json.dumps(list(cells.values()), ensure_ascii=False)
        return Piece(id=name, file=number, line=line, author=cells.get("author", ""), content=content)

    def cells(self, piece: Piece) -> Cells:
        """Return the row that became ``piece``."""
        return dict(zip(self.fields, json.loads(piece.content), strict=True))


def table_pieces(path: Path, number: int, problems: Problems) -> tuple[Table, Iterator[Piece]]:
    """Return what the header of a file, the file's ``number``, tells, and what yields its rows; raises `DataError`."""
    rows = read_cells(path, read_lines(path, problems), problems)
    first = next(rows, None)
    if first is None:
        raise NothingError(f"{path} is empty; expected a CSV export of {', '.join(kind.title for kind in KINDS)}.")
    table = Table.of(first[1], path)
    return table, _pieces(table, rows, path, number, problems)


def _pieces(
    table: Table, rows: Iterator[tuple[int, list[str]]], path: Path, number: int, problems: Problems
) -> Iterator[Piece]:
    for line, row in rows:
        if piece := table.piece(row, number, line):
            yield piece
        else:
            problems.at(path, line)(What.NO_ID, "a row without the id of its conversation", "one in each row")


def ticket_of(id_: str, kind: Kind, rows: Sequence[tuple[Cells, Report]]) -> Conversation:
    """Return the conversation of some rows; each has what takes the problems of its line."""
    said: list[tuple[int, Utterance]] = []
    names: set[str] = set()
    outcome = channel = ""
    notes = events = 0
    for cells, report in rows:
        outcome, channel = cells.get("outcome") or outcome, channel or cells.get("channel", "")
        try:
            private = kind.private(cells)
        except ValueError:
            found = describe(cells.get("private", cells.get("public", "")))
            report(What.PRIVACY, f"the column that tells private notes holds {found}", "true or false")
            continue
        if private:
            notes += 1
            continue
        try:
            speaker = kind.speaker(cells)
        except Rejected as wrong:
            report(What.SPEAKER, wrong.found, wrong.expected)
            continue
        if speaker is None:
            events += 1
            continue
        names |= {name for field in ("name", "customer_name") if (name := _person(cells.get(field, "")))}
        text = plain(cells["text"])
        if not text.strip():
            report(What.NO_TEXT, "no text but quoted mails" if cells["text"] else "no text", "a text")
            continue
        utterance = Utterance(speaker=speaker, text=text, at=_time(cells, report))
        said.append((_number(cells.get("message", "")), utterance))
    if all(number >= 0 for number, _ in said):
        said.sort(key=lambda message: message[0])
    return Conversation(
        id=id_,
        utterances=in_order([utterance for _, utterance in said]),
        channel=channel or kind.name,
        outcome=outcome,
        names=frozenset(names),
        notes=notes,
        events=events,
    )


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


def _time(cells: Cells, report: Report) -> datetime | None:
    try:
        return moment(cells["at"]) if cells.get("at") else None
    except (ValueError, OverflowError):
        report(What.TIME, f"the time is {describe(cells['at'])}", MOMENTS)
        return None


def _person(cell: str) -> str:
    """Return the name in a cell such as ``Anna Lee <anna@mail.example>``: "" for an id, an address, a department."""
    name = (parseaddr(cell)[0] if "@" in cell else cell).strip("\"' ").partition(" via ")[0]
    if any(c in "@<>" or c.isdigit() for c in name) or _DEPARTMENT.search(name):
        return ""
    return name


def _number(cell: str) -> int:
    """Return the number of a message, -1 where it has none."""
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < _DIGITS else -1

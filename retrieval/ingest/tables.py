"""Files that hold one entry after the other: JSONL, JSON, YAML, CSV and XLSX."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import yaml

from retrieval.ingest.rows import FIELDS, Collector, Pairs, Unreadable, describe, is_blank, key_name
from retrieval.ingest.yamltext import Document

#: No entry fills a million characters; a line that does is a file whose line ends were lost.
MAX_LINE = 1_000_000
#: Sheets are typed by people. Both also bound what a sheet can claim about its own size.
MAX_SHEET_ROWS = 200_000
MAX_SHEET_COLUMNS = 64
#: An XLSX file is a ZIP archive, which can promise far more than it weighs.
MAX_UNZIPPED_BYTES = 256 * 1024 * 1024

_ONE_OBJECT = 'one JSON object, {"question": ..., "answer": ...}'
_LIST = "a JSON list of entries, [{...}, {...}]"
_HEADER = "a first row that names the columns: question, answer, and what else there is"
_FORMULA_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
_SKIP = re.compile(r"[\s,]*")


class _Object(list[tuple[object, object]]):
    """A JSON object as its pairs, so that a key that stands there twice is seen."""


class FormulaError:
    """Stands for a cell whose formula failed; nobody wants to be answered with #REF!."""


def read_jsonl(text: str, into: Collector) -> None:
    """Take one entry from each line."""
    if not text.strip():
        raise Unreadable("nothing", f"{_ONE_OBJECT}, on each line", line=1)
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE:
            into.problem(number, found=f"a line of {len(line)} characters", expected=f"at most {MAX_LINE}")
        elif line.strip():
            _json_line(line, number, into)


def _json_line(line: str, number: int, into: Collector) -> None:
    try:
        value = json.loads(line, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        into.problem(number, found=f"{error.msg} (column {error.colno})", expected=_ONE_OBJECT)
    except (ValueError, RecursionError):
        into.problem(number, found="a number too long or a list too deep", expected=_ONE_OBJECT)
    else:
        _json_row(value, number, into)


def _json_row(value: object, line: int, into: Collector) -> None:
    if isinstance(value, _Object):
        into.row(value, line)
    else:
        into.problem(line, found=describe(value), expected=_ONE_OBJECT)


def read_json(text: str, into: Collector) -> None:
    """Take one entry from each item of the list that the file holds."""
    decoder = json.JSONDecoder(object_pairs_hook=_Object)
    place = len(text) - len(text.lstrip())
    if text[place : place + 1] != "[":
        raise Unreadable("no list", _LIST, line=1)
    place, line, counted = place + 1, 1, 0
    while True:
        place = _skip(text, place)
        line, counted = line + text.count("\n", counted, place), place
        if text[place : place + 1] == "]":
            if text[place + 1 :].strip():
                raise Unreadable("more text behind the list", "one JSON list", line=line)
            return
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise Unreadable(f"{error.msg} (column {error.colno})", _LIST, line=error.lineno) from error
        except (ValueError, RecursionError) as error:
            raise Unreadable("a number too long or a list too deep", _LIST, line=line) from error
        _json_row(value, line, into)


def _skip(text: str, place: int) -> int:
    match = _SKIP.match(text, place)
    return match.end() if match else place


def read_yaml(text: str, into: Collector) -> None:
    """Take one entry from each item of a list, or of the list under the key ``entries``."""
    document = Document(text)
    root = document.root
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key_name(key.value) == "entries":
                root = value
            else:
                into.unknown_key(key_name(key.value), document.line(key))
    if not isinstance(root, yaml.SequenceNode):
        found = "nothing" if root is None else "no list"
        raise Unreadable(found, "a list of entries, or a mapping with the one key 'entries'", line=1)
    for item in root.value:
        try:
            if isinstance(item, yaml.MappingNode):
                into.row(document.pairs(item), document.line(item))
            else:
                found = describe(document.value(item))
                into.problem(document.line(item), found=found, expected="a mapping with question and answer")
        except Unreadable as wrong:
            into.problem(wrong.line, found=wrong.found, expected=wrong.expected)


def read_csv(text: str, into: Collector, *, delimiter: str = "") -> None:
    """Take one entry from each row below the header; the delimiter is the one that makes the best header."""
    skipped = 0
    if match := re.match(r"sep=([,;\t])\n", text):  # written, and not shown, by Excel
        delimiter, skipped = match.group(1), 1
        text = text[match.end() :]
    rows = _records(text, delimiter or _delimiter(text), skipped, into)
    line, header = next(rows, (1, []))
    columns = _columns(header)
    if columns is None:
        raise Unreadable(describe(" ".join(header)), _HEADER, line=line)
    _table(columns, line, rows, into)


def read_tsv(text: str, into: Collector) -> None:
    """Take one entry from each row below the header; a tab stands between the cells."""
    read_csv(text, into, delimiter="\t")


def _delimiter(text: str) -> str:
    """Choose the delimiter whose header has the most known names in it, then the most cells."""

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            header = next(csv.reader(io.StringIO(text[:MAX_LINE]), delimiter=delimiter), [])
        except csv.Error:
            return (0, 0)
        return (sum(key_name(cell) in FIELDS for cell in header), len(header))

    return max(",;\t", key=worth)


def _records(text: str, delimiter: str, skipped: int, into: Collector) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line of the file it starts at, which is not its number."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            into.problem(line, found=str(error), expected='a row of cells; " inside a quoted cell is written ""')
            continue
        if any(map(str.strip, cells)):
            yield line, cells


def _columns(header: Sequence[object]) -> list[str] | None:
    """Give the names of the columns, or None where ``header`` is no header."""
    columns = ["" if cell is None else key_name(cell) for cell in header]
    return columns if "question" in columns else None


def _table(columns: list[str], line: int, rows: Iterable[tuple[int, Sequence[object]]], into: Collector) -> None:
    for name in columns:
        if name and name not in FIELDS:
            into.unknown_key(name, line)
    width = len(columns)
    for number, cells in rows:
        extra = [cell for cell in cells[width:] if not is_blank(cell)]
        if extra:
            found = f"{len(cells)} cells, the last {describe(extra[-1])}"
            expected = f"at most {width} as in the header; a cell with the delimiter in it stands in quotes"
            into.problem(number, found=found, expected=expected)
        else:
            into.row(_named_cells(columns, cells), number, cells=True)


def _named_cells(columns: list[str], cells: Sequence[object]) -> Pairs:
    return [(name, cell) for name, cell in zip(columns, cells, strict=False) if name in FIELDS]


def read_xlsx(data: bytes, into: Collector) -> None:
    """Take one entry from each row below the header, from every sheet that has one. Formulas count as their values."""
    from openpyxl import load_workbook  # slow to import, and seldom needed

    found_one = False
    try:
        _check_archive(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            into.sheet = sheet.title if len(book.worksheets) > 1 else ""
            sheet.reset_dimensions()  # what the sheet says of its size need not be so
            rows = sheet.iter_rows(max_row=MAX_SHEET_ROWS + 1, max_col=MAX_SHEET_COLUMNS, values_only=True)
            found_one |= _sheet(rows, into)
    except Unreadable:
        raise
    except Exception as error:  # openpyxl checks little: a broken file ends in whatever its own code trips over
        found = f"no readable workbook ({type(error).__name__})"
        raise Unreadable(found, "an XLSX file; open it and save it anew") from error
    finally:
        into.sheet = ""
    if not found_one:
        raise Unreadable("no sheet with a column named question", _HEADER)


def _check_archive(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > MAX_UNZIPPED_BYTES:
        raise Unreadable(f"{size // 2**20} MB when unpacked", f"at most {MAX_UNZIPPED_BYTES // 2**20} MB")


def _sheet(rows: Iterable[Sequence[object]], into: Collector) -> bool:
    """Read one sheet; tells whether it has a header."""
    numbered = _filled(rows, into)
    for line, cells in numbered:
        columns = _columns(cells)
        if columns is not None:
            _table(columns, line, numbered, into)
            return True
    return False


def _filled(rows: Iterable[Sequence[object]], into: Collector) -> Iterator[tuple[int, Sequence[object]]]:
    for number, cells in enumerate(rows, start=1):
        if number > MAX_SHEET_ROWS:
            into.problem(number, found="more rows", expected=f"at most {MAX_SHEET_ROWS}; split the sheet")
            return
        if not all(map(is_blank, cells)):
            yield number, [_cell(cell) for cell in cells]


def _cell(value: object) -> object:
    """Turn a number into text: in a sheet 404 is a number whether its author meant one or not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or isinstance(value, bool | date):
        return value
    return FormulaError() if value in _FORMULA_ERRORS else str(value)

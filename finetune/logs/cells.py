"""The rows of a CSV file, one at a time; a quotation mark that is never closed costs its own row and no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finetune.errors import DataError
from finetune.logs.problems import Problems, What

#: No mail fills a million characters; a cell that does is a quotation mark that was never closed.
MAX_CELL = 1_000_000

#: Written above the header, and not shown, by Excel.
_SEPARATORS = ("sep=,", "sep=;", "sep=\t")


class _Lines:
    """The lines of a file as `csv` takes them; those of a row that cannot be read are given again."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._again: deque[tuple[int, str]] = deque()
        #: What the present row was made of.
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.taken.append(self._again.popleft() if self._again else next(self._lines))
        return f"{self.taken[-1][1]}\n"

    def skip(self) -> None:
        """Go on at the second line of the row."""
        self._again.extendleft(reversed(self.taken[1:]))


@contextmanager
def long_cells() -> Iterator[None]:
    """Let `csv` read cells of up to `MAX_CELL` characters; the limit is one for the whole process."""
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_cells(path: Path, lines: Iterator[tuple[int, str]], problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, the header first, each with the line that it starts at.

    A row has a cell for each column. Raises `DataError` where the header cannot be read.
    """
    start = next(((line, text) for line, text in lines if text.strip()), None)
    if start is None:
        return
    delimiter = max(",;\t", key=start[1].count)
    if start[1] in _SEPARATORS:
        delimiter = start[1][-1]
    else:
        lines = _with(start, lines)
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    width = 0
    while True:
        source.taken = []
        try:
            cells = next(reader, None)
        except csv.Error as error:
            line = source.taken[0][0]
            expected = f'cells with {delimiter!r} between them, and "" for a " inside a quoted one'
            if not width:
                raise DataError(f"{path}:{line}: {error}; expected {expected}.") from None
            cells = _loose(source.taken, delimiter, width)
            problems.at(path, line)(What.LOOSE_QUOTES if cells else What.QUOTES, str(error), expected)
            source.skip()
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        line = source.taken[0][0]
        width = width or len(cells)
        if any(cell.strip() for cell in cells[width:]):
            expected = f"at most {width}, as in the header; a cell with {delimiter!r} or a line break in it in quotes"
            problems.at(path, line)(What.CELLS, f"{len(cells)} cells", expected)
            continue
        yield line, cells[:width] + [""] * (width - len(cells))


def _with(first: tuple[int, str], lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from lines


def _loose(taken: list[tuple[int, str]], delimiter: str, width: int) -> list[str]:
    """Return the cells of a row in which somebody forgot to double a quotation mark; none where that is not all."""
    [(_, text), *more] = taken
    if more or text.count('"') % 2:
        return []
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []
    return cells if len(cells) == width else []

"""Tables in plain text, as wide as what stands in them: alike at a terminal and through a pipe."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from connectors.terminal.clean import one_line


def table(rows: Sequence[Sequence[str]], align: str = "<>") -> str:
    """Return ``rows``, which are equally long, as lines, with the columns two blanks apart.

    ``align`` has "<" or ">" for each column, the last one for all further ones: by default a text, and figures.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    sides = align.ljust(len(widths), align[-1])
    return "\n".join("  ".join(map(_padded, row, widths, sides)).rstrip() for row in cells)


def _padded(cell: str, width: int, side: str) -> str:
    blanks = " " * (width - cell_len(cell))  # a Chinese character is two blanks wide
    return blanks + cell if side == ">" else cell + blanks

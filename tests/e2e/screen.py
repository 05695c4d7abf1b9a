"""What a person sees of what a program sent to the terminal: the part of ECMA-48 that the chat speaks."""

from __future__ import annotations

import re

from rich.cells import cell_len

_TOKEN = re.compile(r"\x1b\[(?P<mode>\?)?(?P<number>\d*)(?:;\d+)*(?P<order>[A-Za-z])|(?P<char>[\s\S])")


class Screen:
    """A window of so many columns, with all that has scrolled out of it."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows: list[list[str]] = [[]]
        self._row = self._column = 0

    @property
    def lines(self) -> list[str]:
        """What stands there, without blanks at the ends of the lines and below the last one."""
        return "\n".join("".join(row).rstrip() for row in self._rows).rstrip().split("\n")

    def feed(self, sent: str) -> None:
        """Take what was sent; an order that is not known fails."""
        for token in _TOKEN.finditer(sent):
            if token["char"]:
                self._put(token["char"])
            elif not token["mode"]:
                self._obey(token["order"], int(token["number"] or 0))

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._row += 1
            self._rows += [[] for _ in range(self._row + 1 - len(self._rows))]
        else:
            assert char.isprintable(), repr(char)
            if self._column + cell_len(char) > self._columns:
                self._put("\r")
                self._put("\n")
            row = self._rows[self._row]
            row += [" "] * (self._column + cell_len(char) - len(row))
            row[self._column : self._column + cell_len(char)] = [char] + [""] * (cell_len(char) - 1)
            self._column += cell_len(char)

    def _obey(self, order: str, number: int) -> None:
        row = self._rows[self._row]
        match order, number:
            case "m", _:  # how it looks
                pass
            case "A", _:
                self._row = max(0, self._row - max(number, 1))
            case "C", _:
                self._column = min(self._columns - 1, self._column + max(number, 1))
            case "D", _:
                self._column = max(0, min(self._column, self._columns - 1) - max(number, 1))
            case "K", 2:
                row.clear()
            case "K", 0:
                del row[self._column :]
            case "J", 0:
                del row[self._column :], self._rows[self._row + 1 :]
            case _:
                raise AssertionError(f"an order that is not known: {order} {number}")

"""Rows of a JSONL file of training data, read one by one: whatever is wrong is told with file and line."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from finetune.errors import DataError
from retrieval.text import whole

#: A message of a customer has no megabyte; a line that has is a file whose line ends were lost.
MAX_LINE_BYTES = 1_000_000

#: Without a file for it, one row in so many is kept apart to choose by.
DEV_SHARE = 10

#: What JSON calls the types it is read into.
_JSON = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One JSON object, and where it stands."""

    file: Path
    line: int
    values: dict[str, Any]

    def error(self, found: str, expected: str) -> DataError:
        """Return the error that says what was found here and what was expected."""
        return DataError(f"{self.file}:{self.line}: {found}; expected {expected}.")

    def text(self, key: str) -> str:
        """Return the text under ``key``; raises `DataError` if there is none."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key!r} is {self.described(key)}", "a text that is not empty")
        return value

    def described(self, key: str) -> str:
        """Return what stands under ``key``, for an error."""
        return _described(self.values[key]) if key in self.values else "missing"


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of ``path``; raises `DataError` where it cannot be read, and at the first bad line."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise DataError(
                        f"{path}:{number}: a line of more than {MAX_LINE_BYTES // 1_000_000} MB; expected one JSON "
                        "object a line. Are the line ends lost?"
                    )
                text = _decoded(line, path, number)
                if text.strip():
                    yield _row(text, path, number)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}.") from error


def folded(text: str) -> str:
    """Return ``text`` so that copies of it that differ in case and blanks alone are the same."""
    return " ".join(text.casefold().split())


def is_kept_apart(text: str) -> bool:
    """Return whether the row of ``text`` is one of those that are kept apart: copies of it are too."""
    return zlib.crc32(folded(text).encode()) % DEV_SHARE == 0


def some(examples: list[T], path: Path) -> list[T]:
    """Return the examples of ``path``; raises `DataError` where there is none."""
    if not examples:
        raise DataError(f"{path} is empty; expected one JSON object a line.")
    return examples


def _decoded(line: bytes, path: Path, number: int) -> str:
    if number == 1:
        if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise DataError(f"{path} is UTF-16; save it as UTF-8.")
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}:{number}: bytes that are not UTF-8 (0x{line[error.start]:02X} at byte {error.start} of the line); "
            "save the file as UTF-8."
        ) from None


def _row(text: str, path: Path, number: int) -> Row:
    try:
        values = json.loads(text)
        if "\\u" in text:  # an escape can be half of a character, as where a text was cut, and nothing else takes that
            values = json.loads(whole(json.dumps(values, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: not JSON ({error}).") from None
    if not isinstance(values, dict):
        raise DataError(f"{path}:{number}: {_described(values)}; expected a JSON object.")
    return Row(file=path, line=number, values=values)


def _described(value: object) -> str:
    """Return what a value of a row is, for an error."""
    if value is None:
        return "null"
    if value == "" or (isinstance(value, str) and not value.strip()):
        return "empty"
    return _JSON[type(value)]

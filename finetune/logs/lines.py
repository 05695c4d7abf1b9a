"""The lines of a text file of any size, one at a time, each in whatever encoding it was written.

Files that were put together from several exports are in several encodings: UTF-8 is tried first, and a line that is
none is read as GB18030 or Windows-1252, whichever makes sense of it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import AnyStr

from finetune.errors import DataError
from finetune.logs.problems import Problems, Report, What
from retrieval.ingest.decode import guessed

#: A dialogue of a customer has no such length, in bytes; a line that has is a file whose line ends were lost.
MAX_LINE = 64 * 1024 * 1024
#: So much of a line that is too long is held at a time, in bytes.
_CHUNK = 1024 * 1024
#: A log begins with the names of columns or keys, which are ASCII: so many bytes tell UTF-16 without a mark.
_SAMPLE = 64

#: The longer mark first: that of UTF-32 (little end first) begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def read_lines(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line, without its end; raises `DataError` where the file cannot be read at all.

    One line at a time is in memory. What is wrong with a line goes to ``problems``.
    """
    number = 1
    try:
        with path.open("rb") as file:
            encoding = _wide(file.read(_SAMPLE))
        with closing(_wide_lines(path, encoding) if encoding else _narrow_lines(path)) as lines:
            for line in lines:
                text = _text(line, problems.at(path, number))
                # Plain line ends, whichever program wrote them.
                for part in text.removesuffix("\n").removesuffix("\r").split("\r"):
                    yield number, part
                    number += 1
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}.") from error


def _narrow_lines(path: Path) -> Generator[bytes | None, None, None]:
    with path.open("rb") as file:
        yield from _bounded(file.readline, b"\n")


def _wide_lines(path: Path, encoding: str) -> Generator[str | None, None, None]:
    with path.open(encoding=encoding, errors="replace", newline="\n") as file:
        yield from _bounded(file.readline, "\n")


def _wide(sample: bytes) -> str:
    """Return the encoding of a file whose characters have two or four bytes, by its beginning ("" for another file)."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    zeros = sample[::2].count(0), sample[1::2].count(0)
    if min(zeros) or 4 * max(zeros) < max(len(sample), 1):
        return ""
    return "utf-16-be" if zeros[0] else "utf-16-le"


def _bounded(readline: Callable[[int], AnyStr], end: AnyStr) -> Iterator[AnyStr | None]:
    """Yield each line with its end, and None for one that is too long to be held."""
    while line := readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE:
            yield line
            continue
        while line and not line.endswith(end):
            line = readline(_CHUNK)
        yield None


def _text(line: bytes | str | None, report: Report) -> str:
    if line is None:
        report(What.TOO_LONG, f"a line of more than {MAX_LINE // 1024**2} MB", "one dialogue or row a line")
        return ""
    if (b"\0" in line) if isinstance(line, bytes) else ("\0" in line):
        report(What.NUL, "NUL characters", "text")
        line = line.replace(b"\0", b"") if isinstance(line, bytes) else line.replace("\0", "")
    return _decoded(line, report)


def _decoded(line: bytes | str, report: Report) -> str:
    if isinstance(line, str):
        if _INSTEAD in line:
            report(What.ENCODING, f"bytes that are no characters, read as {_INSTEAD}", "whole characters")
        return line.removeprefix("\ufeff")
    line = line.removeprefix(codecs.BOM_UTF8)  # on any line, where files were put together
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = line[error.start]
    text, name = line.decode("utf-8", "replace"), "UTF-8"
    beyond = sum(char > "\x7f" for char in text)
    # Where most is UTF-8 a byte was lost, and the line is in no other encoding.
    if 2 * text.count(_INSTEAD) >= beyond and (other := guessed(line)):
        text, name = other
    report(What.ENCODING, f"bytes that are not UTF-8 (0x{bad:02X}), read as {name.upper()}", "UTF-8")
    return text

"""Where sentences end, in a text that is whole and in one that is still being written."""

from __future__ import annotations

import re

#: Behind these a point ends no sentence.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|a\.m|p\.m|no|nos|mr|mrs|ms|dr|st|approx|incl|excl|etc|vs|max|min|tel|art|jan|feb|mar|apr|jun"
    r"|jul|aug|sept?|oct|nov|dec)"
    r"|(?<![^\W_])[A-Z]|(?:^|\n)[ \t>*-]*\d{1,3})\.$",
    re.IGNORECASE,
)
#: What may end a sentence, with the quotation marks and brackets that close behind it.
_END = re.compile(
    r"(?P<line>(?<!\s)\s*\n\s*|\n\s*)|(?P<han>[。！？；…]+[”’」』）)\"*]*)|(?P<latin>[.!?]+[”’\")*]*)(?=\s|$)"
)
_LINE = re.compile(r"\s*\n\s*")
#: What is short stands in so many characters before a point.
_WINDOW = 24
_BLANK = re.compile(r"[ \t\u3000\u00a0]*")


def split(text: str) -> list[str]:
    """Cut ``text`` into sentences, each with what separates it from the next: joined they are ``text``."""
    pieces, rest = cut(text, done=True)
    return [*pieces, rest] if rest else pieces


def cut(text: str, *, done: bool) -> tuple[list[str], str]:
    """Return the sentences of ``text`` that are complete, and what follows them.

    Unless ``done``, more text may come: an end that the next character could undo ("3." of "3.5") is none yet.
    """
    pieces: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.start() < start:
            continue
        if match["latin"] and match[0].startswith(".") and _is_short(text, start, match.start() + 1):
            continue
        end = _BLANK.match(text, match.end()).end()  # type: ignore[union-attr]  # it matches nothing as well
        if not match["line"] and (line := _LINE.match(text, match.end())):
            end = line.end()
        if not done and end == len(text):
            break
        if text[start:end].strip():
            pieces.append(text[start:end])
            start = end
    return pieces, text[start:]


def _is_short(text: str, start: int, end: int) -> bool:
    """Whether the point before ``end`` belongs to a short form or a number of the sentence that begins at ``start``."""
    window = max(start, end - _WINDOW)
    before = text[window:end] if window == start else f"\0{text[window:end]}"
    return _SHORT.search(before) is not None

"""Cuts running text that is too long for one reply: at paragraphs, then lines and sentences, then between words."""

from __future__ import annotations

import re
from itertools import pairwise

#: What a customer reads in a chat without losing the thread, about a screen of a phone. It is also what an encoder
#: takes in at once: 256 word pieces are some 1,200 Latin letters, and a Han character is a word piece or two.
MAX_LATIN = 1200
MAX_HAN = 600

#: Places where a text may be cut, the best first. A match belongs to the piece before it.
_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?][\"'”’)\]]*\s++(?![a-z])|[。！？；][”’」』）】]*"),
    re.compile(r"\s+|[，、：]"),
)


def limit_for(language: str) -> int:
    """Tell how many characters one reply may have in ``language``."""
    return MAX_HAN if language in {"zh", "ja", "ko"} else MAX_LATIN


def cut(text: str, limit: int) -> list[str]:
    """Cut ``text`` into parts of at most ``limit`` characters; only a single word may be longer. No word is lost."""
    return [part for part in map(str.strip, _packed(text, limit, 0)) if part] or [text]


def _packed(text: str, limit: int, level: int) -> list[str]:
    if len(text.strip()) <= limit or level == len(_ENDS):
        return [text]
    parts = [""]
    for piece in _pieces(text, _ENDS[level]):
        if len((parts[-1] + piece).strip()) <= limit:
            parts[-1] += piece
        else:
            parts += _packed(piece, limit, level + 1)
    return parts


def _pieces(text: str, end: re.Pattern[str]) -> list[str]:
    """Split ``text`` behind every match of ``end``; the pieces together are the text."""
    places = [0, *(match.end() for match in end.finditer(text)), len(text)]
    return [text[start:stop] for start, stop in pairwise(places)]

"""What both sides of retrieval need to know about a piece of text."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

#: Above this share of Han characters among the letters a text counts as Chinese: a Chinese sentence full of product
#: names in Latin letters stays above it, an English one that quotes a Chinese name stays below.
_HAN_SHARE = 0.2

#: First and last code point of the blocks with Han characters.
_HAN_BLOCKS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x323AF))


def detect_language(text: str) -> str:
    """Tell Chinese from the rest by script: "zh" where more than a fifth of the letters are Han, otherwise "en"."""
    letters = [char for char in text if char.isalpha()]
    han = sum(map(is_han, letters))
    return "zh" if han > _HAN_SHARE * len(letters) else "en"


def is_han(char: str) -> bool:
    """Whether ``char`` is a Chinese character."""
    return any(first <= ord(char) <= last for first, last in _HAN_BLOCKS)


def fold(text: str) -> str:
    """Return ``text`` as search compares it: full-width to half-width, traditional to simplified, no case, no accents.

    Unicode NFKC, then OpenCC's character table (one to one, so "裡" and "里" meet), then casefold, then NFD without
    combining marks.
    """
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = _simplifier().convert(text)
        text = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
        return text
    return text.casefold()


@cache
def _simplifier() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")

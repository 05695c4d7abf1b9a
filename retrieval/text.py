"""What both sides of retrieval need to know about a piece of text."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

#: Above this share of Han characters among the letters a text counts as Chinese: a Chinese sentence full of product
#: names in Latin letters stays above it, an English one that quotes a Chinese name stays below.
_HAN_SHARE = 0.2

#: The blocks with Han characters, as the inside of a class of a regular expression.
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"

_HAN_CHARACTER = re.compile(f"[{HAN}]")
_LETTER = re.compile(r"[^\W\d_]")

#: What stands in an exported message for what it showed: "[图片]", "(photo)".
PLACEHOLDER = re.compile(
    r"[\[【（(](?:图片|照片|截图|语音|视频|表情|文件"
    r"|photo|image|picture|screenshot|attachment|file|video|sticker)s?[\]】）)]",
    re.IGNORECASE,
)


def detect_language(text: str) -> str:
    """Tell Chinese from the rest by script: "zh" where more than a fifth of the letters are Han, otherwise "en"."""
    if text.isascii():
        return "en"
    han, letters = len(_HAN_CHARACTER.findall(text)), len(_LETTER.findall(text))
    return "zh" if han > _HAN_SHARE * letters else "en"


def is_han(text: str) -> bool:
    """Whether ``text`` starts with a Chinese character."""
    return _HAN_CHARACTER.match(text) is not None


def whole(text: str) -> str:
    """Return ``text`` without halves of surrogate pairs: JSON can carry them, and no library below takes them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def levelled(text: str) -> str:
    """Return ``text``, as long as it was, in characters that more vocabularies know: what an encoder is given.

    Full-width letters and digits become half-width ones and traditional characters simplified ones, emoji become
    blanks, for they would make one unknown word together with the letters beside them, and halves of surrogate pairs,
    which no library below takes, become the character that stands for none.
    """
    return text if text.isascii() else "".join(map(_level, text))


@lru_cache(maxsize=16384)
def _level(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    if "\u2600" <= char <= "\u27bf" or "\U0001f000" <= char <= "\U0001faff":
        return " "
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return _simplifier().convert(char) if is_han(char) else char


#: English words that are run together, with the apostrophe or, where that makes no other word, without.
_CONTRACTION = re.compile(
    r"\b(?:(what|where|who|how|when|why|that|there|here)['’]?s|(it|he|she)['’]s|(i)['’]?m|(i)['’]?ve"
    r"|(you|we|they)['’](?:re|ve)|(can)['’]?t|(won)['’]?t|(do|does|did|is|are|was|were|has|have|had|could|should|would|must)n['’]?t"
    r"|(i|you|we|they|it|he|she|that|there)['’]ll)\b",
    re.IGNORECASE,
)


def written_out(text: str) -> str:
    """Return ``text`` with English contractions as two words: "wheres" and "where's" are "where is"."""
    return _CONTRACTION.sub(_two_words, text)


def _two_words(match: re.Match[str]) -> str:
    first = next(filter(None, match.groups()))
    rest = match[0][len(first) :].lower().replace("’", "'").lstrip("'")
    if first.lower() == "won":
        return "will not"
    return f"{first} {_SECOND[rest]}"


_SECOND = {"s": "is", "m": "am", "ve": "have", "re": "are", "t": "not", "nt": "not", "n't": "not", "ll": "will"}


def fold(text: str) -> str:
    """Return ``text`` as search compares it: full-width to half-width, traditional to simplified, no case, no accents.

    Unicode NFKC, then OpenCC's tables from traditional to simplified ("裡" and "里" meet), then casefold, then NFD
    without combining marks.
    """
    text = unicodedata.normalize("NFKC", whole(text))
    if not text.isascii():
        text = _simplifier().convert(text)
        text = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
        return text
    return text.casefold()


@cache
def _simplifier() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")

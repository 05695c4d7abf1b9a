"""Words of customer service: which say the same, which the opposite, which tell a fact, and which tell nothing.

They stand in ``lexicon.txt`` beside this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import product

import Stemmer

_STEMMER = Stemmer.Stemmer("english")


def _sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in files("bot.lock").joinpath("lexicon.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(name, []).append(line)
    return found


_SECTIONS = _sections()


def _same_en() -> Iterator[tuple[str, str]]:
    for line in _SECTIONS["same en"]:
        base, _, others = line.partition(":")
        for word in (base, *others.split()):
            yield word, base
            yield _STEMMER.stemWord(word), base


_BASES = dict(_same_en())


@lru_cache(maxsize=32768)
def root(word: str) -> str:
    """Return what ``word``, English and in small letters, is compared by: the stem of the first word of its group."""
    stemmed: str = _STEMMER.stemWord(word)
    base = _BASES.get(word) or _BASES.get(stemmed)
    root: str = _STEMMER.stemWord(base) if base else stemmed
    return root


_SPELLINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), spelling)
    for pattern, spelling in (line.split(" => ") for line in _SECTIONS["spelled"])
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SAME_ZH = {other: words[0] for words in map(str.split, _SECTIONS["same zh"]) for other in words[1:]}
_ANY_SAME = re.compile("|".join(sorted(_SAME_ZH, key=len, reverse=True)))


def respelled(text: str) -> str:
    """Return ``text`` with one spelling for what may be spelled in several ways."""
    chinese = not text.isascii()
    for pattern, spelling in _SPELLINGS:
        if chinese or not _HAN.search(pattern.pattern):
            text = pattern.sub(spelling, text)
    return text if not chinese else _ANY_SAME.sub(lambda match: _SAME_ZH[match[0]], text)


def roots(words: str) -> frozenset[str]:
    """Return the words of ``words`` as they are compared."""
    return frozenset(root(word) if word.isascii() else respelled(word) for word in words.split())


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in (*_SECTIONS["opposite en"], *_SECTIONS["opposite zh"]):
        one, other = (roots(side) for side in line.split("|"))
        for here, there in product(one - other, other - one):
            found.setdefault(here, set()).add(there)
            found.setdefault(there, set()).add(here)
    return {word: frozenset(others) for word, others in found.items()}


#: Words of which one says the opposite of the other.
OPPOSITES = _opposites()
_HAN_OPPOSITES = re.compile("|".join(sorted((w for w in OPPOSITES if not w.isascii()), key=len, reverse=True)))


def turning(terms: frozenset[str], text: str) -> frozenset[str]:
    """Return the words of a clause, by its English terms and its text, that have an opposite."""
    return terms & OPPOSITES.keys() | frozenset(_HAN_OPPOSITES.findall(text))


#: Facts by themselves: a sentence has them only where the evidence does.
TELLING = roots(" ".join(_SECTIONS["telling"]))
#: What anybody says of anything: new words that invent neither a thing nor a service.
PLAIN = roots(" ".join((*_SECTIONS["plain en"], *_SECTIONS["plain zh"]))) - TELLING

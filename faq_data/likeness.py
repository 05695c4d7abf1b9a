"""When two texts count as the same, or nearly: the measure behind the rules on repeated and leaked questions."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

#: From this share of common character n-grams on (Jaccard), two texts are one question with a word exchanged.
NEAR = 0.8
#: Length of those n-grams in each language: a Chinese character says about as much as half an English word.
GRAM = {"en": 4, "zh": 2}


@lru_cache(maxsize=1 << 16)
def normalised(text: str) -> str:
    """Reduce ``text`` to its letters and digits, in half width and lower case; a text without any stays as it is."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold()) or text


def near_pairs(asked: Sequence[str], seen: Sequence[str], language: str) -> Iterator[tuple[int, int]]:
    """Give the positions of each text of ``asked`` and each of ``seen`` that nearly equal each other."""
    known, holders = _holders(tuple(seen), GRAM[language])
    for number, text in enumerate(asked):
        grams = _grams(text, GRAM[language])
        # A near text lacks at most a fifth of the n-grams, so it has one of any fifth and one more: take the rarest.
        rarest = sorted(grams, key=lambda gram: len(holders.get(gram, ())))[: len(grams) - int(NEAR * len(grams)) + 1]
        for position in sorted({position for gram in rarest for position in holders.get(gram, ())}):
            shared = len(grams & known[position])
            if shared >= NEAR * (len(grams) + len(known[position]) - shared):
                yield number, position


@lru_cache(maxsize=8)  # most of what is compared with is the same from one look at the data to the next
def _holders(texts: tuple[str, ...], size: int) -> tuple[list[frozenset[str]], dict[str, list[int]]]:
    """Give the n-grams of each text, and the positions of the texts that have an n-gram."""
    known = [_grams(text, size) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    for position, grams in enumerate(known):
        for gram in grams:
            holders[gram].append(position)
    return known, holders


@lru_cache(maxsize=1 << 16)
def _grams(text: str, size: int) -> frozenset[str]:
    """Cut ``text`` into character n-grams; one that is too short for any is its own."""
    letters = normalised(text)
    return frozenset(letters[start : start + size] for start in range(len(letters) - size + 1)) or frozenset({letters})

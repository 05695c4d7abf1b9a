"""Hurried typing to words the knowledge knows, before either side of the search reads the query."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, cached_property

from rapidfuzz.distance import OSA

from retrieval.text import HAN, written_out

#: What people type for words in a chat. Only shorthand that is no word of its own.
SHORTHAND = {
    "acct": "account", "addr": "address", "asap": "as soon as possible", "bday": "birthday", "bc": "because",
    "cc": "credit card", "cuz": "because", "dunno": "do not know", "gimme": "give me", "gonna": "going to",
    "gotta": "have to", "lemme": "let me", "msg": "message", "pkg": "package", "pls": "please", "plz": "please",
    "ppl": "people", "pw": "password", "pwd": "password", "qty": "quantity", "r": "are", "rn": "right now",
    "thru": "through", "thx": "thanks", "tmrw": "tomorrow", "u": "you", "ur": "your", "wanna": "want to",
    "wat": "what",
}  # fmt: skip

#: A word stands alone: letters in a code such as "r2d2" are none. Beside a Chinese character they are.
_WORD = re.compile(rf"(?<![^\W{HAN}])[A-Za-z]+(?:'[A-Za-z]+)?(?![^\W{HAN}])")

#: Shorter words have too many neighbours to be mended.
_SHORTEST = 4

#: A word of the knowledge is taken before a word of the language that is this much nearer.
_FOREIGN = 0.5

#: Words of the language rarer than this in the list's corpus are read, but nothing is mended to them.
_COMMON = 2000


class Speller:
    """Replaces words that nobody knows by the nearest known one.

    A word is left alone if the knowledge or an English word list holds it: a word that is spelt right is no mistake,
    even where no entry uses it. Distance is optimal string alignment (Damerau 1964): a letter too few, too many, wrong,
    or two swapped; one such slip up to five letters, two beyond. The first letter is taken to be right.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Know the words of ``texts``, the knowledge."""
        self._knowledge = Counter(word.casefold() for text in texts for word in _WORD.findall(text))

    def mend(self, text: str) -> str:
        """Return ``text`` with shorthand and contractions written out, slips mended, full-width letters made plain."""
        return _WORD.sub(lambda match: self._word(match[0]), written_out(unicodedata.normalize("NFKC", text)))

    def _word(self, word: str) -> str:
        folded = word.casefold()
        if folded in self._knowledge:
            return word
        if folded in SHORTHAND:
            return SHORTHAND[folded]
        if len(folded) < _SHORTEST or folded in _english() or folded.removesuffix("'s") in _english():
            return word
        most = 1 if len(folded) <= 5 else 2
        slips = (
            (distance + _FOREIGN * (other not in self._knowledge), -len(other), -self._knowledge[other], other)
            for length in range(len(folded) - most, len(folded) + most + 1)
            for other in self._neighbours.get((folded[0], length), ())
            if (distance := OSA.distance(folded, other, score_cutoff=most)) <= most
        )
        return min(slips, default=(0, 0, 0, word))[-1]

    @cached_property
    def _neighbours(self) -> dict[tuple[str, int], list[str]]:
        """Return what a slip can be mended to, by first letter and length: made at the first unknown word."""
        near: dict[tuple[str, int], list[str]] = {}
        for word in self._knowledge.keys() | {word for word, count in _english().items() if count >= _COMMON}:
            if len(word) >= _SHORTEST:
                near.setdefault((word[0], len(word)), []).append(word)
        return near


@cache
def _english() -> Mapping[str, int]:
    """Return an English word list with counts; read when first needed, for it takes a sixth of a second."""
    from spellchecker import SpellChecker

    counts: Mapping[str, int] = SpellChecker(language="en").word_frequency.dictionary
    return counts

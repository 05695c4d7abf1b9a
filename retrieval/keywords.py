"""The keyword side: BM25 over terms and, with less weight, over pairs of neighbouring terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from retrieval.analysis import phrases
from retrieval.text import is_han

#: Less saturation and length penalty than the usual 1.5 and 0.75, for entries are short (benchmarks/fusion.py).
K1, B = 0.6, 0.3

#: Weight of a pair of terms beside that of a term (benchmarks/fusion.py).
PHRASE_WEIGHT = 0.3

#: Weight of a Chinese term: a word is several of them, its characters and their pairs, where an English word is one
#: (benchmarks/fusion.py).
HAN_WEIGHT = 0.7

#: A smaller knowledge is taken for a part of one with so many entries: in one with three, a word that stands in one of
#: them is no less telling, and the confidences that were fit on a larger one stay right.
BACKGROUND = 150

Scores = npt.NDArray[np.float32]


class KeywordIndex:
    """BM25 (Lucene's variant, Robertson and Zaragoza 2009) over documents given as terms."""

    def __init__(self, documents: Sequence[list[str]]) -> None:
        """Index ``documents``; their places in the sequence are what `scores` answers by."""
        self.size = len(documents)
        self._terms = _Postings(documents, 1.0)
        self._phrases = _Postings([phrases(document) for document in documents], PHRASE_WEIGHT)

    def __contains__(self, term: str) -> bool:
        """Whether any document holds ``term``."""
        return self._terms.frequency(term) > 0

    def scores(self, terms: list[str]) -> Scores:
        """Return the score of each document, shape (size,); 0 where it shares no term."""
        out = np.zeros(self.size, dtype=np.float32)
        self._terms.add_to(out, terms)
        self._phrases.add_to(out, phrases(terms))
        return out

    def weight(self, term: str) -> float:
        """Return how much ``term`` tells (its inverse document frequency); most where no document holds it."""
        frequency = self._terms.frequency(term)
        return math.log(1 + (max(self.size, BACKGROUND) - frequency + 0.5) / (frequency + 0.5))


class _Postings:
    """For each term the documents that hold it, and what it adds to the score of each, worked out ahead."""

    def __init__(self, documents: Sequence[list[str]], weight: float) -> None:
        size = len(documents)
        lengths = np.fromiter(map(len, documents), dtype=np.int64, count=size)
        places: dict[str, int] = {}
        flat = np.fromiter((places.setdefault(term, len(places)) for term in chain.from_iterable(documents)), np.int64)
        pairs, counts = np.unique(flat * size + np.repeat(np.arange(size), lengths), return_counts=True)
        terms, rows = np.divmod(pairs, max(size, 1))
        self._places = places
        #: The postings of the term at place i are ``starts[i]:starts[i + 1]`` of the other two.
        self._starts = np.searchsorted(terms, np.arange(len(places) + 1))
        self._rows = rows.astype(np.intp)
        frequency = np.diff(self._starts)[terms]
        rarity = np.log(1 + (max(size, BACKGROUND) - frequency + 0.5) / (frequency + 0.5))
        saturation = K1 * (1 - B + B * lengths[rows] / lengths.mean()) if len(rows) else 0.0
        weights = np.array([weight * (HAN_WEIGHT if is_han(term) else 1.0) for term in places], dtype=np.float32)
        self._adds = (weights[terms] * (K1 + 1) * rarity * counts / (counts + saturation)).astype(np.float32)

    def frequency(self, term: str) -> int:
        """Return how many documents hold ``term``."""
        place = self._places.get(term)
        return 0 if place is None else int(self._starts[place + 1] - self._starts[place])

    def add_to(self, scores: Scores, terms: list[str]) -> None:
        """Add what each of ``terms`` is worth, once: who says a thing again says no more by it."""
        for place in (self._places[term] for term in dict.fromkeys(terms) if term in self._places):
            here = slice(self._starts[place], self._starts[place + 1])
            scores[self._rows[here]] += self._adds[here]

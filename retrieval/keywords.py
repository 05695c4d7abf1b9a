"""The keyword side: BM25 over terms and, with less weight, over pairs of neighbouring terms."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import bm25s
import numpy as np
import numpy.typing as npt

from retrieval.analysis import phrases

#: Less saturation and length penalty than the usual 1.5 and 0.75, for entries are short (benchmarks/fusion.py).
K1, B = 0.6, 0.3

#: Weight of a pair of terms beside that of a term (benchmarks/fusion.py).
PHRASE_WEIGHT = 0.3

Scores = npt.NDArray[np.float32]


class KeywordIndex:
    """BM25 (Lucene's variant, Robertson and Zaragoza 2009) over documents given as terms."""

    def __init__(self, documents: Sequence[list[str]]) -> None:
        """Index ``documents``; their places in the sequence are what `scores` answers by."""
        self.size = len(documents)
        self._terms = _bm25(documents)
        self._phrases = _bm25([phrases(document) for document in documents])
        self._document_frequency: dict[str, int] = {}
        for document in documents:
            for term in set(document):
                self._document_frequency[term] = self._document_frequency.get(term, 0) + 1

    def __contains__(self, term: str) -> bool:
        """Whether any document holds ``term``."""
        return term in self._document_frequency

    def scores(self, terms: list[str]) -> Scores:
        """Return the score of each document, shape (size,); 0 where it shares no term."""
        out = np.zeros(self.size, dtype=np.float32)
        for index, query, weight in ((self._terms, terms, 1.0), (self._phrases, phrases(terms), PHRASE_WEIGHT)):
            known = [term for term in query if index is not None and term in index.vocab_dict]
            if index is not None and known:
                # The library leaves out the constant factor of the formula.
                out += np.float32(weight * (K1 + 1)) * index.get_scores(known)
        return out

    def weight(self, term: str) -> float:
        """Return how much ``term`` tells (its inverse document frequency); most where no document holds it."""
        frequency = self._document_frequency.get(term, 0)
        return math.log(1 + (self.size - frequency + 0.5) / (frequency + 0.5))


def _bm25(documents: Sequence[list[str]]) -> bm25s.BM25 | None:
    if not any(documents):
        return None
    # The library sets this to DEBUG when it is imported.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = bm25s.BM25(k1=K1, b=B, method="lucene")
    index.index(documents, show_progress=False)
    return index

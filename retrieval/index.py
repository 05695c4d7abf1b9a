"""The knowledge index: what was built from the sources, opened for search. See `retrieval.build` for how it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from retrieval import fusion
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder, Vectors
from retrieval.keywords import KeywordIndex
from retrieval.spelling import Speller
from retrieval.text import detect_language
from retrieval.types import Hit, Passage, Query
from retrieval.vectors import Ids, VectorIndex

#: How many texts of passages the dense side, and how many passages the keyword side proposes to the fusion.
DENSE_POOL, KEYWORD_POOL = 100, 50

#: A query that finds something this likely alone does not lean on its context; one that does is weighed together with
#: the context, which counts this much (benchmarks/fusion.py).
LEANS_BELOW, CONTEXT_WEIGHT = 12.0, 0.6

#: How many hits of each reading are put together with those of the other.
MERGED = 30

#: A passage is as near as its three nearest phrasings, the nearest counting most: one phrasing that happens to be close
#: is worth less than three that agree (benchmarks/fusion.py).
NEAREST = np.array([1.0, 0.5, 0.25], dtype=np.float32)

Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class IndexData:
    """What an index holds, row by row of its passages."""

    #: Hash of everything that decides what a search finds.
    version: str
    passages: tuple[Passage, ...]
    #: The terms of each passage.
    terms: tuple[list[str], ...]
    #: How well the encoder reads each passage, 0 to 1.
    reads: Floats
    #: The ids of the vectors of row i are ``units[starts[i]:starts[i + 1]]``.
    units: Ids
    starts: npt.NDArray[np.int64]
    vectors: VectorIndex


class KnowledgeIndex:
    """Passages open for search. Immutable: an edited knowledge base is another index, swapped in between two turns."""

    def __init__(self, data: IndexData, encoder: Encoder, analyzer: Analyzer) -> None:
        """Open ``data``, which must have been built with this encoder and analyzer."""
        self.data = data
        self.encoder = encoder
        self._analyzer = analyzer
        self._row_of_unit = dict(
            zip(data.units.tolist(), np.repeat(np.arange(len(data.passages)), np.diff(data.starts)).tolist(), strict=True)
        )
        # An entry is a row and its twins: it is found as one, and answered in the customer's language.
        self._entries: dict[str, list[int]] = {}
        for row, passage in enumerate(data.passages):
            self._entries.setdefault(passage.id, []).append(row)
        # Each language keeps its own statistics: entries added in one change nothing for the other.
        self._keywords: list[tuple[Rows, KeywordIndex]] = []
        for language in sorted({passage.language for passage in data.passages}):
            rows = np.array([i for i, p in enumerate(data.passages) if p.language == language], dtype=np.intp)
            self._keywords.append((rows, KeywordIndex([data.terms[row] for row in rows])))
        self._speller = Speller(text for p in data.passages for text in (p.question, *p.alternatives, p.answer))
        self._served: tuple[date, npt.NDArray[np.bool_]] | None = None

    @property
    def version(self) -> str:
        """Hash of everything that decides what a search finds."""
        return self.data.version

    def __len__(self) -> int:
        """Return the number of entries, twins counted once."""
        return len(self._entries)

    def passage(self, entry: str, language: str) -> Passage | None:
        """Return the entry in ``language``, or in another if it has no such twin, or None if there is no such entry."""
        rows = self._entries.get(entry, [])
        return min((self.data.passages[row] for row in rows), key=lambda p: p.language != language, default=None)

    def search(self, queries: Sequence[Query], k: int, *, day: date) -> list[list[Hit]]:
        """Return for each query its ``k`` best entries that may be served on ``day``, best first, each entry once."""
        if not queries or not self.data.passages:
            return [[] for _ in queries]
        texts = [self._speller.mend(query.text) for query in queries]
        leaning = {i: f"{self._speller.mend(q.context)} {texts[i]}" for i, q in enumerate(queries) if q.context}
        texts += leaning.values()
        vectors = self.encoder.encode_queries(texts)
        near = self.data.vectors.search(vectors, DENSE_POOL)
        served = self._served_on(day)
        found = [self._search(*each, max(k, MERGED), served) for each in zip(texts, vectors, near, strict=True)]
        for i, together in zip(leaning, found[len(queries) :], strict=True):
            found[i] = _merge(found[i], together)
        return [hits[:k] for hits in found[: len(queries)]]

    def _served_on(self, day: date) -> npt.NDArray[np.bool_]:
        if self._served is None or self._served[0] != day:
            mask = np.array([p.valid_on(day) and not p.audience for p in self.data.passages], dtype=np.bool_)
            self._served = (day, mask)
        return self._served[1]

    def _search(self, text: str, vector: Vectors, near: Ids, k: int, served: npt.NDArray[np.bool_]) -> list[Hit]:
        terms = self._analyzer.terms(text)
        keywords = np.zeros(len(self.data.passages), dtype=np.float32)
        for rows, index in self._keywords:
            keywords[rows] = index.scores(terms)
        keywords[~served] = 0.0
        pool = min(KEYWORD_POOL, len(keywords))
        found = {self._row_of_unit[unit] for unit in near.tolist()}
        found.update(row for row in np.argpartition(keywords, -pool)[-pool:].tolist() if keywords[row] > 0)
        entries = {self.data.passages[row].id for row in found}
        rows = np.array([r for entry in entries for r in self._entries[entry] if served[r]], dtype=np.intp)
        if not len(rows):
            return []
        reads = self.data.reads[rows] * fusion.readable(self.encoder.unknown_share(text))
        mean, nearest = self._cosines(rows, vector)
        dense, keyword = fusion.log_odds(mean, keywords[rows], reads=reads)
        return self._hits(rows, dense, keyword, (mean * reads, nearest * reads, keywords[rows]), text, terms, k)

    def _cosines(self, rows: Rows, vector: Vectors) -> tuple[Floats, Floats]:
        """Return how near each row is to the vector: by its nearest phrasings together, and by the nearest alone."""
        starts, counts = self.data.starts[rows], np.diff(self.data.starts)[rows]
        places = starts[:, None] + np.arange(counts.max())
        present = np.arange(counts.max()) < counts[:, None]
        each = np.full(present.shape, -np.inf, dtype=np.float32)
        each[present] = self.data.vectors.vectors(self.data.units[places[present]]) @ vector
        each = -np.sort(-each, axis=1)[:, : len(NEAREST)]
        weights = np.where(np.isfinite(each), NEAREST[: each.shape[1]], 0.0)
        mean: Floats = (np.where(weights > 0, each, 0.0) * weights).sum(axis=1) / weights.sum(axis=1)
        return mean, each[:, 0]

    def _hits(
        self,
        rows: Rows,
        dense: Floats,
        keyword: Floats,
        sides: tuple[Floats, Floats, Floats],
        text: str,
        terms: list[str],
        k: int,
    ) -> list[Hit]:
        """Put the rows of an entry together: as near as the nearest of the twins, with the keywords that any has."""
        entries: dict[str, list[int]] = {}
        for place, row in enumerate(rows.tolist()):
            entries.setdefault(self.data.passages[row].id, []).append(place)
        odds = {entry: float(max(dense[t]) + keyword[t].sum()) for entry, t in entries.items()}
        best = sorted(odds, key=lambda entry: (-odds[entry], entry))[:k]
        weight, language = self._weights(terms), detect_language(text)
        total = sum(weight.values()) or 1.0
        unknown = sum(w for term, w in weight.items() if all(term not in index for _, index in self._keywords)) / total
        hits = []
        for entry in best:
            twins = entries[entry]
            spoken = min(twins, key=lambda t: (self.data.passages[rows[t]].language != language, -dense[t] - keyword[t]))
            near, nearest, score = (float(max(side[twins])) for side in sides)
            held = {term for t in twins for term in self.data.terms[rows[t]]}
            hits.append(
                Hit(
                    passage=self.data.passages[rows[spoken]],
                    score=fusion.bounded(odds[entry]),
                    odds=odds[entry],
                    dense=min(max(near, 0.0), 1.0),
                    nearest=min(max(nearest, 0.0), 1.0),
                    keyword=score,
                    coverage=sum(w for term, w in weight.items() if term in held) / total,
                    unknown=unknown,
                    terms=len(terms),
                )
            )
        return hits

    def _weights(self, terms: list[str]) -> dict[str, float]:
        """Return how much each term tells, by the language that knows it best; a term nobody knows tells most."""
        return {term: min(index.weight(term) for _, index in self._keywords) for term in terms}


def _merge(alone: list[Hit], together: list[Hit]) -> list[Hit]:
    """Add what a query says together with its context, unless it says enough alone."""
    if alone and alone[0].odds >= LEANS_BELOW:
        return alone
    first, second = ({hit.passage.id: hit for hit in hits} for hits in (alone, together))
    merged = []
    for entry in first.keys() | second.keys():
        sides = (first[entry].odds if entry in first else 0.0, second[entry].odds if entry in second else 0.0)
        odds = (sides[0] + CONTEXT_WEIGHT * sides[1]) / (1.0 + CONTEXT_WEIGHT)
        hit = first.get(entry) or second[entry]
        merged.append(replace(hit, odds=odds, score=fusion.bounded(odds), leans=True))
    return sorted(merged, key=lambda hit: (-hit.odds, hit.passage.id))

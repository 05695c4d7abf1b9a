"""The knowledge index: what was built from the sources, opened for search. See `retrieval.build` for how it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from retrieval import fusion
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder, Vectors
from retrieval.fusion import Floats
from retrieval.keywords import KeywordIndex
from retrieval.reading import Reading, Sides
from retrieval.spelling import Speller
from retrieval.text import detect_language, fold, written_out
from retrieval.types import Hit, Passage, Query
from retrieval.vectors import Ids, VectorIndex

#: How many texts of passages the dense side, and how many passages the keyword side proposes to the fusion.
DENSE_POOL, KEYWORD_POOL = 100, 30

#: What a word found in an entry of another language than the query's counts: a borrowed word finds its entry by itself
#: or through a twin, but does not outweigh a question understood as a whole.
FOREIGN = 0.5

#: A passage is as near as its three nearest phrasings, the nearest counting most: one phrasing that happens to be close
#: is worth less than three that agree (benchmarks/fusion.py).
NEAREST = np.array([1.0, 0.5, 0.25], dtype=np.float32)

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class IndexData:
    """What an index holds, row by row of its passages."""

    #: Hash of everything that decides what a search finds.
    version: str
    #: Sorted by id and language.
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
        # An entry is a row and its twins: it is found as one, and answered in the customer's language.
        ids = [passage.id for passage in data.passages]
        self._ids = sorted(set(ids))
        self._number = {entry: number for number, entry in enumerate(self._ids)}
        #: The entry of each row; the rows of entry i are ``first[i]:first[i + 1]``, for rows are sorted by id.
        self._entry_of = np.array([self._number[entry] for entry in ids], dtype=np.intp)
        self._first = np.searchsorted(self._entry_of, np.arange(len(self._ids) + 1))
        order = np.argsort(data.units)
        #: The ids of the vectors, ascending, and the entry of each.
        self._units = data.units[order], np.repeat(self._entry_of, np.diff(data.starts))[order]
        self._served: tuple[date, npt.NDArray[np.bool_]] | None = None

    @cached_property
    def _keywords(self) -> list[tuple[str, Rows, KeywordIndex]]:
        """Each language keeps its own statistics: entries added in one change nothing for the other."""
        indexes = []
        for language in sorted({passage.language for passage in self.data.passages}):
            rows = np.array([i for i, p in enumerate(self.data.passages) if p.language == language], dtype=np.intp)
            indexes.append((language, rows, KeywordIndex([self.data.terms[row] for row in rows])))
        return indexes

    @cached_property
    def _speller(self) -> Speller:
        return Speller(text for p in self.data.passages for text in (p.question, *p.alternatives, p.answer))

    @cached_property
    def _phrasings(self) -> dict[str, set[str]]:
        """Return the entries that list each phrasing."""
        entries: dict[str, set[str]] = {}
        for passage in self.data.passages:
            for phrasing in (passage.question, *passage.alternatives):
                entries.setdefault(_bare(phrasing), set()).add(passage.id)
        return entries

    @property
    def version(self) -> str:
        """Hash of everything that decides what a search finds."""
        return self.data.version

    def __len__(self) -> int:
        """Return the number of entries, twins counted once."""
        return len(self._ids)

    def passage(self, entry: str, language: str) -> Passage | None:
        """Return the entry in ``language``, or in another if it has no such twin, or None if there is no such entry."""
        rows = self._rows(self._number[entry]) if entry in self._number else ()
        return min((self.data.passages[row] for row in rows), key=lambda p: p.language != language, default=None)

    def _rows(self, entry: int) -> range:
        return range(self._first[entry], self._first[entry + 1])

    def search(self, queries: Sequence[Query], k: int, *, day: date) -> list[list[Hit]]:
        """Return for each query its ``k`` best entries that may be served on ``day``, best first, each entry once."""
        if not queries or not self.data.passages:
            return [[] for _ in queries]
        served = self._served_on(day)
        texts = [self._speller.mend(query.text) for query in queries]
        readings = self._read_all(texts, served)
        leaning = [i for i, query in enumerate(queries) if query.context and readings[i].says_little()]
        if leaning:
            together = [f"{self._speller.mend(queries[i].context)} {texts[i]}" for i in leaning]
            for i, reading in zip(leaning, self._read_all(together, served), strict=True):
                readings[i] = readings[i].leaning_on(reading)
        return [self._hits(reading, k, served) for reading in readings]

    def _read_all(self, texts: Sequence[str], served: npt.NDArray[np.bool_]) -> list[Reading]:
        """Look up ``texts`` together: what the encoder can read of them is encoded and searched in one go."""
        reads = [float(fusion.readable(self.encoder.unknown_share(text))) for text in texts]
        legible = [text for text, read in zip(texts, reads, strict=True) if read > fusion.ILLEGIBLE]
        vectors = self.encoder.encode_queries(legible)
        near = dict(zip(legible, zip(vectors, self.data.vectors.search(vectors, DENSE_POOL), strict=True), strict=True))
        return [self._read(text, read, near.get(text), served) for text, read in zip(texts, reads, strict=True)]

    def _served_on(self, day: date) -> npt.NDArray[np.bool_]:
        # By a name of its own: around midnight another thread may put the mask of another day there meanwhile.
        served = self._served
        if served is None or served[0] != day:
            mask = np.array([p.valid_on(day) and not p.audience for p in self.data.passages], dtype=np.bool_)
            self._served = served = (day, mask)
        return served[1]

    def _read(self, text: str, read: float, near: tuple[Vectors, Ids] | None, served: npt.NDArray[np.bool_]) -> Reading:
        """Look on both sides, and put the rows of an entry together.

        ``read`` is how well the encoder reads the text, ``near`` its vector and the units near it (None if illegible).
        """
        terms = self._analyzer.terms(text)
        keywords = np.zeros(len(self.data.passages), dtype=np.float32)
        spoken = detect_language(text)
        for language, rows, index in self._keywords:
            keywords[rows] = index.scores(terms) * (1.0 if language == spoken else FOREIGN)
        keywords[~served] = 0.0
        rows = self._proposed(keywords, near[1] if near else None)
        rows = rows[served[rows]]
        reads = self.data.reads[rows] * np.float32(read)
        mean, nearest = np.zeros(len(rows), dtype=np.float32), np.zeros(len(rows), dtype=np.float32)
        encoded = np.flatnonzero(self.data.reads[rows] > fusion.ILLEGIBLE)
        if near and len(encoded):
            mean[encoded], nearest[encoded] = self._cosines(rows[encoded], near[0])
        told = keywords[rows]
        dense_odds, keyword_odds = fusion.log_odds(mean, told, reads=reads)
        sides = Sides(
            dense_odds=dense_odds,
            keyword_odds=keyword_odds,
            dense=mean * reads,
            nearest=nearest * reads,
            keyword=told,
        )
        return Reading.of_rows(text, terms, self._entry_of[rows], sides)

    def _proposed(self, keywords: Floats, near: Ids | None) -> Rows:
        """Return the rows of the entries that either side proposes, in order."""
        rows = np.flatnonzero(keywords)
        if len(rows) > KEYWORD_POOL:
            rows = rows[np.argpartition(keywords[rows], -KEYWORD_POOL)[-KEYWORD_POOL:]]
        entries = self._entry_of[rows]
        if near is not None:
            units, entry_of = self._units
            entries = np.concatenate([entries, entry_of[np.searchsorted(units, near)]])
        entries = np.unique(entries)
        return _ranges(self._first[entries], self._first[entries + 1])

    def _cosines(self, rows: Rows, vector: Vectors) -> tuple[Floats, Floats]:
        """Return how near each row is to the vector: by its nearest phrasings together, and by the nearest alone."""
        starts, ends = self.data.starts[rows], self.data.starts[rows + 1]
        width = int((ends - starts).max())
        places = starts[:, None] + np.arange(width)
        present = places < ends[:, None]
        each = np.full(places.shape, -np.inf, dtype=np.float32)
        each[present] = self.data.vectors.vectors(self.data.units[places[present]]) @ vector
        each = -np.sort(-each, axis=1)[:, : len(NEAREST)]
        weights = np.where(np.isfinite(each), NEAREST[: min(width, len(NEAREST))], 0.0)
        mean: Floats = (np.where(weights > 0, each, 0.0) * weights).sum(axis=1) / weights.sum(axis=1)
        return mean, each[:, 0]

    def _hits(self, reading: Reading, k: int, served: npt.NDArray[np.bool_]) -> list[Hit]:
        language = detect_language(reading.text)
        weight, unknown = self._weights(reading.terms, language)
        total = sum(weight.values()) or 1.0
        phrased = self._phrasings.get(_bare(reading.text), set())
        odds, sides = reading.odds, reading.sides
        hits = []
        for place in reading.best(k):
            rows = [row for row in self._rows(reading.entries[place]) if served[row]]
            held = {term for row in rows for term in self.data.terms[row]}
            hits.append(
                Hit(
                    passage=min((self.data.passages[row] for row in rows), key=lambda p: p.language != language),
                    score=fusion.bounded(float(odds[place])),
                    odds=float(odds[place]),
                    dense=min(float(sides.dense[place]), 1.0),
                    nearest=min(float(sides.nearest[place]), 1.0),
                    keyword=float(sides.keyword[place]),
                    coverage=sum(w for term, w in weight.items() if term in held) / total,
                    unknown=unknown / total,
                    terms=len(reading.terms),
                    leans=reading.leans,
                    exact=phrased == {self._ids[reading.entries[place]]},
                )
            )
        return hits

    def _weights(self, terms: list[str], spoken: str) -> tuple[dict[str, float], float]:
        """Return how much each term tells, and how much those that no entry holds tell together.

        It is what a term tells to the query's language where that knows it, otherwise to one that does.
        """
        indexes = [index for _, _, index in sorted(self._keywords, key=lambda each: each[0] != spoken)]
        knows = {term: next((index for index in indexes if term in index), None) for term in terms}
        weight = {term: (index or indexes[0]).weight(term) for term, index in knows.items()}
        return weight, sum(weight[term] for term, index in knows.items() if index is None)


def _bare(text: str) -> str:
    """Return the letters and digits of ``text``, folded, its contractions written out."""
    return "".join(filter(str.isalnum, fold(written_out(text))))


def _ranges(starts: Rows, ends: Rows) -> Rows:
    """Return the numbers of all ranges ``starts[i]:ends[i]``, one after the other."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    numbers: Rows = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return numbers

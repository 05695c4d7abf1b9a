"""The knowledge index: what was built from the sources, opened for search. See `retrieval.build` for how it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from retrieval import fusion
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder, Vectors
from retrieval.keywords import KeywordIndex
from retrieval.spelling import Speller
from retrieval.text import detect_language, fold
from retrieval.types import Hit, Passage, Query
from retrieval.vectors import Ids, VectorIndex

#: How many texts of passages the dense side, and how many passages the keyword side proposes to the fusion.
DENSE_POOL, KEYWORD_POOL = 100, 30

#: A query that finds something this likely alone does not lean on its context; one that does is weighed together with
#: the context, which counts this much (benchmarks/fusion.py).
LEANS_BELOW, CONTEXT_WEIGHT = 15.0, 0.6

#: What a word found in an entry of another language than the query's counts: a borrowed word finds its entry by itself
#: or through a twin, but does not outweigh a question understood as a whole.
FOREIGN = 0.5

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
            zip(
                data.units.tolist(),
                np.repeat(np.arange(len(data.passages)), np.diff(data.starts)).tolist(),
                strict=True,
            )
        )
        # An entry is a row and its twins: it is found as one, and answered in the customer's language.
        self._entries: dict[str, list[int]] = {}
        for row, passage in enumerate(data.passages):
            self._entries.setdefault(passage.id, []).append(row)
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
        return len(self._entries)

    def passage(self, entry: str, language: str) -> Passage | None:
        """Return the entry in ``language``, or in another if it has no such twin, or None if there is no such entry."""
        rows = self._entries.get(entry, [])
        return min((self.data.passages[row] for row in rows), key=lambda p: p.language != language, default=None)

    def search(self, queries: Sequence[Query], k: int, *, day: date) -> list[list[Hit]]:
        """Return for each query its ``k`` best entries that may be served on ``day``, best first, each entry once."""
        if not queries or not self.data.passages:
            return [[] for _ in queries]
        served = self._served_on(day)
        texts = [self._speller.mend(query.text) for query in queries]
        readings = self._read_all(texts, served)
        leaning = [i for i, query in enumerate(queries) if query.context and readings[i].says_little()]
        together = self._read_all([f"{self._speller.mend(queries[i].context)} {texts[i]}" for i in leaning], served)
        for i, reading in zip(leaning, together, strict=True):
            readings[i] = readings[i].leaning_on(reading)
        return [self._hits(reading, k, served) for reading in readings]

    def _read_all(self, texts: Sequence[str], served: npt.NDArray[np.bool_]) -> list[_Reading]:
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

    def _read(
        self, text: str, read: float, near: tuple[Vectors, Ids] | None, served: npt.NDArray[np.bool_]
    ) -> _Reading:
        """Look on both sides, and put the rows of an entry together.

        ``read`` is how well the encoder reads the text, ``near`` its vector and the units near it (None if illegible).
        """
        terms = self._analyzer.terms(text)
        keywords = np.zeros(len(self.data.passages), dtype=np.float32)
        spoken = detect_language(text)
        for language, rows, index in self._keywords:
            keywords[rows] = index.scores(terms) * (1.0 if language == spoken else FOREIGN)
        keywords[~served] = 0.0
        pool = min(KEYWORD_POOL, len(keywords))
        found = {self._row_of_unit[unit] for unit in near[1].tolist()} if near else set()
        found.update(row for row in np.argpartition(keywords, -pool)[-pool:].tolist() if keywords[row] > 0)
        entries = {self.data.passages[row].id for row in found}
        rows = np.array([r for entry in sorted(entries) for r in self._entries[entry] if served[r]], dtype=np.intp)
        if not len(rows):
            return _Reading(text=text, terms=terms, scores={})
        reads = self.data.reads[rows] * np.float32(read)
        mean, nearest = np.zeros(len(rows), dtype=np.float32), np.zeros(len(rows), dtype=np.float32)
        encoded = np.flatnonzero(self.data.reads[rows] > fusion.ILLEGIBLE)
        if near and len(encoded):
            mean[encoded], nearest[encoded] = self._cosines(rows[encoded], near[0])
        sides = fusion.log_odds(mean, keywords[rows], reads=reads)
        scores: dict[str, _Score] = {}
        for row, *numbers in zip(rows.tolist(), *sides, mean * reads, nearest * reads, keywords[rows], strict=True):
            entry = self.data.passages[row].id
            scores[entry] = scores.get(entry, _Score()).with_twin(*map(float, numbers))
        return _Reading(text=text, terms=terms, scores=scores)

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

    def _hits(self, reading: _Reading, k: int, served: npt.NDArray[np.bool_]) -> list[Hit]:
        language = detect_language(reading.text)
        weight = self._weights(reading.terms, language)
        total = sum(weight.values()) or 1.0
        unknown = (
            sum(w for term, w in weight.items() if all(term not in index for _, _, index in self._keywords)) / total
        )
        phrased = self._phrasings.get(_bare(reading.text), set())
        hits = []
        for entry, score in reading.best(k):
            rows = [row for row in self._entries[entry] if served[row]]
            held = {term for row in rows for term in self.data.terms[row]}
            hits.append(
                Hit(
                    passage=min((self.data.passages[row] for row in rows), key=lambda p: p.language != language),
                    score=fusion.bounded(score.odds),
                    odds=score.odds,
                    dense=min(score.dense, 1.0),
                    nearest=min(score.nearest, 1.0),
                    keyword=score.keyword,
                    coverage=sum(w for term, w in weight.items() if term in held) / total,
                    unknown=unknown,
                    terms=len(reading.terms),
                    leans=reading.leans,
                    exact=phrased == {entry},
                )
            )
        return hits

    def _weights(self, terms: list[str], spoken: str) -> dict[str, float]:
        """Return how much each term tells: to the query's language where that knows it, otherwise to one that does."""
        indexes = [index for _, _, index in sorted(self._keywords, key=lambda each: each[0] != spoken)]
        return {term: next((i for i in indexes if term in i), indexes[0]).weight(term) for term in terms}


def _bare(text: str) -> str:
    """Return the letters and digits of ``text``, folded."""
    return "".join(filter(str.isalnum, fold(text)))


@dataclass(frozen=True, slots=True)
class _Score:
    """What both sides say of an entry."""

    dense_odds: float = 0.0
    keyword_odds: float = 0.0
    dense: float = 0.0
    nearest: float = 0.0
    keyword: float = 0.0

    @property
    def odds(self) -> float:
        return self.dense_odds + self.keyword_odds

    def with_twin(self, dense_odds: float, keyword_odds: float, dense: float, nearest: float, keyword: float) -> _Score:
        """An entry is as near as the nearest of its twins, and has the keywords that any of them has."""
        return _Score(
            max(self.dense_odds, dense_odds),
            self.keyword_odds + keyword_odds,
            max(self.dense, dense),
            max(self.nearest, nearest),
            max(self.keyword, keyword),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """A text as both sides understand it."""

    text: str
    terms: list[str]
    scores: dict[str, _Score]
    leans: bool = False

    def best(self, k: int) -> list[tuple[str, _Score]]:
        """Return the ``k`` entries with the highest odds; ids break ties, so that a search is repeatable."""
        return sorted(self.scores.items(), key=lambda item: (-item[1].odds, item[0]))[:k]

    def says_little(self) -> bool:
        """Whether the text alone finds nothing likely enough, so that what was said before it is needed."""
        return all(score.odds < LEANS_BELOW for score in self.scores.values())

    def leaning_on(self, together: _Reading) -> _Reading:
        """Add what the text says together with its context."""
        own, share = 1 / (1 + CONTEXT_WEIGHT), CONTEXT_WEIGHT / (1 + CONTEXT_WEIGHT)
        scores = {}
        for entry in self.scores.keys() | together.scores.keys():
            alone, context = self.scores.get(entry, _Score()), together.scores.get(entry, _Score())
            scores[entry] = replace(
                alone,
                dense_odds=own * alone.dense_odds + share * context.dense_odds,
                keyword_odds=own * alone.keyword_odds + share * context.keyword_odds,
            )
        return replace(self, scores=scores, leans=True)

"""Which entries come near each other, from the vectors of the index: no text is compared with every other one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from retrieval.index import NEAREST, KnowledgeIndex
from retrieval.types import Passage

#: How many texts of the index are looked at around each text. The nearest ones are the entry's own and its twins'.
AROUND = 64

#: By how much a phrasing has to be nearer to its own entry than to any other one to find it for certain, as a cosine:
#: three log-odds of the dense side, which the words would have to outweigh. On the demo shop's knowledge, whole and
#: with defects planted in it, no entry that loses is beyond (benchmarks/lint.py).
SAFE = 0.15

#: How many passages are looked at together.
_BATCH = 32

_Floats = npt.NDArray[np.float32]
_Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """Two entries of one language that come near each other."""

    first: Passage
    second: Passage
    #: The greatest cosine of a phrasing of one and the question of the other.
    question: float
    #: The cosine of the answers, each read with its question.
    answer: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbourhood:
    """What lies around the texts of an index."""

    passages: tuple[Passage, ...]
    #: Cosines of pairs of rows, the smaller one first: of the questions, and of the answers.
    questions: dict[tuple[int, int], float] = field(default_factory=dict)
    answers: dict[tuple[int, int], float] = field(default_factory=dict)
    #: The phrasings, by key and text, that are surely nearer to their own entry than to any other one.
    safe: set[tuple[tuple[str, str], str]] = field(default_factory=set)

    def pairs(self, *, least: float) -> Iterator[Near]:
        """Yield the pairs whose questions, or whose answers, have a cosine of ``least`` or more."""
        for pair in sorted({*self.questions, *self.answers}):
            near_question, near_answer = self.questions.get(pair, 0.0), self.answers.get(pair, 0.0)
            if max(near_question, near_answer) >= least:
                first, second = (self.passages[row] for row in pair)
                yield Near(first=first, second=second, question=near_question, answer=near_answer)


def look_around(index: KnowledgeIndex, progress: Callable[[int], None]) -> Neighbourhood:
    """Look at what lies around each text of ``index``; ``progress`` is told how many passages are done."""
    around = Neighbourhood(passages=index.data.passages)
    units = _Units(index)
    for begin in range(0, len(around.passages), _BATCH):
        rows = range(begin, min(begin + _BATCH, len(around.passages)))
        encoded = [row for row in rows if units.of(row)]
        own = np.array([unit for row in encoded for unit in units.of(row)], dtype=np.int64)
        if len(own):
            vectors = index.data.vectors.vectors(own)
            near = iter(zip(vectors, index.data.vectors.search(vectors, AROUND), strict=True))
            for row in encoded:
                _look(around, units, row, [next(near) for _ in units.of(row)])
        progress(len(rows))
    return around


class _Units:
    """The texts of an index as its vectors know them: whose each is, and what."""

    def __init__(self, index: KnowledgeIndex) -> None:
        data = index.data
        self._data = data
        order = np.argsort(data.units)
        self._sorted = data.units[order]
        self._row_of = np.repeat(np.arange(len(data.passages)), np.diff(data.starts))[order]
        is_answer = np.zeros(len(data.units), dtype=np.bool_)
        is_answer[data.starts[1:][np.diff(data.starts) > 0] - 1] = True
        self._is_answer = is_answer[order]
        #: The weights of the nearest texts of each row, together: fewer where it has fewer.
        self.weight = np.concatenate([[0.0], np.cumsum(NEAREST)])[np.minimum(np.diff(data.starts), len(NEAREST))]
        #: The entry of each row, as a number.
        self.entry = np.unique([passage.id for passage in data.passages], return_inverse=True)[1]

    def of(self, row: int) -> list[int]:
        """Return the units of a row: its phrasings, the question first, then the answer."""
        units: list[int] = self._data.units[self._data.starts[row] : self._data.starts[row + 1]].tolist()
        return units

    def rows(self, near: npt.NDArray[np.int64]) -> tuple[_Rows, npt.NDArray[np.bool_]]:
        """Return the row of each unit, and whether it is an answer."""
        places = np.searchsorted(self._sorted, near)
        return self._row_of[places], self._is_answer[places]

    def cosines(self, near: npt.NDArray[np.int64], vector: _Floats) -> _Floats:
        """Return the cosine of each unit with ``vector``."""
        cosines: _Floats = self._data.vectors.vectors(near) @ vector
        return cosines


def _look(around: Neighbourhood, units: _Units, row: int, near: list[tuple[_Floats, npt.NDArray[np.int64]]]) -> None:
    passage, last = around.passages[row], len(near) - 1
    phrasings = [text for text in dict.fromkeys((passage.question, *passage.alternatives)) if text]
    own = np.stack([vector for vector, _ in near])
    for number, (vector, found) in enumerate(near):
        rows, is_answer = units.rows(found)
        cosines = units.cosines(found, vector)
        if number in (0, last):  # the question, and the answer
            of_answers = number == last
            cosines_of = around.answers if of_answers else around.questions
            for other, cosine in zip(rows[is_answer == of_answers], cosines[is_answer == of_answers], strict=True):
                if _comparable(passage, around.passages[other]):
                    pair = (min(row, int(other)), max(row, int(other)))
                    cosines_of[pair] = max(cosines_of.get(pair, 0.0), float(cosine))
        if number < last:
            home = -np.sort(-(own @ vector))[: len(NEAREST)]
            distance = float(home @ NEAREST[: len(home)]) / float(units.weight[row])
            if distance - _nearest_other(units, row, rows, cosines) >= SAFE:
                around.safe.add((passage.key, phrasings[number]))


def _nearest_other(units: _Units, row: int, rows: _Rows, cosines: _Floats) -> float:
    """Return how near any other entry can be, as a search counts it; texts that were not found are no nearer."""
    foreign = units.entry[rows] != units.entry[row]
    if not foreign.any():
        return float(cosines.min())
    floor = float(cosines.min())
    rows, cosines = rows[foreign], cosines[foreign]
    order = np.lexsort((-cosines, rows))
    rows, cosines = rows[order], cosines[order]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    weights = np.where(rank < len(NEAREST), NEAREST[np.minimum(rank, len(NEAREST) - 1)], 0.0)
    total = np.add.reduceat(weights * cosines, starts)
    whole = units.weight[rows[starts]]
    missing = np.maximum(whole - np.add.reduceat(weights, starts), 0.0)
    return float(((total + missing * floor) / whole).max())


def _comparable(one: Passage, other: Passage) -> bool:
    """Whether both are entries of one language; the parts of a long section are one entry."""
    return one.language == other.language and one.id.split("#")[0] != other.id.split("#")[0]

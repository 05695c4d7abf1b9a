"""Gaps of the same kind together: by what customers asked, and by what people answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.evaluation.gaps.linkage import linked
from bot.evaluation.gaps.turns import Gap
from retrieval.text import detect_language

Vectors = npt.NDArray[np.float32]

#: Returns the unit vectors of texts, shape (len(texts), dimensions).
Encode = Callable[[Sequence[str]], Vectors]

#: Mean similarity from which two clusters are one. This and the next one were chosen on the entries that
#: `benchmarks.gaps` takes away with ``--dev``: lower, different gaps come together, higher, one gap is several.
ALIKE = 0.43

#: How much of a similarity is that of the answers, where both turns have one: those who ask differently and are told
#: the same belong together.
ANSWERS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    """The entry that the bot found likeliest for the turns of a cluster."""

    id: str
    question: str
    #: Mean over the turns, 0 where it was no candidate.
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """Turns that show the same gap."""

    #: What its most central turn asked.
    name: str
    #: The most central first.
    gaps: tuple[Gap, ...]
    nearest: Nearest | None
    #: What people answered, the most central first, each once.
    answers: tuple[str, ...]

    @property
    def dialogues(self) -> int:
        """How many dialogues it comes up in."""
        return len({gap.turn.dialogue for gap in self.gaps})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it is asked in, the most frequent first."""
        return _frequent(detect_language(gap.question) for gap in self.gaps)

    @property
    def channels(self) -> tuple[str, ...]:
        """Where it is asked, the most frequent first."""
        return _frequent(gap.turn.channel for gap in self.gaps if gap.turn.channel)

    @property
    def topic(self) -> str:
        """The first tag of the entries that come closest, of most turns ("" for none)."""
        return next(iter(_frequent(gap.turn.topic for gap in self.gaps if gap.turn.topic)), "")


def clustered(
    gaps: Sequence[Gap], encode: Encode, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Cluster]:
    """Return the clusters of ``gaps``, those that come up in most dialogues first.

    ``progress`` is told how many turns are compared, of how many.
    """
    if not gaps:
        return []
    # Who writes and is told the same word for word is compared once.
    pairs = sorted({(gap.asks, gap.answer) for gap in gaps})
    place = {pair: number for number, pair in enumerate(pairs)}
    counts = np.bincount([place[gap.asks, gap.answer] for gap in gaps]).astype(np.float32)
    asked, answered = _vectors([asks for asks, _ in pairs], encode), _vectors([answer for _, answer in pairs], encode)
    left, right = _bilinear(asked, answered, np.array([bool(answer) for _, answer in pairs], dtype=np.float32))
    numbers = linked(left * counts[:, None], right * counts[:, None], counts, at_least=ALIKE, progress=progress)
    members: dict[int, list[Gap]] = defaultdict(list)
    for gap in gaps:
        members[numbers[place[gap.asks, gap.answer]]].append(gap)
    clusters = [
        _cluster(mine, [place[gap.asks, gap.answer] for gap in mine], asked, answered) for mine in members.values()
    ]
    return sorted(clusters, key=lambda cluster: (-cluster.dialogues, -len(cluster.gaps), cluster.name))


def _vectors(texts: Sequence[str], encode: Encode) -> Vectors:
    """Return a row for each text, each text encoded once; zeros for an empty one."""
    some = sorted({text for text in texts if text})
    if not some:
        return np.zeros((len(texts), 1), dtype=np.float32)
    vectors = encode(some)
    rows = np.vstack([vectors, np.zeros((1, vectors.shape[1]), dtype=np.float32)])
    place = {text: number for number, text in enumerate(some)}
    return np.asarray(rows[[place.get(text, -1) for text in texts]], dtype=np.float32)


def _bilinear(asked: Vectors, answered: Vectors, told: Vectors) -> tuple[Vectors, Vectors]:
    """Return what gives the similarity of two turns as one product: see `linked`.

    Where both have an answer, (1 - w) q·q' + w a·a' with w = `ANSWERS`; otherwise q·q'.
    """
    told = told[:, None]
    left = np.hstack([asked, -ANSWERS * asked * told, ANSWERS * answered])
    return left, np.hstack([asked, asked * told, answered])


def _cluster(gaps: list[Gap], places: list[int], asked: Vectors, answered: Vectors) -> Cluster:
    central = _central(asked[places])
    order = sorted(range(len(gaps)), key=lambda i: (not gaps[i].alone, -central[i], gaps[i].turn.id))
    near = _central(answered[places])
    said = sorted((i for i in range(len(gaps)) if gaps[i].answer), key=lambda i: (-near[i], gaps[i].turn.id))
    return Cluster(
        name=gaps[order[0]].asks,
        gaps=tuple(gaps[i] for i in order),
        nearest=_nearest(gaps),
        answers=tuple(dict.fromkeys(gaps[i].answer for i in said)),
    )


def _central(vectors: Vectors) -> list[float]:
    """Return how close each vector is to all of them together."""
    return [round(float(each), 5) for each in vectors @ vectors.mean(axis=0)]


def _nearest(gaps: Sequence[Gap]) -> Nearest | None:
    sums: dict[str, float] = defaultdict(float)
    questions: dict[str, str] = {}
    for gap in gaps:
        for candidate in gap.turn.candidates:
            sums[candidate.id] += candidate.confidence
            questions.setdefault(candidate.id, candidate.question)
    if not sums:
        return None
    best = min(sums, key=lambda id_: (-sums[id_], id_))
    return Nearest(id=best, question=questions[best], confidence=round(sums[best] / len(gaps), 4))


def _frequent(names: Iterable[str]) -> tuple[str, ...]:
    counts = Counter(names)
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))

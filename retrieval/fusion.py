"""One score from two sides, each weighed by how well it reads this query.

The raw scores of both sides already say how much they know: a cosine of 0.9 beside one of 0.5 settles a question, two
of 0.5 do not, and a BM25 score is a sum of surprises. So they are added as log-odds, without being stretched per query
as z-scores or ranks would (a side that reads nothing would then speak as loudly as one that reads everything). The
weights were chosen on the sets of `benchmarks/fusion.py`, so that on none the sum falls far below its better side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """How the two sides are added."""

    #: Log-odds of a cosine of 1.
    dense: float = 20.0
    #: Log-odds of one unit of BM25, and what is added to it as the best BM25 score of the query grows past
    #: ``strong_at``: a long query that finds most of its rare words in one place is best served by them.
    keyword: float = 0.15
    keyword_strong: float = 0.4
    strong_at: float = 14.0
    strong_width: float = 2.0
    #: The dense side counts with the share of the text its vocabulary holds, to this power: the chance that as many
    #: neighbouring pieces are all known.
    readable_power: float = 3.0
    #: Log-odds at which the fused score reaches 1 - 1/e.
    scale: float = 10.0


WEIGHTS = Weights()

#: A text that the encoder reads worse than this (see `readable`) is not encoded: its cosines would add at most one
#: log-odd, and its vector would crowd out others.
ILLEGIBLE = 0.05


def readable(unknown_share: Floats | float) -> Floats:
    """Return how well an encoder reads a text, 0 to 1, from the share of its pieces that the vocabulary lacks."""
    known: Floats = np.asarray((1.0 - np.asarray(unknown_share)) ** WEIGHTS.readable_power, dtype=np.float32)
    return known


def log_odds(cosines: Floats, keywords: Floats, *, reads: Floats) -> tuple[Floats, Floats]:
    """Return what each side adds for every candidate of one query, both of the shape of ``cosines``.

    ``keywords`` are raw BM25 scores, ``reads`` says how well the encoder reads query and passage together (0 to 1).
    """
    strong = 1.0 / (1.0 + np.exp((WEIGHTS.strong_at - keywords.max(initial=0.0)) / WEIGHTS.strong_width))
    weight = WEIGHTS.keyword + WEIGHTS.keyword_strong * strong
    near: Floats = np.float32(WEIGHTS.dense) * np.maximum(cosines, 0.0) * reads
    told: Floats = np.float32(weight) * keywords
    return near, told


def bounded(odds: float) -> float:
    """Return fused log-odds as a score in [0, 1]."""
    return float(1.0 - np.exp(-max(odds, 0.0) / WEIGHTS.scale))

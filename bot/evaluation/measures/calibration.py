"""Whether confidences keep what they promise: of all answers with 0.9, nine in ten are right.

All takes the confidence in each answer, 0 to 1, and whether it is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.evaluation.measures.arrays import Bools, Flags, Floats, Numbers, chances
from bot.evaluation.measures.intervals import Estimate, wilson

#: Parts of the range, or of the items, by default: as many as Guo et al. 2017 show in their plots.
BINS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """The items whose confidence is in one part of its range: a point of a reliability plot."""

    #: Where the part begins and ends; of a part with as many items as the others, its least and its most sure item.
    low: float
    high: float
    #: Mean confidence.
    sure: float
    #: Share that is right, with the interval of Wilson, which takes the items for independent.
    right: Estimate


def equal_width(confidence: Numbers, right: Flags, bins: int = BINS) -> list[Bin]:
    """Return the parts of 0 to 1 that have items in them; what lies on a border belongs to the part below."""
    sure, good = _rising(confidence, right, bins)
    edges = np.linspace(0, 1, bins + 1)
    return _bins(sure, good, np.searchsorted(edges[1:-1], sure), edges)


def equal_mass(confidence: Numbers, right: Flags, bins: int = BINS) -> list[Bin]:
    """Return parts with about as many items each; equally sure ones stay together, in the part where their middle is.

    Few parts are empty where most confidences are high, as those of a good bot are (Nguyen and O'Connor 2015, Posterior
    calibration and exploratory analysis for natural language processing models, arXiv 1508.05154).
    """
    sure, good = _rising(confidence, right, bins)
    _, group, counts = np.unique(sure, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - counts / 2
    return _bins(sure, good, (bins * middles[group] / max(len(sure), 1)).astype(np.intp), None)


def ece(bins: Sequence[Bin]) -> float | None:
    """Return the expected calibration error, 0 to 1: the mean distance between promised and kept, weighed by items.

    Naeini et al. 2015 (AAAI) and Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599), equation
    3. With few items in a part it is well above 0 where confidences are right, too: compare only what was measured over
    as many items and parts.
    """
    apart = [(abs(part.sure - part.right.mean), part.right.n) for part in bins if part.right.mean is not None]
    return sum(far * n for far, n in apart) / sum(n for _, n in apart) if apart else None


def brier(confidence: Numbers, right: Flags) -> Floats:
    """Return the Brier score of each item, 0 to 1, lower is better: the squared distance to what came (Brier 1950)."""
    rows = chances(confidence, right)
    return (rows[:, 0] - rows[:, 1]) ** 2


def _rising(confidence: Numbers, right: Flags, bins: int) -> tuple[Floats, Bools]:
    """Return both with the least sure first."""
    if bins < 1:
        raise ValueError(f"{bins} bins hold nothing; expected 1 or more")
    rows = chances(confidence, right)
    rows = rows[np.argsort(rows[:, 0])]
    return rows[:, 0], rows[:, 1] > 0


def _bins(sure: Floats, good: Bools, places: npt.NDArray[np.intp], edges: Floats | None) -> list[Bin]:
    """Return what is in each part; ``places`` has the part of each item, rising.

    Without ``edges`` a part reaches from its first item to its last.
    """
    starts = np.flatnonzero(np.diff(places, prepend=-1)).tolist()
    return [
        Bin(
            low=float(sure[start] if edges is None else edges[places[start]]),
            high=float(sure[stop - 1] if edges is None else edges[places[start] + 1]),
            sure=float(sure[start:stop].mean()),
            right=wilson(int(np.count_nonzero(good[start:stop])), stop - start),
        )
        for start, stop in pairwise([*starts, len(sure)])
    ]

"""Whether one run is better than another on the same items, by how much, and how sure that is.

``new`` and ``old`` have the same items in the same order. Positive means that the new run has more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.evaluation.measures.arrays import Flags, Floats, Numbers, columns
from bot.evaluation.measures.intervals import Estimate, mean, of_sums, places, quotient


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What became right and what became wrong."""

    gained: int
    lost: int
    #: Chance of a split at least as uneven where neither run is better; 1 where nothing changed.
    p: float


def difference(new: Numbers, old: Numbers, clusters: Sequence[str] | None = None, *, seed: int = 0) -> Estimate:
    """Return by how much the mean of ``new`` is above that of ``old``, drawing the same conversations for both."""
    rows = columns(new, old)
    return mean(rows[:, 0] - rows[:, 1], clusters, seed=seed)


def difference_of_ratios(
    new: tuple[Numbers, Numbers], old: tuple[Numbers, Numbers], clusters: Sequence[str] | None = None, *, seed: int = 0
) -> Estimate:
    """Return by how much the ratio of ``new`` is above that of ``old``, drawing the same conversations for both.

    Each is given as `intervals.ratio` takes it, what is over and what is under the line; n counts the items that count
    below the line of either.
    """
    rows = columns(*new, *old)
    return of_sums(rows, _apart, clusters, n=int(np.count_nonzero(rows[:, [1, 3]].any(axis=1))), seed=seed)


def mcnemar(new: Flags, old: Flags, clusters: Sequence[str] | None = None) -> Changes:
    """Return how many items became right and how many wrong, with the exact two-sided test of McNemar (1947).

    It takes items for independent. With ``clusters`` it counts conversations, of which more or less became right: the
    sign test, which holds however alike the turns of a conversation are.
    """
    rows = columns(new, old)
    change = np.bincount(places(clusters, len(rows)), weights=rows[:, 0] - rows[:, 1])
    gained, lost = int(np.count_nonzero(change > 0)), int(np.count_nonzero(change < 0))
    return Changes(gained=gained, lost=lost, p=_uneven(gained, lost))


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Return the chances ``p`` of several tests, by name, corrected for their number.

    Calling out those that stay below 0.05 is wrong about any one of them with a chance of 0.05 at most, whether the
    tests depend on each other or not. Holm 1979, A simple sequentially rejective multiple test procedure (Scandinavian
    Journal of Statistics 6).
    """
    corrected, highest = {}, 0.0
    for place, name in enumerate(sorted(p, key=p.__getitem__)):
        highest = max(highest, min((len(p) - place) * p[name], 1.0))
        corrected[name] = highest
    return {name: corrected[name] for name in p}


def _apart(sums: Floats) -> Floats:
    return quotient(sums[:, 0], sums[:, 1]) - quotient(sums[:, 2], sums[:, 3])


def _uneven(gained: int, lost: int) -> float:
    """Return how likely a fair coin falls at least as unevenly, counted in whole numbers."""
    ways = total = 1
    for heads in range(min(gained, lost)):
        ways = ways * (gained + lost - heads) // (heads + 1)
        total += ways
    return min(1.0, 2 * total / (1 << (gained + lost)))

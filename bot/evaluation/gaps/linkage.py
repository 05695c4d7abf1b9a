"""Agglomerative clustering with average linkage, for similarities that are bilinear: no matrix of all pairs is kept.

The sum of the similarities between the members of two clusters is then the product of two sums of vectors, so the mean
that average linkage (Sokal and Michener 1958, UPGMA) goes by is exact at the price of one product. Pairs are looked up
in a graph: a mean can only reach a threshold where a pair does, so nothing is lost but what `NEIGHBOURS` cuts off, and
the rounds find that again among the clusters.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

#: Edges of a vector in the graph of a round, the closest ones.
NEIGHBOURS = 48

#: Rows that are compared with all others at a time: 256 of 20,000 columns take 20 MB.
BLOCK = 256

#: Decimals of a similarity that count: the last bits depend on how many cores multiply.
_DECIMALS = 5


@dataclass(kw_only=True)
class _Clusters:
    """Clusters while they are put together; each stands in the place of its first member."""

    #: Sums over the members: the similarities of two clusters add up to ``left[i] @ right[j]``.
    left: Floats
    right: Floats
    sizes: Floats
    #: Where the members of each went.
    places: npt.NDArray[np.intp]

    def means(self, one: int, others: list[int]) -> list[float]:
        """Return the mean similarity between a cluster and each of others."""
        sums = self.right[others] @ self.left[one]
        return [round(float(mean), _DECIMALS) for mean in sums / (self.sizes[one] * self.sizes[others])]

    def merge(self, one: int, other: int) -> None:
        """Put ``other`` into ``one``."""
        self.left[one] += self.left[other]
        self.right[one] += self.right[other]
        self.sizes[one] += self.sizes[other]


def linked(
    left: Floats,
    right: Floats,
    sizes: Floats,
    *,
    at_least: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[int]:
    """Return the cluster of each row, numbered by their first rows.

    ``left`` and ``right``, both (n, d), give the similarity of rows i and j as ``left[i] @ right[j]``, which has to be
    symmetric, and ``sizes`` (n,) how often each row counts; rows are given as they count, so a row that counts twice is
    the sum of two. Clusters are merged, the most similar ones first, until no two have a mean similarity of
    ``at_least``. ``progress`` is told how many rows of a round are compared, of how many.
    """
    clusters = _Clusters(left=left.copy(), right=right.copy(), sizes=sizes.copy(), places=np.arange(len(left)))
    alive = list(range(len(left)))
    while edges := list(_edges(clusters, alive, at_least, progress)):
        alive = _round(clusters, alive, edges, at_least)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(_root(clusters.places, place), len(numbers)) for place in range(len(left))]


def _root(places: npt.NDArray[np.intp], place: int) -> int:
    while places[place] != place:
        places[place] = places[places[place]]
        place = int(places[place])
    return place


def _edges(
    clusters: _Clusters, alive: list[int], at_least: float, progress: Callable[[int, int], None]
) -> Iterator[tuple[float, int, int]]:
    """Yield similarity and places of the pairs whose mean reaches the threshold, `NEIGHBOURS` for each at most."""
    places = np.array(alive)
    right, sizes = clusters.right[places].T, clusters.sizes[places]
    for start in range(0, len(alive), BLOCK):
        rows = places[start : start + BLOCK]
        means = clusters.left[rows] @ right / (clusters.sizes[rows, None] * sizes)
        means[np.arange(len(rows)), np.arange(start, start + len(rows))] = -np.inf
        for row, mean in zip(rows.tolist(), means, strict=True):
            near = np.flatnonzero(mean >= at_least)
            if len(near) > NEIGHBOURS:
                near = near[np.argsort(-np.round(mean[near], _DECIMALS), kind="stable")[:NEIGHBOURS]]
            for column in near.tolist():
                yield round(float(mean[column]), _DECIMALS), row, alive[column]
        progress(start + len(rows), len(alive))


def _round(clusters: _Clusters, alive: list[int], edges: list[tuple[float, int, int]], at_least: float) -> list[int]:
    """Merge along the edges, the most similar clusters first, and return what is left."""
    beside: dict[int, set[int]] = {place: set() for place in alive}
    for _, one, other in edges:
        beside[one].add(other)
        beside[other].add(one)
    changed = dict.fromkeys(alive, 0)
    heap = [(-mean, min(pair), max(pair), 0, 0) for mean, *pair in edges]
    heapq.heapify(heap)
    while heap:
        _, one, other, *seen = heapq.heappop(heap)
        if [changed.get(one), changed.get(other)] != seen:  # one of them is gone, or is not what it was
            continue
        clusters.merge(one, other)
        clusters.places[other] = one
        del changed[other]
        changed[one] += 1
        for neighbour in beside.pop(other):
            beside[neighbour].discard(other)
            if neighbour != one:
                beside[neighbour].add(one)
                beside[one].add(neighbour)
        others = sorted(beside[one])
        for neighbour, mean in zip(others, clusters.means(one, others) if others else (), strict=True):
            if mean >= at_least:
                first, second = min(one, neighbour), max(one, neighbour)
                heapq.heappush(heap, (-mean, first, second, changed[first], changed[second]))
    return sorted(changed)

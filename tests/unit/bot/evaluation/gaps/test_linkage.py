"""Average linkage over sums: the clusters that comparing all pairs would give."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from bot.evaluation.gaps import linkage as ours
from bot.evaluation.gaps.linkage import linked


def unit(seed: int, count: int, dimensions: int = 6) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def groups(labels: list[int]) -> set[frozenset[int]]:
    members = defaultdict(set)
    for place, label in enumerate(labels):
        members[label].add(place)
    return set(map(frozenset, members.values()))


def all_pairs(rows: np.ndarray, at_least: float) -> set[frozenset[int]]:
    """Return the clusters of scipy, which keeps the distances of all pairs."""
    distances = 1 - (rows @ rows.T).astype(np.float64)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average")
    return groups(fcluster(tree, 1 - at_least, criterion="distance").tolist())


@given(st.integers(0, 10_000), st.integers(2, 40), st.floats(0.1, 0.9))
@settings(max_examples=60, deadline=None)
def test_the_clusters_are_those_of_all_pairs(seed: int, count: int, at_least: float) -> None:
    rows = unit(seed, count)
    found = linked(rows, rows, np.ones(count, dtype=np.float32), at_least=at_least)
    assert groups(found) == all_pairs(rows, at_least)


@given(st.integers(0, 10_000), st.integers(2, 60), st.floats(0.2, 0.9))
@settings(max_examples=30, deadline=None)
def test_no_two_clusters_are_left_that_belong_together(seed: int, count: int, at_least: float) -> None:
    rows = unit(seed, count)
    found = np.array(linked(rows, rows, np.ones(count, dtype=np.float32), at_least=at_least))
    for one in range(found.max() + 1):
        for other in range(one):
            assert (rows[found == one] @ rows[found == other].T).mean() < at_least + 1e-4


def test_a_row_that_counts_twice_is_two(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit(3, 20)
    twice = np.vstack([rows, rows[:5]])
    counts = np.array([2] * 5 + [1] * 15, dtype=np.float32)
    together = linked(rows * counts[:, None], rows * counts[:, None], counts, at_least=0.4)
    assert together == linked(twice, twice, np.ones(25, dtype=np.float32), at_least=0.4)[:20]


def test_more_alike_than_a_row_has_neighbours_still_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "NEIGHBOURS", 2)
    monkeypatch.setattr(ours, "BLOCK", 7)
    rows = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    found = linked(rows, rows, np.ones(60, dtype=np.float32), at_least=0.5)
    assert found == [0] * 20 + [1] * 20 + [2] * 20

"""Nearest vectors: exact while they are few, approximate beyond, the same ids throughout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval import vectors as module
from retrieval.encoder import Vectors
from retrieval.vectors import MIN_RECALL, Ids, VectorIndex

DIMENSIONS = 32
NO_IDS = np.empty(0, np.int64)
NO_VECTORS = np.empty((0, DIMENSIONS), np.float32)


def unit(count: int, seed: int = 0) -> Vectors:
    """Return vectors of unit length in some twenty clusters, as those of texts are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(20, DIMENSIONS))
    raw = centres[random.integers(20, size=count)] + 0.6 * random.normal(size=(count, DIMENSIONS))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def ids_of(count: int, seed: int = 0) -> Ids:
    """Return ids of 63 bits, as those of texts are."""
    return np.random.default_rng(seed + 1000).integers(2**63 - 1, size=count, dtype=np.int64)


#: What the bytes of a vector may be wrong in a component, and those of both in a cosine.
IN_A_COMPONENT, IN_A_COSINE = 0.005, 0.02


def are_nearest(found: Ids, ids: Ids, vectors: Vectors, query: Vectors, k: int) -> bool:
    """Whether numpy finds none nearer than ``found``, and they are in order, but for what rounding to bytes changes."""
    cosines = dict(zip(ids.tolist(), (vectors @ query).tolist(), strict=True))
    got, best = [cosines[i] for i in found.tolist()], sorted(cosines.values(), reverse=True)[:k]
    return len(set(found.tolist())) == len(got) and got == pytest.approx(best, abs=IN_A_COSINE)


@pytest.fixture
def small_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an index be approximate from 501 vectors on."""
    monkeypatch.setattr(module, "EXACT_UP_TO", 500)


def test_a_search_finds_what_numpy_finds() -> None:
    ids, vectors, queries = ids_of(300), unit(300), unit(20, seed=7)
    found = VectorIndex.build(ids, vectors).search(queries, 10)
    assert all(are_nearest(row, ids, vectors, query, 10) for row, query in zip(found, queries, strict=True))


def test_a_vector_is_given_back_under_its_id() -> None:
    ids, vectors = ids_of(50), unit(50)
    wanted = np.array([7, 3, 3, 49])
    assert VectorIndex.build(ids, vectors).vectors(ids[wanted]) == pytest.approx(vectors[wanted], abs=IN_A_COMPONENT)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_fewer_vectors_than_asked_for_are_all_found_and_no_other_id(count: int) -> None:
    ids = ids_of(count)
    (found,) = VectorIndex.build(ids, unit(count)).search(unit(1, seed=7), 10)
    assert sorted(found.tolist()) == sorted(ids.tolist())


def test_a_removed_vector_is_not_found_and_an_added_one_is() -> None:
    ids, vectors = ids_of(40), unit(40)
    added, more = ids_of(5, seed=1), unit(5, seed=1)
    index = VectorIndex.build(ids, vectors).changed(remove=ids[:10], add=added, vectors=more)
    kept = np.concatenate([ids[10:], added])
    assert len(index) == 35
    assert sorted(index.ids().tolist()) == sorted(kept.tolist())
    (found,) = index.search(more[:1], 100)
    assert are_nearest(found, kept, np.concatenate([vectors[10:], more]), more[0], 100)
    assert index.vectors(kept) == pytest.approx(np.concatenate([vectors[10:], more]), abs=IN_A_COMPONENT)


def test_a_change_leaves_the_index_it_was_made_from_as_it_was() -> None:
    ids, vectors, query = ids_of(40), unit(40), unit(1, seed=7)
    index = VectorIndex.build(ids, vectors)
    (before,), held = index.search(query, 40), index.vectors(ids)
    changed = index.changed(remove=ids[:20], add=ids_of(30, seed=1), vectors=unit(30, seed=1))
    assert index.search(query, 40)[0].tolist() == before.tolist()
    assert np.array_equal(index.vectors(ids), held)
    assert len(changed) == 50


def test_an_index_can_be_emptied_and_filled_again() -> None:
    ids, vectors = ids_of(3), unit(3)
    empty = VectorIndex.build(ids, vectors).changed(remove=ids, add=NO_IDS, vectors=NO_VECTORS)
    assert len(empty) == 0
    assert empty.search(vectors, 5)[0].tolist() == []
    again = empty.changed(remove=NO_IDS, add=ids, vectors=vectors)
    assert [row[0] for row in again.search(vectors, 1)] == ids.tolist()


@pytest.mark.usefixtures("small_exact")
def test_an_index_that_outgrows_exact_search_finds_nearly_all_and_comes_back() -> None:
    ids, vectors = ids_of(450), unit(450)
    more_ids, more = ids_of(400, seed=1), unit(400, seed=1)
    exact = VectorIndex.build(ids, vectors)
    grown = exact.changed(remove=ids[:50], add=more_ids, vectors=more)
    all_ids, all_vectors = np.concatenate([ids[50:], more_ids]), np.concatenate([vectors[50:], more])

    assert (exact.exact, grown.exact) == (True, False)
    assert sorted(grown.ids().tolist()) == sorted(all_ids.tolist())
    assert grown.vectors(all_ids) == pytest.approx(all_vectors, abs=IN_A_COMPONENT)
    assert grown.recall >= MIN_RECALL
    rows = grown.search(all_vectors, 10)
    found = [are_nearest(row, all_ids, all_vectors, v, 10) for row, v in zip(rows, all_vectors, strict=True)]
    assert np.mean(found) >= MIN_RECALL - 0.05
    assert all((row >= 0).all() for row in rows)

    back = grown.changed(remove=more_ids, add=NO_IDS, vectors=NO_VECTORS)
    assert back.exact
    assert sorted(back.ids().tolist()) == sorted(ids[50:].tolist())
    assert are_nearest(back.search(vectors[60:61], 10)[0], ids[50:], vectors[50:], vectors[60], 10)


@pytest.mark.usefixtures("small_exact")
def test_an_approximate_index_changes_without_a_rebuild() -> None:
    ids, vectors = ids_of(700), unit(700)
    index = VectorIndex.build(ids, vectors)
    added, more = ids_of(20, seed=1), unit(20, seed=1)
    changed = index.changed(remove=ids[:30], add=added, vectors=more)
    assert not changed.exact
    assert (len(index), len(changed)) == (700, 690)
    assert [row[0] for row in changed.search(more, 1)] == added.tolist()
    assert not set(ids[:30].tolist()) & {i for row in changed.search(vectors[:30], 50) for i in row.tolist()}
    assert [row[0] for row in index.search(vectors[:30], 1)] == ids[:30].tolist()
    assert changed.recall == index.recall


@pytest.mark.usefixtures("small_exact")
@pytest.mark.parametrize("count", [0, 300, 700])
def test_an_index_read_back_finds_the_same(tmp_path: Path, count: int) -> None:
    ids, vectors, queries = ids_of(count), unit(count), unit(5, seed=7)
    index = VectorIndex.build(ids, vectors)
    index.write(tmp_path / "vectors.faiss")
    read = VectorIndex.read(tmp_path / "vectors.faiss", index.recall)
    assert (len(read), read.exact, read.recall) == (count, index.exact, index.recall)
    assert [row.tolist() for row in read.search(queries, 10)] == [row.tolist() for row in index.search(queries, 10)]
    assert np.array_equal(read.vectors(ids), index.vectors(ids))
    changed = read.changed(remove=ids[:1], add=ids_of(1, seed=1), vectors=unit(1, seed=1))
    assert len(changed) == max(count, 1)

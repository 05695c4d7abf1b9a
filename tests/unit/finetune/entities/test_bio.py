"""Tags and entities: whatever a network says, what comes out are entities side by side within the text."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.entities import bio
from finetune.entities.examples import Entity

TYPES = ("city", "order")
TAGS = bio.count(TYPES)
#: O, B-city, B-order, I-city, I-order.
LEGAL = {(before, tag) for before, tag in product(range(TAGS), repeat=2) if tag < 3 or before in (tag, tag - 2)}

scores = st.lists(st.lists(st.floats(-50, 50, width=32), min_size=TAGS, max_size=TAGS), max_size=12)


def legal(path: list[int]) -> bool:
    return (not path or path[0] < 3) and all(pair in LEGAL for pair in pairwise(path))


@given(scores)
def test_an_entity_is_begun_before_it_goes_on(rows: list[list[float]]) -> None:
    path, sure = bio.likeliest(np.array(rows, dtype=np.float32).reshape(-1, TAGS), bio.forbidden(TAGS))
    assert len(path) == len(rows)
    assert legal(path)
    assert 0.0 <= sure <= 1.0 + 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_of_all_legal_tags_the_best_are_chosen_and_their_share_is_known(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(4, TAGS)).astype(np.float32)
    follows = random.normal(size=(TAGS + 1, TAGS)).astype(np.float32) + bio.forbidden(TAGS)

    def worth(path: tuple[int, ...]) -> float:
        return sum(float(follows[before, tag]) for before, tag in pairwise((-1, *path))) + sum(
            float(row[tag]) for row, tag in zip(rows, path, strict=True)
        )

    worths = {path: worth(path) for path in product(range(TAGS), repeat=4) if legal(list(path))}
    path, sure = bio.likeliest(rows, follows)
    best = max(worths, key=worths.__getitem__)
    assert tuple(path) == best
    assert sure == pytest.approx(np.exp(worths[best]) / sum(map(np.exp, worths.values())), rel=1e-4)


@st.composite
def pieces(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]], int]:
    """Return tags in any order, pieces in the order of the text, some of which share a character, and its length."""
    starts = sorted(draw(st.lists(st.integers(0, 30), max_size=12)))
    spans = [(start, start + draw(st.integers(1, 3))) for start in starts]
    path = [draw(st.integers(0, TAGS - 1)) for _ in spans]
    return path, spans, max((end for _, end in spans), default=0)


@given(pieces())
def test_entities_are_in_order_within_the_text_and_never_overlap(
    drawn: tuple[list[int], list[tuple[int, int]], int],
) -> None:
    path, spans, length = drawn
    found = bio.entities(path, spans, TYPES)
    assert all(0 <= entity.start < entity.end <= length for entity in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.lists(st.sampled_from([None, *TYPES]), max_size=8))
def test_entities_come_back_from_their_tags(kinds: list[str | None]) -> None:
    spans = [(5 * place, 5 * place + 4) for place in range(2 * len(kinds))]
    wanted = [
        Entity(type=kind, start=10 * place, end=10 * place + 9) for place, kind in enumerate(kinds) if kind is not None
    ]
    tags = bio.tags(spans, wanted, TYPES)
    assert legal(tags)
    assert bio.entities(tags, spans, TYPES) == wanted


def test_two_entities_of_a_type_side_by_side_stay_two() -> None:
    wanted = [Entity(type="city", start=0, end=2), Entity(type="city", start=2, end=4)]
    assert bio.entities(bio.tags([(0, 2), (2, 4)], wanted, TYPES), [(0, 2), (2, 4)], TYPES) == wanted


def test_a_piece_that_is_only_touched_belongs_to_the_entity() -> None:
    assert bio.tags([(0, 3), (3, 9)], [Entity(type="order", start=5, end=7)], TYPES) == [0, 2]


def test_no_piece_has_no_entity_and_that_is_sure() -> None:
    assert bio.likeliest(np.empty((0, TAGS), np.float32), bio.forbidden(TAGS)) == ([], 1.0)
    assert bio.entities([], [], TYPES) == bio.tags([], [], TYPES) == []

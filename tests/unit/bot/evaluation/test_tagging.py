"""What is measured of entities: those with the right borders, those near, and what is wrong with the others."""

from __future__ import annotations

import json
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.evaluation.measures.labels import Span
from bot.evaluation.tagging import Error, Slip, Tagging, as_json, errors, figures, overlapping


def item(wanted: list[Span], found: list[Span], language: str = "en") -> Tagging:
    return Tagging(id="row", language=language, kind="", wanted=tuple(wanted), found=tuple(found))


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Spans of a text in order, none overlapping another."""
    edges = sorted(draw(st.sets(st.integers(0, 24), max_size=8)))
    edges = edges[: len(edges) // 2 * 2]
    return [(draw(st.sampled_from("ab")), start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]


items = st.builds(item, spans(), spans(), st.sampled_from(["en", "zh"]))


def meet(one: Span, other: Span) -> bool:
    return one[1] < other[2] and other[1] < one[2]


def most(pairs: list[tuple[Span, Span]]) -> int:
    """Return how many of the pairs can be had with each span in one of them at most, by trying all."""
    for size in range(len(pairs), 0, -1):
        for some in combinations(pairs, size):
            if len({one for one, _ in some}) == len({other for _, other in some}) == size:
                return size
    return 0


@settings(deadline=None, max_examples=150)
@given(spans(), spans())
def test_as_many_overlap_as_can_with_each_in_one_pair(wanted: list[Span], found: list[Span]) -> None:
    pairs = overlapping(wanted, found)
    assert all(meet(*pair) for pair in pairs)
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    assert len(pairs) == most([(one, other) for one in wanted for other in found if meet(one, other)])


@settings(deadline=None, max_examples=100)
@given(items)
def test_each_entity_is_right_or_in_one_error(tagging: Tagging) -> None:
    wrong = errors(tagging)
    right = set(tagging.wanted) & set(tagging.found)
    for side, told_of in (
        (tagging.wanted, [error.wanted for error in wrong if error.wanted]),
        (tagging.found, [error.found for error in wrong if error.found]),
    ):
        assert sorted([*right, *told_of]) == sorted(side)
    for error in wrong:
        assert (error.slip is Slip.MISSED) == (error.found is None)
        assert (error.slip is Slip.SPURIOUS) == (error.wanted is None)
        if error.wanted and error.found:
            assert meet(error.wanted, error.found)
            assert (error.slip is Slip.BORDERS) == (error.wanted[0] == error.found[0])
    assert tagging.right == (not wrong)


def test_what_is_wrong_has_a_name() -> None:
    tagging = item(
        [("city", 0, 4), ("order", 6, 10), ("city", 12, 16), ("order", 18, 22)],
        [("city", 0, 4), ("order", 6, 9), ("order", 12, 16), ("city", 30, 33)],
    )
    assert errors(tagging) == [
        Error(slip=Slip.BORDERS, wanted=("order", 6, 10), found=("order", 6, 9)),
        Error(slip=Slip.TYPE, wanted=("city", 12, 16), found=("order", 12, 16)),
        Error(slip=Slip.MISSED, wanted=("order", 18, 22), found=None),
        Error(slip=Slip.SPURIOUS, wanted=None, found=("city", 30, 33)),
    ]
    measured = {name: estimate.mean for name, estimate in figures([tagging]).items()}
    assert (measured["precision_micro"], measured["recall_micro"], measured["f1_micro"]) == (0.25, 0.25, 0.25)
    assert measured["f1_micro_overlapping"] == 0.5
    assert (measured["f1_macro"], measured["f1_macro_overlapping"]) == (0.25, 0.5)
    assert measured["exact"] == 0


def test_one_that_covers_two_is_near_one_of_them_alone() -> None:
    tagging = item([("city", 0, 4), ("city", 5, 9)], [("city", 0, 9)])
    assert figures([tagging])["f1_micro_overlapping"].mean == pytest.approx(2 / 3)


@settings(deadline=None, max_examples=50)
@given(st.lists(items, min_size=1, max_size=8))
def test_all_that_is_told_adds_up(rows: list[Tagging]) -> None:
    document = as_json(rows)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert sum(document["errors"].values()) == sum(len(row["errors"]) for row in document["items"])
    metrics = document["metrics"]
    if metrics["f1_micro"]["mean"] is not None:
        assert metrics["f1_micro"]["mean"] <= metrics["f1_micro_overlapping"]["mean"]
    assert sum(each["wanted"] for each in document["types"].values()) == sum(len(row.wanted) for row in rows)
    assert sum(each["exact"]["n"] for each in document["slices"]["language"].values()) == len(rows)
    for each in document["types"].values():
        rates = each["precision"], each["recall"]
        assert each["f1"]["mean"] == pytest.approx(2 * rates[0] * rates[1] / (sum(rates) or 1))

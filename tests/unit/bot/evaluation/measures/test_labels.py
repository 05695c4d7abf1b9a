"""Precision, recall and F1 are those of scikit-learn, and their intervals those of resampled conversations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from sklearn.metrics import precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from bot.evaluation.measures.intervals import NOTHING
from bot.evaluation.measures.labels import (
    Confusion,
    Macro,
    Tally,
    confusions,
    macro,
    macro_f1,
    micro,
    micro_f1,
    tallies,
    type_of,
)

names = st.sampled_from(["refund", "track", "hours", "oos"])
Items = list[tuple[set[str], set[str]]]
items = st.lists(st.tuples(st.sets(names, max_size=3), st.sets(names, max_size=3)), max_size=15)


def split(rows: Items) -> tuple[list[set[str]], list[set[str]]]:
    return [row[0] for row in rows], [row[1] for row in rows]


@settings(deadline=None, max_examples=30)
@given(items.filter(lambda rows: len(set().union(*(a | b for a, b in rows))) > 1))  # of one it makes a yes or no
def test_several_labels_are_counted_as_scikit_learn_does(rows: Items) -> None:
    wanted, found = split(rows)
    shape = MultiLabelBinarizer().fit([*wanted, *found])
    arrays = shape.transform(wanted), shape.transform(found)
    counted = tallies(wanted, found)
    assert list(counted) == list(shape.classes_)
    theirs = precision_recall_fscore_support(*arrays, zero_division=0)
    ours = np.array([(t.precision, t.recall, t.f1, t.wanted) for t in counted.values()]).T
    assert ours == pytest.approx(np.array(theirs))
    total, means = micro(counted), macro(counted)
    by_micro = precision_recall_fscore_support(*arrays, average="micro", zero_division=0)
    assert (total.precision, total.recall, total.f1) == pytest.approx(by_micro[:3])
    by_macro = precision_recall_fscore_support(*arrays, average="macro", zero_division=0)
    assert (means.precision, means.recall, means.f1) == pytest.approx(by_macro[:3])
    assert micro_f1(wanted, found).mean == pytest.approx(total.f1)
    assert macro_f1(wanted, found).mean == pytest.approx(means.f1)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(names, names), min_size=1, max_size=15))
def test_one_label_each_is_counted_as_scikit_learn_does(rows: list[tuple[str, str]]) -> None:
    wanted, found = [a for a, _ in rows], [b for _, b in rows]
    theirs = precision_recall_fscore_support(wanted, found, zero_division=0)
    counted = tallies([{a} for a in wanted], [{b} for b in found])
    assert (
        pytest.approx(np.array(theirs))
        == np.array([(t.precision, t.recall, t.f1, t.wanted) for t in counted.values()]).T
    )


def test_of_an_entity_type_and_both_ends_must_be_right() -> None:
    wanted = [{("order", 0, 4), ("product", 10, 17)}, {("order", 3, 9)}, set()]
    found = [{("order", 0, 4), ("product", 10, 16)}, {("product", 3, 9)}, {("city", 0, 5)}]
    counted = tallies(wanted, found, type_of)
    assert counted == {
        "city": Tally(right=0, found=1, wanted=0),
        "order": Tally(right=1, found=1, wanted=2),
        "product": Tally(right=0, found=2, wanted=1),
    }
    assert (counted["order"].precision, counted["order"].recall) == (1, 0.5)
    assert micro(counted) == Tally(right=1, found=4, wanted=3)
    assert micro_f1(wanted, found).mean == micro(counted).f1 == pytest.approx(2 / 7)
    assert macro_f1(wanted, found, kind=type_of).mean == macro(counted).f1 == pytest.approx(2 / 9)


def test_bounds_of_the_macro_f1_are_those_of_resampled_conversations() -> None:
    random = np.random.default_rng(0)
    clusters = np.repeat(np.arange(40), 3)
    labels = np.array(["a", "b", "c"])
    wanted = random.integers(3, size=120)
    found = np.where(random.random(120) < 0.7, wanted, random.integers(3, size=120))
    sides = [[{label} for label in labels[side]] for side in (wanted, found)]
    estimate = macro_f1(*sides, [f"{name:02}" for name in clusters])

    def drawn(conversations: np.ndarray) -> float:
        places = [3 * int(one) + turn for one in conversations for turn in range(3)]
        return macro(tallies(*([side[place] for place in places] for side in sides))).f1

    theirs = bootstrap(
        (np.arange(40),), drawn, vectorized=False, method="percentile", n_resamples=600, rng=1
    ).confidence_interval
    width = theirs.high - theirs.low
    assert (estimate.low, estimate.high) == pytest.approx((theirs.low, theirs.high), abs=0.15 * width)


@settings(deadline=None, max_examples=30)
@given(items, st.randoms())
def test_the_order_of_the_items_does_not_matter(rows: Items, random) -> None:
    clusters = [str(place % 4) for place in range(len(rows))]
    order = random.sample(range(len(rows)), len(rows))
    moved = [rows[place] for place in order]
    for figure in (micro_f1, macro_f1):
        assert figure(*split(rows), clusters) == figure(*split(moved), [clusters[place] for place in order])


def test_all_right_all_wrong_and_nothing() -> None:
    right, wrong = tallies([{"a"}, {"b"}], [{"a"}, {"b"}]), tallies([{"a"}, {"b"}], [{"b"}, {"a"}])
    assert macro(right) == Macro(precision=1, recall=1, f1=1)
    assert macro(wrong) == Macro(precision=0, recall=0, f1=0)
    assert tallies([], []) == tallies([set()], [set()]) == {}
    assert macro({}) is None
    assert micro({}) == Tally(right=0, found=0, wanted=0)
    assert micro({}).precision == micro({}).recall == micro({}).f1 == 0
    assert micro_f1([], []) == macro_f1([], []) == micro_f1([set()], [set()]) == macro_f1([set()], [set()]) == NOTHING


def test_items_without_anything_are_not_what_a_figure_rests_on() -> None:
    wanted, found = [{"a"}, set(), {"b"}], [{"a"}, set(), set()]
    assert micro_f1(wanted, found).n == macro_f1(wanted, found).n == 2


def test_what_was_taken_for_what() -> None:
    wanted = [{"track"}, {"track"}, {"refund"}, {"hours"}, set(), {"a", "b"}]
    found = [{"refund"}, {"refund"}, {"refund"}, set(), {"hours"}, {"a", "c", "d"}]
    assert confusions(wanted, found) == [
        Confusion(wanted="track", found="refund", n=2),
        Confusion(wanted="", found="hours", n=1),
        Confusion(wanted="b", found="c", n=1),
        Confusion(wanted="b", found="d", n=1),
        Confusion(wanted="hours", found="", n=1),
    ]


def test_items_of_one_side_only_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        tallies([{"a"}, {"b"}], [{"a"}])

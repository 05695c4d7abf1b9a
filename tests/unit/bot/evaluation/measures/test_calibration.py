"""Whether confidences keep what they promise: the figures of scikit-learn, and bins that no order changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from bot.evaluation.measures.calibration import Bin, brier, ece, equal_mass, equal_width

#: Some on the borders of bins, and many equal.
sures = st.one_of(st.floats(0, 1), st.integers(0, 10).map(lambda n: n / 10))
Answers = list[tuple[float, bool]]
answers = st.lists(st.tuples(sures, st.booleans()), min_size=1, max_size=40)


def split(rows: Answers) -> tuple[list[float], list[bool]]:
    return [row[0] for row in rows], [row[1] for row in rows]


@settings(deadline=None, max_examples=40)
@given(answers, st.integers(1, 15))
def test_bins_of_equal_width_are_those_of_scikit_learn(rows: Answers, count: int) -> None:
    confidence, right = split(rows)
    bins = equal_width(confidence, right, count)
    share, sure = calibration_curve(right, confidence, n_bins=count)
    assert [part.right.mean for part in bins] == pytest.approx(share.tolist())
    assert [part.sure for part in bins] == pytest.approx(sure.tolist())
    assert all(part.low - 1e-12 <= part.sure <= part.high + 1e-12 for part in bins)
    assert all(part.high - part.low == pytest.approx(1 / count) for part in bins)


@settings(deadline=None, max_examples=40)
@given(answers)
def test_the_brier_score_is_that_of_scikit_learn(rows: Answers) -> None:
    confidence, right = split(rows)
    assert brier(confidence, right).mean() == pytest.approx(brier_score_loss(right, confidence, pos_label=True))


@settings(deadline=None, max_examples=40)
@given(answers, st.integers(1, 15))
def test_of_equal_mass_each_confidence_is_in_one_bin(rows: Answers, count: int) -> None:
    bins = equal_mass(*split(rows), count)
    assert len(bins) <= count
    assert all(one.high < other.low for one, other in pairwise(bins))
    assert sorted(sure for sure, _ in rows)[0] == bins[0].low
    assert sum(part.right.n for part in bins) == len(rows)


def test_equally_sure_ones_are_in_the_bin_of_their_middle() -> None:
    assert [part.right.n for part in equal_mass([0.5, 0.1, 0.5, 0.5], [True] * 4, 2)] == [1, 3]
    assert [part.right.n for part in equal_mass([0.5, 0.9, 0.5, 0.5], [True] * 4, 2)] == [3, 1]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 10), st.integers(1, 10), st.integers(0, 9))
def test_bins_of_equal_mass_have_as_many_items_each_where_none_are_equal(count: int, each: int, more: int) -> None:
    n = count * each + min(more, count - 1)
    bins = equal_mass(np.random.default_rng(0).permutation(n) / n, [True] * n, count)
    assert {part.right.n for part in bins} <= {each, each + 1}
    assert len(bins) == count


@settings(deadline=None, max_examples=30)
@given(answers, st.randoms(), st.sampled_from([equal_width, equal_mass]))
def test_the_order_of_the_items_does_not_matter(rows: Answers, random, parts) -> None:
    assert parts(*split(rows)) == parts(*split(random.sample(rows, len(rows))))


@settings(deadline=None, max_examples=40)
@given(answers, st.sampled_from([equal_width, equal_mass]))
def test_the_expected_error_is_the_mean_distance(rows: Answers, parts) -> None:
    bins: list[Bin] = parts(*split(rows))
    apart = [abs(part.sure - part.right.mean) for part in bins for _ in range(part.right.n)]
    assert ece(bins) == pytest.approx(sum(apart) / len(rows))
    assert 0 <= ece(bins) <= 1


def test_the_interval_of_a_bin_is_that_of_its_items() -> None:
    (part,) = equal_width([0.85] * 10, [True] * 8 + [False] * 2)
    assert (part.low, part.high) == pytest.approx((0.8, 0.9))
    assert (part.right.mean, part.right.n) == (0.8, 10)
    assert (part.right.low, part.right.high) == pytest.approx((0.490, 0.943), abs=1e-3)


def test_all_right_all_wrong_and_nothing() -> None:
    assert ece(equal_width([1.0, 1.0], [True, True])) == ece(equal_mass([0.0, 0.0], [False, False])) == 0
    assert ece(equal_width([1.0, 1.0], [False, False])) == ece(equal_mass([0.0, 0.0], [True, True])) == 1
    assert equal_width([], []) == equal_mass([], []) == []
    assert ece([]) is None
    assert len(brier([], [])) == 0


@pytest.mark.parametrize("sure", [1.5, -0.1, float("nan")])
def test_what_is_no_chance_is_refused(sure: float) -> None:
    for measure in (equal_width, equal_mass, brier):
        with pytest.raises(ValueError, match="item 1"):
            measure([0.5, sure], [True, True])


def test_no_bins_are_refused() -> None:
    for parts in (equal_width, equal_mass):
        with pytest.raises(ValueError, match="0 bins"):
            parts([0.5], [True], 0)

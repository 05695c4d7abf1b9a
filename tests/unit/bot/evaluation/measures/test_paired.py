"""What a comparison promises: the same draws for both runs, exact chances, and a correction that is Holm's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from bot.evaluation.measures.intervals import NOTHING, Estimate
from bot.evaluation.measures.paired import Changes, difference, difference_of_ratios, holm, mcnemar

Flags = list[tuple[bool, bool]]
flags = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40)


def split(rows: Flags) -> tuple[list[bool], list[bool]]:
    return [row[0] for row in rows], [row[1] for row in rows]


@settings(deadline=None, max_examples=50)
@given(flags)
def test_the_test_of_mcnemar_is_the_exact_binomial_one(rows: Flags) -> None:
    changes = mcnemar(*split(rows))
    assert changes.gained == sum(new and not old for new, old in rows)
    assert changes.lost == sum(old and not new for new, old in rows)
    changed = changes.gained + changes.lost
    assert changes.p == pytest.approx(binomtest(changes.gained, changed).pvalue if changed else 1)


def test_the_chance_is_exact_for_many_changes_too() -> None:
    new = np.arange(5000) < 2600
    assert mcnemar(new, ~new).p == pytest.approx(binomtest(2600, 5000).pvalue, rel=1e-9)
    assert mcnemar([True] * 5000, [False] * 5000).p == pytest.approx(0)


def test_by_conversation_it_counts_those_that_became_better_or_worse() -> None:
    # One conversation whose ten turns all changed with each other is one change, not ten.
    new, old = [True] * 10 + [False, True], [False] * 10 + [True, True]
    assert mcnemar(new, old, ["a"] * 10 + ["b", "c"]) == Changes(gained=1, lost=1, p=1.0)
    assert mcnemar(new, old).p < 0.02


@settings(deadline=None, max_examples=30)
@given(flags)
def test_the_other_way_round_the_difference_is_the_opposite(rows: Flags) -> None:
    clusters = [str(place % 7) for place in range(len(rows))]
    one, other = difference(*split(rows), clusters), difference(*split(rows)[::-1], clusters)
    assert one.n == other.n == len(rows)
    if one.mean is not None:
        assert one.mean == pytest.approx(-other.mean)
    if one.low is not None:
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_the_same_conversations_are_drawn_for_both_runs() -> None:
    random = np.random.default_rng(0)
    answered = random.integers(1, 6, size=(2, 150))
    wrong = random.binomial(answered, [[0.1], [0.3]])
    ours = difference_of_ratios((wrong[0], answered[0]), (wrong[1], answered[1]))

    def apart(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, axis: int) -> np.ndarray:
        return a.sum(axis) / b.sum(axis) - c.sum(axis) / d.sum(axis)

    theirs = bootstrap(
        (wrong[0], answered[0], wrong[1], answered[1]),
        apart,
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=1,
    ).confidence_interval
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.1 * width)
    assert ours.high < 0


@settings(deadline=None, max_examples=30)
@given(flags.filter(lambda rows: len(rows) > 1))
def test_of_equal_parts_both_differences_are_the_same(rows: Flags) -> None:
    new, old = split(rows)
    all_of_them = [1] * len(rows)
    one, other = difference(new, old), difference_of_ratios((new, all_of_them), (old, all_of_them))
    assert (one.mean, one.low, one.high) == pytest.approx((other.mean, other.low, other.high))


def test_it_rests_on_what_either_run_answered() -> None:
    new, old = ([0, 1, 0, 0], [1, 1, 0, 0]), ([1, 0, 1, 0], [1, 0, 1, 0])
    estimate = difference_of_ratios(new, old)
    assert (estimate.mean, estimate.n) == (-0.5, 3)


def test_two_runs_alike_differ_by_0() -> None:
    assert difference([1, 0, 1], [1, 0, 1]) == Estimate(mean=0, low=0, high=0, n=3)
    assert mcnemar([True, False], [True, False]) == Changes(gained=0, lost=0, p=1.0)


def test_of_nothing_nothing_is_known() -> None:
    assert difference([], []) == difference_of_ratios(([], []), ([], [])) == NOTHING
    assert difference_of_ratios(([0, 0], [0, 0]), ([0, 1], [1, 1])) == NOTHING  # the new run answered nothing
    assert mcnemar([], []) == Changes(gained=0, lost=0, p=1.0)
    assert holm({}) == {}


def test_one_conversation_has_a_difference_and_no_interval() -> None:
    assert difference([1, 1], [0, 1], ["a", "a"]) == Estimate(mean=0.5, low=None, high=None, n=2)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8), st.floats(0, 0.99))
def test_what_is_called_out_is_what_the_procedure_of_holm_calls_out(p: dict[str, float], level: float) -> None:
    called = set()
    for place, name in enumerate(sorted(p, key=p.__getitem__)):
        if (len(p) - place) * p[name] > level:
            break
        called.add(name)
    corrected = holm(p)
    assert {name for name, chance in corrected.items() if chance <= level} == called
    assert list(corrected) == list(p)
    assert all(p[name] <= corrected[name] <= 1 for name in p)


def test_the_example_of_three() -> None:
    assert holm({"en": 0.04, "zh": 0.01, "long": 0.03}) == pytest.approx({"en": 0.06, "zh": 0.03, "long": 0.06})


def test_runs_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="as many of each"):
        difference([1, 2], [1])

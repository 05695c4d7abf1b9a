"""What an estimate promises: a figure, bounds that hold it, and None where nothing is known."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from bot.evaluation.measures.intervals import NOTHING, Estimate, mean, of_sums, ratio, ratios, share, shares, wilson

#: Turns as (conversation, wrong, answered), of which only what was answered can be wrong.
turns = st.lists(
    st.tuples(st.sampled_from("abcde"), st.booleans(), st.booleans()).map(lambda t: (t[0], t[1] and t[2], t[2])),
    max_size=20,
)


def near(estimate: Estimate, low: float, high: float) -> bool:
    """Whether bounds agree but for chance, a few hundredths of the width of an interval from 2,000 draws."""
    return np.allclose((estimate.low, estimate.high), (low, high), atol=0.1 * (high - low), rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_without_conversations_it_is_the_percentile_bootstrap_of_scipy(seed: int) -> None:
    values = np.random.default_rng(seed).exponential(size=300)
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    estimate = mean(values, seed=seed)
    assert near(estimate, theirs.low, theirs.high)
    assert estimate.mean == pytest.approx(values.mean())
    assert estimate.n == 300


def test_over_and_under_the_line_are_drawn_together() -> None:
    random = np.random.default_rng(0)
    under = random.integers(1, 9, size=200)
    over = random.binomial(under, 0.3)
    theirs = bootstrap(
        (over, under),
        lambda over, under, axis: over.sum(axis=axis) / under.sum(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=1,
    ).confidence_interval
    assert near(ratio(over, under), theirs.low, theirs.high)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=30), st.integers(2, 5))
def test_turns_that_are_all_alike_tell_no_more_than_one_of_them(values: list[int], times: int) -> None:
    clusters = [f"{place:02}" for place in range(len(values))]
    once, often = mean(values), mean(values * times, clusters * times)
    assert (often.mean, often.low, often.high) == pytest.approx((once.mean, once.low, once.high))
    assert often.n == times * once.n


def test_the_order_of_many_turns_does_not_matter_either() -> None:
    random = np.random.default_rng(0)
    names, values = random.integers(60, size=300).astype(str), random.integers(9, size=300)
    order = random.permutation(300)
    assert mean(values, names.tolist()) == mean(values[order], names[order].tolist())


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1), st.integers(2, 50))
def test_rounding_leaves_no_figure_outside_of_its_interval(value: float, n: int) -> None:
    estimate = mean([value] * n)
    assert estimate.low <= estimate.mean <= estimate.high


def test_what_is_not_among_those_asked_about_counts_nowhere() -> None:
    asked = [True, True, False, False]
    assert share([True, False, True, True], among=asked) == share([True, False, False, False], among=asked)


@settings(deadline=None, max_examples=30)
@given(turns, st.randoms())
def test_the_order_of_the_turns_does_not_matter(rows: list[tuple[str, bool, bool]], random) -> None:
    shuffled = random.sample(rows, len(rows))
    estimates = [ratio([r[1] for r in some], [r[2] for r in some], [r[0] for r in some]) for some in (rows, shuffled)]
    assert estimates[0] == estimates[1]


@settings(deadline=None, max_examples=30)
@given(turns)
def test_bounds_hold_the_figure_and_json_can_carry_it(rows: list[tuple[str, bool, bool]]) -> None:
    names, wrong, answered = ([row[place] for row in rows] for place in range(3))
    estimate = share(wrong, names, among=answered)
    json.dumps(asdict(estimate), allow_nan=False)
    assert estimate.n == sum(answered)
    assert (estimate.mean is None) == (estimate.n == 0)
    several = len({name for name, some in zip(names, answered, strict=True) if some}) > 1
    assert (estimate.low is not None) == (estimate.high is not None) == several
    if several:
        assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1
        assert estimate.low < estimate.high or estimate.mean not in (0, 1)
    if answered:
        assert estimate.mean in (None, pytest.approx(sum(wrong) / max(sum(answered), 1)))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        likely = random.beta(4, 1, size=80)  # how often the bot is right differs from conversation to conversation
        clusters = np.repeat(np.arange(80), random.integers(1, 9, size=80))
        estimate = mean(random.random(len(clusters)) < likely[clusters], [str(c) for c in clusters], seed=seed)
        held += estimate.low <= 0.8 <= estimate.high
    assert 0.90 <= held / 200 <= 0.99


def test_many_turns_take_little_memory() -> None:
    random = np.random.default_rng(0)
    names = [str(name) for name in random.integers(20_000, size=100_000)]
    answered = random.random(100_000) < 0.7
    wrong = answered & (random.random(100_000) < 0.05)
    tracemalloc.start()
    share(wrong, names, among=answered)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40e6  # all draws at a time would be 160 MB


def test_of_nothing_nothing_is_known() -> None:
    assert mean([]) == mean([], []) == ratio([], []) == share([]) == wilson(0, 0) == NOTHING
    assert share([False, False], ["a", "b"], among=[False, False]) == NOTHING
    assert of_sums(np.zeros((0, 3)), lambda sums: np.full(len(sums), np.nan)) == NOTHING


def test_one_conversation_has_a_mean_and_no_interval() -> None:
    assert mean([0, 1, 1, 1], ["a"] * 4) == Estimate(mean=0.75, low=None, high=None, n=4)
    assert share([True] * 4, ["a"] * 4) == Estimate(mean=1.0, low=None, high=None, n=4)
    # Nothing of the other one was answered.
    assert share([True, False], ["a", "b"], among=[True, False]) == Estimate(mean=1.0, low=None, high=None, n=1)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 300), st.booleans())
def test_all_right_or_all_wrong_is_known_as_well_as_conversations_allow(conversations: int, right: bool) -> None:
    clusters = [str(place) for place in range(conversations)]
    estimate = share([right] * 3 * conversations, clusters * 3)
    exact = binomtest(conversations * right, conversations).proportion_ci(method="exact")
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high))
    assert estimate.mean == right
    assert estimate.n == 3 * conversations


def test_figures_that_are_drawn_together_are_those_drawn_alone() -> None:
    random = np.random.default_rng(3)
    clusters = [str(place % 17) for place in range(120)]
    among = random.random((120, 3)) < (1.0, 0.5, 0.0)
    right = random.random((120, 3)) < (0.3, 1.0, 1.0)
    alone = [share(right[:, n], clusters, among=among[:, n]) for n in range(3)]
    assert [pytest.approx(asdict(each)) for each in alone] == [asdict(each) for each in shares(right, among, clusters)]
    assert alone[1].low is not None and 0 < alone[1].low < 1
    over = random.random((120, 3))
    alone = [ratio(over[:, n], among[:, n], clusters) for n in range(3)]
    assert [pytest.approx(asdict(each)) for each in alone] == [asdict(each) for each in ratios(over, among, clusters)]
    assert alone[2] == NOTHING


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_is_that_of_scipy(right: int, n: int) -> None:
    right = min(right, n)
    theirs = binomtest(right, n).proportion_ci(method="wilson")
    estimate = wilson(right, n)
    assert (estimate.low, estimate.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert estimate.low <= estimate.mean == right / n <= estimate.high


def test_the_same_seed_draws_the_same() -> None:
    values = np.random.default_rng(0).random(50)
    assert mean(values) == mean(values, seed=0)
    assert mean(values) != mean(values, seed=1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ratio([1, 2], [1]), r"as many of each.*\(2,\), \(1,\)"),
        (lambda: mean([1.0, float("nan")]), r"item 1 \(the first is 0\).*not finite"),
        (lambda: mean([[1.0]]), "one number an item"),
        (lambda: mean([1, 2], ["a"]), "1 conversations are named for 2 items"),
    ],
)
def test_what_makes_no_sense_is_said(call, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()

"""What the error budget promises: the guarantee, that a stricter budget answers no more, and exact tails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from bot.evaluation.budget import (
    LEVELS,
    Count,
    Said,
    answers_needed,
    at_most,
    begin,
    choose,
    counted,
    sequence,
    tail,
    turns_needed,
)

RISK = 0.05


def counts_of(confidences: Sequence[float], wrong: Sequence[bool]) -> list[Count]:
    """Turns with one confidence each."""
    order = np.argsort(confidences)
    above = np.append(np.cumsum(np.asarray(wrong)[order][::-1])[::-1], 0)  # wrong ones from each place on
    places = np.searchsorted(np.asarray(confidences)[order], LEVELS)
    return [
        Count(level=level, sent=len(order) - place, wrong=int(above[place]))
        for level, place in zip(LEVELS, places.tolist(), strict=True)
    ]


# --- the guarantee


def the_surer_the_better(confidence: np.ndarray) -> np.ndarray:
    """From 0.6 on, 5 % are wrong."""
    return (1 - confidence) / 4


def never_better_than_the_budget(confidence: np.ndarray) -> np.ndarray:
    """Just above 5 % everywhere: whatever is chosen is a mistake."""
    return np.full_like(confidence, 0.0501)


def good_and_bad(confidence: np.ndarray) -> np.ndarray:
    """Right down to 0.6, and then all but sure to be wrong."""
    return np.where(confidence > 0.6, 0.03, 0.5)


def surest_are_worst(confidence: np.ndarray) -> np.ndarray:
    """What no confidence should be like: the surest tenth is wrong twice as often as what follows."""
    return np.where(confidence > 0.9, 0.1, 0.045)


@pytest.mark.parametrize(
    "risk_of", [the_surer_the_better, never_better_than_the_budget, good_and_bad, surest_are_worst]
)
@pytest.mark.parametrize("turns", [160, 1000])
def test_of_many_samples_no_more_than_the_risk_choose_a_threshold_that_breaks_the_budget(
    risk_of: Callable[[np.ndarray], np.ndarray], turns: int
) -> None:
    max_wrong, samples = 0.05, 1000
    # Even confidences: the true share of wrong answers from a level on is the mean of what is above it.
    grid = (np.arange(100_000) + 0.5) / 100_000
    risks = risk_of(grid)
    truth = {level: float(risks[grid >= level].mean()) for level in LEVELS}
    random = np.random.default_rng(20211001)
    broken = 0
    for _ in range(samples):
        confidences = random.random(turns)
        wrong = random.random(turns) < risk_of(confidences)
        found = choose(counts_of(confidences, wrong), turns, max_wrong=max_wrong, risk=RISK)
        broken += found is not None and truth[found.level] > max_wrong
    # So many are exceeded once in a thousand times where the risk is just kept.
    assert broken <= binom.ppf(0.999, samples, RISK)


def test_with_enough_turns_the_threshold_comes_near_the_best_one() -> None:
    random = np.random.default_rng(1)
    confidences = random.random(20_000)
    wrong = random.random(20_000) < 1 - confidences
    found = choose(counts_of(confidences, wrong), 20_000, max_wrong=0.2, risk=RISK)
    assert found is not None
    assert 0.59 < found.level < 0.63  # from 0.6 on, one in five is wrong


# --- stricter budgets, refusals

turns = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=400)
shares = st.floats(0.001, 0.6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 800), st.floats(0, 0.3), st.integers(1, 40), st.tuples(shares, shares))
def test_a_stricter_budget_never_answers_more(
    seed: int, turns: int, noise: float, atoms: int, budgets: tuple[float, float]
) -> None:
    random = np.random.default_rng(seed)
    confidences = random.integers(0, atoms + 1, turns) / atoms  # many turns of the same confidence
    counts = counts_of(confidences, random.random(turns) < noise)
    strict, lax = (choose(counts, turns, max_wrong=budget, risk=RISK) for budget in sorted(budgets))
    if strict is not None:
        assert lax is not None
        assert lax.level <= strict.level
        assert lax.sent >= strict.sent


@given(turns, shares, st.floats(0.001, 0.5), st.floats(0.001, 0.5))
def test_who_wants_to_be_surer_never_gets_a_lower_threshold(
    rows: list[tuple[float, bool]], budget: float, one: float, other: float
) -> None:
    counts = counts_of(*zip(*rows, strict=True))
    surer, less = (choose(counts, len(rows), max_wrong=budget, risk=risk) for risk in sorted((one, other)))
    assert surer is None or (less is not None and less.level <= surer.level)


@given(turns, shares)
def test_what_is_chosen_was_shown_and_so_was_all_above_it(rows: list[tuple[float, bool]], budget: float) -> None:
    counts = counts_of(*zip(*rows, strict=True))
    found = choose(counts, len(rows), max_wrong=budget, risk=RISK)
    for count in sequence(counts, len(rows)):
        if found is not None and count.level >= found.level:
            assert at_most(count, RISK) <= budget + 1e-5
    if found is not None:
        assert found.sent >= begin(len(rows))


@pytest.mark.parametrize(("max_wrong", "answers"), [(0.01, 299), (0.02, 149), (0.05, 59)])
def test_it_takes_so_many_answers_without_an_error(max_wrong: float, answers: int) -> None:
    assert answers_needed(max_wrong, RISK) == answers
    assert tail(0, answers, max_wrong) <= RISK < tail(0, answers - 1, max_wrong)


@given(st.floats(0.005, 0.5), st.floats(0.001, 0.3))
def test_with_fewer_turns_than_needed_even_a_bot_without_an_error_gets_no_threshold(
    max_wrong: float, risk: float
) -> None:
    needed = turns_needed(max_wrong, risk)
    for turns in (needed - 1, needed):
        # As helpful as can be: at the first level half or a quarter is sent, just as many as the sequence begins with.
        first = Count(level=0.9, sent=math.ceil(begin(turns)), wrong=0)
        found = choose([first], turns, max_wrong=max_wrong, risk=risk)
        assert (found is None) is (turns < needed)


def test_nothing_is_chosen_where_the_bot_says_too_little() -> None:
    assert choose(counts_of([0.99] * 40, [False] * 40), 400, max_wrong=0.05, risk=RISK) is None


# --- tails and bounds


@given(st.integers(0, 600), st.integers(1, 600), st.floats(1e-4, 0.9999))
@example(3, 100_000, 0.02)
@example(2000, 100_000, 0.02)
def test_the_tail_is_the_binomial_one(wrong: int, sent: int, share: float) -> None:
    assert tail(wrong, sent, share) == pytest.approx(float(binom.cdf(wrong, sent, share)), rel=1e-6, abs=1e-12)


@given(st.integers(0, 300), st.integers(1, 600), st.floats(0.001, 0.4))
def test_the_bound_is_that_of_clopper_and_pearson(wrong: int, sent: int, risk: float) -> None:
    assume(wrong < sent)
    bound = at_most(Count(level=0.5, sent=sent, wrong=wrong), risk)
    assert bound == pytest.approx(float(beta.ppf(1 - risk, wrong + 1, sent - wrong)), abs=2e-6)


def test_where_nothing_is_sent_all_of_it_may_be_wrong() -> None:
    assert at_most(Count(level=1.0, sent=0, wrong=0), RISK) == 1.0


# --- counting


def test_levels_fall_and_reach_from_hardly_to_nearly_sure() -> None:
    assert list(LEVELS) == sorted(set(LEVELS), reverse=True)
    assert (LEVELS[0], LEVELS[-1]) == (0.9991, 0.0474)


@given(st.lists(st.lists(st.tuples(st.sampled_from(LEVELS), st.booleans()), max_size=3)))
def test_at_each_level_counts_what_is_in_force(turns: list[list[tuple[float, bool]]]) -> None:
    verdicts = [[Said(until=until, wrong=wrong) for until, wrong in sorted(dict(turn).items())] for turn in turns]
    for count in counted(verdicts):
        in_force = [next((v for v in each if v.until >= count.level), None) for each in verdicts]
        said = [verdict for verdict in in_force if verdict is not None]
        assert (count.sent, count.wrong) == (len(said), sum(verdict.wrong for verdict in said))

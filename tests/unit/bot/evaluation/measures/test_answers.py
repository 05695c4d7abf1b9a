"""Risk and coverage: the definitions by counting, whatever the order of the items."""

from __future__ import annotations

from itertools import pairwise, permutations
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.evaluation.measures.answers import accuracy_at, aurc, coverage_at, excess_aurc, risk_coverage

#: Few confidences, so that many are equal.
answers = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=30)
Answers = list[tuple[float, bool]]


def split(rows: Answers) -> tuple[list[float], list[bool]]:
    return [row[0] for row in rows], [row[1] for row in rows]


def orders(rows: Answers) -> list[list[bool]]:
    """Return what is right, the surest first, in each order that the confidences allow."""
    return [[right for _, right in some] for some in permutations(rows) if all(a[0] >= b[0] for a, b in pairwise(some))]


@settings(deadline=None, max_examples=30)
@given(answers.filter(lambda rows: len(rows) <= 6))
def test_equally_sure_ones_count_with_the_mean_over_all_their_orders(rows: Answers) -> None:
    all_orders = orders(rows)
    for count in range(1, len(rows) + 1):
        expected = fmean(fmean(order[:count]) for order in all_orders)
        assert accuracy_at(count / len(rows), *split(rows)) == pytest.approx(expected)
    areas = [fmean(order[:count].count(False) / count for count in range(1, len(rows) + 1)) for order in all_orders]
    assert aurc(*split(rows)) == pytest.approx(fmean(areas))


@settings(deadline=None, max_examples=30)
@given(answers, st.randoms(), st.floats(0.01, 1), st.floats(0, 1))
def test_the_order_of_the_items_does_not_matter(rows: Answers, random, coverage: float, risk: float) -> None:
    shuffled = random.sample(rows, len(rows))
    for figure in (
        aurc,
        excess_aurc,
        lambda *some: accuracy_at(coverage, *some),
        lambda *some: coverage_at(risk, *some),
        lambda *some: risk_coverage(*some).risk.tolist(),
    ):
        assert figure(*split(rows)) == figure(*split(shuffled))


@settings(deadline=None, max_examples=50)
@given(answers)
def test_no_order_is_better_than_the_best(rows: Answers) -> None:
    excess, area = excess_aurc(*split(rows)), aurc(*split(rows))
    assert -1e-12 <= excess <= area <= 1


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 40), st.integers(0, 40))
def test_the_best_order_has_no_excess(right: int, wrong: int) -> None:
    confidence = np.linspace(1, 0, right + wrong)
    flags = [True] * right + [False] * wrong
    assert excess_aurc(confidence, flags) == (0 if flags else None)


def test_the_best_order_comes_near_the_limit_of_the_paper() -> None:
    flags = [True] * 8000 + [False] * 2000
    assert aurc(np.linspace(1, 0, 10_000), flags) == pytest.approx(0.2 + 0.8 * np.log(0.8), abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(answers)
def test_the_curve_has_a_point_for_each_threshold(rows: Answers) -> None:
    curve = risk_coverage(*split(rows))
    assert curve.threshold.tolist() == sorted({sure for sure, _ in rows}, reverse=True)
    for threshold, coverage, risk in zip(curve.threshold, curve.coverage, curve.risk, strict=True):
        answered = [right for sure, right in rows if sure >= threshold]
        assert coverage == len(answered) / len(rows)
        assert risk == pytest.approx(answered.count(False) / len(answered))


@settings(deadline=None, max_examples=60)
@given(answers, st.sampled_from([0, 0.02, 0.1, 1 / 3, 0.5, 1]))
def test_coverage_at_a_risk_is_the_most_that_a_threshold_reaches(rows: Answers, risk: float) -> None:
    best = 0.0
    for threshold in {sure for sure, _ in rows}:
        answered = [right for sure, right in rows if sure >= threshold]
        if answered.count(False) / len(answered) <= risk:
            best = max(best, len(answered) / len(rows))
    assert coverage_at(risk, *split(rows)) == best


def test_all_right_all_wrong_and_nothing() -> None:
    sure = [0.9, 0.5, 0.5]
    assert (aurc(sure, [True] * 3), excess_aurc(sure, [True] * 3), coverage_at(0, sure, [True] * 3)) == (0, 0, 1)
    assert (aurc(sure, [False] * 3), excess_aurc(sure, [False] * 3), coverage_at(0.9, sure, [False] * 3)) == (1, 0, 0)
    assert accuracy_at(0.3, sure, [False] * 3) == 0
    assert aurc([], []) is excess_aurc([], []) is accuracy_at(1, [], []) is coverage_at(0.1, [], []) is None
    assert len(risk_coverage([], []).threshold) == len(risk_coverage([], []).risk) == 0


@pytest.mark.parametrize("coverage", [0, -1, 1.01, float("nan")])
def test_a_coverage_that_is_none_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="no share of the items"):
        accuracy_at(coverage, [0.5], [True])

"""What the comparison of confidences then and now promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.drift import DRIFTED, Profile

confidences = st.lists(st.floats(0, 1), min_size=1, max_size=200)


@given(confidences)
def test_a_profile_has_all_turns_and_is_like_itself(rows: list[float]) -> None:
    profile = Profile.of(rows)
    assert sum(profile.shares) == pytest.approx(1)
    assert len(profile.shares) == len(profile.ends) + 1 <= 10
    assert profile.index(rows) == pytest.approx(0)


@given(confidences, confidences)
def test_an_index_is_never_negative(rows: list[float], others: list[float]) -> None:
    assert Profile.of(rows).index(others) >= 0


def test_the_index_is_that_of_the_definition() -> None:
    profile = Profile(ends=(0.5,), shares=(0.4, 0.6), turns=10_000)
    live = [0.1] * 6_000 + [0.9] * 4_000
    assert profile.index(live) == pytest.approx(0.2 * np.log(1.5) + 0.2 * np.log(1.5), rel=1e-3)


@pytest.mark.parametrize("turns", [20, 300])
def test_samples_of_one_kind_exceed_what_chance_gives_about_once_in_a_hundred_times(turns: int) -> None:
    random = np.random.default_rng(3)
    over = 0
    for _ in range(400):
        profile = Profile.of(random.beta(4, 1, 700).tolist())
        over += profile.index(random.beta(4, 1, turns).tolist()) > profile.by_chance(turns)
    assert over <= 12  # once in a thousand times there are more


def test_samples_of_another_kind_are_seen() -> None:
    random = np.random.default_rng(3)
    profile = Profile.of(random.beta(4, 1, 700).tolist())
    assert profile.index(random.beta(2, 2, 300).tolist()) > max(DRIFTED, profile.by_chance(300))

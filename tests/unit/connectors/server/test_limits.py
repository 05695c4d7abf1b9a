"""Windows: never more than the limit in one, and nothing remembered after it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from connectors.server.limits import Window

#: Who calls, and after how many seconds.
CALLS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 15)), max_size=100)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(most=st.integers(1, 5), calls=CALLS)
def test_no_more_than_the_limit_of_a_kind_come_through_in_a_window(most: int, calls: list[tuple[str, float]]) -> None:
    clock = Clock()
    window = Window(most, 10, clock)
    ends, let = 10.0, Counter[str]()
    for kind, later in calls:
        clock.now += later
        if clock.now >= ends:
            ends, let = clock.now + 10, Counter()
        wait = window.wait(kind)
        assert (wait == 0) == (let[kind] < most)
        if wait:
            assert wait == ends - clock.now
        else:
            window.count(kind)
            let[kind] += 1


@given(most=st.integers(1, 5), calls=CALLS)
def test_who_waits_as_long_as_told_comes_through(most: int, calls: list[tuple[str, float]]) -> None:
    clock = Clock()
    window = Window(most, 10, clock)
    for kind, later in calls:
        clock.now += later
        window.count(kind)
        clock.now += window.wait(kind) + 1e-6  # what a clock cannot tell apart
        assert window.wait(kind) == 0


@given(calls=CALLS)
def test_after_a_window_nothing_is_remembered(calls: list[tuple[str, float]]) -> None:
    clock = Clock()
    window = Window(1, 10, clock)
    for kind, later in calls:
        clock.now += later
        window.count(kind)
    clock.now += 10
    assert window.wait("a") == 0
    assert not window._counts


def test_who_only_asks_is_not_remembered() -> None:
    window = Window(1, 10, Clock())
    assert window.wait("a") == 0
    assert not window._counts

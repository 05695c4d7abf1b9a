"""A server that fails is left alone for a while, and then tried by one."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from bot.generator.breaker import Breaker
from bot.generator.failure import NotWritten, Why
from bot.generator.turns import Turns


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, seconds=10, clock=clock)


def enter(breaker: Breaker) -> int:
    ticket = breaker.enter()
    assert ticket is not None
    return ticket


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed(enter(breaker))


def test_it_opens_after_so_many_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.answered(enter(breaker))
    fail(breaker, 2)
    assert not breaker.refuses
    fail(breaker, 1)
    assert breaker.refuses
    assert not breaker.enter()


@pytest.mark.parametrize(("answers", "refuses"), [(True, False), (False, True)])
def test_after_a_while_one_may_try(breaker: Breaker, clock: Clock, *, answers: bool, refuses: bool) -> None:
    fail(breaker, 3)
    clock.now = 9.9
    assert not breaker.enter()
    clock.now = 10
    trial = enter(breaker)
    assert not breaker.enter()
    breaker.answered(trial) if answers else breaker.failed(trial)
    assert (breaker.enter() is None) is refuses
    clock.now = 20
    assert breaker.enter()


def test_a_trial_that_nobody_waited_for_leaves_the_next_one_to_try(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now = 10
    breaker.left(enter(breaker))
    assert breaker.enter()


def test_failures_of_calls_that_were_under_way_do_not_keep_it_open_for_longer(breaker: Breaker, clock: Clock) -> None:
    under_way = [enter(breaker) for _ in range(3)]
    fail(breaker, 3)
    clock.now = 5
    for ticket in under_way:
        breaker.failed(ticket)
    clock.now = 10
    assert breaker.enter()


@pytest.mark.parametrize("tell", [Breaker.answered, Breaker.failed, Breaker.left])
def test_of_a_trial_only_the_one_that_tries_is_heard(
    breaker: Breaker, clock: Clock, tell: Callable[[Breaker, int], object]
) -> None:
    early, older, late = (enter(breaker) for _ in range(3))
    fail(breaker, 3)
    tell(breaker, early)
    assert breaker.refuses
    clock.now = 10
    trial = enter(breaker)
    tell(breaker, older)
    assert not breaker.enter(), "a second one goes while the first is under way"
    assert breaker.answered(trial)
    tell(breaker, late)
    assert breaker.enter()


async def test_the_log_tells_once_that_it_is_left_alone_and_once_that_it_answers_again(
    breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    turns = Turns(at_once=1, deadline=5, breaker=breaker)

    async def asked(why: Why | None) -> None:
        async with turns.turn():
            if why:
                raise NotWritten(why)

    with caplog.at_level(logging.INFO, "bot.generator.turns"):
        for why in (Why.TIMEOUT, Why.NOT_AN_ANSWER, *[Why.REFUSED] * 4):  # the last finds it left alone
            with pytest.raises(NotWritten):
                await asked(why)
        clock.now = 10
        with pytest.raises(NotWritten):
            await asked(Why.REFUSED)
        clock.now = 20
        await asked(None)
        await asked(None)
    left, again = caplog.records
    assert (left.levelname, again.levelname) == ("WARNING", "INFO")
    assert "several times in a row, with refused: entries are quoted" in left.getMessage()

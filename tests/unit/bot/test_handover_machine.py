"""Who has a case, whatever the order in which things happen: what `benchmarks.handover` draws, drawn by hypothesis.

It finds short stories where a promise is broken; the benchmark goes on for longer, and over databases.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from benchmarks.handover import EVENTS, FAILURES, KEYS, SPANS, TEXTS, World, in_database, in_memory, run
from bot.types import ConversationKey, Event

keys = st.sampled_from(KEYS)
small = st.integers(0, 9)


class Handover(RuleBasedStateMachine):
    """A bot and all around it, a step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World(in_memory())
        self.does(self.world.begin())

    def does(self, step: Coroutine[Any, Any, None]) -> None:
        self.runner.run(step)

    @rule(numbers=st.lists(st.tuples(small, st.sampled_from(FAILURES)), min_size=1, max_size=12))
    def something_goes_on(self, numbers: list[tuple[int, str]]) -> None:
        for number, fails in numbers:
            self.does(self.world.opens_gate(number, fails))

    @rule(key=keys, text=st.sampled_from(TEXTS), joins=st.booleans())
    def a_customer_writes(self, key: ConversationKey, text: str, joins: bool) -> None:
        self.does(self.world.write(key, text, joins=joins))

    @precondition(lambda self: self.world.wrote)
    @rule(back=small)
    def a_message_comes_again(self, back: int) -> None:
        self.does(self.world.write_again(back))

    @rule(key=keys, event=st.sampled_from(EVENTS))
    def a_person_does_something(self, key: ConversationKey, event: Event) -> None:
        self.does(self.world.does(key, event))

    @precondition(lambda self: self.world.did)
    @rule(back=small)
    def that_is_told_again(self, back: int) -> None:
        self.does(self.world.does_again(back))

    @rule(seconds=st.sampled_from(SPANS))
    def time_passes(self, seconds: float) -> None:
        self.does(self.world.passes(seconds))

    @rule()
    def everything_comes_to_its_end(self) -> None:
        self.does(self.world.settle())

    @rule()
    def the_process_dies(self) -> None:
        self.does(self.world.crash())

    @invariant()
    def no_promise_is_broken(self) -> None:
        assert self.world.gates.broken == []

    def teardown(self) -> None:
        self.does(self.world.end())
        self.runner.close()
        self.no_promise_is_broken()


Handover.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


class TestHandover(Handover.TestCase):
    """Runs the machine without its failures in the log: they are meant."""

    @pytest.fixture(autouse=True)
    def _quiet(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL)


async def test_the_benchmark_finds_nothing_in_a_database(tmp_path: Path) -> None:
    counts, broken = await run(in_database(f"sqlite:///{tmp_path / 'kefu.db'}"), steps=300, seed=2)
    assert broken == []
    assert counts["violations"] == 0
    assert all(counts[what] for what in ("messages", "replies", "hand-overs", "taken by a person", "crashes")), counts


async def test_the_benchmark_finds_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that forgets that something failed: the customer never sees the reply."""

    async def forgets(self: Any, delivery: Any, until: Any, error: str) -> None:
        await self.delivered(delivery)

    monkeypatch.setattr("bot.store.memory.MemoryStore.put_off", forgets)
    counts, broken = await run(in_memory(), steps=5000, seed=1)
    assert counts["violations"] > 0
    assert counts["steps"] < 5000, "it ends there"
    assert broken

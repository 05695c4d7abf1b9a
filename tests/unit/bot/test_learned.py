"""What understanding promises: once a message, those that wait together, each with the models it began with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from bot.learned import BATCH, Learned, Models
from bot.types import Entity, Understanding


@dataclass(frozen=True)
class Verdict:
    labels: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Span:
    type: str
    start: int
    end: int


class Says:
    """A classifier that says one label; keeps what it read, and holds each reading until it may go on."""

    def __init__(self, *labels: tuple[str, float], held: bool = False) -> None:
        self.labels = labels
        self.read: list[list[str]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.fails = False
        if not held:
            self.go_on.set()

    def __call__(self, texts: Sequence[str]) -> list[Verdict]:
        self.read.append(list(texts))
        self.begun.set()
        self.go_on.wait(30)
        if self.fails:
            raise OSError("gone")
        return [Verdict(self.labels) for _ in texts]


def numbers(texts: Sequence[str]) -> list[list[Span]]:
    """Find the words with a digit."""
    found = []
    for text in texts:
        words = [(text.index(word), word) for word in text.split() if any(map(str.isdigit, word))]
        found.append([Span("order_number", start, start + len(word)) for start, word in words])
    return found


async def test_all_that_is_in_use_is_asked() -> None:
    models = Models(intents=Says(("track", 0.9), ("pay", 0.6)), sentiment=Says(("calm", 0.8)), entities=numbers)
    assert await Learned(models).understand("where is A-1 ?") == Understanding(
        intents=(("track", 0.9), ("pay", 0.6)),
        entities=(Entity(type="order_number", text="A-1", start=9, end=12),),
        sentiment="calm",
        sentiment_chance=0.8,
    )


@pytest.mark.parametrize("models", [Models(), Models(answers=lambda texts: [[] for _ in texts])])
async def test_where_nothing_is_in_use_nothing_is_done(models: Models) -> None:
    assert await Learned(models).understand("hello") is None


async def test_a_model_that_is_not_sure_says_nothing() -> None:
    assert await Learned(Models(intents=Says(), sentiment=Says())).understand("hm") == Understanding()


async def test_messages_that_wait_are_read_together_and_each_gets_its_own() -> None:
    says = Says(("a", 0.9), held=True)
    learned = Learned(Models(intents=says, entities=numbers))
    texts = [f"message {n}" for n in range(BATCH + 10)]
    tasks = [asyncio.create_task(learned.understand(text)) for text in texts]
    await asyncio.to_thread(says.begun.wait, 30)
    says.go_on.set()
    understood = await asyncio.gather(*tasks)
    assert [u.entities[0].text for u in understood if u] == [str(n) for n in range(BATCH + 10)]
    assert sorted(text for read in says.read for text in read) == sorted(texts)
    assert len(says.read) < len(texts) / 2
    assert max(map(len, says.read)) <= BATCH


async def test_a_message_under_way_keeps_the_models_it_began_with() -> None:
    before, after = Says(("old", 0.9), held=True), Says(("new", 0.9))
    learned = Learned(Models(intents=before))
    early = [asyncio.create_task(learned.understand(f"early {n}")) for n in range(5)]
    await asyncio.to_thread(before.begun.wait, 30)
    learned.models = Models(intents=after)
    late = [asyncio.create_task(learned.understand(f"late {n}")) for n in range(5)]
    before.go_on.set()
    said = [u.intents[0][0] for u in await asyncio.gather(*early, *late) if u]
    assert said == ["old"] * 5 + ["new"] * 5


async def test_what_fails_is_told_to_those_who_wait_and_the_next_message_is_read() -> None:
    says = Says(("a", 0.9))
    says.fails = True
    learned = Learned(Models(intents=says))
    with pytest.raises(OSError, match="gone"):
        await learned.understand("one")
    says.fails = False
    assert await learned.understand("two") is not None

"""The stores that keep the contract, and the clock they go by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.ports import Store
from bot.store.memory import MemoryStore
from bot.store.sql import SqlStore
from bot.types import Event, Owner

#: What has to happen so that one of these has the case, whoever but a closed one had it before.
COMES_TO = {
    Owner.BOT: Event.HANDED_BACK,
    Owner.WAITING: Event.HANDED_OVER,
    Owner.HUMAN: Event.TAKEN,
    Owner.CLOSED: Event.RESOLVED,
}


class Clock:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


#: Each opens the store at an address, which is empty at first. Another implementation joins with one line here, and one
#: in `address`.
STORES: dict[str, Callable[[str, Clock], AbstractAsyncContextManager[Store]]] = {
    "memory": lambda address, clock: nullcontext(MemoryStore(clock)),
    "sqlite": lambda address, clock: SqlStore.open(address, clock=clock),
    "postgresql": lambda address, clock: SqlStore.open(address, clock=clock),
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def address(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the store is."""
    return request.getfixturevalue("postgres") if kind == "postgresql" else f"sqlite:///{tmp_path / 'kefu.db'}"


@pytest.fixture
async def store(kind: str, address: str, clock: Clock) -> AsyncIterator[Store]:
    async with STORES[kind](address, clock) as opened:
        yield opened

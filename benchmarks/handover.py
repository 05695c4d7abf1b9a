"""Who has a case, whatever happens: random steps of customers, people, channels, time and crashes, each one watched.

    python -m benchmarks.handover [--steps N] [--database URL] [--seed N] [--json]

Customers write, in pieces too, and what they write comes twice; the bot answers, hands over, or fails; people take
cases, write, give back, resolve, and that comes twice as well; channels take what is sent, refuse it, or take it and
say that they did not; time passes, after which cases come back; processes die in the middle of anything. All that the
bot does stops at gates, of which a random one opens next. Everything is held against what is promised:

- nothing is sent to a customer while a person has the case, or has closed it;
- a case is handed over once until it comes back; people are told why, then the customer, then people are asked;
- one reply a message at most, in order, and none is lost while the bot has the case.

Half of the steps run over the store in memory, half over the database (a new SQLite file where none is given). Printed
are counts for both: what happened, and under "violations" how many promises were seen broken. Where there are any, they
are listed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from benchmarks.gates import Gates
from benchmarks.witness import FAILS, WANTS_PERSON, Answers, WatchedChat, WatchedDesk, WatchedStore, Witness, reply_to
from bot.delivery import LONGEST_WAIT
from bot.dispatcher import Dispatcher
from bot.handover import AFTER
from bot.ports import Store
from bot.store.database import Database
from bot.store.memory import MemoryStore
from bot.store.sql import LEASE, SqlStore
from bot.types import ConversationKey, Event, Message, Owner, Speaker, Turn

KEYS = [
    ConversationKey(channel=channel, thread=thread)
    for channel, thread in (("desk", "anna"), ("desk", "boris"), ("chat", "clara"))
]

#: When a case comes back from people who do nothing.
BACK_AFTER = {Owner.WAITING: timedelta(minutes=30), Owner.HUMAN: timedelta(hours=1)}

#: What customers write: often nothing special, in pieces or whole, and sometimes what is handed over.
TEXTS = [*["hello"] * 4, "where is it?", "x" * 80, WANTS_PERSON, FAILS]

#: What people do with cases.
EVENTS = [Event.TAKEN, *[Event.HANDED_BACK] * 3, Event.RESOLVED]

#: Seconds that pass: until pieces are answered, until what failed is tried again, and until cases come back.
SPANS = [0.5, 3.0, 3.0, 20.0, LONGEST_WAIT, 1800.0, 3600.0]

#: How a channel fails: often not at all.
FAILURES = [*[""] * 9, "refused", "unheard", "unheard", "final"]

#: Turns of the loop in which whoever can go on has gone on.
TURNS = 12

#: Gates opened, after which something is stuck.
STUCK = 5_000

#: Opens the store as one process has it.
Opens = Callable[[Callable[[], datetime]], AbstractAsyncContextManager[Store]]


class World:
    """A bot and all around it; every method is a step."""

    def __init__(self, opens: Opens) -> None:
        """``opens`` is what a process does to have its store."""
        self.opens = opens
        self.now = datetime(2025, 3, 1, 12, tzinfo=UTC)
        self.gates = Gates()
        self.witness = Witness(self.gates)
        self.desks = {"desk": WatchedDesk("desk", self.witness), "chat": WatchedChat("chat", self.witness)}
        self.number = 0
        #: What customers wrote and people did, to come a second time.
        self.wrote: list[tuple[Message, bool]] = []
        self.did: list[tuple[ConversationKey, Event | Turn, str]] = []
        self.submits: set[asyncio.Task[Any]] = set()

    async def begin(self) -> None:
        """Start a process."""
        self.process = AsyncExitStack()
        self.store = await self.process.enter_async_context(self.opens(lambda: self.now))
        self.watched = WatchedStore(self.store, self.witness)
        self.bot = Dispatcher(
            cast(Store, self.watched),
            Answers(self.gates),
            self.desks,
            fallback=reply_to,
            concurrency=2,
            back_after=BACK_AFTER,
            clock=lambda: self.now,
            pause=1000.0,
        )
        self.gates.wide_open = False
        await self.bot.__aenter__()
        await self.calm()

    async def crash(self) -> None:
        """Have the process die, whatever it is doing, and another one start."""
        self.witness.counts["crashes"] += 1
        await self._end()
        if isinstance(self.store, MemoryStore):
            for key in KEYS:
                await self.store.release(key)
        await self.begin()

    async def end(self) -> None:
        """Let everything come to its end, unless a promise was broken, and end."""
        if not self.gates.broken:
            await self.settle()
        self.gates.open_all()
        await self._end()

    async def _end(self) -> None:
        ends = [asyncio.create_task(self.bot.drain(timeout=0)), *self.submits]
        await self.calm()
        self.watched.dead = True
        await self._until(asyncio.gather(*ends, return_exceptions=True))
        self.submits.clear()
        await self.process.aclose()

    async def write(self, key: ConversationKey, text: str, *, joins: bool) -> None:
        """Have a customer write."""
        self.number += 1
        self.wrote.append((Message(id=str(self.number), conversation=key, text=text, at=self.now), joins))
        await self.write_again(0)

    async def write_again(self, back: int) -> None:
        """Deliver a message once more, the newest or one of those before it."""
        if self.wrote:
            message, joins = self.wrote[-1 - back % min(len(self.wrote), 10)]
            task = asyncio.create_task(self.bot.submit(message, joins=joins))
            task.add_done_callback(lambda task: task.cancelled() or task.exception())
            self.submits.add(task)
            await self.calm()

    async def does(self, key: ConversationKey, event: Event) -> None:
        """Have people take a case by writing, give it back, or resolve it."""
        self.number += 1
        what: Event | Turn = event
        if event is Event.TAKEN and self.number % 2:
            what = Turn(speaker=Speaker.AGENT, text="Let me see.", at=self.now, id=f"a{self.number}")
        self.did.append((key, what, f"e{self.number}"))
        await self._told(*self.did[-1], again=False)

    async def does_again(self, back: int) -> None:
        """Tell once more what people did."""
        if self.did:
            await self._told(*self.did[-1 - back % min(len(self.did), 10)], again=True)

    async def _told(self, key: ConversationKey, what: Event | Turn, id_: str, *, again: bool) -> None:
        async with self.witness.order:
            if isinstance(what, Turn):
                counted = await self.store.append(key, what)
                self.gates.expect(counted is not again, "what is told twice counts once")
                after = AFTER[Event.TAKEN][self.witness.cases[key].owner] if counted else self.witness.cases[key].owner
                self.witness.happened(key, Event.TAKEN, after, counted=counted)
            else:
                after = await self.store.record(key, what, id_=id_)
                self.witness.happened(key, what, after, counted=not again)
        self.bot.wake()
        await self.calm()

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.bot.wake()
        await self.calm()

    async def opens_gate(self, number: int, fails: str) -> None:
        """Let one thing go on, and fail in a channel where it ``fails``."""
        self.gates.open(number, fails)
        await self.calm()

    async def settle(self) -> None:
        """Let everything come to its end, and look whether all is as it must be."""
        for seconds in (0.0, LEASE.total_seconds(), LONGEST_WAIT, LONGEST_WAIT):
            await self.passes(seconds)
            await self._until(asyncio.create_task(self.bot.idle()))
        await self.witness.settled(self.store)
        self.submits = {task for task in self.submits if not task.done()}

    async def calm(self) -> None:
        """Wait until everybody stands at a gate, or has nothing to do."""
        quiet = 0
        while quiet < TURNS:
            await asyncio.sleep(0)
            quiet += 1
            if self.watched.inside:
                await self.watched.nobody.wait()
                quiet = 0

    async def _until(self, end: asyncio.Future[Any]) -> None:
        """Open gates until there is an ``end``."""
        for _ in range(STUCK):
            if end.done():
                return
            await self.opens_gate(0, "")
        end.cancel()
        raise AssertionError("the bot is stuck")


async def random_step(world: World, chance: random.Random) -> None:
    """Do one step, most often to let something go on."""
    key = chance.choice(KEYS)
    match chance.choices(range(8), weights=(74, 10, 3, 4, 1, 7, 0.6, 0.4))[0]:
        case 0:
            await world.opens_gate(chance.randrange(8), chance.choice(FAILURES))
        case 1:
            await world.write(key, chance.choice(TEXTS), joins=chance.random() < 0.5)
        case 2:
            await world.write_again(chance.randrange(10))
        case 3:
            await world.does(key, chance.choice(EVENTS))
        case 4:
            await world.does_again(chance.randrange(10))
        case 5:
            await world.passes(chance.choice(SPANS))
        case 6:
            await world.settle()
        case 7:
            await world.crash()


async def run(opens: Opens, steps: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """Return counts of what happened in ``steps`` steps, and the promises that were broken."""
    world, chance, begun = World(opens), random.Random(seed), time.monotonic()
    await world.begin()
    for done in range(1, steps + 1):
        await random_step(world, chance)
        if world.gates.broken:
            world.gates.broken.append(f"in step {done}")
            break
    await world.end()
    counts = {"steps": done, **dict(sorted(world.witness.counts.items())), "violations": len(world.gates.broken)}
    return {"seconds": round(time.monotonic() - begun, 1), **counts}, world.gates.broken


def in_memory() -> Opens:
    """Return how to have one store in memory, which outlives the processes that use it."""
    kept: list[MemoryStore] = []

    @asynccontextmanager
    async def opens(clock: Callable[[], datetime]) -> AsyncIterator[Store]:
        if not kept:
            kept.append(MemoryStore(clock))
        yield kept[0]

    return opens


def in_database(address: str) -> Opens:
    """Return how to open the database at ``address``; whoever does dies without letting go of what it has."""

    @asynccontextmanager
    async def opens(clock: Callable[[], datetime]) -> AsyncIterator[Store]:
        async with Database.open(address) as database:
            yield SqlStore(database, clock, LEASE)

    return opens


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50_000, help="over both stores together")
    parser.add_argument("--database", help="address of an empty database; a new SQLite file where none is given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    logging.disable()  # failures are meant
    found: dict[str, dict[str, Any]] = {}
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        address = wanted.database or f"sqlite:///{Path(folder) / 'kefu.db'}"
        for name, opens in (("memory", in_memory()), (address.partition(":")[0], in_database(address))):
            found[name], violations = asyncio.run(run(opens, wanted.steps // 2, wanted.seed))
            broken += [f"{name}: {violation}" for violation in violations]
    if wanted.json:
        print(json.dumps(found, indent=1))
    else:
        rows = dict.fromkeys(row for figures in found.values() for row in figures)
        print(f"{'':24}" + "".join(f"{name:>14}" for name in found))
        for row in rows:
            print(f"{row:24}" + "".join(f"{figures.get(row, 0):>14}" for figures in found.values()))
    for violation in broken:
        print(violation, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

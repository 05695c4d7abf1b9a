"""Whatever the order in which things happen: one outcome a message, replies in order, none lost, none after a person.

Nothing here takes time. Everything that the dispatcher waits for (the store, the responder, the connector) stops at a
gate, and hypothesis draws which gate opens next, what fails, and what customers and agents do in between.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.gates import Gates
from bot.delivery import LONGEST_WAIT
from bot.dispatcher import Dispatcher
from bot.errors import OverloadedError
from bot.ports import Released, unseen
from bot.store.memory import MemoryStore
from bot.types import Action, Conversation, ConversationKey, Event, Message, Outcome, Owner, Reason, Reply
from bot.work import Delivery, Errand, Taken, Work
from tests.contract.conftest import COMES_TO, Clock

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
KEYS = [ConversationKey(channel="chat", thread=name) for name in ("anna", "boris")]
PERSON = (Owner.HUMAN, Owner.CLOSED)
#: Turns of the loop; a run with the most events needs less than a tenth.
STUCK_AFTER = 20_000


class GatedStore(MemoryStore):
    """A store whose writes take a while, before and after they count; keeps a record of what counted."""

    def __init__(self, gates: Gates, clock: Clock) -> None:
        super().__init__(clock)
        self.gates = gates
        self.accepted: list[Message] = []
        self.finished: list[tuple[Message, Reply | None]] = []
        #: Messages whose reply came too late: a person had taken over.
        self.refused: list[Message] = []
        self.taken_out: list[Reply] = []
        #: What the dispatcher was told last: who has the case, and the replies that may not be sent any more.
        self.read: dict[ConversationKey, Owner] = {}
        self.withdrawn: set[str] = set()
        self.shown: list[Reply] = []
        #: Who is worked on, as the dispatcher has it.
        self.held: set[ConversationKey] = set()

    async def accept(self, message: Message, **more: Any) -> bool:
        await self.gates.stop()
        new = await super().accept(message, **more)
        if new:
            self.accepted.append(message)
        await self.gates.stop()
        return new

    async def take(self, limit: int) -> Taken:
        await self.gates.stop()
        taken = await super().take(limit)
        self.gates.expect(len(taken.conversations) <= limit, "no more than asked for")
        self.gates.expect(self.held.isdisjoint(taken.conversations), "nobody is taken on twice")
        self.held.update(taken.conversations)
        await self.gates.stop()
        return taken

    async def work(self, key: ConversationKey) -> Work:
        # No gate after it: what the dispatcher does at once with what it read is what is checked.
        await self.gates.stop()
        work = await super().work(key)
        self.read[key] = work.conversation.owner
        return work

    async def release(self, key: ConversationKey) -> None:
        await self.gates.stop()
        self.gates.expect(key in self.held, "only what was taken on is let go of")
        self.held.discard(key)
        await super().release(key)
        await self.gates.stop()

    async def finish(self, message: Message, reply: Reply | None, note: str = "", **more: Any) -> bool:
        await self.gates.stop()
        before = (await super().conversation(message.conversation)).owner
        done = await super().finish(message, reply, note, **more)
        if done:
            self.gates.expect(reply is None or before is Owner.BOT, "no reply after a person took over")
            silent_for = self.read[message.conversation] is not Owner.BOT or message in self.refused
            self.gates.expect(reply is not None or silent_for, "silent only where the bot had not the case")
            self.finished.append((message, reply))
        elif reply is not None:
            self.refused.append(message)
        await self.gates.stop()
        return done

    async def record(self, key: ConversationKey, event: Event, **more: Any) -> Owner:
        work = await super().work(key)
        after = await super().record(key, event, **more)
        if after in PERSON:
            self.finished += [(message, None) for message in work.messages]
            left = [one.reply for one in work.outbox if one.errand is Errand.REPLY]
            self.taken_out += [reply for reply in left if reply not in self.taken_out]
        return after

    async def sendable(self, delivery: Delivery) -> bool:
        await self.gates.stop()
        may = await super().sendable(delivery)
        if not may:
            self.withdrawn.add(delivery.id)
        return may

    async def delivered(self, delivery: Delivery) -> None:
        await self.gates.stop()
        await super().delivered(delivery)
        if delivery.errand is Errand.REPLY:
            if delivery.reply not in self.shown:
                self.gates.expect(delivery.id in self.withdrawn, "withdrawn only where a person took over")
            if delivery.reply not in self.taken_out:
                self.taken_out.append(delivery.reply)
        await self.gates.stop()

    async def put_off(self, delivery: Delivery, until: datetime, error: str) -> None:
        await self.gates.stop()
        await super().put_off(delivery, until, error)
        await self.gates.stop()


def reply_to(asked: Message, action: Action) -> Reply:
    return Reply(
        id=f"r-{asked.conversation.thread}-{asked.id}",
        conversation=asked.conversation,
        in_reply_to=asked.id,
        text="",
        action=action,
        reason=Reason.CONFIDENT,
        confidence=1.0,
        language="en",
    )


class GatedResponder:
    """Answers when let through, or fails; checks that conversations are not answered twice at once."""

    def __init__(self, gates: Gates, concurrency: int) -> None:
        self.gates = gates
        self.concurrency = concurrency
        self.at_work: set[ConversationKey] = set()

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        self.gates.expect(conversation.key not in self.at_work, "one message of a conversation at a time")
        self.at_work.add(conversation.key)
        self.gates.expect(len(self.at_work) <= self.concurrency, "no more at once than allowed")
        try:
            if not await self.gates.stop("responder"):
                raise ValueError("a bug")
        finally:
            self.at_work.discard(conversation.key)
        return reply_to(message, Action.HAND_OFF if message.text == "person" else Action.ANSWER)


class GatedPhone:
    """Shows replies when let through, or fails."""

    name = "chat"

    def __init__(self, gates: Gates, store: GatedStore) -> None:
        self.gates = gates
        self.store = store
        self.told: set[tuple[str, str]] = set()

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        owner = (await MemoryStore.conversation(self.store, reply.conversation)).owner
        self.gates.expect(owner not in PERSON, "nothing is sent after a person took over")
        if not await self.gates.stop("connector"):
            raise ConnectionError("down")
        self.store.shown.append(reply)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        await self.agents(reply, "note")

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        self.gates.expect(reply in self.store.shown, "the customer is told before people are asked")
        await self.agents(reply, "hand over")

    async def agents(self, reply: Reply, what: str) -> None:
        owner = (await MemoryStore.conversation(self.store, reply.conversation)).owner
        self.gates.expect(owner not in PERSON, "nobody is asked who has the case")
        if not await self.gates.stop("connector"):
            raise ConnectionError("down")
        self.gates.expect((reply.id, what) not in self.told, "agents are told once")
        self.told.add((reply.id, what))


@dataclass
class World:
    """All parts of one run, over all lives of the dispatcher."""

    gates: Gates
    clock: Clock
    store: GatedStore
    phone: GatedPhone
    responder: GatedResponder
    submits: list[tuple[Message, asyncio.Task[Outcome]]]
    waiting: int
    concurrency: int
    #: Which gate to open next where no event says so.
    order: list[int]

    @classmethod
    def new(cls, waiting: int, concurrency: int, order: list[int]) -> World:
        gates, clock = Gates(), Clock()
        store = GatedStore(gates, clock)
        phone, responder = GatedPhone(gates, store), GatedResponder(gates, concurrency)
        return cls(gates, clock, store, phone, responder, [], waiting, concurrency, order)

    def dispatcher(self) -> Dispatcher:
        return Dispatcher(
            self.store,
            self.responder,
            {"chat": self.phone},
            fallback=lambda asked: reply_to(asked, Action.HAND_OFF),
            concurrency=self.concurrency,
            waiting=self.waiting,
            clock=self.clock,
        )

    async def until(self, task: asyncio.Task[None]) -> None:
        """Open gates in the drawn order until ``task`` is done."""
        for turn in range(STUCK_AFTER):
            if task.done():
                return await task
            self.gates.open(self.order[turn % len(self.order)])
            await asyncio.sleep(0)
        raise AssertionError("the dispatcher is stuck")


#: One thing that happens; gets the world and the running dispatcher.
Happening = Callable[[World, Dispatcher], list[asyncio.Task[None]]]


def submit(key: ConversationKey, id_: int, text: str) -> Happening:
    def happen(world: World, running: Dispatcher) -> list[asyncio.Task[None]]:
        message = Message(id=str(id_), conversation=key, text=text, at=NOON)
        world.submits.append((message, asyncio.create_task(running.submit(message))))
        return []

    return happen


def set_owner(key: ConversationKey, owner: Owner) -> Happening:
    def happen(world: World, running: Dispatcher) -> list[asyncio.Task[None]]:
        if owner is Owner.BOT:
            return [asyncio.create_task(running.hand_back(key))]
        return [asyncio.create_task(world.store.record(key, COMES_TO[owner]))]

    return happen


def open_gate(number: int, fails: str) -> Happening:
    def happen(world: World, running: Dispatcher) -> list[asyncio.Task[None]]:
        world.gates.open(number, fails)
        return []

    return happen


def pass_time(world: World, running: Dispatcher) -> list[asyncio.Task[None]]:
    world.clock.forward(LONGEST_WAIT)
    running.wake()
    return []


def cancel_submit(world: World, running: Dispatcher) -> list[asyncio.Task[None]]:
    if world.submits:
        world.submits[-1][1].cancel()
    return []


keys = st.sampled_from(KEYS)
submits = st.builds(submit, keys, st.integers(0, 19), st.sampled_from([*["hello"] * 9, "person"]))
failures = st.sampled_from([*[""] * 12, *["connector"] * 7, "responder"])
openings = st.builds(open_gate, st.integers(0, 7), failures)
owners = st.builds(set_owner, keys, st.sampled_from([*[Owner.BOT] * 4, Owner.HUMAN, Owner.CLOSED]))
others = st.one_of(owners, owners, st.just(pass_time), st.just(pass_time), st.just(cancel_submit))
events = st.one_of(submits, submits, openings, openings, openings, openings, openings, openings, others)
#: Between two events the loop turns a few times, so that they meet the dispatcher in the middle of things.
life = st.lists(st.tuples(events, st.sampled_from([0, 1, 2, 5])), min_size=20, max_size=120)


async def live(world: World, happenings: list[tuple[Happening, int]], last: bool) -> None:
    """Run one life of the dispatcher: events, then an end in the middle of things, or the last one in peace."""
    world.gates.wide_open = True
    tasks: list[asyncio.Task[None]] = []
    async with world.dispatcher() as running:
        world.gates.wide_open = False
        try:
            for event, turns in happenings:
                tasks += event(world, running)
                for _ in range(turns):
                    await asyncio.sleep(0)
            if last:
                await world.until(asyncio.create_task(settle(world, running, tasks)))
                assert left_in(running) == {}
            await world.until(asyncio.create_task(running.drain(timeout=0)))
            ends: list[asyncio.Task[Any]] = [*tasks, *(task for _, task in world.submits)]
            await world.until(asyncio.create_task(gather_all(ends)))
        finally:
            # A failure here has to be seen: no worker may hold up the exit.
            world.gates.open_all()


async def settle(world: World, running: Dispatcher, tasks: list[asyncio.Task[None]]) -> None:
    await gather_all([*tasks, *(task for _, task in world.submits)])
    await running.idle()
    pass_time(world, running)
    await running.idle()


async def gather_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def left_in(running: Dispatcher) -> dict[str, object]:
    """Whatever the dispatcher still holds for a message or a conversation."""
    held = {name: value for name, value in vars(running).items() if name != "_connectors"}
    left: dict[str, object] = {name: value for name, value in held.items() if isinstance(value, Sized) and len(value)}
    if held["_waiting"]:
        left["_waiting"] = held["_waiting"]
    return left


def check(world: World) -> None:
    assert world.gates.broken == []
    accepted, finished = world.store.accepted, world.store.finished
    check_submits(world)

    assert len(finished) == len(accepted) == len({(m.conversation, m.id) for m, _ in finished}), "one outcome each"
    for key in KEYS:
        assert [m.id for m, _ in finished if m.conversation == key] == [m.id for m in accepted if m.conversation == key]

    replied: dict[ConversationKey, list[str]] = defaultdict(list)
    for message, reply in finished:
        if reply is not None:
            assert reply.in_reply_to == message.id
            replied[message.conversation].append(reply.id)
    for key in KEYS:
        shown = [reply.id for reply in world.store.shown if reply.conversation == key]
        gone = [reply.id for reply in world.store.taken_out if reply.conversation == key]
        assert gone == replied[key], "each left the outbox once, in order"
        assert shown == [id_ for id_ in replied[key] if id_ in set(shown)], "in order, and none twice"


def check_submits(world: World) -> None:
    """What submitters were told is what the store has: an overload left no trace, an acceptance is there once."""
    told: dict[tuple[ConversationKey, str], list[Outcome]] = defaultdict(list)
    not_told = set()
    for message, task in world.submits:
        if task.cancelled():
            not_told.add((message.conversation, message.id))
        elif (error := task.exception()) is None:
            told[message.conversation, message.id].append(task.result())
        else:
            assert isinstance(error, OverloadedError), error
    accepted = {(message.conversation, message.id) for message in world.store.accepted}
    assert set(told) <= accepted <= set(told) | not_told
    assert all(told[which].count(Outcome.ACCEPTED) == 1 for which in set(told) - not_told)


@settings(deadline=None)
@given(
    lives=st.lists(life, min_size=1, max_size=3),
    waiting=st.integers(1, 8),
    concurrency=st.integers(1, 3),
    order=st.lists(st.integers(0, 7), min_size=1),
)
def test_one_outcome_each_in_order_whatever_happens(
    lives: list[list[tuple[Happening, int]]], waiting: int, concurrency: int, order: list[int]
) -> None:
    async def run() -> World:
        world = World.new(waiting, concurrency, order)
        for number, happenings in enumerate(lives, start=1):
            await live(world, happenings, last=number == len(lives))
        return world

    check(asyncio.run(run()))

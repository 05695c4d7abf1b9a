"""One who sees everything between a dispatcher and the world, and holds it against what was promised of hand-overs."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from benchmarks.gates import Gates
from bot.errors import DeliveryError
from bot.handover import AFTER
from bot.ports import Released, Store, unseen
from bot.types import Action, Conversation, ConversationKey, Event, Message, Owner, Reason, Reply
from bot.work import Delivery, Errand, Taken, Work

PERSON = (Owner.HUMAN, Owner.CLOSED)

#: What a customer writes who wants a person, and what the bot fails on.
WANTS_PERSON, FAILS = "person", "fail"

T = TypeVar("T")


@dataclass
class Case:
    """A conversation as it must be."""

    owner: Owner = Owner.BOT
    #: Whether the bot has handed it over, and it has not come back since.
    handed: bool = False
    accepted: list[str] = field(default_factory=list)
    #: Messages that are not done, oldest first, and whether the bot had not the case at some time meanwhile.
    open: dict[str, bool] = field(default_factory=dict)
    #: Those that people have to be shown, and those that they are to be shown by now.
    relayed: set[str] = field(default_factory=set)
    shows: list[str] = field(default_factory=list)
    #: Of replies and what belongs to them, in their order: ids of what was to be sent.
    sends: list[str] = field(default_factory=list)


class Witness:
    """Keeps what happened, counts it, and notes each promise that is broken."""

    def __init__(self, gates: Gates) -> None:
        """Start with nothing seen."""
        self.gates = gates
        self.cases: dict[ConversationKey, Case] = defaultdict(Case)
        self.counts: Counter[str] = Counter()
        #: Ids of what was tried to be sent, was shown, was given up, and was withdrawn because a person came.
        self.tried: set[str] = set()
        self.shown: set[str] = set()
        self.gone: set[str] = set()
        #: What happens to cases, and the look at who has one, are in an order.
        self.order = asyncio.Lock()

    def accepted(self, message: Message, *, relay: bool) -> None:
        """Note a message that the store has taken for a new one."""
        case = self.cases[message.conversation]
        self.gates.expect(message.id not in case.accepted, "a message is accepted once")
        self.counts["messages"] += 1
        if case.owner is Owner.CLOSED:
            case.owner, case.handed = Owner.BOT, False
        case.accepted.append(message.id)
        case.open[message.id] = case.owner is not Owner.BOT
        if relay:
            case.relayed.add(message.id)

    def finished(self, messages: Sequence[Message], reply: Reply | None, note: str) -> None:
        """Note the outcome of messages."""
        case, ids = self.cases[messages[-1].conversation], [message.id for message in messages]
        self.gates.expect(list(case.open)[: len(ids)] == ids, "one outcome each, in order")
        left = [case.open.pop(id_, True) for id_ in ids]
        if reply is None:
            self.gates.expect(all(left), "silent only where the bot had not the case")
            case.shows += [id_ for id_ in ids if id_ in case.relayed]
            return
        self.counts["replies"] += 1
        self.gates.expect(case.owner is Owner.BOT, "no reply where the bot has not the case")
        hands_over = reply.action is Action.HAND_OFF
        case.sends += [f"{reply.id}.note", reply.id, f"{reply.id}.hand_over"] if hands_over else [reply.id]
        if hands_over:
            self.counts["hand-overs"] += 1
            self.gates.expect(not case.handed, "a case is handed over once until it comes back")
            self.gates.expect(bool(note), "people are told why")
            case.handed, case.owner = True, Owner.WAITING
            case.open = dict.fromkeys(case.open, True)

    def happened(self, key: ConversationKey, event: Event, after: Owner, *, counted: bool) -> None:
        """Note what happened to a case, if it ``counted``, and who is said to have it."""
        case = self.cases[key]
        expected = AFTER[event][case.owner] if counted else case.owner
        self.gates.expect(after is expected, f"{expected} has the case after {event} where {case.owner} had it")
        if expected is Owner.BOT and case.owner is not Owner.BOT:
            case.handed = False
            self.counts["given back"] += 1
        if counted and event is Event.TAKEN:
            self.counts["taken by a person"] += 1
        case.owner = expected
        if expected in PERSON and counted:
            case.shows += [id_ for id_ in case.open if id_ in case.relayed]
            case.open.clear()
            self.gone |= set(case.sends) - self.shown
        elif expected is not Owner.BOT:
            case.open = dict.fromkeys(case.open, True)

    def sends(self, key: ConversationKey, id_: str, errand: Errand, *, again: bool) -> None:
        """Note that something is sent at this moment."""
        case, past = self.cases[key], self.shown | self.gone
        self.gates.expect(again or id_ not in self.tried, "who may be sending a second time is told so")
        self.tried.add(id_)
        if errand is Errand.RELAY:
            mine = [relay_id(key, message) for message in case.shows]
            self.gates.expect(id_ in mine, "people are shown what the bot does not answer")
            self.gates.expect(set(mine[: mine.index(id_) if id_ in mine else 0]) <= past, "shown in order")
            return
        self.gates.expect(case.owner not in PERSON, "nothing is sent over the head of a person")
        self.gates.expect(id_ in case.sends, "only what was decided is sent")
        before = case.sends[: case.sends.index(id_) if id_ in case.sends else 0]
        self.gates.expect(set(before) <= past, "all before it was sent: the note, the notice, the request")

    def arrives(self, id_: str, errand: Errand) -> None:
        """Note that the customer, or people, are shown something; a channel shows one id once."""
        if id_ not in self.shown:
            self.shown.add(id_)
            self.counts[f"{errand} shown"] += 1

    async def settled(self, store: Store) -> None:
        """Hold what the store has at the end, when everything had its time, against what it must have."""
        self.gates.expect(await store.unfinished() == [] == await store.outbox(), "everything is done at the end")
        dead = {one.id for one in await store.dead_letters()}
        for key, case in self.cases.items():
            conversation = await store.conversation(key)
            self.gates.expect(conversation.owner is case.owner, "the store has the case where it must be")
            self.gates.expect(not case.open, "no message is lost")
            owed = [*case.sends, *(relay_id(key, id_) for id_ in case.shows)]
            self.gates.expect(set(owed) <= self.shown | self.gone | dead, "nothing that was to be sent is lost")
            case.sends.clear()
            case.shows.clear()


def relay_id(key: ConversationKey, id_: str) -> str:
    """Return the id under which a message is shown to people."""
    message = Message(id=id_, conversation=key, text="", at=datetime.min)
    return Delivery.relaying(message, datetime.min).id


class WatchedStore:
    """A store whose calls stop at gates, before and after they count; nothing counts any more when its process died."""

    def __init__(self, store: Store, witness: Witness) -> None:
        """``store`` is where it is kept."""
        self.store, self.witness, self.gates = store, witness, witness.gates
        self.dead = False
        #: Set while no call is inside of ``store``.
        self.inside, self.nobody = 0, asyncio.Event()
        self.nobody.set()

    async def _do(self, call: Awaitable[T], seen: Callable[[T], None] = lambda result: None, after: bool = True) -> T:
        try:
            await self.gates.stop()
            self._lives()
            self.inside += 1
            self.nobody.clear()
        except BaseException:
            call.close()  # type: ignore[attr-defined]
            raise
        try:
            async with self.witness.order:
                result = await call
                seen(result)
        finally:
            self.inside -= 1
            if not self.inside:
                self.nobody.set()
        if after:  # no gate where what is done at once with the result is what is watched
            await self.gates.stop()
            self._lives()
        return result

    def _lives(self) -> None:
        if self.dead:
            raise ConnectionError("the process has died")

    async def accept(self, message: Message, *, joins: bool = False, relay: bool = False) -> bool:
        """Keep a message."""

        def seen(new: bool) -> None:
            if new:
                self.witness.accepted(message, relay=relay)
            else:
                self.witness.counts["second deliveries"] += 1

        return await self._do(self.store.accept(message, joins=joins, relay=relay), seen)

    async def take(self, limit: int) -> Taken:
        """Take on conversations."""
        return await self._do(self.store.take(limit))

    async def work(self, key: ConversationKey) -> Work:
        """Return what there is to do."""
        return await self._do(self.store.work(key))

    async def release(self, key: ConversationKey) -> None:
        """Let go."""
        return await self._do(self.store.release(key))

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return a conversation."""
        return await self._do(self.store.conversation(key))

    async def finish(
        self, message: Message, reply: Reply | None, note: str = "", *, earlier: Sequence[Message] = (), **more: Any
    ) -> bool:
        """Write an outcome."""

        def seen(done: bool) -> None:
            if done:
                self.witness.finished([*earlier, message], reply, note)

        return await self._do(self.store.finish(message, reply, note, earlier=earlier, **more), seen)

    async def record(self, key: ConversationKey, event: Event, **more: Any) -> Owner:
        """Note that a case comes back with time."""
        before: list[Owner] = []

        async def call() -> Owner:
            before.append(self.witness.cases[key].owner)
            return await self.store.record(key, event, **more)

        def seen(after: Owner) -> None:
            # Something may have happened since it was decided on: then it does not count.
            self.witness.happened(key, event, after, counted=after is not before[0])

        return await self._do(call(), seen)

    async def sendable(self, delivery: Delivery) -> bool:
        """Say whether it may be sent."""
        return await self._do(self.store.sendable(delivery), after=False)

    async def delivered(self, delivery: Delivery) -> None:
        """Take it out."""
        return await self._do(self.store.delivered(delivery))

    async def withdraw(self, delivery: Delivery) -> None:
        """Take it out unsent."""
        return await self._do(self.store.withdraw(delivery))

    async def put_off(self, delivery: Delivery, until: datetime, error: str) -> None:
        """Note a failure."""
        return await self._do(self.store.put_off(delivery, until, error))

    async def give_up(self, delivery: Delivery, error: str) -> None:
        """Note that it is not sent any more."""
        return await self._do(self.store.give_up(delivery, error), lambda _: self.witness.gone.add(delivery.id))

    async def unfinished(self) -> list[Message]:
        """Return what is left."""
        return await self._do(self.store.unfinished())

    async def outbox(self) -> list[Delivery]:
        """Return what is on its way."""
        return await self._do(self.store.outbox())


class WatchedDesk:
    """A channel that takes, refuses, or takes and says that it did not; it knows what it has shown by its id."""

    def __init__(self, name: str, witness: Witness) -> None:
        """``name`` is the channel's."""
        self.name, self.witness = name, witness

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Show it to the customer."""
        await self._send(reply, Errand.REPLY, again)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell people."""
        await self._send(reply, Errand.NOTE, again)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask people."""
        await self._send(reply, Errand.HAND_OVER, again)

    async def _send(self, reply: Reply, errand: Errand, again: bool) -> None:
        delivery = Delivery(reply=reply, since=datetime.min, errand=errand)
        self.witness.sends(reply.conversation, delivery.id, errand, again=again)
        await self._takes(delivery.id, errand)

    async def _takes(self, id_: str, errand: Errand) -> None:
        told = await self.witness.gates.told()
        if told in ("refused", "final"):
            self.witness.counts[f"sending {told}"] += 1
            raise DeliveryError(told, final=told == "final")
        self.witness.arrives(id_, errand)
        if told == "unheard":
            self.witness.counts["sending unheard"] += 1
            raise ConnectionError(told)


class WatchedChat(WatchedDesk):
    """The same without a desk: people are shown what customers write."""

    async def relay(self, message: Message, *, again: bool) -> None:
        """Show people a message."""
        id_ = relay_id(message.conversation, message.id)
        self.witness.sends(message.conversation, id_, Errand.RELAY, again=again)
        await self._takes(id_, Errand.RELAY)


class Answers:
    """Answers after a while what it is asked; hands over who wants a person, and fails on some."""

    def __init__(self, gates: Gates) -> None:
        """``gates`` are where it thinks."""
        self.gates = gates

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        """Return the one reply."""
        await self.gates.stop()
        if FAILS in message.text:
            raise ValueError("a bug")
        return reply_to(message, Action.HAND_OFF if WANTS_PERSON in message.text else Action.ANSWER)


def reply_to(message: Message, action: Action = Action.HAND_OFF) -> Reply:
    """Return a reply, and always the same."""
    key = message.conversation
    return Reply(
        id=f"r-{key.channel}-{key.thread}-{message.id}",
        conversation=key,
        in_reply_to=message.id,
        text=message.text.upper(),
        action=action,
        reason=Reason.CONFIDENT,
        confidence=1.0,
        language="en",
    )

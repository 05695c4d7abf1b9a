"""The store that lives in memory: for tests, the terminal, and a bot that need not outlive its process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from heapq import nlargest
from itertools import count
from operator import itemgetter

from bot import joining
from bot.handover import AFTER, HEARD
from bot.store.memory_case import Case, in_order, is_new
from bot.types import (
    PLACES_KEPT,
    Action,
    Conversation,
    ConversationKey,
    Counts,
    Event,
    Message,
    Owner,
    Place,
    Reply,
    Speaker,
    Turn,
)
from bot.work import Delivery, Errand, Lately, Record, Taken, Work

#: Conversations kept that nothing is left to do for, those used last. One of a person is kept until it is handed back
#: or closed: forgotten, it would be the bot's again.
CASES_KEPT = 10_000


class MemoryStore:
    """A `bot.ports.Store` for one process.

    No method awaits anything, so each is one step for every other task of the event loop. What is kept of a
    conversation is bounded by `TURNS_KEPT` and `IDS_KEPT`, and the conversations by `CASES_KEPT`.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Start with nothing known."""
        self._clock = clock
        self._cases: dict[ConversationKey, Case] = {}
        #: Those that may be forgotten, least recently used first; a dict for its order.
        self._idle: dict[ConversationKey, None] = {}
        #: Those with messages that are not done or replies on their way, in the order in which they came to have some.
        self._busy: dict[ConversationKey, Case] = {}
        self._numbers = count(1)
        self._places: dict[tuple[str, str], Place] = {}
        #: When somebody looked there last.
        self._looked: dict[tuple[str, str], datetime] = {}
        #: Those of the places where there is something; a dict for its order.
        self._wanted: dict[tuple[str, str], None] = {}

    async def accept(self, message: Message, *, joins: bool = False, relay: bool = False) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes)."""
        case = self._case(message.conversation)
        # A message that waits for long may have lost its place among the newest ids.
        if message.id in case.messages or not is_new(case.accepted, message.id):
            return False
        if case.owner is Owner.CLOSED:
            case.earlier.extend(case.turns)
            case.turns.clear()
            self._happened(case, Event.WROTE)
        case.turns.append(Turn.saying(message))
        case.customers.add(message.customer)
        case.messages[message.id] = (next(self._numbers), message)
        if relay:
            case.relayed.add(message.id)
        if joins and case.owner is Owner.BOT:
            now = self._clock()
            case.kept[message.id] = now
            case.until = joining.due(min(case.kept.values()), now, message.text)
        self._used(message.conversation, case)
        return True

    async def take(self, limit: int) -> Taken:
        """Take on up to ``limit`` conversations in which there is something to do and that nobody has."""
        now = self._clock()
        free = [key for key, case in self._busy.items() if not case.taken and case.waits(now)]
        first = sorted(free, key=lambda key: self._busy[key].worked_on)[:limit]
        for key in first:
            self._busy[key].taken = True
        return Taken(conversations=tuple(first), waiting=sum(len(case.messages) for case in self._busy.values()))

    async def work(self, key: ConversationKey) -> Work:
        """Return what there is to do in a conversation."""
        case = self._cases.get(key, Case())
        return Work(
            conversation=await self.conversation(key),
            messages=in_order(case.messages.values()),
            ready=case.ready(self._clock()),
            outbox=in_order(case.outbox.values()),
            due=case.may_send(self._clock()),
        )

    async def release(self, key: ConversationKey) -> None:
        """Let go of a conversation: whoever takes next may have it."""
        if case := self._cases.get(key):
            case.taken, case.worked_on = False, next(self._numbers)
            self._used(key, case)

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""
        case = self._cases.get(key)
        if case is None:
            return Conversation(key=key)
        turns = tuple(case.turns)
        return Conversation(key=key, owner=case.owner, since=case.since, turns=turns, language=case.language)

    async def finish(
        self,
        message: Message,
        reply: Reply | None,
        note: str = "",
        *,
        earlier: Sequence[Message] = (),
        seen: Conversation | None = None,
        setup: str = "",
    ) -> bool:
        """In one step: mark ``message`` as done, append the reply's turn, put the reply in the outbox, hand over.

        False, and nothing changes, if the message is done already (or was forgotten), or a reply is given while
        someone other than the bot has the case.
        """
        case = self._cases.get(message.conversation)
        if case is None or message.id not in case.messages:
            return False
        if reply is not None and case.owner is not Owner.BOT:
            return False
        messages = (*earlier, message)
        ids = [one.id for one in messages if one.id in case.messages]
        if reply is None:
            self._silence(case, ids)
        else:
            case.done(ids)
            if reply.action is Action.HAND_OFF:
                self._happened(case, Event.HANDED_OVER)
            now = self._clock()
            case.turns.append(Turn.of(reply, now))
            if seen is not None:
                seen = replace(seen, since=None)
                record = Record(reply=_bare(reply), messages=messages, conversation=seen, setup=setup)
                case.records.append((next(self._numbers), record))
            for delivery in Delivery.all_of(reply, now, note):
                case.outbox[delivery.id] = (next(self._numbers), delivery)
        self._used(message.conversation, case)
        return True

    async def note_setup(self, setup: str) -> str:
        """Keep the settings that decide, as JSON, and return what to call them."""
        return setup

    async def records(self, id_: str) -> list[Record]:
        """Return how replies came about: the one with the id, or those to messages with it; newest first."""
        numbered = (one for case in self._cases.values() for one in case.records if id_ in _ids(one[1]))
        return [record for _, record in sorted(numbered, key=itemgetter(0), reverse=True)]

    async def latest(self, count: int) -> list[Record]:
        """Return how the newest replies came about, newest first."""
        numbered = (one for case in self._cases.values() for one in case.records)
        return [record for _, record in nlargest(count, numbered, key=itemgetter(0))]

    async def lately(self, since: datetime, *, after: int = 0, limit: int = 100) -> list[Lately]:
        """Return up to ``limit`` conversations in which something was said ``since``, those begun first first."""
        found = []
        for key, case in self._cases.items():  # in the order in which they began
            if case.number <= after:
                continue
            now, earlier = (tuple(turn for turn in some if turn.at >= since) for some in (case.turns, case.earlier))
            if now or earlier:
                there = await self.conversation(key)
                found.append(Lately(number=case.number, conversation=replace(there, turns=now), earlier=earlier))
        return found[:limit]

    async def answered(self, key: ConversationKey, id_: str) -> tuple[bool, Reply | None]:
        """Return whether a message is done, and what was said to it, as `Record` has it, if anything was."""
        case = self._cases.get(key)
        if case is None or id_ not in case.accepted or id_ in case.messages:
            return False, None
        asked = (one for _, one in reversed(case.records) if id_ in [message.id for message in one.messages])
        return True, next((one.reply for one in asked), None)

    async def sendable(self, delivery: Delivery) -> bool:
        """Whether it may still be sent: it is on its way, and no person has taken or closed the case."""
        case = self._cases.get(delivery.reply.conversation)
        if case is None or delivery.id not in case.outbox:
            return False
        return case.owner in HEARD or delivery.errand is Errand.RELAY

    async def delivered(self, delivery: Delivery) -> None:
        """Take it out of the outbox."""
        case = self._cases.get(delivery.reply.conversation)
        if case is not None and delivery.id in case.outbox:
            del case.outbox[delivery.id]
            self._used(delivery.reply.conversation, case)

    async def withdraw(self, delivery: Delivery) -> None:
        """Take it out of the outbox because it may not be sent."""
        await self.delivered(delivery)

    async def put_off(self, delivery: Delivery, until: datetime, error: str) -> None:
        """Note that it could not be delivered, and do not send it, or what is behind it, before ``until``."""
        case = self._cases.get(delivery.reply.conversation)
        if case is not None and delivery.id in case.outbox:
            number, before = case.outbox[delivery.id]
            case.outbox[delivery.id] = (number, replace(before, attempts=before.attempts + 1, error=error))
            case.due = until

    async def give_up(self, delivery: Delivery, error: str) -> None:
        """Note that it cannot be delivered: it becomes a dead letter, and what is behind it goes on."""
        case = self._cases.get(delivery.reply.conversation)
        if case is not None and delivery.id in case.outbox:
            number, before = case.outbox.pop(delivery.id)
            case.dead[delivery.id] = (number, replace(before, attempts=before.attempts + 1, error=error))
            case.due = None
            self._used(delivery.reply.conversation, case)

    async def dead_letters(self) -> list[Delivery]:
        """Return what could not be delivered, oldest first."""
        return list(in_order(entry for case in self._cases.values() for entry in case.dead.values()))

    async def resend(self, id_: str) -> bool:
        """Put a dead letter back into the outbox, by its id; False where there is none."""
        for key, case in self._cases.items():
            if id_ in case.dead:
                _, delivery = case.dead.pop(id_)
                again = replace(delivery, since=self._clock(), attempts=0, error="")
                case.outbox[id_] = (next(self._numbers), again)
                self._used(key, case)
                return True
        return False

    async def drop(self, id_: str) -> bool:
        """Delete a dead letter, by its id; False where there is none."""
        for key, case in self._cases.items():
            if case.dead.pop(id_, None) is not None:
                self._used(key, case)
                return True
        return False

    async def counts(self) -> Counts:
        """Return how much is left to do; fails where the store is away."""
        cases = self._cases.values()
        return Counts(
            waiting=sum(len(case.messages) for case in cases),
            outbox=sum(len(case.outbox) for case in cases),
            dead=sum(len(case.dead) for case in cases),
        )

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        return list(in_order(entry for case in self._busy.values() for entry in case.messages.values()))

    async def outbox(self) -> list[Delivery]:
        """Return what is on its way, oldest first."""
        return list(in_order(entry for case in self._busy.values() for entry in case.outbox.values()))

    async def append(self, key: ConversationKey, turn: Turn) -> bool:
        """Add a turn that came from elsewhere; a person who says it has the case from then on.

        False, and nothing changes, if the conversation has a turn of that speaker with its id ("" counts as none).
        """
        case = self._case(key)
        if turn.id:
            there = any(turn.id == said.id and turn.speaker is said.speaker for said in case.turns)
            if there or not is_new(case.said, (turn.speaker, turn.id)):
                return False
        if turn.speaker is Speaker.AGENT:
            self._happened(case, Event.TAKEN)
        case.turns.append(turn)
        self._used(key, case)
        return True

    async def record(self, key: ConversationKey, event: Event, *, id_: str = "", seen: datetime | None = None) -> Owner:
        """Note what happened to the case, and return who has it now."""
        case = self._case(key)
        if seen in (None, case.since) and (not id_ or is_new(case.events, id_)):
            self._happened(case, event)
            self._used(key, case)
        return case.owner

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        case = self._case(key)
        case.language = language
        self._used(key, case)

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        for kept in (self._cases, self._idle, self._busy):
            kept.pop(key, None)

    async def forget_customer(self, customer: str, channel: str | None = None) -> int:
        """Delete every conversation in which a customer wrote, by the id in the channel, and return how many."""
        theirs = [
            key
            for key, case in self._cases.items()
            if customer and customer in case.customers and channel in (None, key.channel)
        ]
        for key in theirs:
            await self.forget(key)
        return len(theirs)

    async def forget_before(self, moment: datetime) -> int:
        """Delete the conversations in which nothing was said or done since, and return how many."""
        old = [
            key
            for key, case in self._cases.items()
            if not (case.messages or case.outbox)
            and (case.since is None or case.since < moment)  # a person may have a case in which nothing was said yet
            and all(turn.at < moment for turn in case.turns)
            and all(delivery.since < moment for _, delivery in case.dead.values())
        ]
        for key in old:
            await self.forget(key)
        quiet = min(moment, self._clock() - PLACES_KEPT)
        for name in [name for name, at in self._looked.items() if at < quiet and name not in self._wanted]:
            del self._places[name], self._looked[name]
        return len(old)

    async def want(self, channel: str, place: str) -> Place:
        """Note that there is something to fetch at a place."""
        known = self._places.get((channel, place))
        wanted = Place(channel=channel, name=place, cursor=known.cursor if known else "", since=self._clock())
        self._places[channel, place] = wanted
        self._wanted[channel, place] = None
        return wanted

    async def wanted(self, before: datetime) -> list[Place]:
        """Return the places where there was something to fetch ``before``, and still is."""
        there = [self._places[name] for name in self._wanted]
        return sorted((place for place in there if place.since < before), key=lambda place: place.since)

    async def looked(self, place: Place, cursor: str) -> None:
        """Note where to go on at a place; and that nothing is there, unless something came about meanwhile."""
        name = (place.channel, place.name)
        if known := self._places.get(name):
            self._places[name] = replace(known, cursor=cursor)
            self._looked[name] = self._clock()
            if known.since == place.since:
                self._wanted.pop(name, None)

    def _happened(self, case: Case, event: Event) -> None:
        after = AFTER[event][case.owner]
        if after is not case.owner or event is Event.TAKEN:
            case.owner, case.since = after, self._clock()
        if after not in HEARD:  # or it would be said when the case comes back
            case.outbox = {id_: entry for id_, entry in case.outbox.items() if entry[1].errand is Errand.RELAY}
            self._silence(case, list(case.messages))

    def _silence(self, case: Case, ids: Sequence[str]) -> None:
        """Mark messages as done that the bot does not answer: people are shown those they have to be shown."""
        shown = [case.messages[id_][1] for id_ in ids if id_ in case.relayed]
        case.done(ids)
        for message in shown:
            delivery = Delivery.relaying(message, self._clock())
            case.outbox[delivery.id] = (next(self._numbers), delivery)

    def _case(self, key: ConversationKey) -> Case:
        if key not in self._cases:
            self._cases[key] = Case(number=next(self._numbers))
        return self._cases[key]

    def _used(self, key: ConversationKey, case: Case) -> None:
        """Note that ``case`` was used just now, and forget the one whose last use is longest ago, if it may be."""
        if not case.outbox:
            case.due = None
        if case.messages or case.outbox:
            self._busy[key] = case
        else:
            self._busy.pop(key, None)
        self._idle.pop(key, None)
        if case.settled:
            self._idle[key] = None
        if len(self._idle) > CASES_KEPT:
            oldest = next(iter(self._idle))
            del self._idle[oldest], self._cases[oldest]


def _ids(record: Record) -> list[str]:
    return [record.reply.id, *(message.id for message in record.messages)]


def _bare(reply: Reply) -> Reply:
    return replace(reply.without_texts(), text=reply.text)

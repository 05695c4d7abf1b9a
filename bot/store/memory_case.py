"""One conversation, as the store in memory has it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot import joining
from bot.types import Message, Owner, Speaker, Turn
from bot.work import Delivery, Record

#: Newest turns kept of each conversation.
TURNS_KEPT = 200
#: Newest replies of each conversation of which it is kept how they came about.
RECORDS_KEPT = 20
#: Newest ids of each kind kept of each conversation. An older message that comes again is taken for a new one.
IDS_KEPT = 1000

K = TypeVar("K")
T = TypeVar("T")


@dataclass(slots=True)
class Case:
    """What is known of one conversation."""

    #: Its place among all.
    number: int = 0
    owner: Owner = Owner.BOT
    since: datetime | None = None
    language: str | None = None
    #: Of the case as it is now, and of those before it.
    turns: deque[Turn] = field(default_factory=lambda: deque(maxlen=TURNS_KEPT))
    earlier: deque[Turn] = field(default_factory=lambda: deque(maxlen=TURNS_KEPT))
    #: Ids of accepted messages, of turns from elsewhere with who said them, and of what happened to it, oldest first;
    #: dicts for their order.
    accepted: dict[str, None] = field(default_factory=dict)
    said: dict[tuple[Speaker, str], None] = field(default_factory=dict)
    events: dict[str, None] = field(default_factory=dict)
    #: By id, oldest first, each with its number among all: accepted messages that are not done, replies on their way,
    #: and those that could not be delivered.
    messages: dict[str, tuple[int, Message]] = field(default_factory=dict)
    #: Ids of the messages that people have to be shown where the bot does not answer them.
    relayed: set[str] = field(default_factory=set)
    #: Of messages that wait for others: since when, and until when.
    kept: dict[str, datetime] = field(default_factory=dict)
    until: datetime | None = None
    outbox: dict[str, tuple[int, Delivery]] = field(default_factory=dict)
    dead: dict[str, tuple[int, Delivery]] = field(default_factory=dict)
    #: How the newest replies came about, each with its number among all.
    records: deque[tuple[int, Record]] = field(default_factory=lambda: deque(maxlen=RECORDS_KEPT))
    #: Ids of those who wrote.
    customers: set[str] = field(default_factory=set)
    #: Before when the outbox must not be sent (None: it may).
    due: datetime | None = None
    #: Whether somebody works on it, and when somebody did last: counted, not timed.
    taken: bool = False
    worked_on: int = 0

    def may_send(self, now: datetime) -> bool:
        """Whether what is on its way may be sent."""
        return self.due is None or self.due <= now

    def waits(self, now: datetime) -> bool:
        """Whether there is something to do."""
        return bool(self.ready(now) or (self.outbox and self.may_send(now)))

    def ready(self, now: datetime) -> int:
        """Return how many messages are to be answered as one."""
        messages = in_order(self.messages.values())
        due = [self.until if message.id in self.kept else None for message in messages]
        return joining.ready(messages, due, now)

    def done(self, ids: Iterable[str]) -> None:
        """Note that messages are done."""
        for id_ in ids:
            self.messages.pop(id_, None)
            self.kept.pop(id_, None)
            self.relayed.discard(id_)

    @property
    def settled(self) -> bool:
        """Whether it may be forgotten."""
        left = self.messages or self.outbox or self.dead or self.taken
        return not left and self.owner in (Owner.BOT, Owner.CLOSED)


def is_new(ids: dict[K, None], id_: K) -> bool:
    """Note an id; False where it was noted before."""
    if id_ in ids:
        return False
    ids[id_] = None
    if len(ids) > IDS_KEPT:
        del ids[next(iter(ids))]
    return True


def in_order(entries: Iterable[tuple[int, T]]) -> tuple[T, ...]:
    """Return what was numbered, by its numbers."""
    return tuple(entry for _, entry in sorted(entries, key=lambda numbered: numbered[0]))

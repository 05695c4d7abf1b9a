"""The store that lives in memory: for tests, the terminal, and a bot that need not outlive its process."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.types import Conversation, ConversationKey, Message, Owner, Reply, Speaker, Turn

#: Newest turns kept of each conversation.
TURNS_KEPT = 200
#: Newest ids of accepted messages kept of each conversation. An older message that comes again is taken for a new one.
IDS_KEPT = 1000
#: Conversations kept that nothing is left to do for, those used last. One of a person is kept until it is handed back
#: or closed: forgotten, it would be the bot's again.
CASES_KEPT = 10_000


@dataclass(slots=True)
class _Case:
    """What is known of one conversation."""

    owner: Owner = Owner.BOT
    language: str | None = None
    turns: deque[Turn] = field(default_factory=lambda: deque(maxlen=TURNS_KEPT))
    #: Ids of accepted messages, oldest first; a dict for its order.
    accepted: dict[str, None] = field(default_factory=dict)
    #: Messages of it that are not done, and replies that are not delivered.
    open: int = 0


class MemoryStore:
    """A `bot.ports.Store` for one process.

    No method awaits anything, so each is one step for every other task of the event loop. What is kept of a
    conversation is bounded by `TURNS_KEPT` and `IDS_KEPT`, and the conversations by `CASES_KEPT`.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._cases: dict[ConversationKey, _Case] = {}
        #: Those that may be forgotten, least recently used first; a dict for its order.
        self._idle: dict[ConversationKey, None] = {}
        #: In the order of acceptance.
        self._unfinished: dict[tuple[ConversationKey, str], Message] = {}
        #: By the reply's id, oldest first.
        self._outbox: dict[str, Reply] = {}

    async def accept(self, message: Message) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes)."""
        case = self._case(message.conversation)
        # A message that waits for long may have lost its place among the newest ids.
        if message.id in case.accepted or (message.conversation, message.id) in self._unfinished:
            return False
        case.accepted[message.id] = None
        if len(case.accepted) > IDS_KEPT:
            del case.accepted[next(iter(case.accepted))]
        case.turns.append(Turn(speaker=Speaker.CUSTOMER, text=message.text, at=message.at, id=message.id))
        self._unfinished[message.conversation, message.id] = message
        case.open += 1
        self._used(message.conversation, case)
        return True

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""
        case = self._cases.get(key)
        if case is None:
            return Conversation(key=key)
        return Conversation(key=key, owner=case.owner, turns=tuple(case.turns), language=case.language)

    async def finish(self, message: Message, reply: Reply | None, *, owner: Owner | None = None) -> bool:
        """In one step: mark ``message`` as done, append the reply's turn, put the reply in the outbox, set the owner.

        False, and nothing changes, if the message is done already (or was forgotten), or a reply is given while
        someone other than the bot owns the conversation.
        """
        case = self._cases.get(message.conversation)
        if case is None or (message.conversation, message.id) not in self._unfinished:
            return False
        if reply is not None and case.owner is not Owner.BOT:
            return False
        del self._unfinished[message.conversation, message.id]
        case.open -= 1
        case.owner = owner or case.owner
        if reply is not None:
            case.turns.append(Turn.of(reply, datetime.now(UTC)))
            self._outbox[reply.id] = reply
            case.open += 1
        self._used(message.conversation, case)
        return True

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        return list(self._unfinished.values())

    async def outbox(self) -> list[Reply]:
        """Return replies not yet delivered, oldest first."""
        return list(self._outbox.values())

    async def delivered(self, reply: Reply) -> None:
        """Take ``reply`` out of the outbox."""
        if self._outbox.pop(reply.id, None) is not None:
            case = self._cases[reply.conversation]
            case.open -= 1
            self._used(reply.conversation, case)

    async def append(self, key: ConversationKey, turn: Turn) -> None:
        """Add a turn that came from elsewhere, such as an agent's."""
        case = self._case(key)
        case.turns.append(turn)
        self._used(key, case)

    async def set_owner(self, key: ConversationKey, owner: Owner) -> None:
        """Say who has the case now."""
        case = self._case(key)
        case.owner = owner
        self._used(key, case)

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        case = self._case(key)
        case.language = language
        self._used(key, case)

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        self._cases.pop(key, None)
        self._idle.pop(key, None)
        self._unfinished = {place: message for place, message in self._unfinished.items() if place[0] != key}
        self._outbox = {id_: reply for id_, reply in self._outbox.items() if reply.conversation != key}

    def _case(self, key: ConversationKey) -> _Case:
        return self._cases.setdefault(key, _Case())

    def _used(self, key: ConversationKey, case: _Case) -> None:
        """Note that ``case`` was used just now, and forget the one whose last use is longest ago, if it may be."""
        self._idle.pop(key, None)
        if not case.open and case.owner in (Owner.BOT, Owner.CLOSED):
            self._idle[key] = None
        if len(self._idle) > CASES_KEPT:
            oldest = next(iter(self._idle))
            del self._idle[oldest], self._cases[oldest]

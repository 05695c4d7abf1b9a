"""What the store hands out: what there is to do in conversations, what is on its way, and how replies came about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.types import Action, Conversation, ConversationKey, Message, Reason, Reply, Turn


class Errand(StrEnum):
    """What is to be done in the channel for a reply."""

    #: Tell the people there what they have to know, before they are asked to take over.
    NOTE = "note"
    REPLY = "reply"
    #: Ask the people there to take over.
    HAND_OVER = "hand_over"
    #: Show the people who have the case what the customer wrote.
    RELAY = "relay"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Something on its way to the channel."""

    #: What it is done for. Of a message that is shown to people, which has none: the message in its form.
    reply: Reply
    #: Since when it is on its way.
    since: datetime
    errand: Errand = Errand.REPLY
    #: Of a note: what it says. Of a message: the names of its files, one a line.
    note: str = ""
    #: How often that failed.
    attempts: int = 0
    #: Why it failed last; no text of it ("" where it did not).
    error: str = ""

    @property
    def id(self) -> str:
        """Unique; the idempotency key."""
        if self.errand is Errand.RELAY:  # ids of messages are their conversation's
            key = self.reply.conversation
            return "/".join((key.channel, key.account, key.thread, self.reply.id, self.errand))
        return self.reply.id if self.errand is Errand.REPLY else f"{self.reply.id}.{self.errand}"

    @classmethod
    def all_of(cls, reply: Reply, since: datetime, note: str = "") -> tuple[Delivery, ...]:
        """Return all that is to be done for ``reply``, in its order."""
        errands = [Errand.NOTE] * bool(note) + [Errand.REPLY]
        errands += [Errand.HAND_OVER] * (reply.action is Action.HAND_OFF)
        return tuple(
            cls(reply=reply, since=since, errand=errand, note=note if errand is Errand.NOTE else "")
            for errand in errands
        )

    @classmethod
    def relaying(cls, message: Message, since: datetime) -> Delivery:
        """Return that ``message`` is to be shown to the people who have the case."""
        reply = Reply(
            id=message.id,
            conversation=message.conversation,
            in_reply_to=message.id,
            text=message.text,
            action=Action.HAND_OFF,
            reason=Reason.NOT_KNOWN,
            confidence=0.0,
            language="",
        )
        return cls(reply=reply, since=since, errand=Errand.RELAY, note="\n".join(message.attachments))

    @property
    def message(self) -> Message:
        """Of a message that is shown to people: the message."""
        return Message(
            id=self.reply.in_reply_to,
            conversation=self.reply.conversation,
            text=self.reply.text,
            at=self.since,
            attachments=tuple(self.note.splitlines()),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """How a reply came about: enough to show it, and to make it again."""

    #: Without the texts of its candidates, which the version of the knowledge has.
    reply: Reply
    #: What it answers, oldest first.
    messages: tuple[Message, ...]
    #: As it stood then; the bot had it, and since when is not kept.
    conversation: Conversation
    #: The settings that decided, as JSON ("" where none were noted).
    setup: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lately:
    """What was said in a conversation since a moment."""

    #: Its place among all, rising: those begun later have higher ones.
    number: int
    #: As it stands, with the turns of the case as it is now.
    conversation: Conversation
    #: Those of the cases before it, oldest first.
    earlier: tuple[Turn, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a process has taken on."""

    #: Conversations in which there is something to do: for now nobody else works on them.
    conversations: tuple[ConversationKey, ...]
    #: Accepted messages that are not done, of all conversations.
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What there is to do in a conversation."""

    conversation: Conversation
    #: Accepted and not done, oldest first.
    messages: tuple[Message, ...] = ()
    #: How many of them, from the first, are to be answered now as one (`bot.joining`).
    ready: int = 0
    #: Replies on their way, oldest first: none overtakes another.
    outbox: tuple[Delivery, ...] = ()
    #: Whether they may be sent now; after a failure they are put off.
    due: bool = True

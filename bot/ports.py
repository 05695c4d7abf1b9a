"""The seams of the service: what each part asks of the others, and nothing about how it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.saying import Composed, Saying
from bot.types import (
    Candidate,
    Conversation,
    ConversationKey,
    Counts,
    Event,
    Message,
    Owner,
    Place,
    Question,
    Reply,
    Turn,
    Understanding,
)
from bot.work import Delivery, Lately, Record, Taken, Work

#: Is told, while a reply is written, all of its text so far whenever there is more that may be shown: a preview, which
#: the reply replaces. It returns at once and raises nothing.
Released = Callable[[str], None]


def unseen(text: str) -> None:
    """Show nobody what is written so far."""


class Source(Protocol):
    """Proposes candidates: the FAQ, answers learned from history."""

    #: Short and stable; stands in decision records.
    name: str

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        """Return for each question its candidates, best first, at most ten, and only entries valid on its day."""
        ...


class Understander(Protocol):
    """Tells what a customer wants, what is named, and how the customer feels."""

    async def understand(self, text: str) -> Understanding | None:
        """Return what is understood of a message; None where nothing is there that could understand it."""
        ...


class Entries(Protocol):
    """What the knowledge has under an id."""

    def holds(self, entry: str) -> bool:
        """Whether there is an entry with this id, be it served today or not."""
        ...

    def entry(self, entry: str, question: Question, *, source: str, confidence: float) -> Candidate | None:
        """Return an entry as it may be quoted to ``question``; None where there is none that may be."""
        ...


class Composer(Protocol):
    """Writes the text of a reply."""

    async def compose(self, saying: Saying, released: Released = unseen) -> Composed:
        """Return what to say, in its language where the knowledge has it. Raises nothing, and takes bounded time.

        What is ``released`` meanwhile may be sent as it is; what is returned may be something else all the same.
        """
        ...


class Responder(Protocol):
    """Answers one message of a conversation."""

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        """Return the one reply; see `Composer.compose`. Raises nothing for any text a customer can type."""
        ...


class Store(Protocol):
    """Remembers conversations, accepted messages and replies on their way.

    Several processes may share one. Who works on a conversation takes it first, so that it is one at a time; a process
    that has died has nothing any more. What is asked for a conversation that another process has is refused.
    """

    async def accept(self, message: Message, *, joins: bool = False, relay: bool = False) -> bool:
        """Keep ``message`` and its turn; False if its id was accepted in that conversation before (nothing changes).

        Where the case was resolved, a new one begins with it, and the bot has that. One that ``joins`` waits, if the
        bot has the case, until the customer has written no other for a moment (`bot.joining`), and may be answered with
        those before and after it. With ``relay``, it goes into the outbox where the bot does not answer it, to be shown
        to people.
        """
        ...

    async def take(self, limit: int) -> Taken:
        """Take on up to ``limit`` conversations in which there is something to do and that nobody has.

        Those come first that were not worked on for longest. To be called every few seconds: a process that does not
        counts as dead.
        """
        ...

    async def work(self, key: ConversationKey) -> Work:
        """Return what there is to do in a conversation."""
        ...

    async def release(self, key: ConversationKey) -> None:
        """Let go of a conversation: whoever takes next may have it."""
        ...

    async def conversation(self, key: ConversationKey) -> Conversation:
        """Return the conversation; a new one that the bot owns if it is not known."""
        ...

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

        ``reply`` is None where the bot stays silent; ``note`` is for the people who are asked to take over. With it
        those ``earlier`` are done that it answers too. What the responder had ``seen`` is noted, with the ``setup``
        that `note_setup` returned.

        False, and nothing changes, if the message is done already or a reply is given while someone other than the bot
        has the case.
        """
        ...

    async def note_setup(self, setup: str) -> str:
        """Keep the settings that decide, as JSON, and return what to call them."""
        ...

    async def records(self, id_: str) -> list[Record]:
        """Return how replies came about: the one with the id, or those to messages with it; newest first."""
        ...

    async def latest(self, count: int) -> list[Record]:
        """Return how the newest replies came about, newest first."""
        ...

    async def lately(self, since: datetime, *, after: int = 0, limit: int = 100) -> list[Lately]:
        """Return up to ``limit`` conversations in which something was said ``since``, those begun first first.

        The next ones are behind the number of the last. A conversation has its newest turns, if there are many.
        """
        ...

    async def answered(self, key: ConversationKey, id_: str) -> tuple[bool, Reply | None]:
        """Return whether a message is done, and what was said to it, as `Record` has it, if anything was."""
        ...

    async def sendable(self, delivery: Delivery) -> bool:
        """Whether it may still be sent: it is on its way, and no person has taken or closed the case."""
        ...

    async def delivered(self, delivery: Delivery) -> None:
        """Take it out of the outbox."""
        ...

    async def withdraw(self, delivery: Delivery) -> None:
        """Take it out of the outbox because it may not be sent, unless another process sees to it."""
        ...

    async def put_off(self, delivery: Delivery, until: datetime, error: str) -> None:
        """Note that it could not be delivered, and do not send it, or what is behind it, before ``until``."""
        ...

    async def give_up(self, delivery: Delivery, error: str) -> None:
        """Note that it cannot be delivered: it becomes a dead letter, and what is behind it goes on."""
        ...

    async def dead_letters(self) -> list[Delivery]:
        """Return what could not be delivered, oldest first."""
        ...

    async def resend(self, id_: str) -> bool:
        """Put a dead letter back into the outbox, by its id; False where there is none."""
        ...

    async def drop(self, id_: str) -> bool:
        """Delete a dead letter, by its id; False where there is none."""
        ...

    async def counts(self) -> Counts:
        """Return how much is left to do; fails where the store is away."""
        ...

    async def unfinished(self) -> list[Message]:
        """Return accepted messages that are not done, in the order they were accepted."""
        ...

    async def outbox(self) -> list[Delivery]:
        """Return what is on its way, oldest first."""
        ...

    async def append(self, key: ConversationKey, turn: Turn) -> bool:
        """Add a turn that came from elsewhere; a person who says it has the case from then on.

        False, and nothing changes, if the conversation has a turn of that speaker with its id ("" counts as none).
        """
        ...

    async def record(self, key: ConversationKey, event: Event, *, id_: str = "", seen: datetime | None = None) -> Owner:
        """Note what happened to the case, and return who has it now by `bot.handover.AFTER`.

        Where a person takes or resolves it, what the bot has not answered or sent by then it never will. With ``seen``,
        the moment that `Conversation.since` had, nothing changes if something happened since; with an id, if that was
        noted before.
        """
        ...

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies, or None to follow the customer's."""
        ...

    async def forget(self, key: ConversationKey) -> None:
        """Delete the conversation with everything in it."""
        ...

    async def forget_customer(self, customer: str, channel: str | None = None) -> int:
        """Delete every conversation in which a customer wrote, by the id in the channel, and return how many.

        Without a ``channel`` that is one in every channel who has this id.
        """
        ...

    async def forget_before(self, moment: datetime) -> int:
        """Delete the conversations in which nothing was said or done since, and return how many.

        Not those in which there is something left to do; what could not be delivered since then counts as that. With
        them go the places at which nobody has looked since, nor for a month.
        """
        ...

    async def want(self, channel: str, place: str) -> Place:
        """Note that there is something to fetch at a place."""
        ...

    async def wanted(self, before: datetime) -> list[Place]:
        """Return the places where there was something to fetch ``before``, and still is."""
        ...

    async def looked(self, place: Place, cursor: str) -> None:
        """Note where to go on at a place; and that nothing is there, unless something came about meanwhile."""
        ...


class Connector(Protocol):
    """Carries messages and replies between the world and the dispatcher."""

    #: The channel of the conversations it carries.
    name: str

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Show or send ``reply``. Raises where it was not delivered, or where that is not known.

        ``again`` says that an earlier try may have delivered it, by a process that has died, say: a channel that does
        not recognise a second one by its id looks first whether it is there. `bot.errors.DeliveryError` says more
        than another error.
        """
        ...

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell the people there, and not the customer, what they have to know of the case that ``reply`` hands over.

        Nothing where there are none. Raises as `deliver` does.
        """
        ...

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask the people there to take the case that ``reply`` hands over. Raises as `deliver` does."""
        ...


@runtime_checkable
class Relay(Protocol):
    """A connector whose channel has no desk: people follow a case in a place of theirs."""

    async def relay(self, message: Message, *, again: bool) -> None:
        """Show a customer's message to the people who have the case. Raises as `Connector.deliver` does."""
        ...


@runtime_checkable
class Busy(Protocol):
    """A connector whose channel shows that somebody writes."""

    async def busy(self, key: ConversationKey) -> None:
        """Show the customer, for some seconds, that a reply is being written. What it raises is passed over."""
        ...


@runtime_checkable
class Preview(Protocol):
    """A connector whose channel shows a reply while it is written."""

    async def preview(self, message: Message, text: str) -> None:
        """Show all of the text so far of what may become the reply to ``message``, in place of what was shown of it.

        The reply replaces it, and is perhaps another one; none comes where a person takes the case meanwhile. What this
        raises is passed over, and nothing more is shown then.
        """
        ...

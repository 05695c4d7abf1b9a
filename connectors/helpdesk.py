"""What a helpdesk's adapter is to the server: it turns a verified call into news, and replies into calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from multidict import CIMultiDict

from bot.errors import KefuError
from bot.ports import Connector
from bot.types import ConversationKey, Event, Message, Turn

#: What a person writes in a private note to give the case back to the bot.
GIVE_BACK = "/bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that came in, before anything of it is believed."""

    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    #: By name in any case.
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    #: As it came over the wire: what is signed are these bytes.
    body: bytes = b""
    #: When it came, with time zone.
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Somebody wrote what is not to be answered: a person at the helpdesk, or a customer whom a person answered."""

    conversation: ConversationKey
    #: With an id: said once, however often it is delivered.
    turn: Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """Something happened to a case without a word to the customer."""

    conversation: ConversationKey
    event: Event
    #: Unique in the conversation: it happened once, however often it is delivered ("" where it may be repeated).
    id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """There is something to fetch: the call itself does not say what."""

    #: Where to look, such as a ticket's number.
    place: str


#: What a call tells, in the order in which it is to be kept.
News = Message | Said | Happened | Look


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the caller is answered once the news is kept."""

    status: int = 200
    text: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A call, understood."""

    news: tuple[News, ...] = ()
    answer: Answer = Answer()
    #: Where there is no news: why, in a word or two for the log, such as "own message".
    ignored: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was found at a place."""

    news: tuple[News, ...]
    #: Where to go on the next time.
    cursor: str
    #: Whether there is more already.
    more: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What a channel asks of whoever listens to it."""

    #: Seconds within which a call has to be answered.
    answer_within: float
    #: Whether people type there as in a chat, several short messages for one question.
    chat: bool


class RefusedError(KefuError):
    """The call is not accepted."""

    def __init__(self, status: int, detail: str) -> None:
        """``status`` is what the caller is answered; ``detail`` stands in the log, and quotes nothing of the call."""
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Helpdesk(Connector, Protocol):
    """A connector that is called by the tool that it serves."""

    contract: Contract

    async def receive(self, call: Call) -> Received:
        """Verify ``call`` over its raw bytes, and return what it tells.

        Raises `RefusedError` for what is not signed as it should be, or cannot be read.
        """
        ...


class Watcher(Helpdesk, Protocol):
    """A helpdesk whose calls say only that there is something to fetch, or may be lost.

    One that has ``places``, their names, is looked at there at every start and now and then.
    """

    async def look(self, place: str, cursor: str) -> Seen:
        """Return what is new at ``place`` since ``cursor`` ("" the first time). Raises as `Connector.deliver` does."""
        ...

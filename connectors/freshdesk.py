"""Freshdesk: its automation rules say which ticket to look at, and the rest is read.

What a rule sends: support.freshdesk.com, "Using webhooks in automation rules"; the calls and the fields:
developers.freshdesk.com/api, tickets and conversations. What is sent is not signed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import aiohttp
from pydantic import Field, TypeAdapter, ValidationError

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, Look, News, Received, RefusedError, Said, Seen
from connectors.payload import Id, Payload, markup_of, moment, newest_part, read, text_of
from connectors.signatures import require

#: Entries on a page, and pages that are read of a ticket.
PAGE, PAGES = 100, 50

#: What Freshdesk could not send for that long it drops: something older is not why it calls.
FRESH = timedelta(days=1)

_OPEN, _RESOLVED, _CLOSED = 2, 4, 5

#: Sources of a ticket whose first words are not the customer's: a call that was written down, and a mail to them.
_PHONE, _OUTBOUND = 3, 10

#: Sources of an entry that is no message: a survey that was answered, a mail to somebody else, a call.
_NO_MESSAGE = frozenset({6, 8, 9})

_Number = Annotated[Id, Field(pattern=r"^[0-9]{1,20}$")]

T = TypeVar("T")


class _Fields(Payload):
    ticket_id: _Number | None = None


class _Hook(_Fields):
    """The ticket's number: among the fields that were ticked, or in a text of the operator's own."""

    freshdesk_webhook: _Fields = _Fields()


class _Attachment(Payload):
    name: str = "file"


class _Entry(Payload):
    id: int
    body: str | None = None
    incoming: bool = False
    private: bool = False
    user_id: Id | None = None
    source: int | None = None
    created_at: str = ""
    attachments: tuple[_Attachment, ...] | None = None
    automation_id: object = None
    auto_response: bool | None = None

    @property
    def text(self) -> str:
        return text_of(self.body or "")

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.attachments or ())

    @property
    def is_automatic(self) -> bool:
        return bool(self.auto_response) or self.automation_id is not None or self.source in _NO_MESSAGE


class _Ticket(Payload):
    status: int
    subject: str | None = None
    description: str | None = None
    requester_id: Id | None = None
    responder_id: Id | None = None
    source: int | None = None
    created_at: str = ""
    spam: bool | None = None
    deleted: bool | None = None
    attachments: tuple[_Attachment, ...] | None = None

    @property
    def first(self) -> _Entry:
        """What the ticket began with, which is no entry of its conversation."""
        return _Entry(
            id=0,
            body=self.description or markup_of(self.subject or ""),
            incoming=self.source != _OUTBOUND,
            private=self.source == _PHONE,
            user_id=self.requester_id if self.source != _OUTBOUND else None,
            created_at=self.created_at,
            attachments=self.attachments,
        )


class Freshdesk:
    """The connector of one Freshdesk."""

    name = "freshdesk"
    contract = Contract(answer_within=10, chat=False)

    def __init__(
        self, http: aiohttp.ClientSession, *, url: str, token: str, secret: str, bot: str, group: int | None = None
    ) -> None:
        """Serve the Freshdesk at ``url`` by the agent with the number ``bot``, whose API key ``token`` is.

        ``secret`` is what its rules send in X-Kefu-Secret; ``group`` gets what is handed over. Raises `SettingsError`
        where the bot's number is none.
        """
        if not (bot.isascii() and bot.isdecimal()):
            raise SettingsError("freshdesk.bot: expected a number")
        login = base64.b64encode(f"{token}:X".encode()).decode()
        self._api = Api(http, url, headers={"Authorization": f"Basic {login}"}, calls=100, seconds=60)
        self._secret = secret
        self._bot = bot
        self._group = group

    async def receive(self, call: Call) -> Received:
        """Verify a webhook and return which ticket to look at."""
        require(call.headers.get("X-Kefu-Secret"), self._secret, "X-Kefu-Secret")
        hook = read(_Hook, call.body)
        ticket = hook.ticket_id or hook.freshdesk_webhook.ticket_id
        if ticket is None:
            raise RefusedError(400, "not what was expected: ticket_id: missing")
        return Received(news=(Look(place=ticket),))

    async def look(self, place: str, cursor: str) -> Seen:
        """Return what is new in the ticket ``place`` after the entry ``cursor``.

        The first time that is the customer's newest message, if it is of today and nobody has answered it, with what
        came after it: whoever wrote a month ago does not wait for a bot. Raises as `deliver` does.
        """
        ticket = _answered(TypeAdapter(_Ticket), await self._api.call("GET", "/api/v2/tickets/{}", place))
        if ticket.spam or ticket.deleted:
            return Seen(news=(), cursor=cursor)
        entries = [ticket.first, *await self._entries(place)]
        new = [entry for entry in entries if entry.id > int(cursor)] if cursor else _waiting(entries, datetime.now(UTC))
        last = str(entries[-1].id)
        key = ConversationKey(channel=self.name, thread=place)
        return Seen(news=tuple(await self._news(key, ticket, new, last)), cursor=last)

    async def _news(self, key: ConversationKey, ticket: _Ticket, new: Sequence[_Entry], last: str) -> list[News]:
        news = [one for entry in new for one in self._told(key, entry)]
        given_back = False
        for one in news:
            given_back = isinstance(one, Happened) or (given_back and not isinstance(one, Said))
        if ticket.responder_id not in (None, "", self._bot):
            if given_back:  # the customer's next message would say that the agent has it
                await self._api.call("PUT", "/api/v2/tickets/{}", key.thread, body={"responder_id": None})
            else:
                taken = f"taken.{ticket.responder_id}.{last}"
                news.insert(0, Happened(conversation=key, event=Event.TAKEN, id=taken))
        if ticket.status in (_RESOLVED, _CLOSED):
            news.append(Happened(conversation=key, event=Event.RESOLVED, id=f"resolved.{last}"))
        return news

    def _told(self, key: ConversationKey, entry: _Entry) -> Iterator[News]:
        if entry.user_id == self._bot or entry.is_automatic:
            return
        at = moment(entry.created_at, datetime.now(UTC))
        if entry.private:
            if not entry.incoming and entry.text == GIVE_BACK:
                yield Happened(conversation=key, event=Event.HANDED_BACK, id=str(entry.id))
        elif entry.incoming:
            yield Message(
                id=str(entry.id),
                conversation=key,
                text=newest_part(entry.text),
                at=at,
                customer=entry.user_id or "",
                attachments=entry.files,
            )
        else:
            text = newest_part(entry.text)
            turn = Turn(speaker=Speaker.AGENT, text=text, at=at, id=str(entry.id), attachments=entry.files)
            yield Said(conversation=key, turn=turn)

    async def _entries(self, ticket: str) -> list[_Entry]:
        """Return the ticket's conversation, oldest entry first."""
        entries: list[_Entry] = []
        for number in range(1, PAGES + 1):
            query = {"page": str(number), "per_page": str(PAGE)}
            answer = await self._api.call("GET", "/api/v2/tickets/{}/conversations", ticket, query=query)
            page = _answered(TypeAdapter(list[_Entry]), answer)
            entries += page
            if len(page) < PAGE:
                break
        return sorted(entries, key=lambda entry: entry.id)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` to the customer."""
        if not (again and await self._is_there(reply, reply.text, private=False)):
            body = {"body": markup_of(reply.text)}
            await self._api.call("POST", "/api/v2/tickets/{}/reply", reply.conversation.thread, body=body)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write a private note."""
        if not (again and await self._is_there(reply, text, private=True)):
            body = {"body": markup_of(text), "private": True}
            await self._api.call("POST", "/api/v2/tickets/{}/notes", reply.conversation.thread, body=body)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Open the ticket, and give it to the group; both may be done twice."""
        group = {} if self._group is None else {"group_id": self._group}
        body = {"status": _OPEN, **group}
        await self._api.call("PUT", "/api/v2/tickets/{}", reply.conversation.thread, body=body)

    async def _is_there(self, reply: Reply, text: str, *, private: bool) -> bool:
        """Whether an earlier try wrote it: there is no idempotency key. A signature may stand below it."""
        expected = text_of(markup_of(text))
        return any(
            entry.id > int(reply.in_reply_to)
            and entry.user_id == self._bot
            and entry.private == private
            and entry.text.startswith(expected)
            for entry in await self._entries(reply.conversation.thread)
        )


def _waiting(entries: Sequence[_Entry], now: datetime) -> Sequence[_Entry]:
    """Return, of a ticket that is looked at for the first time, what there is to know and to answer."""
    asked = max((at for at, entry in enumerate(entries) if entry.incoming and not entry.private), default=None)
    if asked is None:
        return entries
    after = entries[asked + 1 :]
    answered = any(not entry.incoming and not entry.private for entry in after)
    old = now - moment(entries[asked].created_at, now) > FRESH
    return after if answered or old else entries[asked:]


def _answered(kind: TypeAdapter[T], answer: object) -> T:
    try:
        return kind.validate_python(answer)
    except ValidationError:
        raise DeliveryError("Freshdesk: the answer is not as it is documented", final=True) from None

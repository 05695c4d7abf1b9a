"""Zammad, by webhooks that triggers send.

What is sent and how it is signed: zammad/zammad-admin-documentation, manage/webhook/payload.rst; zammad/zammad,
app/jobs/trigger_webhook_job.rb and lib/user_agent.rb (`set_signature`); the calls: zammad/zammad-documentation,
api/ticket.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parseaddr
from typing import Annotated

import aiohttp
from pydantic import BeforeValidator, Field

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, News, Received, Said
from connectors.payload import Id, Payload, markup_of, moment, newest_part, read, text_of
from connectors.signatures import hex_mac, require

#: The account "-", which owns what nobody owns.
_NOBODY = "1"

_ENDED = frozenset({"closed", "merged"})

_Number = Annotated[Id, Field(pattern=r"^[0-9]{1,18}$")]


class _Attachment(Payload):
    filename: str = ""


class _Article(Payload):
    id: _Number
    body: str | None = None
    content_type: str | None = None
    sender: str = ""
    type: str = ""
    internal: bool = False
    created_by_id: _Number = "0"
    created_at: str = ""
    attachments: tuple[_Attachment, ...] | None = None
    preferences: dict[str, object] | None = None

    @property
    def text(self) -> str:
        body = self.body or ""
        return text_of(body) if self.content_type == "text/html" else body.strip()

    @property
    def is_automatic(self) -> bool:
        """Whether Zammad tells by a mail's headers that no person wrote it."""
        return bool((self.preferences or {}).get("is-auto-response"))


class _Ticket(Payload):
    id: _Number
    state: str = ""
    owner_id: _Number | None = None
    customer_id: _Number | None = None
    updated_at: str = ""


class _Hook(Payload):
    """A ticket with the article for which the trigger fired; without one where none was written."""

    ticket: _Ticket
    article: Annotated[_Article | None, BeforeValidator(lambda value: value or None)] = None


class Zammad:
    """The connector of one Zammad."""

    name = "zammad"
    contract = Contract(answer_within=30, chat=False)

    def __init__(
        self, http: aiohttp.ClientSession, *, url: str, token: str, secret: str, bot: str, group: str | None = None
    ) -> None:
        """Serve the Zammad at ``url`` by the agent with the number ``bot``, whose access ``token`` it is.

        ``secret`` is the HMAC token of the webhook. What is handed over is moved to ``group``. Raises `SettingsError`
        where the number is none.
        """
        if not (bot.isascii() and bot.isdecimal()):
            raise SettingsError("zammad.bot: expected a number")
        self._api = Api(http, url, headers={"Authorization": f"Token token={token}"})
        self._secret = secret
        self._bot = bot
        self._group = group

    async def receive(self, call: Call) -> Received:
        """Verify a webhook and return what it tells."""
        expected = f"sha1={hex_mac(self._secret, call.body, algorithm='sha1')}"
        require(call.headers.get("X-Hub-Signature"), expected, "X-Hub-Signature")
        hook = read(_Hook, call.body)
        ticket, article = hook.ticket, hook.article
        key = ConversationKey(channel=self.name, thread=ticket.id)
        news = await self._written(key, ticket, article, call) if article else []
        if ticket.state in _ENDED:
            # By its time, and not by the article, with which it may have been open: once, however often it is sent.
            at = ticket.updated_at or (article.id if article else "")
            news.append(Happened(conversation=key, event=Event.RESOLVED, id=f"{ticket.state} {at}"))
        return Received(news=tuple(news), ignored="" if news else "own article, a note, or one of the tool")

    async def _written(self, key: ConversationKey, ticket: _Ticket, article: _Article, call: Call) -> list[News]:
        if article.created_by_id == self._bot or article.is_automatic:
            return []
        if article.sender == "Customer" and not article.internal:
            return list(self._asked(key, ticket, article, call))
        if article.sender != "Agent":
            return []
        if not article.internal:
            at = moment(article.created_at, call.at)
            return [Said(conversation=key, turn=Turn(speaker=Speaker.AGENT, text=article.text, at=at, id=article.id))]
        if article.text != GIVE_BACK:
            return []
        if self._is_taken(ticket):  # the customer's next message would say so
            await self._api.call("PUT", "/api/v1/tickets/{}", ticket.id, body={"owner_id": int(_NOBODY)})
        return [Happened(conversation=key, event=Event.HANDED_BACK, id=article.id)]

    def _asked(self, key: ConversationKey, ticket: _Ticket, article: _Article, call: Call) -> Iterator[News]:
        """Yield a customer's message, after what its ticket says of who has it."""
        if self._is_taken(ticket):
            yield Happened(conversation=key, event=Event.TAKEN, id=f"{article.id}.taken")
        yield Message(
            id=article.id,
            conversation=key,
            text=newest_part(article.text),
            at=moment(article.created_at, call.at),
            customer=ticket.customer_id or "",
            attachments=tuple(one.filename for one in article.attachments or ()),
        )

    def _is_taken(self, ticket: _Ticket) -> bool:
        return ticket.owner_id not in (None, _NOBODY, self._bot)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` to the customer, by mail if that is how they asked."""
        if again and await self._is_there(reply, reply.text, internal=False):
            return
        asked = await self._api.call("GET", "/api/v1/ticket_articles/{}", reply.in_reply_to)
        await self._write(reply, reply.text, **_way_back(asked), internal=False)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write an internal note."""
        if not (again and await self._is_there(reply, text, internal=True)):
            await self._write(reply, text, type="note", internal=True)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Open the ticket for anybody, in the group that the settings name."""
        ticket: dict[str, object] = {"state": "open", "owner_id": int(_NOBODY)}
        if self._group is not None:
            ticket["group"] = self._group
        await self._api.call("PUT", "/api/v1/tickets/{}", reply.conversation.thread, body=ticket)

    async def _write(self, reply: Reply, text: str, **fields: object) -> None:
        article = {"ticket_id": int(reply.conversation.thread), "body": markup_of(text), "content_type": "text/html"}
        await self._api.call("POST", "/api/v1/ticket_articles", body=article | fields)

    async def _is_there(self, reply: Reply, text: str, *, internal: bool) -> bool:
        """Whether an earlier try wrote it: there is no idempotency key."""
        place = "/api/v1/ticket_articles/by_ticket/{}"
        articles = await self._api.call("GET", place, reply.conversation.thread)
        expected = text_of(markup_of(text))
        return any(
            int(article["id"]) > int(reply.in_reply_to)
            and str(article["created_by_id"]) == self._bot
            and article["internal"] == internal
            and text_of(article["body"] or "") == expected
            for article in articles
        )


def _way_back(asked: dict[str, object]) -> dict[str, object]:
    """Return how to answer an article: a mail goes to whom Zammad's own reply would go."""
    if asked.get("type") != "email":
        return {"type": "web" if asked.get("type") == "web" else "note"}
    _, to = parseaddr(str(asked.get("reply_to") or asked.get("from") or ""))
    if not to:
        raise DeliveryError("the mail that is answered has no sender", final=True)
    # Without its subject the mail would be sent with the ticket's number alone.
    fields = {"type": "email", "to": to, "subject": asked.get("subject"), "in_reply_to": asked.get("message_id")}
    return {name: value for name, value in fields.items() if value}

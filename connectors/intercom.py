"""Intercom, by the webhooks of an app.

What is sent: developers.intercom.com/docs/webhooks, webhook-notifications and webhook-models; the calls and the fields:
intercom/Intercom-OpenAPI, descriptions/2.11/api.intercom.io.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp

from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, News, Received, Said
from connectors.payload import Id, Payload, markup_of, moment, newest_part, read, text_of
from connectors.signatures import hex_mac, require

#: Of the API, and of what the webhooks are set to send.
VERSION = "2.11"

_CUSTOMERS = frozenset({"user", "lead", "contact"})

_TOPICS = frozenset(
    f"conversation.{topic}"
    for topic in ("user.created", "user.replied", "admin.replied", "admin.noted", "admin.assigned", "admin.closed")
)


class _Author(Payload):
    type: str | None = None
    id: Id | None = None
    from_ai_agent: bool | None = None
    is_ai_answer: bool | None = None


class _Attachment(Payload):
    name: str | None = None
    url: str | None = None


class _Part(Payload):
    """A message, a note, or something else that happened; the first message of a conversation has a ``type``."""

    id: Id
    type: str | None = None
    part_type: str | None = None
    body: str | None = None
    created_at: int | str | None = None
    author: _Author = _Author()
    assigned_to: _Author | None = None
    attachments: tuple[_Attachment, ...] | None = None

    @property
    def text(self) -> str:
        return text_of(self.body or "")

    @property
    def files(self) -> tuple[str, ...]:
        found = self.attachments or ()
        return tuple(one.name or (one.url or "").partition("?")[0].rsplit("/", 1)[-1] or "file" for one in found)


class _Parts(Payload):
    conversation_parts: tuple[_Part, ...] = ()


class _Item(Payload):
    id: Id
    created_at: int | str | None = None
    admin_assignee_id: Id | None = None
    source: _Part | None = None
    conversation_parts: _Parts | None = None


class _Data(Payload):
    item: _Item


class _Envelope(Payload):
    topic: str
    id: Id = ""
    app_id: Id = ""


class _Body(_Envelope):
    """Of a topic about a conversation; in others there is something else."""

    data: _Data


class Intercom:
    """The connector of one Intercom workspace."""

    name = "intercom"
    contract = Contract(answer_within=5, chat=True)

    def __init__(
        self, http: aiohttp.ClientSession, *, token: str, secret: str, admin: str, assignee: str, url: str
    ) -> None:
        """Serve the workspace of the access ``token`` at ``url``, in the name of the teammate ``admin``.

        ``secret`` is the client secret of the app; the team ``assignee`` gets what is handed over.
        """
        headers = {"Authorization": f"Bearer {token}", "Intercom-Version": VERSION}
        self._api = Api(http, url, headers=headers, calls=100)
        self._secret = secret
        self._admin = admin
        self._team = assignee

    async def receive(self, call: Call) -> Received:
        """Verify a webhook and return what it tells."""
        if call.method == "HEAD":  # when the address is set: whether anybody is there
            return Received(ignored="HEAD")
        expected = f"sha1={hex_mac(self._secret, call.body, algorithm='sha1')}"
        require(call.headers.get("X-Hub-Signature"), expected, "X-Hub-Signature")
        if read(_Envelope, call.body).topic not in _TOPICS:  # of those not asked for, there is the first ping
            return Received(ignored="another topic")
        body = read(_Body, call.body)
        item = body.data.item
        key = ConversationKey(channel=self.name, account=body.app_id, thread=item.id)
        topic = body.topic.removeprefix("conversation.")
        parts = item.conversation_parts.conversation_parts if item.conversation_parts else ()
        part = item.source if topic == "user.created" else parts[-1] if parts else None
        if topic == "admin.closed":
            once = part.id if part else body.id
            return Received(news=(Happened(conversation=key, event=Event.RESOLVED, id=once),))
        if part is None:
            return Received(ignored="nothing in it")
        if topic in ("user.created", "user.replied"):
            news = tuple(self._incoming(key, item, part, call))
        elif topic == "admin.assigned":
            news = tuple(self._assigned(key, part))
        else:
            news = tuple(await self._from_person(key, topic, part, call)) if self._is_person(part.author) else ()
        return Received(news=news, ignored="" if news else "own message, or a note")

    def _incoming(self, key: ConversationKey, item: _Item, part: _Part, call: Call) -> Iterator[News]:
        """Yield a customer's message, after what its conversation says of who has it."""
        text, files = part.text, part.files
        if part.author.type not in _CUSTOMERS or not (text or files):
            return
        if item.admin_assignee_id not in (None, "", "0", self._admin):
            yield Happened(conversation=key, event=Event.TAKEN, id=f"taken.{part.id}")
        if item.source is not None and item.source.type == "email":
            text = newest_part(text)
        yield Message(
            id=part.id,
            conversation=key,
            text=text,
            at=moment(part.created_at or item.created_at or "", call.at),
            customer=part.author.id or "",
            attachments=files,
        )

    def _assigned(self, key: ConversationKey, part: _Part) -> Iterator[News]:
        to = part.assigned_to
        if to is None or to.type != "admin":  # to a team, which is no person, or to nobody
            return
        if to.id != self._admin:
            yield Happened(conversation=key, event=Event.TAKEN, id=part.id)
        elif self._is_person(part.author):
            yield Happened(conversation=key, event=Event.HANDED_BACK, id=part.id)

    async def _from_person(self, key: ConversationKey, topic: str, part: _Part, call: Call) -> list[News]:
        if topic == "admin.noted":
            if part.text != GIVE_BACK:
                return []
            await self._assign(key.thread, "admin", "0")
            return [Happened(conversation=key, event=Event.HANDED_BACK, id=part.id)]
        if part.part_type == "note" or not (part.text or part.files):
            return []
        at = moment(part.created_at or "", call.at)
        turn = Turn(speaker=Speaker.AGENT, text=part.text, at=at, id=part.id, attachments=part.files)
        said: list[News] = [Said(conversation=key, turn=turn)]
        if part.part_type == "close":  # what is sent for the closing may have come first, and who writes takes the case
            said.append(Happened(conversation=key, event=Event.RESOLVED, id=f"closed.{part.id}"))
        return said

    def _is_person(self, author: _Author) -> bool:
        """Whether a teammate wrote or did it: neither the bot, nor another one."""
        robot = author.from_ai_agent or author.is_ai_answer
        return author.type == "admin" and author.id != self._admin and not robot

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` to the customer."""
        await self._write(reply, reply.text, "comment", again=again)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write a note."""
        await self._write(reply, text, "note", again=again)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Assign the conversation to the team."""
        conversation = reply.conversation.thread
        if again:  # someone of the team may have it by now
            there = await self._api.call("GET", "/conversations/{}", conversation)
            if str(there.get("team_assignee_id")) == self._team:
                return
        await self._assign(conversation, "team", self._team)

    async def _assign(self, conversation: str, kind: str, assignee: str) -> None:
        body = {"message_type": "assignment", "type": kind, "admin_id": self._admin, "assignee_id": assignee}
        await self._api.call("POST", "/conversations/{}/parts", conversation, body=body)

    async def _write(self, reply: Reply, text: str, kind: str, *, again: bool) -> None:
        conversation = reply.conversation.thread
        markup = markup_of(text)
        if again and await self._is_there(reply, text_of(markup), kind):
            return
        body = {"message_type": kind, "type": "admin", "admin_id": self._admin, "body": markup}
        await self._api.call("POST", "/conversations/{}/reply", conversation, body=body)

    async def _is_there(self, reply: Reply, text: str, kind: str) -> bool:
        """Whether an earlier try wrote it: after what it answers, and the same. There is no idempotency key."""
        there = await self._api.call("GET", "/conversations/{}", reply.conversation.thread)
        parts = there["conversation_parts"]["conversation_parts"]
        ids = [str(part.get("id")) for part in parts]
        # What is not among them is the first message of all, which stands apart.
        after = ids.index(reply.in_reply_to) + 1 if reply.in_reply_to in ids else 0
        return any(
            part.get("part_type") == kind
            and str((part.get("author") or {}).get("id")) == self._admin
            and text_of(part.get("body") or "") == text
            for part in parts[after:]
        )

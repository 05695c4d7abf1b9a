"""Messaging of a Zendesk: Sunshine Conversations, version 2 of its API and of its webhooks.

What is sent: developer.zendesk.com, programmable-conversations/receiving-messages; the calls and the fields:
zendesk/sunshine-conversations-python, docs/MessagesApi.md, ConversationsApi.md and SwitchboardActionsApi.md.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import aiohttp
from pydantic import Field

from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import Call, Contract, Happened, News, Received, Said
from connectors.payload import Id, Payload, moment, read
from connectors.signatures import require
from connectors.texts import pieces

#: Characters of a message.
LONGEST = 4096

#: Bytes of a note: all that a conversation is marked with has to fit into 4 kB.
LONGEST_NOTE = 2500

#: On the ticket of what was handed over.
TAG = "bot_handoff"

#: From where agents write. Other programs write too, and are no agents.
_WORKSPACE = "zd:agentWorkspace"

#: Events by which somebody gets a conversation, and by which it ends where they say so.
_PASSING = frozenset({"switchboard:passControl", "switchboard:acceptControl"})
_ENDING = frozenset({"switchboard:passControl", "switchboard:releaseControl"})

_CONVERSATION = "/v2/apps/{}/conversations/{}"


class _Integration(Payload):
    name: str = ""


class _Conversation(Payload):
    id: Id
    active: _Integration | None = Field(default=None, alias="activeSwitchboardIntegration")


class _User(Payload):
    id: Id = ""


class _Author(Payload):
    type: str = ""
    user_id: Id | None = Field(default=None, alias="userId")
    user: _User | None = None
    subtypes: tuple[str, ...] | None = None


class _Content(Payload):
    text: str | None = None
    #: Of a form: what was filled in.
    fallback: str | None = Field(default=None, alias="textFallback")
    media: str | None = Field(default=None, alias="mediaUrl")
    name: str | None = Field(default=None, alias="altText")


class _Source(Payload):
    type: str = ""


class _Message(Payload):
    id: Id
    received: str = ""
    author: _Author = _Author()
    content: _Content = _Content()
    source: _Source | None = None
    metadata: dict[str, object] | None = None
    deleted: bool | None = None

    @property
    def text(self) -> str:
        return self.content.text or self.content.fallback or ""

    @property
    def files(self) -> tuple[str, ...]:
        media = self.content.media
        return (self.content.name or media.partition("?")[0].rsplit("/", 1)[-1] or "file",) if media else ()


class _What(Payload):
    conversation: _Conversation | None = None
    message: _Message | None = None
    metadata: dict[str, object] | None = None
    reason: str | None = None


class _Event(Payload):
    id: Id
    type: str
    payload: _What = _What()


class _App(Payload):
    id: Id


class _Body(Payload):
    app: _App
    events: tuple[_Event, ...]


class Sunshine:
    """The connector of one app of Sunshine Conversations."""

    name = "sunshine"
    contract = Contract(answer_within=10, chat=True)

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        url: str,
        app: str,
        key_id: str,
        key_secret: str,
        secret: str,
        integration: str,
        note_field: str | None = None,
    ) -> None:
        """Serve ``app`` at ``url`` by an API key; its webhooks send ``secret``.

        ``integration`` is the name of the bot's switchboard integration, and ``note_field`` the number of the ticket
        field that shows the people what they have to know.
        """
        login = base64.b64encode(f"{key_id}:{key_secret}".encode()).decode()
        self._api = Api(http, url, headers={"Authorization": f"Basic {login}"}, calls=20)
        self._app = app
        self._secret = secret
        self._integration = integration
        self._note_field = note_field

    async def receive(self, call: Call) -> Received:
        """Verify a webhook and return what its events tell."""
        if call.method == "HEAD":  # when the webhook is made: whether anybody is there
            return Received(ignored="HEAD")
        require(call.headers.get("X-API-Key"), self._secret, "X-API-Key")
        body = read(_Body, call.body)
        if body.app.id != self._app:
            return Received(ignored="another app")
        news = tuple(one for event in body.events for one in self._news(event, call))
        return Received(news=news, ignored="" if news else "own messages, or other events")

    def _news(self, event: _Event, call: Call) -> Iterator[News]:
        what = event.payload
        if what.conversation is None:
            return
        key = ConversationKey(channel=self.name, account=self._app, thread=what.conversation.id)
        active = what.conversation.active
        if event.type == "conversation:message" and what.message is not None and not what.message.deleted:
            yield from self._written(key, what.message, active, call)
        elif event.type in _ENDING and what.reason == "ticketClosed":
            yield Happened(conversation=key, event=Event.RESOLVED, id=event.id)
        elif event.type in _PASSING and active is not None:
            if active.name == self._integration:
                yield Happened(conversation=key, event=Event.HANDED_BACK, id=event.id)
            elif "kefu" not in (what.metadata or {}):  # else the bot itself has handed it over
                yield Happened(conversation=key, event=Event.TAKEN, id=event.id)

    def _written(
        self, key: ConversationKey, message: _Message, active: _Integration | None, call: Call
    ) -> Iterator[News]:
        author, at = message.author, moment(message.received, call.at)
        if author.type == "user":
            if active is not None and active.name != self._integration:
                yield Happened(conversation=key, event=Event.TAKEN, id=f"taken.{message.id}")
            yield Message(
                id=message.id,
                conversation=key,
                text=message.text,
                at=at,
                customer=author.user_id or (author.user.id if author.user else ""),
                attachments=message.files,
            )
        elif _is_agents(message):
            turn = Turn(speaker=Speaker.AGENT, text=message.text, at=at, id=message.id, attachments=message.files)
            yield Said(conversation=key, turn=turn)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` to the customer; one that is too long for a message comes in several."""
        place = self._app, reply.conversation.thread
        there: set[object] = set()
        if again:  # there is no idempotency key: what is there already is not written twice
            page = await self._api.call("GET", f"{_CONVERSATION}/messages", *place)
            there = {(message.get("metadata") or {}).get("kefu") for message in page["messages"]}
        for number, text in enumerate(pieces(reply.text, LONGEST)):
            id_ = f"{reply.id}.{number}" if number else reply.id
            if id_ not in there:
                message = {
                    "author": {"type": "business"},
                    "content": {"type": "text", "text": text},
                    "metadata": {"kefu": id_},
                }
                await self._api.call("POST", f"{_CONVERSATION}/messages", *place, body=message)

    async def busy(self, key: ConversationKey) -> None:
        """Show that somebody types."""
        activity = {"author": {"type": "business"}, "type": "typing:start"}
        await self._api.call("POST", f"{_CONVERSATION}/activity", self._app, key.thread, body=activity)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Keep in the conversation's metadata what the people have to know, for there are no private messages.

        What does not fit there ends with an ellipsis.
        """
        place = self._app, reply.conversation.thread
        metadata = (await self._conversation(reply)).get("metadata") or {}
        body = {"metadata": {**metadata, "kefu_note": _short(text)}}
        await self._api.call("PATCH", _CONVERSATION, *place, body=body)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Pass the control on to the next integration, with a tag and the note for the ticket."""
        conversation = await self._conversation(reply)
        active = conversation.get("activeSwitchboardIntegration")
        if again and active and active.get("name") != self._integration:
            return  # the next one after those who have it already would be somebody else
        metadata = {"kefu": reply.id, "kefu_reason": reply.reason.value, "dataCapture.systemField.tags": TAG}
        note = (conversation.get("metadata") or {}).get("kefu_note")
        if self._note_field is not None and note:
            metadata[f"dataCapture.ticketField.{self._note_field}"] = note
        body = {"switchboardIntegration": "next", "metadata": metadata}
        await self._api.call("POST", f"{_CONVERSATION}/passControl", self._app, reply.conversation.thread, body=body)

    async def _conversation(self, reply: Reply) -> dict[str, dict[str, str] | None]:
        answer = await self._api.call("GET", _CONVERSATION, self._app, reply.conversation.thread)
        conversation: dict[str, dict[str, str] | None] = answer["conversation"]
        return conversation


def _is_agents(message: _Message) -> bool:
    """Whether an agent wrote it: neither the bot, nor another program, nor Zendesk's own AI."""
    source = message.source.type if message.source else ""
    marked = "kefu" in (message.metadata or {}) or "AI" in (message.author.subtypes or ())
    return message.author.type == "business" and source == _WORKSPACE and not marked


def _short(text: str) -> str:
    """Return as much of ``text`` as a note may have."""
    if len(text.encode()) <= LONGEST_NOTE:
        return text
    return text.encode()[: LONGEST_NOTE - 3].decode(errors="ignore") + "…"

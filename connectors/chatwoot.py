"""Chatwoot, as an agent bot.

What is sent and how it is signed: chatwoot/chatwoot, lib/webhooks/trigger.rb, app/models/message.rb (`webhook_data`),
app/listeners/agent_bot_listener.rb; the calls: its swagger/paths/application.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aiohttp

from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, News, Received, Said
from connectors.payload import Id, Payload, moment, read, text_of
from connectors.signatures import hex_mac, require, require_recent

_CONVERSATION = "/api/v1/accounts/{}/conversations/{}"


class _Sender(Payload):
    id: Id = ""
    type: str = ""


class _Conversation(Payload):
    id: Id
    status: str = ""


class _Account(Payload):
    id: Id


class _Attachment(Payload):
    data_url: str = ""
    file_type: str = "file"


class _Body(Payload):
    """A message with the conversation it belongs to, or a conversation alone."""

    event: str
    id: Id = ""
    content: str | None = None
    created_at: str | int = ""
    message_type: str = ""
    content_type: str = "text"
    private: bool = False
    sender: _Sender | None = None
    account: _Account | None = None
    conversation: _Conversation | None = None
    attachments: tuple[_Attachment, ...] = ()
    #: Of a conversation alone.
    status: str = ""


class Chatwoot:
    """The connector of one Chatwoot account."""

    name = "chatwoot"
    contract = Contract(answer_within=5, chat=True)

    def __init__(
        self, http: aiohttp.ClientSession, *, url: str, account: str, token: str, read_token: str, secret: str
    ) -> None:
        """Serve the account with the number ``account`` at ``url``.

        ``token`` is the access token of the agent bot, which may write but not read (BOT_ACCESSIBLE_ENDPOINTS in
        app/controllers/concerns/access_token_auth_helper.rb), ``read_token`` that of an agent, who may; ``secret`` is
        what the webhooks are signed with.
        """
        self._api = Api(http, url, headers={"api_access_token": token}, calls=50)
        self._reads = Api(http, url, headers={"api_access_token": read_token}, calls=50)
        self._account = account
        self._secret = secret

    async def receive(self, call: Call) -> Received:
        """Verify a webhook and return what it tells."""
        stamp = require_recent(call.headers.get("X-Chatwoot-Timestamp"), call.at, "X-Chatwoot-Timestamp")
        expected = f"sha256={hex_mac(self._secret, stamp.encode(), b'.', call.body)}"
        require(call.headers.get("X-Chatwoot-Signature"), expected, "X-Chatwoot-Signature")
        body = read(_Body, call.body)
        if body.event == "conversation_resolved":
            return Received(news=(Happened(conversation=self._key(body.id), event=Event.RESOLVED),))
        if body.event == "conversation_status_changed":  # of newer ones
            return self._changed(body)
        if body.event != "message_created" or body.conversation is None:
            return Received(ignored="another event")
        if body.account is not None and body.account.id != self._account:
            return Received(ignored="another account")
        key = self._key(body.conversation.id)
        if body.message_type == "incoming" and not body.private:
            return Received(news=tuple(_incoming(key, body, call)))
        if body.message_type == "outgoing" and body.sender is not None and body.sender.type == "user":
            return await self._from_person(key, body, call)
        return Received(ignored="own message, or one of the tool")

    def _changed(self, body: _Body) -> Received:
        """Return who has a case after its status changed: a pending one is the bot's."""
        if body.status == "pending":
            return Received(news=(Happened(conversation=self._key(body.id), event=Event.HANDED_BACK),))
        if body.status == "open":
            return Received(news=(_opened(self._key(body.id)),))
        return Received(ignored="another status")

    async def _from_person(self, key: ConversationKey, body: _Body, call: Call) -> Received:
        text = (body.content or "").strip()
        if not body.private:
            turn = Turn(speaker=Speaker.AGENT, text=text_of(text), at=moment(body.created_at, call.at), id=body.id)
            return Received(news=(Said(conversation=key, turn=turn),))
        if text != GIVE_BACK:
            return Received(ignored="private note")
        await self._api.call("POST", f"{_CONVERSATION}/toggle_status", *self._at(key), body={"status": "pending"})
        return Received(news=(Happened(conversation=key, event=Event.HANDED_BACK, id=body.id),))

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` to the customer."""
        await self._write(reply, reply.text, private=False, again=again)

    async def busy(self, key: ConversationKey) -> None:
        """Show that somebody types."""
        body = {"typing_status": "on"}
        await self._api.call("POST", f"{_CONVERSATION}/toggle_typing_status", *self._at(key), body=body)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write a private note."""
        await self._write(reply, text, private=True, again=again)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Open the conversation for people; from an agent bot on a pending one that is its hand-off."""
        await self._api.call(
            "POST", f"{_CONVERSATION}/toggle_status", *self._at(reply.conversation), body={"status": "open"}
        )

    async def _write(self, reply: Reply, text: str, *, private: bool, again: bool) -> None:
        place = self._at(reply.conversation)
        if again:  # there is no idempotency key: what is there already is not written twice
            page = await self._reads.call("GET", f"{_CONVERSATION}/messages", *place)
            if any(_is_ours(message, reply, text, private) for message in page["payload"]):
                return
        message = {"content": text, "message_type": "outgoing", "private": private}
        await self._api.call("POST", f"{_CONVERSATION}/messages", *place, body=message)

    def _key(self, thread: str) -> ConversationKey:
        return ConversationKey(channel=self.name, account=self._account, thread=thread)

    @staticmethod
    def _at(key: ConversationKey) -> Sequence[str]:
        return key.account, key.thread


def _incoming(key: ConversationKey, body: _Body, call: Call) -> Iterator[News]:
    """Yield a customer's message, after what its conversation says of who has it: pending is the bot's."""
    conversation = body.conversation
    if conversation is not None and conversation.status == "open":
        yield _opened(key)
    yield Message(
        id=body.id,
        conversation=key,
        text=body.content or "",
        at=moment(body.created_at, call.at),
        customer=body.sender.id if body.sender else "",
        attachments=tuple(one.data_url.rsplit("/", 1)[-1] or one.file_type for one in body.attachments),
    )


def _opened(key: ConversationKey) -> Happened:
    """Return that people have an open conversation, whether or not one of them is named: no time gives it back."""
    return Happened(conversation=key, event=Event.TAKEN)


def _is_ours(message: dict[str, object], reply: Reply, text: str, private: bool) -> bool:
    """Whether a message of the conversation is the one to be written: newer than what it answers, and the same."""
    newer = str(message.get("id")).isdecimal() and int(str(message["id"])) > int(reply.in_reply_to)
    sent = message.get("message_type") == 1 and message.get("private", False) == private
    return newer and sent and str(message.get("content")).strip() == text.strip()

"""Telegram, as a bot whom customers write to, with a group in which agents answer.

What is sent: core.telegram.org/bots/api (`Update`, `Message`); what becomes of an update that is not accepted, and how
errors come: tdlib/telegram-bot-api, telegram-bot-api/WebhookActor.cpp and HttpConnection.cpp.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

import aiohttp
from pydantic import ConfigDict, Field

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, Received, RefusedError, Said
from connectors.payload import Id, Payload, moment, read
from connectors.signatures import require
from connectors.texts import ANSWER, DONE, in_language, pieces, utf16

#: Of a text, as Telegram counts it.
LONGEST = 4096

#: What a message may hold beside words. Where two stand for one, such as a document for an animation, the first counts.
_KINDS = (
    *("photo", "animation", "document", "audio", "video", "voice", "video_note", "sticker"),
    *("venue", "location", "contact", "poll", "dice", "story", "paid_media", "checklist"),
)

#: What the bot's messages in the agents' chat begin with: whose case they are about. What customers wrote stands below.
_TAG = re.compile(r"#c([0-9]{1,20})(?!\S)")

#: How many of the agents' answers are remembered that were sent on.
_REMEMBERED = 1000


_Number = Annotated[Id, Field(pattern=r"^-?[0-9]{1,20}$")]


class _User(Payload):
    id: _Number
    is_bot: bool = False


class _Chat(Payload):
    id: _Number
    type: str = ""


class _Words(Payload):
    from_: _User | None = Field(default=None, alias="from")
    text: str | None = None
    caption: str | None = None

    @property
    def said(self) -> str:
        return self.text or self.caption or ""


class _Message(_Words):
    # What it holds beside words is looked for by name.
    model_config = ConfigDict(frozen=True, extra="allow")

    message_id: _Number
    date: int = 0
    chat: _Chat
    via_bot: dict[str, object] | None = None
    sender_chat: dict[str, object] | None = None
    reply_to_message: _Words | None = None

    @property
    def files(self) -> tuple[str, ...]:
        held = self.model_extra or {}
        for kind in _KINDS:
            if content := held.get(kind):
                name = content.get("file_name") if isinstance(content, Mapping) else None
                return (name if isinstance(name, str) and name else kind,)
        return ()


class _Update(Payload):
    message: _Message | None = None


class Telegram:
    """The connector of one Telegram bot. Each private chat is a customer's.

    What is doubtful is sent again: Telegram neither recognises a second message nor shows a bot what it has sent, and a
    rare double is better than silence. What it said it has taken, while this process runs, is not.
    """

    name = "telegram"
    contract = Contract(answer_within=60, chat=True)

    def __init__(self, http: aiohttp.ClientSession, *, token: str, secret: str, staff_chat: str, url: str) -> None:
        """Serve the bot whose token is ``token``, and whose webhook was set with ``secret`` as its secret_token.

        ``staff_chat`` is the number of the group in which agents answer. Raises `SettingsError` for what is no token.
        """
        if not re.fullmatch(r"[0-9]+:[\w-]+", token, re.ASCII):
            raise SettingsError("telegram.token: expected a token of the form 123456:ABC-DEF")
        self._api = Api(http, url, calls=30)
        # It stands in the path of each call: as parts, for the path itself is shown where one fails.
        self._id, self._token = token.split(":")
        self._secret = secret
        self._staff = staff_chat
        self._passed_on: deque[str] = deque(maxlen=_REMEMBERED)
        #: Parts of replies that Telegram has taken.
        self._taken: deque[tuple[str, int]] = deque(maxlen=_REMEMBERED)

    async def receive(self, call: Call) -> Received:
        """Verify an update and return what it tells.

        What cannot be read is passed over: an update that is refused comes again, and holds up those behind it.
        """
        name = "X-Telegram-Bot-Api-Secret-Token"
        require(call.headers.get(name), self._secret, name)
        try:
            message = read(_Update, call.body).message
        except RefusedError as error:
            return Received(ignored=error.detail)
        if message is None:
            return Received(ignored="another kind of update")
        author = message.from_
        if author is None or author.is_bot or message.via_bot or message.sender_chat:
            return Received(ignored="no message of a person")
        if message.chat.id == self._staff:
            return await self._from_agent(message, call)
        if message.chat.type != "private":
            return Received(ignored="no private chat")
        if not message.said and not message.files:
            return Received(ignored="nothing said")
        return Received(
            news=(
                Message(
                    id=message.message_id,
                    conversation=self._key(message.chat.id),
                    text=message.said,
                    at=moment(message.date or "", call.at),
                    customer=author.id,
                    attachments=message.files,
                ),
            )
        )

    async def _from_agent(self, message: _Message, call: Call) -> Received:
        """Do what an agent wants who replied to a message of the bot's: the answer goes on to the customer."""
        replied = message.reply_to_message
        tag = _TAG.match(replied.said) if replied and replied.from_ and replied.from_.id == self._id else None
        if tag is None:
            return Received(ignored="no answer to a case")
        key = self._key(tag[1])
        # The numbers of messages are those of the chat: in the customer's, another message has it.
        id_ = f"staff-{message.message_id}"
        command = message.said.strip().partition("@")[0]  # in groups the name of the bot may follow
        if command in (GIVE_BACK, DONE):
            event = Event.HANDED_BACK if command == GIVE_BACK else Event.RESOLVED
            return Received(news=(Happened(conversation=key, event=event, id=id_),))
        if not message.said and not message.files:
            return Received(ignored="nothing said")
        try:
            await self._pass_on(message, key.thread)
        except DeliveryError as error:
            if not error.final:
                raise
            # Not to be raised: the update would come again, and fail again.
            with suppress(DeliveryError):
                await self._tell(key.thread, "✗ Not delivered. / 未送达。")
            return Received(ignored="an answer that cannot be delivered")
        turn = Turn(speaker=Speaker.AGENT, text=message.said, at=moment(message.date or "", call.at), id=id_)
        return Received(news=(Said(conversation=key, turn=turn),))

    async def _pass_on(self, message: _Message, chat: str) -> None:
        """Send an agent's answer to the customer, unless that was done: an update that is not kept comes again."""
        if message.message_id in self._passed_on:
            return
        if message.text:
            await self._send(chat, message.text)
        else:
            await self._copy(self._staff, message.message_id, chat)
        self._passed_on.append(message.message_id)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Send ``reply`` to the customer, a long one in several messages."""
        for number, part in enumerate(pieces(reply.text, LONGEST, utf16)):
            if (reply.id, number) not in self._taken:
                await self._send(reply.conversation.thread, part)
                self._taken.append((reply.id, number))

    async def busy(self, key: ConversationKey) -> None:
        """Show that somebody types."""
        await self._call("sendChatAction", {"chat_id": key.thread, "action": "typing"})

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write ``text`` in the agents' chat."""
        await self._tell(reply.conversation.thread, text)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask in the agents' chat to answer."""
        await self._tell(reply.conversation.thread, in_language(ANSWER, reply.language))

    async def relay(self, message: Message, *, again: bool) -> None:
        """Show a customer's message in the agents' chat; what it holds beside words follows as a copy."""
        thread = message.conversation.thread
        files = "".join(f"[{name}]" for name in message.attachments)
        await self._tell(thread, "\n".join(filter(None, (message.text, files))))
        if files:
            await self._copy(thread, message.id, self._staff, caption=_tag(thread))

    async def _tell(self, thread: str, text: str) -> None:
        """Write to the agents about a case. Each message begins with its tag, by which answers find their way."""
        tag = f"{_tag(thread)}\n"
        for part in pieces(text, LONGEST - len(tag), utf16):
            await self._send(self._staff, tag + part)

    async def _send(self, chat: str, text: str) -> None:
        # Without a parse_mode a text is shown as it is.
        await self._call("sendMessage", {"chat_id": chat, "text": text})

    async def _copy(self, source: str, message: str, chat: str, **more: str) -> None:
        await self._call("copyMessage", {"chat_id": chat, "from_chat_id": source, "message_id": int(message), **more})

    async def _call(self, method: str, body: Mapping[str, object]) -> None:
        answer = await self._api.call("POST", f"/bot{{}}:{{}}/{method}", self._id, self._token, body=body)
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            raise DeliveryError(f"{method}: not done")

    def _key(self, thread: str) -> ConversationKey:
        return ConversationKey(channel=self.name, thread=thread)


def _tag(thread: str) -> str:
    return f"#c{thread}"

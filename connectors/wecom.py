"""WeCom (企业微信), as an app to which the members of a company write.

What is sent: developer.work.weixin.qq.com/document/path/90239; the calls: 90236.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime

import aiohttp

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Reply
from connectors.helpdesk import GIVE_BACK, Answer, Call, Contract, Happened, Received
from connectors.payload import moment
from connectors.texts import DONE, TAKE_OVER, in_language, pieces, utf8
from connectors.wecom_api import LONGEST, WeComApi, as_it_is, now
from connectors.wecom_crypto import Envelope, fields_of

#: What a message may be beside text.
_FILES = frozenset({"image", "voice", "video", "location", "link", "file"})

#: Seconds in which the same request has no second effect: as long as WeCom has it.
_REPEATED = 4 * 60 * 60

#: Two characters that are not seen, for the bits of a mark, and how many bits it has.
_UNSEEN, _BITS = "\u200b\u200c", 16


class WeCom:
    """The connector of one app. Each member who writes to it is a customer, but for the agent."""

    name = "wecom"
    contract = Contract(answer_within=5, chat=True)

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        corp: str,
        agent: str,
        app_secret: str,
        token: str,
        aes_key: str,
        staff_user: str,
        url: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Serve the app with the number ``agent`` of the company ``corp``, whose secret is ``app_secret``.

        Its callback has ``token`` and ``aes_key``. ``staff_user`` is the agent who is told what is handed over. Raises
        `SettingsError` for what is no number, or no key.
        """
        if not (agent.isascii() and agent.isdecimal()):
            raise SettingsError("wecom.agent_id: expected a number")
        self._api = WeComApi(http, url, corp=corp, secret=app_secret, clock=clock)
        self._envelope = Envelope(token=token, aes_key=aes_key, receiver=corp)
        self._agent = agent
        self._staff = staff_user

    async def receive(self, call: Call) -> Received:
        """Verify a callback and return what it tells."""
        opened = self._envelope.open(call)
        if call.method == "GET":
            return Received(answer=Answer(text=opened), ignored="check of the address")
        fields = fields_of(opened)
        kind, user, id_ = (fields.get(name, "") for name in ("MsgType", "FromUserName", "MsgId"))
        if fields.get("AgentID", self._agent) != self._agent:
            return Received(ignored="another app")
        if not user or not id_ or kind not in _FILES | {"text"}:
            return Received(ignored="no message")
        if user.casefold() == self._staff.casefold():
            return self._from_agent(fields.get("Content", ""), id_)
        message = Message(
            id=id_,
            conversation=self._key(user),
            text=fields.get("Content", "") if kind == "text" else "",
            at=moment(fields.get("CreateTime", ""), call.at),
            customer=user,
            attachments=(kind,) if kind in _FILES else (),
        )
        return Received(news=(message,))

    def _from_agent(self, text: str, id_: str) -> Received:
        """Do what the agent wants with a case: "/bot" or "/done", and the member whose case it is."""
        command, _, user = text.partition(" ")
        events = {GIVE_BACK: Event.HANDED_BACK, DONE: Event.RESOLVED}
        if command not in events or not user.strip():
            return Received(ignored="the agent's, and no command")
        key = self._key(user.strip())
        # The numbers of messages are the app's: the customer has none of the agent's.
        return Received(news=(Happened(conversation=key, event=events[command], id=id_),))

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Send ``reply`` to the member, a long one in several messages."""
        await self._send(reply.conversation.thread, reply.text, reply.id)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Send ``text`` to the agent."""
        await self._tell(reply.conversation.thread, text, f"{reply.id}.note")

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask the agent to take over, who writes to the member in WeCom."""
        await self._tell(reply.conversation.thread, in_language(TAKE_OVER, reply.language), f"{reply.id}.hand_over")

    async def relay(self, message: Message, *, again: bool) -> None:
        """Show a member's message to the agent."""
        files = "".join(f"[{name}]" for name in message.attachments)
        text = "\n".join(filter(None, (message.text, files)))
        await self._tell(message.conversation.thread, text, f"{message.id}.relay")

    async def _tell(self, user: str, text: str, id_: str) -> None:
        await self._send(self._staff, f"{user}: {text}", id_)

    async def _send(self, user: str, text: str, id_: str) -> None:
        for number, part in enumerate(pieces(as_it_is(text), LONGEST - _BITS * utf8(_UNSEEN[0]), utf8)):
            body = {
                "touser": user,
                "msgtype": "text",
                "agentid": int(self._agent),
                "text": {"content": _mark(f"{id_}.{number}") + part},
                "enable_duplicate_check": 1,
                "duplicate_check_interval": _REPEATED,
            }
            answer = await self._api.call("/cgi-bin/message/send", body)
            if answer.get("invaliduser") or answer.get("unlicenseduser"):
                raise DeliveryError("message/send: the member may not be written to", final=True)

    def _key(self, user: str) -> ConversationKey:
        return ConversationKey(channel=self.name, thread=user)


def _mark(id_: str) -> str:
    """Return characters that are not seen, by which two messages of the same words differ.

    WeCom recognises a repeated message by what it says. Without them an answer that was given in the last hours would
    not be shown a second time.
    """
    bits = zlib.crc32(id_.encode()) % 2**_BITS
    return "".join(_UNSEEN[bits >> at & 1] for at in range(_BITS))

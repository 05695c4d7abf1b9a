"""Your own program, by a protocol of kefu's own: docs/helpdesks/generic.md describes it, with examples that run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

import aiohttp
from pydantic import AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import Call, Contract, Happened, News, Received, Said
from connectors.payload import Id, Payload, read
from connectors.signatures import hex_mac, require, require_recent

#: In one line, for they stand in logs.
_Name = Annotated[Id, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_File = Annotated[Id, StringConstraints(min_length=1, max_length=200)]
#: With bounds, for a time near the calendar's ends cannot be told in every time zone.
_Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
]

_HAPPENED = {"taken": Event.TAKEN, "handed_back": Event.HANDED_BACK, "resolved": Event.RESOLVED}


class _Body(Payload):
    type: Literal["message", "agent_message", "taken", "handed_back", "resolved"]
    id: _Name
    conversation: _Name
    text: str | None = None
    customer: Annotated[Id, StringConstraints(max_length=200)] = ""
    at: _Moment | None = None
    attachments: tuple[_File, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _knows_all(cls, data: Any) -> Any:
        # Not by extra="forbid", whose error has the field's name in it: that is the caller's word.
        if isinstance(data, dict) and not data.keys() <= cls.model_fields.keys():
            raise PydanticCustomError(f"has a field beside {', '.join(cls.model_fields)}", "unknown field")
        return data

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type in _HAPPENED and (self.text is not None or self.attachments):
            raise PydanticCustomError("text and attachments belong to messages alone", "needless field")
        if self.type == "agent_message" and not (self.text or "").strip():
            raise PydanticCustomError("text is missing", "missing field")
        if self.type == "message" and self.text is None and not self.attachments:
            raise PydanticCustomError("text is missing, and there are no attachments", "missing field")
        return self


class Generic:
    """The connector of a program that speaks the protocol."""

    name = "generic"
    contract = Contract(answer_within=10, chat=True)

    def __init__(self, http: aiohttp.ClientSession, *, secret: str, url: str) -> None:
        """Post to ``url``; both sides sign with ``secret``."""
        self._http = http
        self._api = Api(http, url)
        # The base of an API ends without a slash; an address that is given with one is called with it.
        self._path = "/" if url.endswith("/") else ""
        self._secret = secret

    async def receive(self, call: Call) -> Received:
        """Verify what the program posted and return what it tells."""
        stamp = require_recent(call.headers.get("X-Kefu-Timestamp"), call.at, "X-Kefu-Timestamp")
        require(call.headers.get("X-Kefu-Signature"), self._signature(stamp, call.body), "X-Kefu-Signature")
        body = read(_Body, call.body)
        return Received(news=(self._news(body, body.at or call.at),))

    def _news(self, body: _Body, at: datetime) -> News:
        key = ConversationKey(channel=self.name, thread=body.conversation)
        text = body.text or ""
        if body.type == "message":
            return Message(
                id=body.id,
                conversation=key,
                text=text,
                at=at,
                customer=body.customer,
                attachments=body.attachments,
            )
        if body.type == "agent_message":
            turn = Turn(speaker=Speaker.AGENT, text=text, at=at, id=body.id, attachments=body.attachments)
            return Said(conversation=key, turn=turn)
        return Happened(conversation=key, event=_HAPPENED[body.type], id=body.id)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Post ``reply``. The program knows a second one by its id."""
        await self._post("reply", reply.id, reply, reply.text)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Post what the people there have to know."""
        await self._post("note", f"{reply.id}.note", reply, text)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Post that people are asked to take over."""
        await self._post("hand_over", f"{reply.id}.hand_over", reply, "")

    async def _post(self, kind: str, id_: str, reply: Reply, text: str) -> None:
        body = {
            "type": kind,
            "id": id_,
            "conversation": reply.conversation.thread,
            "in_reply_to": reply.in_reply_to,
            "text": text,
            "language": reply.language,
            "action": reply.action.value,
            "reason": reply.reason.value,
            "confidence": reply.confidence,
            "citations": [{"id": one.id, "question": one.question, "url": one.url} for one in reply.citations],
        }
        stamp = str(int(datetime.now(UTC).timestamp()))
        # What is signed is what the session will make of the body.
        raw = self._http.json_serialize(body).encode()
        headers = {
            "X-Kefu-Timestamp": stamp,
            "X-Kefu-Signature": self._signature(stamp, raw),
            "Idempotency-Key": id_,
        }
        await self._api.call("POST", self._path, body=body, headers=headers, reads=False)

    def _signature(self, stamp: str, body: bytes) -> str:
        return f"sha256={hex_mac(self._secret, stamp.encode(), b'.', body)}"

"""Tickets of a Zendesk: its triggers call, and its Ticketing API is called.

How calls are signed: developer.zendesk.com/documentation/webhooks/verifying; what is called: api-reference/ticketing,
tickets and ticket_comments; what a trigger can fill in: support.zendesk.com, "Zendesk placeholders reference". What a
trigger sends is written by the operator: the template stands in docs/helpdesks/zendesk.md.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import aiohttp
from pydantic import StringConstraints

from bot.errors import SettingsError
from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.api import Api
from connectors.helpdesk import GIVE_BACK, Call, Contract, Happened, News, Received, RefusedError, Said
from connectors.payload import Id, Payload, markup_of, moment, newest_part, read, text_of
from connectors.signatures import WINDOW, base64_mac, require

#: On what was handed over, for views and triggers of the operator's.
TAG = "bot_handoff"

#: Characters of a comment: Zendesk cuts at 64 kB of HTML without a word, and a character may be written in six bytes.
LONGEST = 10_000

_TICKET = "/api/v2/tickets/{}"

#: The last field of the template: what stands before it, no customer writes.
_TEXT = re.compile(rb'"text"\s*:\s*"')
_REST = re.compile(rb'(.*)"\s*\}\s*', re.DOTALL)

_Number = Annotated[Id, StringConstraints(pattern=r"^[0-9]{1,20}$")]


class _Filled(Payload):
    """The template as it was filled in, but for the text."""

    #: Written into each trigger by the operator: comment, assigned or solved.
    event: str
    ticket: _Number
    comment: _Number
    public: bool
    author: Id
    requester: Id
    assignee: Id = ""
    role: str = ""
    status: str = ""
    at: str = ""


class Zendesk:
    """The connector of one Zendesk's tickets."""

    name = "zendesk"
    contract = Contract(answer_within=10, chat=False)

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        url: str,
        email: str,
        token: str,
        secret: str,
        bot: str,
        group: int | None = None,
    ) -> None:
        """Serve the Zendesk at ``url`` as the agent with the number ``bot`` and the address ``email``.

        ``token`` is an API token, ``secret`` the webhook's signing secret; ``group`` gets what is handed over.
        Raises `SettingsError` where the bot's number is none.
        """
        if not (bot.isascii() and bot.isdecimal()):
            raise SettingsError("zendesk.bot: expected a number")
        login = base64.b64encode(f"{email}/token:{token}".encode()).decode()
        self._api = Api(http, url, headers={"Authorization": f"Basic {login}"}, calls=100, seconds=60)
        self._secret = secret
        self._bot = bot
        self._group = group

    async def receive(self, call: Call) -> Received:
        """Verify a webhook and return what it tells."""
        stamp = _recent(call.headers.get("X-Zendesk-Webhook-Signature-Timestamp"), call.at)
        expected = base64_mac(self._secret, stamp.encode(), call.body)
        require(call.headers.get("X-Zendesk-Webhook-Signature"), expected, "X-Zendesk-Webhook-Signature")
        filled, text = _read(call.body)
        key = ConversationKey(channel=self.name, thread=filled.ticket)
        if filled.event == "comment":
            return await self._comment(key, filled, text, call)
        once = f"{filled.event}.{filled.assignee}.{filled.comment}.{filled.at}"
        if filled.event == "solved":
            return Received(news=(Happened(conversation=key, event=Event.RESOLVED, id=once),))
        if filled.event == "assigned" and self._is_person(filled.assignee):
            return Received(news=(Happened(conversation=key, event=Event.TAKEN, id=once),))
        return Received(ignored="assigned to nobody, or another event")

    async def _comment(self, key: ConversationKey, filled: _Filled, text: str, call: Call) -> Received:
        if not self._is_person(filled.author):
            return Received(ignored="own message, or one of the tool")
        at = moment(filled.at, call.at)
        # Beside the requester, those in copy may write too.
        if filled.author == filled.requester or filled.role.casefold().replace("-", " ") == "end user":
            if not filled.public:
                return Received(ignored="private comment of a customer")
            return Received(news=tuple(self._incoming(key, filled, text, at)))
        if filled.public:
            turn = Turn(speaker=Speaker.AGENT, text=text.strip(), at=at, id=filled.comment)
            return Received(news=tuple(_said(key, turn, filled.status)))
        if text.strip() != GIVE_BACK:
            return Received(ignored="private note")
        await self._api.call("DELETE", f"{_TICKET}/tags", key.thread, body={"tags": [TAG]})
        await self._api.call("PUT", _TICKET, key.thread, body={"ticket": {"assignee_id": None}})
        return Received(news=(Happened(conversation=key, event=Event.HANDED_BACK, id=filled.comment),))

    def _incoming(self, key: ConversationKey, filled: _Filled, text: str, at: datetime) -> Iterator[News]:
        if self._is_person(filled.assignee):
            yield Happened(conversation=key, event=Event.TAKEN, id=f"taken.{filled.comment}")
        yield Message(id=filled.comment, conversation=key, text=newest_part(text), at=at, customer=filled.author)

    def _is_person(self, id_: str) -> bool:
        """Whether ``id_`` is of somebody else than the bot: nobody has none, and the tool itself has -1."""
        return id_.isdecimal() and id_ != self._bot

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` as a public comment; one that is too long for a comment ends with an ellipsis."""
        await self._write(reply, reply.id, reply.text, public=True, again=again)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write an internal note; one that is too long for a comment ends with an ellipsis."""
        await self._write(reply, f"{reply.id}.note", text, public=False, again=again)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Tag the ticket, open it, and give it to the group; all of that may be done twice."""
        ticket = reply.conversation.thread
        await self._api.call("PUT", f"{_TICKET}/tags", ticket, body={"tags": [TAG]})
        group = {} if self._group is None else {"group_id": self._group}
        await self._api.call("PUT", _TICKET, ticket, body={"ticket": {"status": "open", **group}})

    async def _write(self, reply: Reply, id_: str, text: str, *, public: bool, again: bool) -> None:
        place = reply.conversation.thread
        body = _markup(text)
        # A PUT whose connection breaks off is sent again below us, and would write twice: refused is what comes after
        # the ticket was changed.
        stamp = (await self._api.call("GET", _TICKET, place))["ticket"]["updated_at"]
        if again:
            newest_first = {"sort": "-created_at", "page[size]": "100"}
            page = await self._api.call("GET", f"{_TICKET}/comments", place, query=newest_first)
            newer = (comment for comment in page["comments"] if comment["id"] > int(reply.in_reply_to))
            if any(self._is_it(comment, id_, body, public) for comment in newer):
                return
        ticket = {
            "comment": {"html_body": body, "public": public, "author_id": int(self._bot)},
            "metadata": {"kefu": id_},
            "safe_update": True,
            "updated_stamp": stamp,
        }
        await self._api.call("PUT", _TICKET, place, body={"ticket": ticket})

    def _is_it(self, comment: Mapping[str, Any], id_: str, body: str, public: bool) -> bool:
        """Whether a comment is the one to be written: by what the bot put on it, else by its words."""
        marks = (comment.get("metadata") or {}).get("custom") or {}
        if "kefu" in marks:
            return bool(marks["kefu"] == id_)
        ours = str(comment.get("author_id")) == self._bot and comment.get("public") is public
        return ours and text_of(str(comment.get("html_body"))) == text_of(body)


def _recent(stamp: str | None, now: datetime) -> str:
    """Return ``stamp``, a moment in ISO 8601; refused with 401 where it is none, or not within `WINDOW` of ``now``."""
    what = "X-Zendesk-Webhook-Signature-Timestamp"
    if stamp is None:
        raise RefusedError(401, f"{what} is missing")
    try:
        at = datetime.fromisoformat(stamp) if stamp.isascii() else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise RefusedError(401, f"{what} is no moment")
    if abs((at - now).total_seconds()) > WINDOW:
        raise RefusedError(401, f"{what} is too far from now")
    return stamp


def _read(body: bytes) -> tuple[_Filled, str]:
    """Return the filled template, and its text.

    Placeholders are filled in without regard to JSON: a comment may look as though it went on with fields of its own.
    Whose it is and where it belongs is read from what stands before it, and from nothing after.
    """
    head, *tail = _TEXT.split(body, 1)
    rest = _REST.fullmatch(tail[0]) if tail else None
    if rest is None:
        raise RefusedError(400, "not what was expected: no text as the last field of the template")
    filled = read(_Filled, head.rstrip().removesuffix(b",") + b"}")
    try:
        written = rest[1].decode()
    except UnicodeDecodeError:
        raise RefusedError(400, "not what was expected: text: no UTF-8") from None
    try:
        text = str(json.loads(f'"{written}"', strict=False))
        text.encode()
    except ValueError:  # not escaped, or by halves: as it came
        return filled, written
    return filled, text


def _said(key: ConversationKey, turn: Turn, status: str) -> Iterator[News]:
    yield Said(conversation=key, turn=turn)
    # What is sent for the solving may have come first, and who writes takes the case.
    if status.casefold() in ("solved", "closed"):
        yield Happened(conversation=key, event=Event.RESOLVED, id=f"solved.{turn.id}")


def _markup(text: str) -> str:
    """Return HTML that shows ``text`` as it is: what stands in two braces would be filled in as a placeholder."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return markup_of(re.sub(r"\{(?=[{%])", "{\u200b", short))

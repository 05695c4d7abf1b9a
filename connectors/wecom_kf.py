"""WeCom's customer service (微信客服), to which people write from WeChat.

What is sent, and what there is to fetch: developer.work.weixin.qq.com/document/path/94670; the calls: 94677 (messages),
94669 (states of a session).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import aiohttp
from pydantic import ValidationError

from bot.types import ConversationKey, Event, Message, Reply, Speaker, Turn
from connectors.helpdesk import Answer, Call, Contract, Happened, Look, News, Received, Said, Seen
from connectors.payload import Id, Payload, moment
from connectors.texts import pieces, utf8
from connectors.wecom_api import LONGEST, WeComApi, WeComError, as_it_is, now
from connectors.wecom_crypto import Envelope, fields_of

#: Who said an entry: a customer, the system, a person in WeCom. What an API sent is not among them.
_CUSTOMER, _SYSTEM, _PERSON = 3, 4, 5

#: States of a session: in the queue for people, with one of them.
_QUEUE, _WITH_PERSON = 2, 3

#: What a change of a session means, which a person made: taken from the queue, passed on, ended, begun again.
_CHANGES: Mapping[int, Event] = {1: Event.TAKEN, 2: Event.TAKEN, 3: Event.RESOLVED, 4: Event.TAKEN}

#: How long the token of a callback may be used, a little less than WeCom says.
_TOKEN_LASTS = timedelta(minutes=9)

#: The first look finds the last three days: only what is as new as this is news. It has a mark in front of its cursors.
_FRESH, _FIRST = timedelta(minutes=10), "first "

#: A customer's message that was found later than this is answered no more: it would surprise more than it helps.
_TOO_LATE = timedelta(hours=24)


class _Text(Payload):
    content: str = ""


class _Change(Payload):
    event_type: str = ""
    open_kfid: str = ""
    external_userid: str = ""
    change_type: int = 0


class _Entry(Payload):
    msgid: Id
    open_kfid: str = ""
    external_userid: str = ""
    send_time: int
    origin: int
    msgtype: str
    text: _Text | None = None
    event: _Change | None = None


class WeComKf:
    """The connector of the customer service of one company: each of its accounts, for each customer, is a case.

    A callback says only that there is something to fetch. There are no private notes: nothing is sent for one.
    """

    name = "wecom_kf"
    contract = Contract(answer_within=5, chat=True)

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        corp: str,
        app_secret: str,
        token: str,
        aes_key: str,
        url: str,
        servicer: str | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Serve the company ``corp`` by the app whose secret is ``app_secret``, and whose callback has the others.

        What is handed over goes to ``servicer``, or into the queue where there is none or the person is not on duty.
        Raises `SettingsError` for what is no key.
        """
        self._api = WeComApi(http, url, corp=corp, secret=app_secret, clock=clock)
        self._envelope = Envelope(token=token, aes_key=aes_key, receiver=corp)
        self._servicer = servicer
        self._clock = clock
        #: By account the token of the last callback, and since when it is known. Without one fewer calls are allowed.
        self._tokens: dict[str, tuple[str, datetime]] = {}

    async def receive(self, call: Call) -> Received:
        """Verify a callback and return where there is something to fetch: at an account."""
        opened = self._envelope.open(call)
        if call.method == "GET":
            return Received(answer=Answer(text=opened), ignored="check of the address")
        fields = fields_of(opened)
        account = fields.get("OpenKfId", "")
        if fields.get("Event") != "kf_msg_or_event" or not account:
            return Received(ignored="another event")
        self._tokens[account] = (fields.get("Token", ""), self._clock())
        return Received(news=(Look(place=account),))

    async def look(self, place: str, cursor: str) -> Seen:
        """Return what is new at an account. What cannot be read is passed over, for what is behind it counts."""
        at = self._clock()
        first = not cursor or cursor.startswith(_FIRST)
        cursor = cursor.removeprefix(_FIRST)
        token, since = self._tokens.get(place, ("", at))
        body = {
            "open_kfid": place,
            "limit": 1000,
            **({"cursor": cursor} if cursor else {}),
            **({"token": token} if token and at - since < _TOKEN_LASTS else {}),
        }
        page = await self._api.call("/cgi-bin/kf/sync_msg", body)
        more = page.get("has_more") == 1
        found = (self._told(raw, at) for raw in page.get("msg_list") or ())
        news = tuple(one for sent, one in filter(None, found) if not first or at - sent <= _FRESH)
        cursor = str(page.get("next_cursor") or cursor)
        return Seen(news=news, cursor=f"{_FIRST}{cursor}" if first and more else cursor, more=more)

    def _told(self, raw: object, now: datetime) -> tuple[datetime, News] | None:
        """Return when an entry was sent, and what it tells; None where that is nothing."""
        try:
            entry = _Entry.model_validate(raw)
        except ValidationError:
            return None
        if entry.origin == _SYSTEM:
            told = self._happened(entry)
        elif entry.origin in (_CUSTOMER, _PERSON) and entry.open_kfid and entry.external_userid:
            told = self._said(entry, now)
        else:
            told = None
        return None if told is None else (moment(entry.send_time, now), told)

    def _said(self, entry: _Entry, now: datetime) -> News | None:
        at = moment(entry.send_time, now)
        key = self._key(entry.open_kfid, entry.external_userid)
        words = entry.msgtype == "text"
        text = entry.text.content if words and entry.text else ""
        if entry.origin == _PERSON:
            return Said(conversation=key, turn=Turn(speaker=Speaker.AGENT, text=text, at=at, id=entry.msgid))
        if now - at > _TOO_LATE:
            return None
        files = () if words else (entry.msgtype,)
        return Message(id=entry.msgid, conversation=key, text=text, at=at, customer=key.thread, attachments=files)

    def _happened(self, entry: _Entry) -> News | None:
        change = entry.event
        if change is None or change.event_type != "session_status_change" or change.change_type not in _CHANGES:
            return None
        key = self._key(change.open_kfid, change.external_userid)
        return Happened(conversation=key, event=_CHANGES[change.change_type], id=entry.msgid)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Send ``reply``, a long one in several messages, of which WeCom takes five for one of the customer's.

        Each has an id of its own. A second one with the same is refused: where it may have been sent, it was.
        """
        for number, part in enumerate(pieces(as_it_is(reply.text), LONGEST, utf8)):
            body = {
                "touser": reply.conversation.thread,
                "open_kfid": reply.conversation.account,
                "msgid": hashlib.sha256(f"{reply.id}.{number}".encode()).hexdigest()[:32],
                "msgtype": "text",
                "text": {"content": part},
            }
            try:
                await self._api.call("/cgi-bin/kf/send_msg", body)
            except WeComError as error:
                # Which number the error has is not documented: what WeCom says of it names the id.
                if not (again and error.final and "msgid" in error.said.lower()):
                    raise

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Do nothing: there is no place that the customer does not see."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Give the session to the servicer, or put it into the queue; nothing where it is there, or with a person."""
        session = {"open_kfid": reply.conversation.account, "external_userid": reply.conversation.thread}
        answer = await self._api.call("/cgi-bin/kf/service_state/get", session)
        if answer.get("service_state") in (_QUEUE, _WITH_PERSON):
            return
        if self._servicer is not None:
            try:
                await self._change(session, service_state=_WITH_PERSON, servicer_userid=self._servicer)
            except WeComError as error:
                if not error.final:
                    raise
            else:
                return
        await self._change(session, service_state=_QUEUE)

    def _key(self, account: str, customer: str) -> ConversationKey:
        return ConversationKey(channel=self.name, account=account, thread=customer)

    async def _change(self, session: Mapping[str, str], **change: object) -> None:
        await self._api.call("/cgi-bin/kf/service_state/trans", {**session, **change})

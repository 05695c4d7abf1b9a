"""Slack, as an app whose bot is in the channels where customers ask, or is written to directly.

What is sent and how it is signed: slackapi/python-slack-sdk, slack_sdk/signature/__init__.py; slackapi/bolt-python,
tests/scenario_tests/test_events.py and test_message_bot.py; the calls: docs.slack.dev/reference/methods.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import aiohttp

from bot.errors import DeliveryError
from bot.types import ConversationKey, Message, Reply, Speaker, Turn
from connectors.api import TOO_MUCH, Api
from connectors.helpdesk import Answer, Call, Contract, Received, Said
from connectors.payload import Payload, moment, read
from connectors.signatures import hex_mac, require, require_recent
from connectors.texts import TAKE_OVER, in_language, pieces

#: Of a text: Slack recommends to stay below it, and cuts at ten times as many.
LONGEST = 4000

#: Messages that somebody wrote; the others say that one was changed, who joined, and so on.
_WRITTEN = frozenset({"", "file_share", "thread_broadcast"})

#: Slack's own account, which is no bot by what it sends.
_SLACKBOT = "USLACKBOT"

#: Errors that pass, or that a change in Slack or in the settings mends.
_PASSING = frozenset(
    """
    account_inactive ekm_access_denied fatal_error internal_error invalid_auth missing_scope not_allowed_token_type
    not_authed not_in_channel request_timeout service_unavailable team_added_to_org token_expired token_revoked
    """.split()
)

#: Links and mentions: <https://example.com|label>, <@U1>, <#C1|name>, <!here>.
_SPECIAL = re.compile(r"<([@#!]?)([^|<>]*)(?:\|([^<>]*))?>")


class _File(Payload):
    name: str | None = None


class _Root(Payload):
    user: str | None = None


class _Event(Payload):
    type: str = ""
    subtype: str | None = None
    channel: str = ""
    channel_type: str = ""
    user: str | None = None
    bot_id: str | None = None
    text: str | None = None
    ts: str = ""
    thread_ts: str | None = None
    #: Who began the thread; of a message that is shown in the channel too, the root says it.
    parent_user_id: str | None = None
    root: _Root | None = None
    files: tuple[_File, ...] = ()

    @property
    def began(self) -> str | None:
        return self.parent_user_id or (self.root.user if self.root else None)


class _Authorization(Payload):
    user_id: str | None = None
    is_bot: bool = False


class _Body(Payload):
    type: str
    challenge: str = ""
    team_id: str = ""
    authorizations: tuple[_Authorization, ...] = ()
    event: _Event | None = None


class Slack:
    """The connector of one Slack app.

    In a channel every message outside of a thread begins a case, whose customer is who wrote it; others who write in
    the thread are agents. What is written to the bot directly is one case for each customer. A mention of the bot comes
    as a message as well, so only messages are taken.
    """

    name = "slack"
    contract = Contract(answer_within=3, chat=True)

    def __init__(self, http: aiohttp.ClientSession, *, token: str, secret: str, staff_channel: str, url: str) -> None:
        """Serve the app whose bot token is ``token``, and whose calls are signed with ``secret``.

        ``staff_channel`` is the id of the channel in which agents are asked to take over.
        """
        self._api = Api(http, url, headers={"Authorization": f"Bearer {token}"})
        self._secret = secret
        self._staff = staff_channel

    async def receive(self, call: Call) -> Received:
        """Verify a call of the Events API and return what it tells."""
        stamp = require_recent(call.headers.get("X-Slack-Request-Timestamp"), call.at, "X-Slack-Request-Timestamp")
        expected = f"v0={hex_mac(self._secret, b'v0:', stamp.encode(), b':', call.body)}"
        require(call.headers.get("X-Slack-Signature"), expected, "X-Slack-Signature")
        body = read(_Body, call.body)
        if body.type == "url_verification":
            return Received(answer=Answer(text=body.challenge), ignored="check of the address")
        event = body.event
        if body.type != "event_callback" or event is None or event.type != "message":
            return Received(ignored="another event")
        if event.channel == self._staff:
            return Received(ignored="the agents' channel")
        own = {one.user_id for one in body.authorizations if one.is_bot}
        if event.bot_id or event.user in {None, "", _SLACKBOT, *own} or (event.subtype or "") not in _WRITTEN:
            return Received(ignored="no message of a person")
        return self._written(body.team_id, event, call)

    def _written(self, team: str, event: _Event, call: Call) -> Received:
        direct = event.channel_type == "im"
        thread = event.thread_ts or event.ts
        key = ConversationKey(
            channel=self.name, account=team, thread=event.channel if direct else f"{event.channel}:{thread}"
        )
        text, at = _plain(event.text or ""), moment(event.ts.partition(".")[0], call.at)
        if direct or thread == event.ts or event.began == event.user:
            message = Message(
                id=event.ts,
                conversation=key,
                text=text,
                at=at,
                customer=event.user or "",
                attachments=tuple(file.name or "file" for file in event.files),
            )
            return Received(news=(message,))
        if not event.began:
            return Received(ignored="in a thread of whom, is not said")
        return Received(news=(Said(conversation=key, turn=Turn(speaker=Speaker.AGENT, text=text, at=at, id=event.ts)),))

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Write ``reply`` in its thread, or to whom it goes directly; a long one in several messages."""
        channel, _, thread = reply.conversation.thread.partition(":")
        await self._post(channel, thread, reply, reply.id, _parts(reply.text), again=again)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Write ``text`` in the agents' channel."""
        await self._post(self._staff, "", reply, f"{reply.id}.note", _parts(text), again=again)

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask in the agents' channel to take over, and say where."""
        channel, _, thread = reply.conversation.thread.partition(":")
        if thread:
            link = await self._call("GET", "chat.getPermalink", {"channel": channel, "message_ts": reply.in_reply_to})
            where = html.escape(str(link.get("permalink", "")), quote=False)
        else:  # others cannot see what was written to the bot: they write to the customer themselves
            info = await self._call("GET", "conversations.info", {"channel": channel})
            where = f"<@{info['channel']['user']}>"
        text = f"{in_language(TAKE_OVER, reply.language)} {where}"
        await self._post(self._staff, "", reply, f"{reply.id}.hand_over", [text], again=again)

    async def _post(
        self, channel: str, thread: str, reply: Reply, id_: str, parts: Sequence[str], *, again: bool
    ) -> None:
        """Write ``parts`` under ``id_``; if that is done ``again``, only those that are not there."""
        there = await self._there(channel, thread, reply.in_reply_to) if again else set()
        for number, text in enumerate(parts):
            if (id_, number) in there:
                continue
            payload = {"id": id_, "part": number}
            body = {
                "channel": channel,
                "text": text,
                "mrkdwn": False,
                "metadata": {"event_type": "kefu_reply", "event_payload": payload},
            }
            await self._call("POST", "chat.postMessage", body=body | ({"thread_ts": thread} if thread else {}))

    async def _there(self, channel: str, thread: str, since: str) -> set[tuple[object, object]]:
        """Return ids and parts of what the app wrote in a channel or a thread ``since`` a message."""
        method = "conversations.replies" if thread else "conversations.history"
        query = {"channel": channel, "oldest": since, "include_all_metadata": "true", "limit": "200"}
        if thread:
            query["ts"] = thread
        found: set[tuple[object, object]] = set()
        while True:
            page = await self._call("GET", method, query)
            for message in page.get("messages", ()):
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                found.add((payload.get("id"), payload.get("part")))
            query["cursor"] = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not query["cursor"]:
                return found

    async def _call(
        self, http_method: str, method: str, query: dict[str, str] | None = None, *, body: object = None
    ) -> dict[str, Any]:
        """Return the answer of a method; errors come with status 200 and "ok": false."""
        answer = await self._api.call(http_method, f"/{method}", query=query, body=body)
        if isinstance(answer, dict) and answer.get("ok") is True:
            return answer
        error = str(answer.get("error", "")) if isinstance(answer, dict) else ""
        if not re.fullmatch(r"[a-z_]{1,60}", error):
            error = "an error without a name"
        limited = error in ("ratelimited", "rate_limited")
        raise DeliveryError(
            f"{method}: {error}", final=not limited and error not in _PASSING, after=TOO_MUCH if limited else None
        )


def _parts(text: str) -> list[str]:
    """Return ``text`` as Slack shows it as it is, in parts that it does not cut."""
    return [html.escape(part, quote=False) for part in pieces(text, LONGEST)]


def _plain(text: str) -> str:
    """Return what was typed: links by their labels, and no mentions of persons, whose names are not sent."""

    def shown(match: re.Match[str]) -> str:
        kind, target, label = match[1], match[2], match[3]
        if kind == "@":
            return ""
        return f"#{label}" if kind == "#" and label else label or {"!": "@"}.get(kind, kind) + target

    return html.unescape(_SPECIAL.sub(shown, text)).strip()

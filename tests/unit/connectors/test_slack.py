"""Slack: what the Events API sends, how that is signed, and what the bot calls."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError
from bot.types import Action, ConversationKey, Message, Speaker
from connectors.helpdesk import Call, RefusedError, Said
from connectors.slack import LONGEST, Slack
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import Asked, FakeApi, serving
from tests.unit.connectors.mangled import mangled, understood_or_refused

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TS = "1772445598.000200"
KEY = ConversationKey(channel="slack", account="T111", thread=f"C111:{TS}")
DIRECT = ConversationKey(channel="slack", account="T111", thread="D111")


class Workspace:
    """What is written in it, newest last, by channel and thread."""

    def __init__(self) -> None:
        self.written: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def post(self, asked: Asked) -> object:
        place = (asked.body["channel"], asked.body.get("thread_ts", ""))
        self.written.setdefault(place, []).append({"metadata": asked.body["metadata"], "text": asked.body["text"]})
        return {"ok": True, "ts": "1772445600.000100"}

    def read(self, asked: Asked) -> object:
        there = self.written.get((asked.query["channel"], asked.query.get("ts", "")), [])
        at = int(asked.query.get("cursor") or 0)
        after = str(at + 1) if at + 1 < len(there) else ""
        first = [{"text": "where is it?", "user": "U111"}] if at == 0 else []
        return {"ok": True, "messages": first + there[at : at + 1], "response_metadata": {"next_cursor": after}}


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"Authorization": "Bearer xoxb-token"})
    there = Workspace()
    needs = {"channel": str, "text": str, "metadata": dict, "mrkdwn": bool}
    fake.route("POST", "/chat.postMessage", needs=needs, may={"thread_ts": str}, answer=there.post)
    fake.route("GET", "/conversations.replies", answer=there.read)
    fake.route("GET", "/conversations.history", answer=there.read)
    fake.route("GET", "/conversations.info", answer={"ok": True, "channel": {"id": "D111", "user": "U111"}})
    link = f"https://example.slack.com/archives/C111/p{TS}?thread_ts=1&cid=C111"
    fake.route("GET", "/chat.getPermalink", answer={"ok": True, "channel": "C111", "permalink": link})
    async with serving(fake):
        yield fake


@pytest.fixture
def slack(http: aiohttp.ClientSession, api: FakeApi) -> Slack:
    return Slack(http, token="xoxb-token", secret=SECRET, staff_channel="C999", url=api.url)


def event(**changes: object) -> dict[str, Any]:
    """A message in a channel, as it is called; ``changes`` are the event's."""
    return {
        "token": "verification-token",
        "team_id": "T111",
        "enterprise_id": None,
        "api_app_id": "A111",
        "type": "event_callback",
        "event_id": "Ev111",
        "event_time": 1772445598,
        "authorizations": [{"enterprise_id": None, "team_id": "T111", "user_id": "UBOT", "is_bot": True}],
        "event": {
            "client_msg_id": "a8744611-0210-4f85-9f15-5faf7fb225c8",
            "type": "message",
            "channel": "C111",
            "channel_type": "channel",
            "user": "U111",
            "text": "where is it?",
            "ts": TS,
            "event_ts": TS,
            "team": "T111",
        }
        | changes,
    }


def signed(document: object, *, late: float = 0, secret: str = SECRET, stamp: str | None = None) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    stamp = str(int(NOW.timestamp())) if stamp is None else stamp
    mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return call(body, {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac}"}, late=late)


async def test_a_message_in_a_channel_begins_a_case(slack: Slack) -> None:
    (message,) = (await slack.receive(signed(event()))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text, message.customer) == (TS, KEY, "where is it?", "U111")
    assert message.at.isoformat() == "2026-03-02T09:59:58+00:00"


async def test_who_began_a_thread_goes_on_with_the_case(slack: Slack) -> None:
    body = event(ts="1772445599.000300", thread_ts=TS, parent_user_id="U111", text="and when?")
    (message,) = (await slack.receive(signed(body))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation) == ("1772445599.000300", KEY)


async def test_what_is_shown_in_the_channel_too_is_a_message_of_the_thread(slack: Slack) -> None:
    root = {"user": "U111", "ts": TS, "text": "where is it?"}
    body = event(ts="1772445599.000300", thread_ts=TS, subtype="thread_broadcast", root=root)
    (message,) = (await slack.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.conversation == KEY


async def test_another_person_in_the_thread_is_an_agent(slack: Slack) -> None:
    body = event(ts="1772445599.000300", thread_ts=TS, parent_user_id="U111", user="U222", text="I'll look.")
    (said,) = (await slack.receive(signed(body))).news
    assert isinstance(said, Said)
    assert said.conversation == KEY
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "1772445599.000300")


@pytest.mark.parametrize("thread", [None, "1772445000.000100"])
async def test_what_is_written_to_the_bot_directly_is_one_case(slack: Slack, thread: str | None) -> None:
    body = event(channel="D111", channel_type="im", thread_ts=thread, parent_user_id="UBOT" if thread else None)
    (message,) = (await slack.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.conversation == DIRECT


async def test_files_are_named(slack: Slack) -> None:
    body = event(subtype="file_share", text="", files=[{"id": "F1", "name": "lamp.jpg"}, {"id": "F2"}])
    (message,) = (await slack.receive(signed(body))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", ("lamp.jpg", "file"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("&lt;b&gt; &amp; more", "<b> & more"),
        ("a &amp;lt; b", "a &lt; b"),
        ("<@UBOT> where is it?", "where is it?"),
        ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
        ("see <https://example.com|example.com>", "see example.com"),
        ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
        ("in <#C222|orders> or <#C333>, <!here> <!subteam^S1|@team>", "in #orders or #C333, @here @team"),
    ],
)
async def test_a_text_is_read_as_it_was_typed(slack: Slack, text: str, plain: str) -> None:
    (message,) = (await slack.receive(signed(event(text=text)))).news
    assert isinstance(message, Message)
    assert message.text == plain


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B111"},
        {"user": "UBOT"},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "message_changed", "message": {"user": "U111", "text": "where is it??", "ts": TS}},
        {"subtype": "message_deleted", "deleted_ts": TS},
        {"subtype": "channel_join"},
        {"subtype": "bot_message", "user": None, "bot_id": "B222"},
        {"type": "app_mention"},
        {"type": "reaction_added"},
        {"channel": "C999"},
        {"channel": "C999", "thread_ts": "1772445000.000100", "parent_user_id": "UBOT", "user": "U222"},
        {"ts": "1772445599.000300", "thread_ts": TS},
    ],
    ids=lambda changes: " ".join(f"{key}={value}" for key, value in changes.items() if key != "message"),
)
async def test_what_no_customer_said_is_passed_over(slack: Slack, changes: dict[str, object]) -> None:
    received = await slack.receive(signed(event(**changes)))
    assert received.news == ()
    assert received.ignored


async def test_a_warning_of_too_many_events_is_passed_over(slack: Slack) -> None:
    body = {"token": "t", "type": "app_rate_limited", "team_id": "T111", "minute_rate_limited": 1772445540}
    assert (await slack.receive(signed(body))).ignored


async def test_the_address_is_checked_with_a_challenge(slack: Slack) -> None:
    received = await slack.receive(signed({"token": "t", "challenge": "3eZbrw1aB", "type": "url_verification"}))
    assert (received.news, received.answer.status, received.answer.text) == ((), 200, "3eZbrw1aB")
    with pytest.raises(RefusedError):
        await slack.receive(call(b'{"challenge": "3eZbrw1aB", "type": "url_verification"}'))


# --- who is believed


async def test_the_bytes_are_signed_and_not_what_they_mean(slack: Slack) -> None:
    body = json.dumps(event(text="运费 &lt;")).encode().replace(b'": ', b'"  :')
    (message,) = (await slack.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.text == "运费 <"


async def test_the_signature_is_the_one_that_slack_documents(http: aiohttp.ClientSession, api: FakeApi) -> None:
    slack = Slack(http, token="xoxb-token", secret=SECRET, staff_channel="C999", url=api.url)
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    there = call(body, {"x-slack-request-timestamp": "1531420618", "x-slack-signature": signature})
    at = NOW.fromtimestamp(1531420618, NOW.tzinfo)
    with pytest.raises(RefusedError) as caught:
        await slack.receive(Call(headers=there.headers, body=body, at=at))
    assert caught.value.status == 400  # believed, and no event


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
async def test_a_call_is_believed_for_five_minutes(slack: Slack, late: float) -> None:
    if abs(late) <= 300:
        assert (await slack.receive(signed(event(), late=late))).news
        return
    with pytest.raises(RefusedError) as caught:
        await slack.receive(signed(event(), late=late))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        call(json.dumps(event()).encode()),
        signed(event(), secret="another"),
        signed(event(), stamp="now"),
        signed(event(), stamp="-1"),
        signed(event(), stamp="١٧٧٢٤٤٥٦٠٠"),
        call(b"{}", {"x-slack-request-timestamp": str(int(NOW.timestamp())), "x-slack-signature": "v0=ü"}),
        call(b"{}", {"x-slack-request-timestamp": str(int(NOW.timestamp())), "x-slack-signature": ""}),
        call(b"{}", {"x-slack-request-timestamp": str(int(NOW.timestamp()))}),
        call(
            b"{}",
            {
                "x-slack-request-timestamp": str(int(NOW.timestamp())),
                "x-slack-signature": signed(b"{}").headers["x-slack-signature"].replace("v0=", "v1="),
            },
        ),
    ],
)
async def test_what_is_not_signed_is_refused(slack: Slack, wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        await slack.receive(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"type": 5}', b"\xff", b"[" * 100_000])
async def test_junk_with_a_signature_is_refused_and_not_quoted(slack: Slack, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await slack.receive(signed(body))
    assert caught.value.status == 400


@given(st.binary() | mangled(event(thread_ts=TS, parent_user_id="U111", files=[{"name": "a"}])))
def test_whatever_is_signed_is_understood_or_refused(body: object) -> None:
    there: Any = None
    desk = Slack(there, token="xoxb-token", secret=SECRET, staff_channel="C999", url="https://slack.example.com")
    understood_or_refused(desk, signed(body))


# --- what is called


async def test_a_reply_is_written_in_its_thread_and_shown_as_it_is(slack: Slack, api: FakeApi) -> None:
    answer = reply(KEY, "*Free* from <50> & up, <!channel>", TS)
    await slack.deliver(answer, again=False)
    assert [one.body for one in api.asked("POST")] == [
        {
            "channel": "C111",
            "thread_ts": TS,
            "text": "*Free* from &lt;50&gt; &amp; up, &lt;!channel&gt;",
            "mrkdwn": False,
            "metadata": {"event_type": "kefu_reply", "event_payload": {"id": answer.id, "part": 0}},
        }
    ]


async def test_a_direct_reply_has_no_thread(slack: Slack, api: FakeApi) -> None:
    await slack.deliver(reply(DIRECT, "On its way.", TS), again=False)
    (asked,) = api.asked("POST")
    assert asked.body["channel"] == "D111"
    assert "thread_ts" not in asked.body


@pytest.mark.parametrize("key", [KEY, DIRECT], ids=["thread", "direct"])
async def test_a_reply_is_written_once(slack: Slack, api: FakeApi, key: ConversationKey) -> None:
    answer = reply(key, "On its way.", TS)
    await slack.deliver(answer, again=False)
    await slack.deliver(answer, again=True)
    assert len(api.asked("POST")) == 1
    (looked,) = api.asked("GET")
    assert (looked.query["oldest"], looked.query["include_all_metadata"]) == (TS, "true")


async def test_of_a_long_reply_what_is_missing_is_written(slack: Slack, api: FakeApi) -> None:
    long = reply(KEY, "x" * LONGEST + "y" * LONGEST + "z", TS)
    await slack.deliver(long, again=False)
    await slack.deliver(long, again=True)
    assert [one.body["text"][0] for one in api.asked("POST")] == ["x", "y", "z"]
    api.fail(200, body={"ok": False, "error": "internal_error"})
    other = reply(DIRECT, "x" * LONGEST + "y", TS)
    with pytest.raises(DeliveryError):
        await slack.deliver(other, again=False)
    await slack.deliver(other, again=True)
    assert [one.body["text"][0] for one in api.asked("POST")[4:]] == ["x", "y"]


async def test_the_note_comes_before_the_request_to_take_over(slack: Slack, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", TS, action=Action.HAND_OFF)
    await slack.note(handed, "Handed over by the bot:\n- <it> hurts", again=True)
    await slack.hand_over(handed, again=True)
    await slack.note(handed, "Handed over by the bot:\n- <it> hurts", again=True)
    await slack.hand_over(handed, again=True)
    note, request = api.asked("POST")
    assert (note.body["channel"], request.body["channel"]) == ("C999", "C999")
    assert note.body["text"] == "Handed over by the bot:\n- &lt;it&gt; hurts"
    link = f"https://example.slack.com/archives/C111/p{TS}?thread_ts=1&amp;cid=C111"
    assert request.body["text"] == f"Please take over. {link}"
    assert api.asked("GET", "chat.getPermalink")[0].query == {"channel": "C111", "message_ts": TS}


async def test_who_wrote_directly_is_named_for_others_cannot_follow_a_link(slack: Slack, api: FakeApi) -> None:
    await slack.hand_over(reply(DIRECT, "A colleague will answer.", TS, action=Action.HAND_OFF), again=False)
    (request,) = api.asked("POST")
    assert request.body["text"] == "Please take over. <@U111>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "final", "after"),
    [
        (200, {}, {"ok": False, "error": "ratelimited"}, False, 30),
        (200, {}, {"ok": False, "error": "invalid_auth"}, False, None),
        (200, {}, {"ok": False, "error": "not_in_channel"}, False, None),
        (200, {}, {"ok": False, "error": "channel_not_found"}, True, None),
        (200, {}, {"ok": False, "error": "is_archived"}, True, None),
        (200, {}, {"ok": False, "error": "xoxb-token where is it?"}, True, None),
        (200, {}, {"ok": False}, True, None),
        (200, {}, [], True, None),
        (429, {"Retry-After": "7"}, {"ok": False, "error": "ratelimited"}, False, 7),
        (500, {}, None, False, None),
        (302, {"Location": "http://169.254.169.254/"}, None, True, None),
        (0, {}, None, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    slack: Slack, api: FakeApi, status: int, headers: dict[str, str], body: object, final: bool, after: float | None
) -> None:
    api.fail(status, headers, body)
    with pytest.raises(DeliveryError) as caught:
        await slack.deliver(reply(KEY, "On its way.", TS), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "xoxb-token" not in str(caught.value)

"""Chatwoot: what its agent bot is sent, how that is signed, and what the bot calls."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.errors import DeliveryError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.chatwoot import Chatwoot
from connectors.helpdesk import Call, Happened, RefusedError, Said
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import FakeApi, serving

SECRET = "shared with chatwoot"
KEY = ConversationKey(channel="chatwoot", account="3", thread="42")
MESSAGES = "/api/v1/accounts/3/conversations/42/messages"


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"api_access_token": "bot-token"})
    there = [
        {"id": 7, "content": "where is it?", "message_type": 0, "private": False},
        {"id": 8, "content": "On its way.", "message_type": 1, "private": False},
    ]
    fake.route(
        "GET",
        "/api/v1/accounts/3/conversations/42/messages",
        headers={"api_access_token": "agent-token"},  # an agent bot's is refused there
        answer={"payload": there, "meta": {}},
    )
    fake.route(
        "POST",
        "/api/v1/accounts/3/conversations/42/messages",
        needs={"content": str, "message_type": str, "private": bool},
        answer={"id": 9},
    )
    fake.route("POST", "/api/v1/accounts/3/conversations/42/toggle_status", needs={"status": str}, answer={})
    typing = "/api/v1/accounts/3/conversations/42/toggle_typing_status"
    fake.route("POST", typing, needs={"typing_status": str}, answer={})
    async with serving(fake):
        yield fake


@pytest.fixture
def chatwoot(http: aiohttp.ClientSession, api: FakeApi) -> Chatwoot:
    return Chatwoot(http, url=api.url, account="3", token="bot-token", read_token="agent-token", secret=SECRET)


def event(**changes: object) -> dict[str, object]:
    """A message as `webhook_data` of a message builds it; ``changes`` go one level deep into the conversation too."""
    conversation = {
        "id": 42,
        "status": "pending",
        "inbox_id": 1,
        "channel": "Channel::WebWidget",
        "can_reply": True,
        "meta": {"sender": {"id": 5, "name": "Ann"}, "assignee": None, "team": None, "hmac_verified": False},
        "labels": [],
    }
    conversation |= changes.pop("conversation", {})  # type: ignore[arg-type]
    return {
        "event": "message_created",
        "id": 7,
        "content": "where is it?",
        "created_at": "2026-03-02T09:59:58.000Z",
        "message_type": "incoming",
        "content_type": "text",
        "content_attributes": {},
        "private": False,
        "source_id": None,
        "sender": {"id": 5, "name": "Ann", "type": "contact"},
        "inbox": {"id": 1, "name": "Site"},
        "account": {"id": 3, "name": "Shop"},
        "conversation": conversation,
    } | changes


def signed(document: object, *, late: float = 0, secret: str = SECRET, stamp: str | None = None) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    stamp = str(int(NOW.timestamp())) if stamp is None else stamp
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return call(body, {"x-chatwoot-timestamp": stamp, "x-chatwoot-signature": f"sha256={mac}"}, late=late)


async def test_a_customers_message_is_news(chatwoot: Chatwoot) -> None:
    (message,) = (await chatwoot.receive(signed(event()))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("7", KEY, "where is it?")
    assert message.customer == "5"
    assert message.at.isoformat() == "2026-03-02T09:59:58+00:00"


async def test_files_are_named(chatwoot: Chatwoot) -> None:
    files = [{"id": 1, "file_type": "image", "data_url": "https://app.example/rails/blobs/x/lamp.jpg"}]
    (message,) = (await chatwoot.receive(signed(event(content=None, attachments=files)))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", ("lamp.jpg",))


@pytest.mark.parametrize(
    "changes",
    [
        {"message_type": "outgoing", "sender": {"id": 1, "type": "agent_bot"}},
        {"message_type": "template", "sender": None},
        {"message_type": "outgoing", "private": True, "sender": {"id": 2, "type": "user"}},
        {"event": "message_updated"},
        {"event": "webwidget_triggered"},
        {"account": {"id": 4}},
    ],
    ids=lambda changes: " ".join(changes),
)
async def test_what_no_customer_said_is_passed_over(chatwoot: Chatwoot, changes: dict[str, object]) -> None:
    received = await chatwoot.receive(signed(event(**changes)))
    assert received.news == ()
    assert received.ignored


async def test_what_a_person_wrote_is_theirs(chatwoot: Chatwoot) -> None:
    changes = {"id": 11, "message_type": "outgoing", "sender": {"id": 2, "type": "user"}, "content": "I'll look."}
    (said,) = (await chatwoot.receive(signed(event(**changes)))).news
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "11")


@pytest.mark.parametrize(("assignee", "expected"), [({"id": 2, "name": "Bo"}, Event.TAKEN), (None, Event.TAKEN)])
async def test_an_open_conversation_is_the_peoples(chatwoot: Chatwoot, assignee: object, expected: Event) -> None:
    conversation = {"status": "open", "meta": {"assignee": assignee}}
    happened, message = (await chatwoot.receive(signed(event(conversation=conversation)))).news
    assert isinstance(happened, Happened)
    assert happened.event is expected
    assert isinstance(message, Message)


async def test_resolving_ends_the_case(chatwoot: Chatwoot) -> None:
    body = {"event": "conversation_resolved", "id": 42, "status": "resolved", "messages": [], "account": {"id": 3}}
    assert (await chatwoot.receive(signed(body))).news == (Happened(conversation=KEY, event=Event.RESOLVED),)


@pytest.mark.parametrize(
    ("status", "assignee", "expected"),
    [
        ("pending", None, Event.HANDED_BACK),
        ("open", {"id": 2}, Event.TAKEN),
        ("open", None, Event.TAKEN),
        ("snoozed", None, None),
    ],
)
async def test_a_changed_status_says_who_has_the_case(
    chatwoot: Chatwoot, status: str, assignee: object, expected: Event | None
) -> None:
    body = {"event": "conversation_status_changed", "id": 42, "status": status, "meta": {"assignee": assignee}}
    news = (await chatwoot.receive(signed(body))).news
    assert news == ((Happened(conversation=KEY, event=expected),) if expected else ())


async def test_typing_is_shown(chatwoot: Chatwoot, api: FakeApi) -> None:
    await chatwoot.busy(KEY)
    assert api.asked("POST", "toggle_typing_status")[0].body == {"typing_status": "on"}


async def test_a_private_note_gives_the_case_back(chatwoot: Chatwoot, api: FakeApi) -> None:
    note = {"id": 12, "message_type": "outgoing", "private": True, "sender": {"type": "user"}, "content": "/bot"}
    (happened,) = (await chatwoot.receive(signed(event(**note)))).news
    assert happened == Happened(conversation=KEY, event=Event.HANDED_BACK, id="12")
    assert api.asked("POST", "toggle_status")[0].body == {"status": "pending"}


# --- who is believed


async def test_the_bytes_are_signed_and_not_what_they_mean(chatwoot: Chatwoot) -> None:
    body = json.dumps(event(content="a <b> & 中文")).replace("<", "\\u003c").encode()
    (message,) = (await chatwoot.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.text == "a <b> & 中文"


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
async def test_a_call_is_believed_for_five_minutes(chatwoot: Chatwoot, late: float) -> None:
    if abs(late) <= 300:
        assert (await chatwoot.receive(signed(event(), late=late))).news
        return
    with pytest.raises(RefusedError) as caught:
        await chatwoot.receive(signed(event(), late=late))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        call(json.dumps(event()).encode()),
        signed(event(), secret="another"),
        signed(event(), stamp="now"),
        signed(event(), stamp="١٧٧٢٤٤٥٦٠٠"),
        signed(event(), stamp="9" * 400),
        call(b"{}", {"x-chatwoot-timestamp": str(int(NOW.timestamp())), "x-chatwoot-signature": "sha256=ü"}),
        call(b"{}", {"x-chatwoot-timestamp": str(int(NOW.timestamp())), "x-chatwoot-signature": ""}),
    ],
)
async def test_what_is_not_signed_is_refused(chatwoot: Chatwoot, wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        await chatwoot.receive(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"event": 5}', b"\xff", b"[" * 100_000])
async def test_junk_with_a_signature_is_refused_and_not_quoted(chatwoot: Chatwoot, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await chatwoot.receive(signed(body))
    assert caught.value.status == 400


# --- what is called


async def test_a_reply_is_written_once(chatwoot: Chatwoot, api: FakeApi) -> None:
    answer = reply(KEY, "On its way.", "7")
    await chatwoot.deliver(answer, again=False)
    await chatwoot.deliver(answer, again=True)
    assert [one.body for one in api.asked("POST", MESSAGES)] == [
        {"content": "On its way.", "message_type": "outgoing", "private": False}
    ]


async def test_the_same_words_to_a_later_message_are_another_reply(chatwoot: Chatwoot, api: FakeApi) -> None:
    await chatwoot.deliver(reply(KEY, "On its way.", "8"), again=True)
    assert len(api.asked("POST", MESSAGES)) == 1


async def test_the_note_comes_before_the_conversation_is_opened(chatwoot: Chatwoot, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "7")
    await chatwoot.note(handed, "Handed over by the bot", again=True)
    await chatwoot.hand_over(handed, again=True)
    note, opened = api.asked("POST")
    assert note.body == {"content": "Handed over by the bot", "message_type": "outgoing", "private": True}
    assert opened.body == {"status": "open"}


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (429, {}, False, 30),
        (500, {}, False, None),
        (503, {"Retry-After": "60"}, False, 60),
        (401, {}, False, None),
        (404, {}, True, None),
        (422, {}, True, None),
        (302, {"Location": "http://169.254.169.254/"}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    chatwoot: Chatwoot, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"message": "where is it?"})
    with pytest.raises(DeliveryError) as caught:
        await chatwoot.deliver(reply(KEY, "On its way.", "7"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "bot-token" not in str(caught.value)

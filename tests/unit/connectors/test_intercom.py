"""Intercom: what its webhooks send, how that is signed, and what the bot calls."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.helpdesk import Call, Happened, Received, RefusedError, Said
from connectors.intercom import Intercom
from tests.unit.connectors.desk_talk import call, reply
from tests.unit.connectors.fakes import FakeApi, serving
from tests.unit.connectors.mangled import mangled

SECRET = "client secret of the app"
KEY = ConversationKey(channel="intercom", account="lkqcyt9t", thread="137324500000000")
PLACE = "/conversations/137324500000000"
CUSTOMER = {"type": "user", "id": "5ee3d479d1cf3dedbee23d68", "name": "Ann", "email": "ann@example.com"}
AGENT = {"type": "admin", "id": "3330619", "name": "Bo"}
BOT = {"type": "admin", "id": "814860", "name": "Shop"}


@pytest.fixture
def conversation() -> dict[str, object]:
    """As the API has it; a test may change it."""
    parts = [
        part("6073773149", "<p>where is it?</p>"),
        part("6073773150", "<p>On its<br>way &amp; soon.</p>", BOT),
        part("6073773151", "<p>Handed over</p>", BOT, part_type="note"),
        part("6073773152", "<p>A person's.</p>", AGENT),
        part("6073773153", None, AGENT, part_type="assignment"),
    ]
    return {"id": "137324500000000", "team_assignee_id": None, "conversation_parts": {"conversation_parts": parts}}


@pytest.fixture
async def api(conversation: dict[str, object]) -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"Authorization": "Bearer access-token", "Intercom-Version": "2.11"})
    fake.route("GET", PLACE, answer=lambda _: conversation)
    who = {"message_type": str, "type": str, "admin_id": str}
    fake.route("POST", f"{PLACE}/reply", needs=who | {"body": str}, answer={"type": "conversation"})
    fake.route("POST", f"{PLACE}/parts", needs=who | {"assignee_id": str}, answer={"type": "conversation"})
    async with serving(fake):
        yield fake


@pytest.fixture
def intercom(http: aiohttp.ClientSession, api: FakeApi) -> Intercom:
    return connector(http, api.url)


def connector(http: aiohttp.ClientSession, url: str) -> Intercom:
    return Intercom(http, token="access-token", secret=SECRET, admin="814860", assignee="991267802", url=url)


def part(id_: str, body: str | None, author: object = CUSTOMER, **changes: object) -> dict[str, object]:
    return {
        "type": "conversation_part",
        "id": id_,
        "part_type": "comment",
        "body": body,
        "created_at": 1772445598,
        "assigned_to": None,
        "author": author,
        "attachments": [],
        "external_id": None,
    } | changes


def notified(topic: str, *parts: object, source: object = None, **item: object) -> dict[str, object]:
    first = {
        "type": "conversation",
        "id": "608953158",
        "delivered_as": "customer_initiated",
        "subject": "",
        "body": "<p>Hello, where is it?</p>",
        "author": CUSTOMER,
        "attachments": [],
    }
    return {
        "type": "notification_event",
        "app_id": "lkqcyt9t",
        "data": {
            "type": "notification_event_data",
            "item": {
                "type": "conversation",
                "id": "137324500000000",
                "created_at": 1772445590,
                "admin_assignee_id": None,
                "team_assignee_id": None,
                "source": first | (source or {}),  # type: ignore[operator]
                "conversation_parts": {
                    "type": "conversation_part.list",
                    "conversation_parts": parts,
                    "total_count": len(parts),
                },
                "open": True,
                "state": "open",
            }
            | item,
        },
        "links": {},
        "id": "notif_193c5c58",
        "topic": f"conversation.{topic}",
        "delivery_status": "pending",
        "delivery_attempts": 1,
        "delivered_at": 0,
        "first_sent_at": 1772445599,
        "created_at": 1772445599,
        "self": None,
    }


def signed(document: object, *, secret: str = SECRET) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return call(body, {"x-hub-signature": f"sha1={mac}"})


async def test_the_first_message_is_news(intercom: Intercom) -> None:
    (message,) = (await intercom.receive(signed(notified("user.created")))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("608953158", KEY, "Hello, where is it?")
    assert message.at.isoformat() == "2026-03-02T09:59:50+00:00"
    assert message.customer == CUSTOMER["id"]


@pytest.mark.parametrize("kind", ["user", "lead", "contact"])
async def test_a_later_message_is_news(intercom: Intercom, kind: str) -> None:
    written = part("6073773149", "<p>one &amp; two</p><p>three</p>", CUSTOMER | {"type": kind}, part_type="open")
    (message,) = (await intercom.receive(signed(notified("user.replied", written)))).news
    assert isinstance(message, Message)
    assert (message.id, message.text) == ("6073773149", "one & two\nthree")
    assert message.at.isoformat() == "2026-03-02T09:59:58+00:00"


async def test_files_are_named(intercom: Intercom) -> None:
    files = [{"name": "bill.pdf", "url": "https://x.example/1"}, {"url": "https://x.example/a/lamp.jpg?e=1"}, {}]
    sent = notified("user.replied", part("6073773149", None, attachments=files))
    (message,) = (await intercom.receive(signed(sent))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", ("bill.pdf", "lamp.jpg", "file"))


@pytest.mark.parametrize(("kind", "text"), [("email", "Still not here."), ("conversation", "Still not here.\n> hm")])
async def test_what_a_mail_quotes_is_left_out(intercom: Intercom, kind: str, text: str) -> None:
    written = part("6073773149", "<p>Still not here.</p><p>&gt; hm</p>")
    (message,) = (await intercom.receive(signed(notified("user.replied", written, source={"type": kind})))).news
    assert isinstance(message, Message)
    assert message.text == text


@pytest.mark.parametrize(
    "document",
    [
        {"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping", "message": "hi"}}},
        {"topic": "contact.created", "app_id": "a", "data": {"item": {"type": "contact", "source": "web"}}},
        notified("operator.replied", part("1", "<p>hi</p>", {"type": "bot", "id": "1"})),
        notified("user.created", source={"author": AGENT}),
        notified("user.replied"),
        notified("user.replied", part("1", "<p> </p>")),
        notified("user.replied", part("1", "<p>hi</p>", {"type": "bot", "id": "1"})),
        notified("admin.replied", part("1", "<p>On its way.</p>", BOT)),
        notified("admin.replied", part("1", "<p>On its way.</p>", AGENT | {"from_ai_agent": True})),
        notified("admin.replied", part("1", "<p>On its way.</p>", {"type": "bot", "id": "5"})),
        notified("admin.replied", part("1", None, AGENT, part_type="close")),
        notified("admin.noted", part("1", "<p>hm</p>", AGENT, part_type="note")),
        notified("admin.noted", part("1", "<p>/bot</p>", BOT, part_type="note")),
        notified("admin.assigned", part("1", None, BOT, assigned_to={"type": "team", "id": "991267802"})),
        notified("admin.assigned", part("1", None, AGENT, assigned_to={"type": "nobody_admin", "id": None})),
        notified("admin.assigned", part("1", None, BOT, assigned_to=None)),
        notified("admin.assigned", part("1", None, BOT, assigned_to=BOT)),
    ],
)
async def test_what_no_customer_said_is_passed_over(intercom: Intercom, document: object) -> None:
    received = await intercom.receive(signed(document))
    assert received.news == ()
    assert received.ignored


async def test_the_address_is_tried_unsigned(intercom: Intercom) -> None:
    received = await intercom.receive(call(method="HEAD"))
    assert (received.news, received.answer.status) == ((), 200)


async def test_what_an_agent_wrote_is_theirs(intercom: Intercom) -> None:
    (said,) = (await intercom.receive(signed(notified("admin.replied", part("7", "<p>I'll look.</p>", AGENT))))).news
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "7")


async def test_who_closes_with_a_last_word_does_not_have_the_case(intercom: Intercom) -> None:
    last = part("7", "<p>Done.</p>", AGENT, part_type="close")
    (closed,) = (await intercom.receive(signed(notified("admin.closed", last)))).news
    said, happened = (await intercom.receive(signed(notified("admin.replied", last)))).news
    assert closed == Happened(conversation=KEY, event=Event.RESOLVED, id="7")
    assert isinstance(said, Said)
    assert happened == Happened(conversation=KEY, event=Event.RESOLVED, id="closed.7")


async def test_what_is_closed_without_a_word_is_closed_once(intercom: Intercom) -> None:
    assert (await intercom.receive(signed(notified("admin.closed")))).news == (
        Happened(conversation=KEY, event=Event.RESOLVED, id="notif_193c5c58"),
    )


@pytest.mark.parametrize("author", [AGENT, BOT, {"type": "bot", "id": "5"}])
async def test_who_is_assigned_has_the_case(intercom: Intercom, author: object) -> None:
    assigned = part("7", None, author, part_type="assignment", assigned_to=AGENT)
    assert (await intercom.receive(signed(notified("admin.assigned", assigned)))).news == (
        Happened(conversation=KEY, event=Event.TAKEN, id="7"),
    )


async def test_an_assigned_conversation_is_the_peoples(intercom: Intercom) -> None:
    sent = notified("user.replied", part("6073773149", "<p>hi</p>"), admin_assignee_id=3330619)
    happened, message = (await intercom.receive(signed(sent))).news
    assert happened == Happened(conversation=KEY, event=Event.TAKEN, id="taken.6073773149")
    assert isinstance(message, Message)


@pytest.mark.parametrize("assignee", [0, None, "814860"])
async def test_the_bots_own_conversation_is_the_bots(intercom: Intercom, assignee: object) -> None:
    sent = notified("user.replied", part("6073773149", "<p>hi</p>"), admin_assignee_id=assignee)
    assert len((await intercom.receive(signed(sent))).news) == 1


async def test_a_note_gives_the_case_back(intercom: Intercom, api: FakeApi) -> None:
    note = part("7", "<p>/bot</p>", AGENT, part_type="note")
    (happened,) = (await intercom.receive(signed(notified("admin.noted", note)))).news
    assert happened == Happened(conversation=KEY, event=Event.HANDED_BACK, id="7")
    assert api.asked("POST", "/parts")[0].body == {
        "message_type": "assignment",
        "type": "admin",
        "admin_id": "814860",
        "assignee_id": "0",
    }


async def test_who_assigns_it_to_the_bot_gives_the_case_back(intercom: Intercom) -> None:
    assigned = part("7", None, AGENT, part_type="assignment", assigned_to=BOT)
    assert (await intercom.receive(signed(notified("admin.assigned", assigned)))).news == (
        Happened(conversation=KEY, event=Event.HANDED_BACK, id="7"),
    )


# --- who is believed


async def test_the_bytes_are_signed_and_not_what_they_mean(intercom: Intercom) -> None:
    written = part("1", "<p>a &lt;b&gt; & 中文</p>")
    body = json.dumps(notified("user.replied", written), ensure_ascii=False, indent=1).replace("<", "\\u003c").encode()
    (message,) = (await intercom.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.text == "a <b> & 中文"


async def test_a_message_is_the_same_however_often_it_comes(intercom: Intercom) -> None:
    sent = signed(notified("user.replied", part("6073773149", "<p>hi</p>"), admin_assignee_id=3330619))
    assert await intercom.receive(sent) == await intercom.receive(sent)


@pytest.mark.parametrize(
    "wrong",
    [
        call(b"{}"),
        signed(notified("user.created"), secret="another"),
        call(b"{}", {"x-hub-signature": ""}),
        call(b"{}", {"x-hub-signature": "sha1=ü"}),
        call(b"{}", {"x-hub-signature": hmac.new(SECRET.encode(), b"{}", hashlib.sha1).hexdigest()}),
        call(b"{}", {"x-hub-signature": f"sha256={hmac.new(SECRET.encode(), b'{}', hashlib.sha256).hexdigest()}"}),
        call(b"", {"x-hub-signature": "sha1="}),
    ],
)
async def test_what_is_not_signed_is_refused(intercom: Intercom, wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        await intercom.receive(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"topic": 5}', b"\xff", b"[" * 100_000, b'{"topic": "conversation.user.created"}'],
)
async def test_junk_with_a_signature_is_refused_and_not_quoted(intercom: Intercom, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await intercom.receive(signed(body))
    assert caught.value.status == 400


@given(
    st.binary(max_size=200)
    | mangled(notified("user.replied", part("1", "<p>hi</p>", attachments=[{"name": "a"}]), admin_assignee_id=3))
    | mangled(notified("user.created"))
    | mangled(notified("admin.replied", part("1", "<p>hi</p>", AGENT)))
    | mangled(notified("admin.assigned", part("1", None, AGENT, assigned_to=AGENT)))
)
def test_whatever_is_signed_is_understood_or_refused(document: object) -> None:
    async def receive() -> Received:
        async with aiohttp.ClientSession() as http:
            return await connector(http, "https://x.example").receive(signed(document))

    with suppress(RefusedError):
        received = asyncio.run(receive())
        assert received.news or received.ignored


# --- what is called


async def test_a_reply_is_written_once(intercom: Intercom, api: FakeApi) -> None:
    answer = reply(KEY, "On its\nway & soon.", "6073773149")
    await intercom.deliver(answer, again=False)
    await intercom.deliver(answer, again=True)
    assert [one.body for one in api.asked("POST")] == [
        {"message_type": "comment", "type": "admin", "admin_id": "814860", "body": "On its<br>way &amp; soon."}
    ]


async def test_the_answer_to_the_first_message_is_written_once(intercom: Intercom, api: FakeApi) -> None:
    await intercom.deliver(reply(KEY, "On its\nway & soon.", "608953158"), again=True)
    assert api.asked("POST") == []


@pytest.mark.parametrize("text", ["A person's.", "Handed over"])
async def test_what_others_wrote_is_not_the_reply(intercom: Intercom, api: FakeApi, text: str) -> None:
    await intercom.deliver(reply(KEY, text, "6073773149"), again=True)
    assert len(api.asked("POST")) == 1


async def test_the_same_words_to_a_later_message_are_another_reply(intercom: Intercom, api: FakeApi) -> None:
    await intercom.deliver(reply(KEY, "On its\nway & soon.", "6073773150"), again=True)
    assert len(api.asked("POST")) == 1


async def test_a_text_is_shown_as_it_is(intercom: Intercom, api: FakeApi) -> None:
    await intercom.deliver(reply(KEY, '<b>"1" & 2</b>', "6073773149"), again=False)
    assert api.asked("POST")[0].body["body"] == "&lt;b&gt;&quot;1&quot; &amp; 2&lt;/b&gt;"


async def test_the_note_comes_before_the_conversation_is_assigned(intercom: Intercom, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "6073773149")
    await intercom.note(handed, "Why it was handed over", again=True)
    await intercom.hand_over(handed, again=True)
    note, assigned = api.asked("POST")
    assert note.body == {
        "message_type": "note",
        "type": "admin",
        "admin_id": "814860",
        "body": "Why it was handed over",
    }
    assert assigned.body == {
        "message_type": "assignment",
        "type": "team",
        "admin_id": "814860",
        "assignee_id": "991267802",
    }


async def test_a_note_is_written_once(intercom: Intercom, api: FakeApi) -> None:
    await intercom.note(reply(KEY, "A colleague will answer.", "6073773149"), "Handed over", again=True)
    assert api.asked("POST") == []


async def test_a_conversation_is_assigned_once(
    intercom: Intercom, api: FakeApi, conversation: dict[str, object]
) -> None:
    conversation["team_assignee_id"] = 991267802
    await intercom.hand_over(reply(KEY, "A colleague will answer.", "6073773149"), again=True)
    assert api.asked("POST") == []


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (429, {}, False, 30),
        (503, {}, False, None),
        (401, {}, False, None),
        (404, {}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    intercom: Intercom, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"errors": [{"message": "where is it?"}]})
    with pytest.raises(DeliveryError) as caught:
        await intercom.deliver(reply(KEY, "On its way.", "6073773149"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "access-token" not in str(caught.value)

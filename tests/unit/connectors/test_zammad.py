"""Zammad: what its triggers send, how that is signed, and what the bot calls."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.helpdesk import Call, Happened, RefusedError, Said
from connectors.zammad import Zammad
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import Asked, FakeApi, serving
from tests.unit.connectors.mangled import mangled, understood_or_refused

SECRET = "shared with zammad"
KEY = ConversationKey(channel="zammad", thread="81")
ARTICLES = "/api/v1/ticket_articles"
AGENT = {"id": 106, "sender": "Agent", "sender_id": 1, "created_by_id": 5, "type": "note"}

#: What the customer's article was, by its number.
ASKED: dict[str, dict[str, object]] = {
    "104": {"type": "web", "from": "Ann Adams"},
    "105": {
        "type": "email",
        "from": "Ann Adams <ann@example.com>",
        "reply_to": "",
        "subject": "Parcel",
        "message_id": "<a@mail>",
    },
    "106": {"type": "email", "from": "Ann <ann@example.com>", "reply_to": "Ann <ann@home.example>", "subject": None},
    "107": {"type": "phone", "from": "Ann Adams <ann@example.com>"},
    "108": {"type": "email", "from": "", "reply_to": None},
}


def written(id_: int, body: str, **changes: object) -> dict[str, object]:
    return {"id": id_, "ticket_id": 81, "body": body, "internal": False, "created_by_id": 9, "type": "web"} | changes


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"Authorization": "Token token=bot-token"})
    there = [
        written(104, "where is it?", created_by_id=8),
        written(109, "On its way &amp; &lt;b&gt;soon&lt;/b&gt;.<br>\n5 &gt; 4"),
        written(110, "Handed over by the bot", internal=True, type="note"),
        written(111, "A person&#39;s.", created_by_id=5),
        written(112, None, type="note"),  # type: ignore[arg-type]
    ]
    fake.route("GET", "/api/v1/ticket_articles/by_ticket/81", answer=there)

    def asked(call: Asked) -> object:
        return {"id": int(call.parts[0]), "ticket_id": 81} | ASKED[call.parts[0]]

    fake.route("GET", r"/api/v1/ticket_articles/(\d+)", answer=asked)
    fake.route(
        "POST",
        ARTICLES,
        needs={"ticket_id": int, "body": str, "content_type": str, "type": str, "internal": bool},
        may={"to": str, "subject": str, "in_reply_to": str},
        status=201,
        answer={"id": 113},
    )
    fake.route("PUT", "/api/v1/tickets/81", may={"state": str, "owner_id": int, "group": str}, answer={"id": 81})
    async with serving(fake):
        yield fake


@pytest.fixture
def zammad(http: aiohttp.ClientSession, api: FakeApi) -> Zammad:
    return Zammad(http, url=api.url, token="bot-token", secret=SECRET, bot="9")


def hook(ticket: dict[str, object] | None = None, **article: object) -> dict[str, Any]:
    """The default payload, for a customer's article in a ticket that nobody has."""
    return {
        "ticket": {
            "article_count": 1,
            "article_ids": [104],
            "create_article_sender": "Customer",
            "customer": {"id": 8, "email": "ann@example.com", "firstname": "Ann", "lastname": "Adams"},
            "customer_id": 8,
            "group": {"id": 3, "name": "Service Desk"},
            "group_id": 3,
            "id": 81,
            "number": "10081",
            "owner": {"id": 1, "login": "-"},
            "owner_id": 1,
            "priority_id": 2,
            "state": "open",
            "state_id": 2,
            "title": "Parcel",
            "updated_at": "2026-03-02T09:59:59.333Z",
        }
        | (ticket or {}),
        "article": {
            "attachments": [],
            "body": "where is it?",
            "content_type": "text/plain",
            "created_at": "2026-03-02T09:59:58.318Z",
            "created_by": {"id": 8, "email": "ann@example.com"},
            "created_by_id": 8,
            "from": "Ann Adams <ann@example.com>",
            "id": 104,
            "internal": False,
            "origin_by_id": None,
            "preferences": {"send-auto-response": True, "is-auto-response": False},
            "sender": "Customer",
            "sender_id": 2,
            "ticket_id": 81,
            "to": "Service Desk",
            "type": "web",
            "type_id": 11,
        }
        | article,
    }


def signed(document: object, *, secret: str = SECRET) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return call(body, {"x-hub-signature": f"sha1={mac}", "x-zammad-trigger": "kefu", "x-zammad-delivery": "d1"})


async def test_a_customers_message_is_news(zammad: Zammad) -> None:
    (message,) = (await zammad.receive(signed(hook()))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("104", KEY, "where is it?")
    assert message.customer == "8"
    assert message.at.isoformat() == "2026-03-02T09:59:58.318000+00:00"


async def test_a_mail_is_read_without_markup_and_what_it_answers(zammad: Zammad) -> None:
    body = "<div>Still nothing &amp; I wait.</div><div>On Mon, Ann wrote:</div><blockquote>On its way.</blockquote>"
    files = [{"id": 174, "filename": "lamp.jpg", "size": "35574", "preferences": {"Mime-Type": "image/jpeg"}}]
    sent = hook(body=body, content_type="text/html", type="email", attachments=files)
    (message,) = (await zammad.receive(signed(sent))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("Still nothing & I wait.", ("lamp.jpg",))


async def test_a_call_that_an_agent_notes_is_the_customers(zammad: Zammad) -> None:
    (message,) = (await zammad.receive(signed(hook(type="phone", created_by_id=5, origin_by_id=8)))).news
    assert isinstance(message, Message)


@pytest.mark.parametrize(
    "article",
    [
        AGENT | {"created_by_id": 9},
        AGENT | {"created_by_id": 9, "internal": True, "body": "/bot"},
        AGENT | {"internal": True},
        AGENT | {"internal": True, "body": "/bot please"},
        {"internal": True},
        {"internal": True, "body": "/bot"},
        {"sender": "System", "created_by_id": 1},
        {"created_by_id": 9},
        {"type": "email", "preferences": {"is-auto-response": True}},
    ],
    ids=str,
)
async def test_what_no_customer_said_is_passed_over(zammad: Zammad, article: dict[str, object]) -> None:
    received = await zammad.receive(signed(hook(**article)))
    assert received.news == ()
    assert received.ignored


@pytest.mark.parametrize("article", [{}, None])
async def test_a_ticket_without_an_article_is_passed_over(zammad: Zammad, article: object) -> None:
    received = await zammad.receive(signed(hook() | {"article": article}))
    assert received.news == ()
    assert received.ignored


async def test_what_a_person_wrote_is_theirs(zammad: Zammad) -> None:
    sent = hook({"owner_id": 5}, **AGENT, body="I'll <b>look</b>.", content_type="text/html")
    (said,) = (await zammad.receive(signed(sent))).news
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "106")


@pytest.mark.parametrize(("owner", "taken"), [(1, False), (9, False), (None, False), (5, True)])
async def test_a_ticket_with_an_owner_is_a_persons(zammad: Zammad, owner: object, taken: bool) -> None:
    *before, message = (await zammad.receive(signed(hook({"owner_id": owner})))).news
    assert before == [Happened(conversation=KEY, event=Event.TAKEN, id="104.taken")] * taken
    assert isinstance(message, Message)


@pytest.mark.parametrize("state", ["closed", "merged"])
async def test_closing_ends_the_case_once(zammad: Zammad, state: str) -> None:
    ended = Happened(conversation=KEY, event=Event.RESOLVED, id=f"{state} 2026-03-02T09:59:59.333Z")
    assert (await zammad.receive(signed(hook({"state": state}) | {"article": None}))).news == (ended,)
    # The article that comes with it may be old: it is known by its id, and what ends comes last.
    message, last = (await zammad.receive(signed(hook({"state": state})))).news
    assert isinstance(message, Message)
    assert last == ended
    said, last = (await zammad.receive(signed(hook({"state": state}, **AGENT)))).news
    assert isinstance(said, Said)
    assert last == ended


@pytest.mark.parametrize(("owner", "given_up"), [(5, True), (1, False)])
async def test_an_internal_note_gives_the_case_back(zammad: Zammad, api: FakeApi, owner: int, given_up: bool) -> None:
    sent = hook({"owner_id": owner}, **AGENT, internal=True, body="<p>/bot</p>", content_type="text/html")
    (happened,) = (await zammad.receive(signed(sent))).news
    assert happened == Happened(conversation=KEY, event=Event.HANDED_BACK, id="106")
    assert [one.body for one in api.asked("PUT", "/tickets/81")] == [{"owner_id": 1}] * given_up


# --- who is believed


async def test_the_bytes_are_signed_and_not_what_they_mean(zammad: Zammad) -> None:
    body = json.dumps(hook(body="a <b> & 中文")).replace("<", "\\u003c").encode()
    (message,) = (await zammad.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.text == "a <b> & 中文"


async def test_a_delivery_is_the_same_however_often_it_comes(zammad: Zammad) -> None:
    sent = signed(hook({"owner_id": 5, "state": "closed"}))
    assert (await zammad.receive(sent)).news == (await zammad.receive(sent)).news


BODY = json.dumps(hook()).encode()
RIGHT = signed(BODY).headers["x-hub-signature"]


@pytest.mark.parametrize(
    "wrong",
    [
        call(BODY),
        call(BODY, {"x-hub-signature": ""}),
        call(BODY, {"x-hub-signature": RIGHT.removeprefix("sha1=")}),
        call(BODY, {"x-hub-signature": RIGHT.replace("sha1", "sha256")}),
        call(BODY, {"x-hub-signature": RIGHT.upper()}),
        call(BODY, {"x-hub-signature": "sha1=ü\udcff"}),
        call(BODY + b" ", {"x-hub-signature": RIGHT}),
        signed(BODY, secret="another"),
        signed(BODY, secret=""),
        call(b""),
    ],
)
async def test_what_is_not_signed_is_refused(zammad: Zammad, wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        await zammad.receive(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"ticket": {}}', b'{"ticket": {"id": "where is it?"}}', b"\xff", b"[" * 100_000],
)
async def test_junk_with_a_signature_is_refused_and_not_quoted(zammad: Zammad, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await zammad.receive(signed(body))
    assert caught.value.status == 400
    assert "where is it?" not in caught.value.detail


@settings(deadline=None)
@given(st.binary(max_size=200) | mangled(hook()) | mangled(hook({"owner_id": 5, "state": "closed"}, **AGENT)))
def test_whatever_is_signed_is_understood_or_refused(document: object) -> None:
    no_calls: Any = None
    zammad = Zammad(no_calls, url="https://desk.example", token="t", secret=SECRET, bot="9")
    understood_or_refused(zammad, signed(document))


# --- what is called


@pytest.mark.parametrize(
    ("asked", "way"),
    [
        ("104", {"type": "web"}),
        ("105", {"type": "email", "to": "ann@example.com", "subject": "Parcel", "in_reply_to": "<a@mail>"}),
        ("106", {"type": "email", "to": "ann@home.example"}),
        ("107", {"type": "note"}),
    ],
)
async def test_a_reply_goes_the_way_the_question_came(
    zammad: Zammad, api: FakeApi, asked: str, way: dict[str, str]
) -> None:
    await zammad.deliver(reply(KEY, "On its way & <b>soon</b>.\n5 > 4", asked), again=False)
    body = "On its way &amp; &lt;b&gt;soon&lt;/b&gt;.<br>5 &gt; 4"
    (posted,) = api.asked("POST", ARTICLES)
    assert posted.body == {"ticket_id": 81, "body": body, "content_type": "text/html", "internal": False} | way


async def test_a_mail_from_nobody_is_not_answered(zammad: Zammad, api: FakeApi) -> None:
    with pytest.raises(DeliveryError) as caught:
        await zammad.deliver(reply(KEY, "On its way.", "108"), again=False)
    assert caught.value.final
    assert api.asked("POST") == []


async def test_a_reply_is_written_once(zammad: Zammad, api: FakeApi) -> None:
    await zammad.deliver(reply(KEY, "On its way & <b>soon</b>.\n5 > 4", "104"), again=True)
    assert api.asked("POST") == []


@pytest.mark.parametrize("text", ["On its way.", "A person's.", "Handed over by the bot", "where is it?"])
async def test_what_another_said_is_not_the_reply(zammad: Zammad, api: FakeApi, text: str) -> None:
    await zammad.deliver(reply(KEY, text, "104"), again=True)
    assert len(api.asked("POST", ARTICLES)) == 1


async def test_the_same_words_to_a_later_message_are_another_reply(
    zammad: Zammad, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ASKED, "113", {"type": "web"})
    await zammad.deliver(reply(KEY, "On its way & <b>soon</b>.\n5 > 4", "113"), again=True)
    assert len(api.asked("POST", ARTICLES)) == 1


async def test_the_note_comes_before_the_ticket_is_opened(zammad: Zammad, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "104")
    await zammad.note(handed, "Said: <where is it?>", again=False)
    await zammad.hand_over(handed, again=False)
    *_, note, opened = api.calls
    assert note.body == {
        "ticket_id": 81,
        "body": "Said: &lt;where is it?&gt;",
        "content_type": "text/html",
        "type": "note",
        "internal": True,
    }
    assert (opened.method, opened.body) == ("PUT", {"state": "open", "owner_id": 1})


async def test_a_note_is_written_once(zammad: Zammad, api: FakeApi) -> None:
    await zammad.note(reply(KEY, "A colleague will answer.", "104"), "Handed over by the bot", again=True)
    assert api.asked("POST") == []


async def test_what_is_handed_over_moves_to_the_group(http: aiohttp.ClientSession, api: FakeApi) -> None:
    zammad = Zammad(http, url=api.url, token="bot-token", secret=SECRET, bot="9", group="Support")
    await zammad.hand_over(reply(KEY, "A colleague will answer.", "104"), again=True)
    (opened,) = api.asked("PUT", "/tickets/81")
    assert opened.body == {"state": "open", "owner_id": 1, "group": "Support"}


@pytest.mark.parametrize("bot", ["bot@example.com", "", "٩"])
async def test_the_bots_number_has_to_be_one(http: aiohttp.ClientSession, bot: str) -> None:
    with pytest.raises(SettingsError):
        Zammad(http, url="https://desk.example", token="t", secret=SECRET, bot=bot)


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (429, {}, False, 30),
        (500, {}, False, None),
        (401, {}, False, None),
        (404, {}, True, None),
        (422, {}, True, None),
        (302, {"Location": "http://169.254.169.254/"}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    zammad: Zammad, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"error": "where is it?"})
    with pytest.raises(DeliveryError) as caught:
        await zammad.note(reply(KEY, "On its way.", "104"), "where is it?", again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "bot-token" not in str(caught.value)


async def test_times_that_cannot_be_read_are_the_calls(zammad: Zammad) -> None:
    (message,) = (await zammad.receive(signed(hook(created_at="soon")))).news
    assert isinstance(message, Message)
    assert message.at == NOW

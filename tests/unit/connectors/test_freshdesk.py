"""Freshdesk: what its rules send, what is found at a ticket, and what the bot calls."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.freshdesk import FRESH, PAGE, Freshdesk
from connectors.helpdesk import Call, Happened, Look, Received, RefusedError, Said
from tests.unit.connectors.desk_talk import call, reply
from tests.unit.connectors.fakes import Asked, FakeApi, serving
from tests.unit.connectors.mangled import ANYTHING, mangled

SECRET = "shared with freshdesk"
KEY = ConversationKey(channel="freshdesk", thread="20")
PLACE = "/api/v2/tickets/20"
BASIC = "Basic " + base64.b64encode(b"api-key:X").decode()
CUSTOMER, AGENT, BOT = 501003979303, 501003979304, 99


def ago(**since: float) -> str:
    """A moment as the API writes it: what is found at a ticket is old or new by the clock."""
    return (datetime.now(UTC) - timedelta(**since)).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(id_: int, body: str, user: int | None = CUSTOMER, **changes: object) -> dict[str, object]:
    return {
        "id": id_,
        "body": body,
        "body_text": "never read",
        "incoming": user == CUSTOMER,
        "private": False,
        "user_id": user,
        "source": 0,
        "support_email": "support@example.freshdesk.com",
        "to_emails": ["support@example.freshdesk.com"],
        "created_at": ago(minutes=1),
        "updated_at": ago(minutes=1),
        "attachments": [],
        "automation_id": None,
        "auto_response": False,
        "ticket_id": 20,
    } | changes


@dataclass
class Desk:
    """The ticket as the API has it; a test changes it."""

    api: FakeApi
    ticket: dict[str, object] = field(
        default_factory=lambda: {
            "id": 20,
            "subject": "Parcel",
            "description": "<div>where is it?</div>",
            "description_text": "never read",
            "status": 2,
            "source": 1,
            "requester_id": CUSTOMER,
            "responder_id": None,
            "group_id": None,
            "created_at": ago(minutes=2),
            "spam": False,
            "attachments": [{"id": 1, "name": "lamp.jpg", "attachment_url": "https://x.example/1"}],
        }
    )
    entries: list[dict[str, object]] = field(default_factory=list)

    def page(self, asked: Asked) -> object:
        assert asked.query["per_page"] == str(PAGE)
        first = (int(asked.query["page"]) - 1) * PAGE
        return self.entries[first : first + PAGE]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    fake = FakeApi(headers={"Authorization": BASIC})
    there = Desk(fake)
    fake.route("GET", PLACE, answer=lambda _: there.ticket)
    fake.route("GET", f"{PLACE}/conversations", answer=there.page)
    fake.route("POST", f"{PLACE}/reply", needs={"body": str}, status=201, answer={"id": 1})
    fake.route("POST", f"{PLACE}/notes", needs={"body": str, "private": bool}, status=201, answer={"id": 1})
    some: dict[str, Any] = {"status": int, "group_id": int, "responder_id": (int, type(None))}
    fake.route("PUT", PLACE, may=some, answer={"id": 20})
    async with serving(fake):
        yield there


@pytest.fixture
def freshdesk(http: aiohttp.ClientSession, desk: Desk) -> Freshdesk:
    return connector(http, desk.api.url, group=35000123456)


def connector(http: aiohttp.ClientSession, url: str, bot: str = "99", group: int | None = None) -> Freshdesk:
    return Freshdesk(http, url=url, token="api-key", secret=SECRET, bot=bot, group=group)


def sent(document: object, key: str = SECRET) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return call(body, {"x-kefu-secret": key})


def texts(news: tuple[object, ...]) -> list[str]:
    """What there is to answer."""
    return [one.text for one in news if isinstance(one, Message)]


# --- what a rule sends


@pytest.mark.parametrize(
    "document",
    [
        {"ticket_id": "20"},
        {"ticket_id": 20, "more": 1},
        {"freshdesk_webhook": {"ticket_id": 20, "triggered_event": "{ticket_action:created}"}},
    ],
)
async def test_a_hook_says_where_to_look(freshdesk: Freshdesk, document: object) -> None:
    assert (await freshdesk.receive(sent(document))).news == (Look(place="20"),)


@pytest.mark.parametrize("key", ["", "another", "ü", SECRET + " "])
async def test_a_call_without_the_secret_is_refused(freshdesk: Freshdesk, key: str) -> None:
    for wrong in (sent({"ticket_id": 20}, key), call(b"{}")):
        with pytest.raises(RefusedError) as caught:
            await freshdesk.receive(wrong)
        assert caught.value.status == 401
        assert SECRET not in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"ticket_id": "20/../21"}',
        b'{"ticket_id": ""}',
        b'{"ticket_id": -1}',
        b'{"freshdesk_webhook": null}',
        b'{"ticket_id": "where is it?"}',
    ],
)
async def test_junk_with_the_secret_is_refused_and_not_quoted(freshdesk: Freshdesk, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await freshdesk.receive(sent(body))
    assert caught.value.status == 400
    assert "where" not in caught.value.detail


@given(st.binary(max_size=200) | mangled({"ticket_id": "20", "freshdesk_webhook": {"ticket_id": 20}}) | ANYTHING)
def test_whatever_has_the_secret_is_understood_or_refused(document: object) -> None:
    async def receive() -> Received:
        async with aiohttp.ClientSession() as http:
            return await connector(http, "https://x.example").receive(sent(document))

    with suppress(RefusedError):
        assert asyncio.run(receive()).news


@pytest.mark.parametrize("bot", ["", "bot@example.com", "٩٩"])
async def test_the_bots_number_is_a_number(http: aiohttp.ClientSession, bot: str) -> None:
    with pytest.raises(SettingsError):
        connector(http, "https://x.example", bot)


# --- what is found


async def test_what_a_ticket_begins_with_is_the_first_message(freshdesk: Freshdesk) -> None:
    seen = await freshdesk.look("20", "")
    (message,) = seen.news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("0", KEY, "where is it?")
    assert (message.customer, message.attachments) == (str(CUSTOMER), ("lamp.jpg",))
    assert (seen.cursor, seen.more) == ("0", False)
    assert (await freshdesk.look("20", seen.cursor)).news == ()


async def test_a_ticket_without_a_description_is_its_subject(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.ticket |= {"description": None, "subject": "where <is> it?", "attachments": None}
    assert texts((await freshdesk.look("20", "")).news) == ["where <is> it?"]


async def test_what_came_after_the_cursor_is_news(freshdesk: Freshdesk, desk: Desk) -> None:
    files = [{"id": 2, "name": "bill.pdf"}]
    desk.entries = [
        entry(12, "<div>and now?</div>", attachments=files),
        entry(11, "<div>hello?</div>"),
        entry(13, "<div>I'll look.</div>", AGENT),
    ]
    seen = await freshdesk.look("20", "11")
    message, said = seen.news
    assert isinstance(message, Message)
    assert (message.id, message.text, message.attachments) == ("12", "and now?", ("bill.pdf",))
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "13")
    assert seen.cursor == "13"


async def test_a_long_ticket_has_several_pages(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.entries = [entry(number, f"<p>{number}</p>") for number in range(1, 2 * PAGE + 1)]
    seen = await freshdesk.look("20", str(2 * PAGE - 2))
    assert texts(seen.news) == ["199", "200"]
    assert len(desk.api.asked("GET", "/conversations")) == 3


@pytest.mark.parametrize(
    "passed_over",
    [
        entry(11, "On its way.", BOT),
        entry(11, "On its way.", BOT, private=True),
        entry(11, "hm", AGENT, private=True, source=2),
        entry(11, "/bot", BOT, private=True, source=2),
        entry(11, "/bot", CUSTOMER, private=True),
        entry(11, "We got your message.", AGENT, auto_response=True),
        entry(11, "Still there?", AGENT, automation_id=7),
        entry(11, "I am out of office.", auto_response=True),
        entry(11, "Fwd", AGENT, source=8),
        entry(11, "Great", source=6),
    ],
)
async def test_what_no_customer_said_is_passed_over(freshdesk: Freshdesk, desk: Desk, passed_over: Any) -> None:
    desk.entries = [passed_over]
    seen = await freshdesk.look("20", "0")
    assert (seen.news, seen.cursor) == ((), "11")


async def test_what_a_mail_quotes_is_left_out(freshdesk: Freshdesk, desk: Desk) -> None:
    quoted = (
        "<div>Not yet.</div><div>On Mon, 2 Mar 2026 at 10:00, Shop wrote:</div><blockquote>Did it come?</blockquote>"
    )
    desk.entries = [entry(11, quoted)]
    assert texts((await freshdesk.look("20", "0")).news) == ["Not yet."]


@pytest.mark.parametrize(("source", "news"), [(3, 0), (10, 1), (2, 1)])
async def test_what_an_agent_began_is_no_question(freshdesk: Freshdesk, desk: Desk, source: int, news: int) -> None:
    desk.ticket["source"] = source
    seen = await freshdesk.look("20", "")
    assert len(seen.news) == news
    assert len(texts(seen.news)) == (source == 2)


@pytest.mark.parametrize("gone", ["spam", "deleted"])
async def test_what_is_thrown_away_is_no_news(freshdesk: Freshdesk, desk: Desk, gone: str) -> None:
    desk.ticket[gone] = True
    seen = await freshdesk.look("20", "")
    assert (seen.news, seen.cursor) == ((), "")


# --- a ticket that is older than the bot


async def test_only_the_newest_question_is_answered(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.ticket["created_at"] = ago(days=60)
    desk.entries = [
        entry(11, "an old one", created_at=ago(days=59)),
        entry(12, "an old answer", AGENT, created_at=ago(days=58)),
        entry(13, "a new one"),
        entry(14, "hm", AGENT, private=True),
    ]
    seen = await freshdesk.look("20", "")
    assert texts(seen.news) == ["a new one"]
    assert len(seen.news) == 1
    assert seen.cursor == "14"


@pytest.mark.parametrize(("hours", "answered"), [(23, True), (25, False)])
async def test_who_wrote_long_ago_gets_no_answer(freshdesk: Freshdesk, desk: Desk, hours: int, answered: bool) -> None:
    assert timedelta(hours=23) < FRESH < timedelta(hours=25)
    desk.ticket["created_at"] = ago(hours=hours)
    seen = await freshdesk.look("20", "")
    assert (texts(seen.news), seen.cursor) == (["where is it?"] * answered, "0")
    desk.entries = [entry(11, "and now?")]
    assert texts((await freshdesk.look("20", "0")).news) == ["and now?"]


@pytest.mark.parametrize(("by", "said"), [(AGENT, 1), (BOT, 0)])
async def test_what_was_answered_is_not_answered_again(freshdesk: Freshdesk, desk: Desk, by: int, said: int) -> None:
    desk.entries = [entry(11, "On its way.", by)]
    seen = await freshdesk.look("20", "")
    assert texts(seen.news) == []
    assert len(seen.news) == said


# --- who has it


async def test_a_ticket_that_an_agent_has_is_the_agents(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.ticket["responder_id"] = AGENT
    happened, message = (await freshdesk.look("20", "")).news
    assert happened == Happened(conversation=KEY, event=Event.TAKEN, id=f"taken.{AGENT}.0")
    assert isinstance(message, Message)
    assert (await freshdesk.look("20", "0")).news == (happened,)


async def test_the_bots_own_ticket_is_the_bots(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.ticket["responder_id"] = BOT
    assert len((await freshdesk.look("20", "")).news) == 1


@pytest.mark.parametrize("status", [4, 5])
async def test_resolving_ends_the_case(freshdesk: Freshdesk, desk: Desk, status: int) -> None:
    desk.ticket["status"] = status
    desk.entries = [entry(11, "Done.", AGENT)]
    said, happened = (await freshdesk.look("20", "0")).news
    assert isinstance(said, Said)
    assert happened == Happened(conversation=KEY, event=Event.RESOLVED, id="resolved.11")
    assert (await freshdesk.look("20", "11")).news == (happened,)


async def test_a_private_note_gives_the_case_back(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.ticket["responder_id"] = AGENT
    desk.entries = [entry(11, "I'll look.", AGENT), entry(12, "<p>/bot</p>", AGENT, private=True), entry(13, "hello?")]
    said, happened, message = (await freshdesk.look("20", "0")).news
    assert isinstance(said, Said)
    assert happened == Happened(conversation=KEY, event=Event.HANDED_BACK, id="12")
    assert isinstance(message, Message)
    assert desk.api.asked("PUT")[0].body == {"responder_id": None}


async def test_who_writes_after_giving_it_back_has_the_case(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.ticket["responder_id"] = AGENT
    desk.entries = [entry(11, "/bot", AGENT, private=True), entry(12, "I'll look after all.", AGENT)]
    taken, back, said = (await freshdesk.look("20", "0")).news
    assert [type(one) for one in (taken, back, said)] == [Happened, Happened, Said]
    assert desk.api.asked("PUT") == []


@given(
    mangled({"ticket": Desk(FakeApi()).ticket, "page": [entry(11, "hi"), entry(12, "no", AGENT)]}).filter(
        lambda found: isinstance(found, dict)
    )
)
def test_whatever_is_found_is_understood_or_an_error(found: dict[str, Any]) -> None:
    class Answers:
        """An API that answers with anything."""

        async def call(self, method: str, path: str, *parts: object, **_: object) -> object:
            return found.get("page") if path.endswith("conversations") else found.get("ticket")

    async def look() -> None:
        async with aiohttp.ClientSession() as http:
            freshdesk = connector(http, "https://x.example")
            freshdesk._api = Answers()  # type: ignore[assignment]
            await freshdesk.look("20", "")

    with suppress(DeliveryError):
        asyncio.run(look())


# --- what is called


async def test_a_reply_is_written_once(freshdesk: Freshdesk, desk: Desk) -> None:
    answer = reply(KEY, "On its\nway & soon.", "0")
    await freshdesk.deliver(answer, again=True)
    desk.entries = [entry(11, "<div>On its<br>way &amp; soon.</div><div>-- <br>Shop</div>", BOT)]
    await freshdesk.deliver(answer, again=True)
    assert [(one.path, one.body) for one in desk.api.asked("POST")] == [
        (f"{PLACE}/reply", {"body": "On its<br>way &amp; soon."})
    ]


@pytest.mark.parametrize(
    "other",
    [
        entry(11, "On its way.", BOT),
        entry(12, "On its way.", BOT, private=True),
        entry(12, "On its way.", AGENT),
        entry(12, "On its way.", CUSTOMER),
        entry(12, "Hi. On its way.", BOT),
    ],
)
async def test_other_words_are_another_reply(freshdesk: Freshdesk, desk: Desk, other: Any) -> None:
    desk.entries = [other]
    await freshdesk.deliver(reply(KEY, "On its way.", "11"), again=True)
    assert len(desk.api.asked("POST", "/reply")) == 1


async def test_the_note_comes_before_the_ticket_is_given_away(freshdesk: Freshdesk, desk: Desk) -> None:
    handed = reply(KEY, "A colleague will answer.", "0")
    await freshdesk.note(handed, "<Why>", again=True)
    await freshdesk.hand_over(handed, again=True)
    assert desk.api.asked("POST", "/notes")[0].body == {"body": "&lt;Why&gt;", "private": True}
    assert desk.api.asked("PUT")[0].body == {"status": 2, "group_id": 35000123456}


async def test_a_note_is_written_once(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.entries = [entry(11, "<p>Handed over</p>", BOT, private=True)]
    await freshdesk.note(reply(KEY, "A colleague will answer.", "0"), "Handed over", again=True)
    assert desk.api.asked("POST") == []


async def test_a_ticket_may_stay_in_its_group(http: aiohttp.ClientSession, desk: Desk) -> None:
    await connector(http, desk.api.url).hand_over(reply(KEY, "A colleague will answer.", "0"), again=False)
    assert desk.api.asked("PUT")[0].body == {"status": 2}


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (503, {}, False, None),
        (401, {}, False, None),
        (404, {}, True, None),
        (400, {}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    freshdesk: Freshdesk, desk: Desk, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    desk.api.fail(status, headers, {"description": "where is it?"})
    with pytest.raises(DeliveryError) as caught:
        await freshdesk.deliver(reply(KEY, "On its way.", "0"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "api-key" not in str(caught.value)


async def test_a_ticket_that_is_gone_is_an_error(freshdesk: Freshdesk, desk: Desk) -> None:
    desk.api.fail(404)
    with pytest.raises(DeliveryError) as caught:
        await freshdesk.look("20", "")
    assert caught.value.final

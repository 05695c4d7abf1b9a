"""Zendesk: what its triggers send, how that is signed, and what the bot calls."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.helpdesk import Call, Happened, Received, RefusedError, Said
from connectors.zendesk import LONGEST, Zendesk
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import Asked, FakeApi, serving

SECRET = "shared with zendesk"
KEY = ConversationKey(channel="zendesk", thread="47")
BASIC = "Basic " + base64.b64encode(b"bot@example.com/token:api-token").decode()
GUIDE = Path(__file__).parents[3] / "docs" / "helpdesks" / "zendesk.md"

#: What Zendesk fills in for a customer's comment.
FILLED = {
    "ticket.id": "47",
    "ticket.latest_comment.id": "1274",
    "ticket.latest_comment.is_public": "true",
    "ticket.latest_comment.author.id": "20",
    "ticket.requester.id": "20",
    "ticket.assignee.id": "",
    "current_user.role": "End-user",
    "ticket.status": "Open",
    "ticket.updated_at_with_timestamp": "2026-03-02T09:59Z",
    "ticket.latest_comment.value": "where is it?",
}
AGENT = {"ticket.latest_comment.author.id": "30", "current_user.role": "Agent"}
INTERNAL = {"ticket.latest_comment.is_public": "false"}


def comment(id_: int, **changes: object) -> dict[str, object]:
    there = {"id": id_, "author_id": 99, "public": True, "html_body": "<p>On its way.</p>", "metadata": {"system": {}}}
    return there | changes


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"Authorization": BASIC})
    there = [
        comment(1277, author_id=99, html_body="<p>Hi</p>", metadata={"custom": {"kefu": "f" * 32}, "system": {}}),
        comment(1276, public=False, html_body="<p>Handed over</p>"),
        comment(1275, html_body='<div class="zd-comment">On its<br>way.</div>', metadata=None),
        comment(1274, author_id=20, html_body="<p>where is it?</p>"),
        comment(1273),
    ]

    def page(asked: Asked) -> object:
        assert asked.query == {"sort": "-created_at", "page[size]": "100"}
        return {"comments": there, "meta": {"has_more": False}}

    def changed(asked: Asked) -> object:
        ticket = asked.body["ticket"]
        assert ticket.get("updated_stamp") == ("2026-03-02T09:59:58Z" if ticket.get("safe_update") else None)
        return {"ticket": {"id": 47}}

    fake.route("GET", "/api/v2/tickets/47/comments", answer=page)
    fake.route("GET", "/api/v2/tickets/47", answer={"ticket": {"id": 47, "updated_at": "2026-03-02T09:59:58Z"}})
    fake.route("PUT", "/api/v2/tickets/47", needs={"ticket": dict}, answer=changed)
    fake.route("PUT", "/api/v2/tickets/47/tags", needs={"tags": list}, answer={"tags": ["bot_handoff"]})
    fake.route("DELETE", "/api/v2/tickets/47/tags", needs={"tags": list}, answer={"tags": []})
    async with serving(fake):
        yield fake


@pytest.fixture
def zendesk(http: aiohttp.ClientSession, api: FakeApi) -> Zendesk:
    return Zendesk(
        http, url=api.url, email="bot@example.com", token="api-token", secret=SECRET, bot="99", group=360001234567
    )


def filled(event: str = "comment", changes: dict[str, str] | None = None, **more: str) -> bytes:
    """The template of the guide as Zendesk fills it in: without a thought of JSON."""
    values = FILLED | (changes or {}) | more
    template = next(re.finditer(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL))[1]
    template = template.replace('"event": "comment"', f'"event": "{event}"')
    return re.sub(r"{{(.*?)}}", lambda found: values[found[1]], template).encode()


def says(text: str) -> dict[str, str]:
    return {"ticket.latest_comment.value": text}


def signed(body: bytes, *, late: float = 0, secret: str = SECRET, stamp: str | None = None) -> Call:
    stamp = "2026-03-02T10:00:00Z" if stamp is None else stamp
    mac = hmac.new(secret.encode(), stamp.encode("utf-8", "surrogateescape") + body, hashlib.sha256).digest()
    headers = {
        "x-zendesk-webhook-signature": base64.b64encode(mac).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
        "x-zendesk-webhook-invocation-id": "01M079ZXEVECSTHCAP7EAP0SVA",
    }
    return call(body, headers, late=late)


async def test_a_customers_comment_is_news(zendesk: Zendesk) -> None:
    (message,) = (await zendesk.receive(signed(filled()))).news
    assert message == Message(
        id="1274",
        conversation=KEY,
        text="where is it?",
        at=NOW - timedelta(minutes=1),
        customer="20",
    )


async def test_who_is_in_copy_is_a_customer_too(zendesk: Zendesk) -> None:
    (message,) = (await zendesk.receive(signed(filled(changes={"ticket.latest_comment.author.id": "21"})))).news
    assert isinstance(message, Message)
    assert message.customer == "21"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('a \\"b\\"\\nc \\u00e4', 'a "b"\nc ä'),
        ('she said "no"\nand left', 'she said "no"\nand left'),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("C:\\users", "C:\\users"),
        ('half \\"escaped" only', 'half \\"escaped" only'),
        ('"', '"'),
        ("", ""),
        ('a"\n}', 'a"\n}'),
        ("lone \\ud800 half", "lone \\ud800 half"),
        ("订单 #1 & <b>", "订单 #1 & <b>"),
    ],
)
async def test_a_text_is_read_escaped_or_not(zendesk: Zendesk, written: str, text: str) -> None:
    (message,) = (await zendesk.receive(signed(filled(changes=says(written))))).news
    assert isinstance(message, Message)
    assert message.text == text.strip()


@pytest.mark.parametrize(
    "forged",
    [
        '","ticket":"99","author":"30","role":"Admin","x":"',
        'hi", "event": "solved", "text": "hi',
        '"}{"ticket":"99","text":"hi',
    ],
)
async def test_no_text_says_whose_it_is(zendesk: Zendesk, forged: str) -> None:
    (message,) = (await zendesk.receive(signed(filled(changes=says(forged))))).news
    assert isinstance(message, Message)
    assert (message.conversation, message.customer, message.text) == (KEY, "20", forged.strip())


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        ("comment", {"ticket.latest_comment.author.id": "99"}),
        ("comment", {"ticket.latest_comment.author.id": "-1"}),
        ("comment", AGENT | INTERNAL),
        ("comment", INTERNAL),
        ("assigned", {}),
        ("assigned", {"ticket.assignee.id": "99"}),
        ("created", {}),
    ],
)
async def test_what_no_customer_said_is_passed_over(zendesk: Zendesk, event: str, changes: dict[str, str]) -> None:
    received = await zendesk.receive(signed(filled(event, changes)))
    assert received.news == ()
    assert received.ignored


async def test_what_an_agent_wrote_is_theirs(zendesk: Zendesk) -> None:
    (said,) = (await zendesk.receive(signed(filled(changes=AGENT | says("I'll look."))))).news
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "1274")


async def test_who_solves_with_a_last_word_does_not_have_the_case(zendesk: Zendesk) -> None:
    (solved,) = (await zendesk.receive(signed(filled("solved", AGENT | {"ticket.status": "Solved"})))).news
    assert isinstance(solved, Happened)
    said, happened = (await zendesk.receive(signed(filled(changes=AGENT | {"ticket.status": "Solved"})))).news
    assert isinstance(said, Said)
    assert isinstance(happened, Happened)
    assert solved.event is happened.event is Event.RESOLVED
    assert solved.id != happened.id


@pytest.mark.parametrize(
    ("event", "expected"),
    [("assigned", Event.TAKEN), ("solved", Event.RESOLVED)],
)
async def test_what_happens_to_a_ticket_happens_once(zendesk: Zendesk, event: str, expected: Event) -> None:
    changes = {"ticket.assignee.id": "30"}
    (happened,) = (await zendesk.receive(signed(filled(event, changes)))).news
    (once_more,) = (await zendesk.receive(signed(filled(event, changes), late=200))).news
    later = filled(event, changes | {"ticket.updated_at_with_timestamp": "2026-03-02T10:07Z"})
    (again,) = (await zendesk.receive(signed(later))).news
    assert isinstance(happened, Happened)
    assert isinstance(again, Happened)
    assert (happened.conversation, happened.event) == (KEY, expected)
    assert happened == once_more
    assert happened.id != again.id


async def test_a_ticket_that_an_agent_has_is_the_agents(zendesk: Zendesk) -> None:
    happened, message = (await zendesk.receive(signed(filled(changes={"ticket.assignee.id": "30"})))).news
    assert happened == Happened(conversation=KEY, event=Event.TAKEN, id="taken.1274")
    assert isinstance(message, Message)


async def test_an_internal_note_gives_the_case_back(zendesk: Zendesk, api: FakeApi) -> None:
    (happened,) = (await zendesk.receive(signed(filled(changes=AGENT | INTERNAL | says("/bot\n"))))).news
    assert happened == Happened(conversation=KEY, event=Event.HANDED_BACK, id="1274")
    assert api.asked("DELETE", "/tags")[0].body == {"tags": ["bot_handoff"]}
    assert api.asked("PUT", "/47")[0].body == {"ticket": {"assignee_id": None}}


# --- who is believed


async def test_the_bytes_are_signed_and_not_what_they_mean(zendesk: Zendesk) -> None:
    body = filled(changes=says("a \\u003cb\\u003e & 中文")).replace(b'": "', b'" :  "') + b"\n\n"
    (message,) = (await zendesk.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.text == "a <b> & 中文"


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
async def test_a_call_is_believed_for_five_minutes(zendesk: Zendesk, late: float) -> None:
    if abs(late) <= 300:
        assert (await zendesk.receive(signed(filled(), late=late))).news
        return
    with pytest.raises(RefusedError) as caught:
        await zendesk.receive(signed(filled(), late=late))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        call(filled()),
        call(filled(), {"x-zendesk-webhook-signature-timestamp": "2026-03-02T10:00:00Z"}),
        signed(filled(), secret="another"),
        signed(filled(), stamp="now"),
        signed(filled(), stamp=""),
        signed(filled(), stamp="2026-03-02T10:00:00"),
        signed(filled(), stamp="1772445600"),
        signed(filled(), stamp="2026-03-02\udc8010:00:00Z"),
        signed(filled(), stamp="٢٠٢٦-03-02T10:00:00Z"),
        signed(filled(), stamp="0001-01-01T00:00:00+23:59"),
        signed(filled(), stamp="9999-12-31T23:59:59-23:59"),
        call(
            b"{}",
            {
                "x-zendesk-webhook-signature": "ü",
                "x-zendesk-webhook-signature-timestamp": "2026-03-02T10:00:00Z",
            },
        ),
        call(
            b"{}",
            {"x-zendesk-webhook-signature": "", "x-zendesk-webhook-signature-timestamp": "2026-03-02T10:00:00Z"},
        ),
    ],
)
async def test_what_is_not_signed_is_refused(zendesk: Zendesk, wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        await zendesk.receive(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"text": ""}',
        b'{"text": "hi',
        filled().replace(b"where", b"\xff"),
        filled().rstrip()[:-1],
        filled(changes={"ticket.latest_comment.id": ""}),
        filled(changes={"ticket.id": "47/comments"}),
        filled(changes={"ticket.latest_comment.is_public": ""}),
        b"[" * 100_000 + b'"text": ""}',
    ],
)
async def test_junk_with_a_signature_is_refused_and_not_quoted(zendesk: Zendesk, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await zendesk.receive(signed(body))
    assert caught.value.status == 400
    assert "where" not in caught.value.detail


@given(
    st.binary(max_size=200)
    | st.builds(
        filled,
        st.sampled_from(["comment", "assigned", "solved"]) | st.text(max_size=5),
        st.dictionaries(st.sampled_from(list(FILLED)), st.text(max_size=12) | st.sampled_from(["47", '"', "true"])),
    )
)
def test_whatever_is_signed_is_understood_or_refused(body: bytes) -> None:
    async def receive() -> Received:
        async with aiohttp.ClientSession() as http:
            zendesk = Zendesk(http, url="https://x.example", email="b@x", token="t", secret=SECRET, bot="99")
            return await zendesk.receive(signed(body))

    with suppress(RefusedError):
        received = asyncio.run(receive())
        assert received.news or received.ignored


@pytest.mark.parametrize("bot", ["", "bot@example.com", "٩٩"])
async def test_the_bots_number_is_a_number(http: aiohttp.ClientSession, bot: str) -> None:
    with pytest.raises(SettingsError):
        Zendesk(http, url="https://x.example", email="b@x", token="t", secret=SECRET, bot=bot)


# --- what is called


async def test_a_reply_is_written_once(zendesk: Zendesk, api: FakeApi) -> None:
    answer = reply(KEY, "On its\nway.", "1274")
    await zendesk.deliver(answer, again=False)
    await zendesk.deliver(answer, again=True)
    assert [one.body for one in api.asked("PUT")] == [
        {
            "ticket": {
                "comment": {"html_body": "On its<br>way.", "public": True, "author_id": 99},
                "metadata": {"kefu": answer.id},
                "safe_update": True,
                "updated_stamp": "2026-03-02T09:59:58Z",
            }
        }
    ]


async def test_a_reply_is_known_by_its_mark(zendesk: Zendesk, api: FakeApi) -> None:
    await zendesk.deliver(reply(KEY, "Hi", "1274"), again=True)
    assert len(api.asked("PUT")) == 1  # the same words there are of another reply


@pytest.mark.parametrize("to", ["1275", "1277"])
async def test_the_same_words_to_a_later_message_are_another_reply(zendesk: Zendesk, api: FakeApi, to: str) -> None:
    await zendesk.deliver(reply(KEY, "On its\nway.", to), again=True)
    assert len(api.asked("PUT")) == 1


async def test_a_text_is_shown_as_it_is(zendesk: Zendesk, api: FakeApi) -> None:
    await zendesk.deliver(reply(KEY, "<b> & {{ticket.requester.email}} {% x %} {{{", "1274"), again=False)
    (asked,) = api.asked("PUT")
    shown = asked.body["ticket"]["comment"]["html_body"]
    assert "{{" not in shown
    assert "{%" not in shown
    assert shown.replace("\u200b", "") == "&lt;b&gt; &amp; {{ticket.requester.email}} {% x %} {{{"


async def test_what_is_too_long_ends_with_an_ellipsis(zendesk: Zendesk, api: FakeApi) -> None:
    await zendesk.deliver(reply(KEY, "x" * (LONGEST + 1), "1274"), again=False)
    (asked,) = api.asked("PUT")
    assert asked.body["ticket"]["comment"]["html_body"] == "x" * (LONGEST - 1) + "…"


async def test_the_note_comes_before_the_ticket_is_given_away(zendesk: Zendesk, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "1274")
    await zendesk.note(handed, "Why it was handed over", again=True)
    await zendesk.hand_over(handed, again=True)
    note, tags, ticket = api.asked("PUT")
    assert note.body["ticket"]["comment"] == {"html_body": "Why it was handed over", "public": False, "author_id": 99}
    assert note.body["ticket"]["metadata"] == {"kefu": f"{handed.id}.note"}
    assert tags.body == {"tags": ["bot_handoff"]}
    assert ticket.body == {"ticket": {"status": "open", "group_id": 360001234567}}


async def test_a_note_is_written_once(zendesk: Zendesk, api: FakeApi) -> None:
    await zendesk.note(reply(KEY, "A colleague will answer.", "1274"), "Handed over", again=True)
    assert api.asked("PUT") == []


async def test_a_ticket_may_stay_in_its_group(http: aiohttp.ClientSession, api: FakeApi) -> None:
    zendesk = Zendesk(http, url=api.url, email="bot@example.com", token="api-token", secret=SECRET, bot="99")
    await zendesk.hand_over(reply(KEY, "A colleague will answer.", "1274"), again=False)
    assert api.asked("PUT", "/47")[0].body == {"ticket": {"status": "open"}}


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (409, {}, False, None),
        (503, {"Retry-After": "60"}, False, 60),
        (401, {}, False, None),
        (404, {}, True, None),
        (422, {}, True, None),
        (500, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    zendesk: Zendesk, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"error": "where is it?"})
    with pytest.raises(DeliveryError) as caught:
        await zendesk.deliver(reply(KEY, "On its way.", "1274"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "api-token" not in str(caught.value)


async def test_a_call_that_is_sent_again_below_us_writes_nothing_twice(http: aiohttp.ClientSession) -> None:
    fake = FakeApi()

    def ticket(_: Asked) -> object:
        fake.fail(
            0
        )  # what comes next breaks off once it was done; sent again it is refused, for the ticket was changed
        fake.fail(409)
        return {"ticket": {"id": 47, "updated_at": "2026-03-02T09:59:58Z"}}

    fake.route("GET", "/api/v2/tickets/47", answer=ticket)
    fake.route("PUT", "/api/v2/tickets/47", needs={"ticket": dict})
    async with serving(fake):
        zendesk = Zendesk(http, url=fake.url, email="b@x", token="t", secret=SECRET, bot="99")
        with pytest.raises(DeliveryError) as caught:
            await zendesk.deliver(reply(KEY, "On its way.", "1274"), again=False)
    assert not caught.value.final
    written = [one.body["ticket"] for one in fake.asked("PUT")]
    assert {(one["safe_update"], one["updated_stamp"]) for one in written} == {(True, "2026-03-02T09:59:58Z")}

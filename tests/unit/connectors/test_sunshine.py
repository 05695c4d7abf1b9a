"""Sunshine Conversations: what its webhooks send, who is believed, and what the bot calls."""

from __future__ import annotations

import asyncio
import base64
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
from connectors.sunshine import LONGEST, LONGEST_NOTE, Sunshine
from tests.unit.connectors.desk_talk import call, reply
from tests.unit.connectors.fakes import FakeApi, serving
from tests.unit.connectors.mangled import mangled

SECRET = "shared with sunshine"
APP = "5d8cff3cd55b040010928b5b"
CONVERSATION = "029c31f25a21b47effd7be90"
KEY = ConversationKey(channel="sunshine", account=APP, thread=CONVERSATION)
PLACE = f"/v2/apps/{APP}/conversations/{CONVERSATION}"
BASIC = "Basic " + base64.b64encode(b"app_key:key-secret").decode()
#: Of the reply that is there already.
THERE = "0123456789abcdef0123456789abcdef"

OURS = {"id": "s1", "name": "kefu", "integrationId": "i1", "integrationType": "custom"}
WORKSPACE = {"id": "s2", "name": "zd-agentWorkspace", "integrationId": "i2", "integrationType": "zd:agentWorkspace"}


@pytest.fixture
def conversation() -> dict[str, object]:
    """As the API has it; a test may change it."""
    return {
        "id": CONVERSATION,
        "type": "personal",
        "activeSwitchboardIntegration": OURS,
        "metadata": {"cart": 3, "kefu_note": "Why it was handed over"},
    }


@pytest.fixture
async def api(conversation: dict[str, object]) -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"Authorization": BASIC})
    there = [
        {"id": "m1", "author": {"type": "user"}, "content": {"type": "text", "text": "where is it?"}},
        {"id": "m2", "author": {"type": "business"}, "content": {"type": "text"}, "metadata": {"kefu": THERE}},
        {"id": "m3", "author": {"type": "business"}, "content": {"type": "text"}, "metadata": None},
    ]
    fake.route("GET", PLACE, answer=lambda _: {"conversation": conversation})
    fake.route("PATCH", PLACE, needs={"metadata": dict}, answer={"conversation": {}})
    fake.route("GET", f"{PLACE}/messages", answer={"messages": there, "meta": {"hasMore": False}})
    fake.route(
        "POST",
        f"{PLACE}/messages",
        needs={"author": dict, "content": dict, "metadata": dict},
        status=201,
        answer={"messages": []},
    )
    fake.route("POST", f"{PLACE}/activity", needs={"author": dict, "type": str}, answer={})
    fake.route("POST", f"{PLACE}/passControl", needs={"switchboardIntegration": str, "metadata": dict}, answer={})
    async with serving(fake):
        yield fake


@pytest.fixture
def sunshine(http: aiohttp.ClientSession, api: FakeApi) -> Sunshine:
    return connector(http, api.url, note_field="360009876543")


def connector(http: aiohttp.ClientSession, url: str, note_field: str | None = None) -> Sunshine:
    return Sunshine(
        http,
        url=url,
        app=APP,
        key_id="app_key",
        key_secret="key-secret",
        secret=SECRET,
        integration="kefu",
        note_field=note_field,
    )


def written(active: object = OURS, **changes: object) -> dict[str, object]:
    """An event with a customer's message."""
    message = {
        "id": "62f3",
        "received": "2026-03-02T09:59:58.102Z",
        "author": {
            "type": "user",
            "userId": "u-7",
            "displayName": "Ann",
            "user": {"id": "u-7", "authenticated": False},
        },
        "content": {"type": "text", "text": "where is it?"},
        "source": {"type": "web", "integrationId": "w1", "originalMessageTimestamp": "2026-03-02T09:59:57.900Z"},
    }
    conversation = {"id": CONVERSATION, "type": "personal", "brandId": "1"}
    if active is not None:
        conversation["activeSwitchboardIntegration"] = active  # type: ignore[assignment]
    return event("conversation:message", conversation=conversation, message=message | changes)


def event(type_: str, id_: str = "e-1", **payload: object) -> dict[str, object]:
    return {"id": id_, "type": type_, "createdAt": "2026-03-02T09:59:58.200Z", "payload": payload}


def sent(*events: object, app: str = APP) -> Call:
    return asked({"app": {"id": app}, "webhook": {"id": "w-1", "version": "v2"}, "events": events})


def asked(document: object, key: str = SECRET) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return call(body, {"x-api-key": key})


def control(type_: str, active: object = None, **payload: object) -> dict[str, object]:
    conversation = {"id": CONVERSATION, "type": "personal"} | (
        {"activeSwitchboardIntegration": active} if active else {}
    )
    return event(f"switchboard:{type_}", conversation=conversation, **payload)


@pytest.mark.parametrize("active", [OURS, None])
async def test_a_customers_message_is_news(sunshine: Sunshine, active: object) -> None:
    (message,) = (await sunshine.receive(sent(written(active)))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("62f3", KEY, "where is it?")
    assert message.customer == "u-7"
    assert message.at.isoformat() == "2026-03-02T09:59:58.102000+00:00"


@pytest.mark.parametrize(
    ("content", "text", "files"),
    [
        ({"type": "image", "mediaUrl": "https://x.example/a/lamp.jpg?t=1", "text": "look"}, "look", ("lamp.jpg",)),
        ({"type": "file", "mediaUrl": "https://x.example/a/9f8e", "altText": "bill.pdf"}, "", ("bill.pdf",)),
        ({"type": "file", "mediaUrl": "https://x.example/"}, "", ("file",)),
        ({"type": "formResponse", "fields": [], "textFallback": "Name: Ann"}, "Name: Ann", ()),
        ({"type": "location", "coordinates": {"lat": 1, "long": 2}}, "", ()),
    ],
)
async def test_other_content_is_text_and_files(
    sunshine: Sunshine, content: object, text: str, files: tuple[str, ...]
) -> None:
    (message,) = (await sunshine.receive(sent(written(content=content)))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == (text, files)


async def test_one_call_may_have_several_events(sunshine: Sunshine) -> None:
    events = written(), event("conversation:read", conversation={"id": CONVERSATION}), written(id="62f4")
    assert [one.id for one in (await sunshine.receive(sent(*events))).news if isinstance(one, Message)] == [
        "62f3",
        "62f4",
    ]


@pytest.mark.parametrize(
    "passed_over",
    [
        sent(),
        sent(written(), app="another"),
        sent(written(deleted=True)),
        sent(written(author={"type": "business"}, metadata={"kefu": "a"}, source={"type": "api:conversations"})),
        sent(written(author={"type": "business"}, metadata={"kefu": "a"}, source={"type": "zd:agentWorkspace"})),
        sent(written(author={"type": "business"}, source={"type": "zd:answerBot"})),
        sent(written(author={"type": "business"}, source={"type": "api:conversations"})),
        sent(written(author={"type": "business"}, source=None)),
        sent(written(author={"type": "business", "subtypes": ["AI"]}, source={"type": "zd:agentWorkspace"})),
        sent(event("conversation:message:delivery:channel", conversation={"id": CONVERSATION}, message={"id": "m"})),
        sent(event("user:merge", survivingUser={"id": "u"})),
        sent(event("conversation:typing", conversation={"id": CONVERSATION}, activity={"type": "typing:start"})),
        sent(control("passControl", WORKSPACE, metadata={"kefu": "0" * 32})),
        sent(control("releaseControl", reason="transferToEmail")),
        sent(control("passControl:failure", error={})),
        call(method="HEAD"),
    ],
)
async def test_what_no_customer_said_is_passed_over(sunshine: Sunshine, passed_over: Call) -> None:
    received = await sunshine.receive(passed_over)
    assert received.news == ()
    assert received.ignored
    assert received.answer.status == 200


async def test_what_an_agent_wrote_is_theirs(sunshine: Sunshine) -> None:
    by_agent = written(
        WORKSPACE, author={"type": "business", "displayName": "Bo"}, source={"type": "zd:agentWorkspace"}
    )
    (said,) = (await sunshine.receive(sent(by_agent))).news
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "where is it?", "62f3")


async def test_while_another_integration_is_active_a_person_has_the_case(sunshine: Sunshine) -> None:
    happened, message = (await sunshine.receive(sent(written(WORKSPACE)))).news
    assert happened == Happened(conversation=KEY, event=Event.TAKEN, id="taken.62f3")
    assert isinstance(message, Message)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (control("passControl", WORKSPACE), Event.TAKEN),
        (control("acceptControl", WORKSPACE), Event.TAKEN),
        (control("passControl", OURS), Event.HANDED_BACK),
        (control("passControl", OURS, reason="ticketClosed"), Event.RESOLVED),
        (control("releaseControl", reason="ticketClosed"), Event.RESOLVED),
    ],
)
async def test_control_goes_from_one_to_the_other(sunshine: Sunshine, happened: object, expected: Event) -> None:
    assert (await sunshine.receive(sent(happened))).news == (Happened(conversation=KEY, event=expected, id="e-1"),)


# --- who is believed


@pytest.mark.parametrize("key", ["", "another", "ü", SECRET + " "])
async def test_a_call_without_the_secret_is_refused(sunshine: Sunshine, key: str) -> None:
    for wrong in (asked({"app": {"id": APP}, "events": [written()]}, key), call(b"{}")):
        with pytest.raises(RefusedError) as caught:
            await sunshine.receive(wrong)
        assert caught.value.status == 401
        assert SECRET not in caught.value.detail


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"events": 5}', b'{"app": {"id": "a"}, "events": [{}]}']
)
async def test_junk_with_the_secret_is_refused_and_not_quoted(sunshine: Sunshine, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await sunshine.receive(asked(body))
    assert caught.value.status == 400


@given(
    st.binary(max_size=200)
    | mangled({"app": {"id": APP}, "events": [written(), control("passControl", WORKSPACE, metadata={})]})
)
def test_whatever_has_the_secret_is_understood_or_refused(document: object) -> None:
    async def receive() -> Received:
        async with aiohttp.ClientSession() as http:
            return await connector(http, "https://x.example/sc").receive(asked(document))

    with suppress(RefusedError):
        received = asyncio.run(receive())
        assert received.news or received.ignored


# --- what is called


async def test_a_reply_is_written_once(sunshine: Sunshine, api: FakeApi) -> None:
    answer = reply(KEY, "On its <b> way.", "62f3")
    await sunshine.deliver(answer, again=False)
    await sunshine.deliver(answer, again=True)
    assert [one.body for one in api.asked("POST")] == [
        {
            "author": {"type": "business"},
            "content": {"type": "text", "text": "On its <b> way."},
            "metadata": {"kefu": answer.id},
        }
    ]


async def test_a_reply_that_is_there_is_not_written_again(http: aiohttp.ClientSession) -> None:
    answer = reply(KEY, "x" * LONGEST + "y", "62f3")
    fake = FakeApi()
    there = [{"id": "m2", "metadata": {"kefu": answer.id}}, {"id": "m3"}]
    fake.route("GET", f"{PLACE}/messages", answer={"messages": there})
    fake.route("POST", f"{PLACE}/messages", needs={"author": dict, "content": dict, "metadata": dict}, answer={})
    async with serving(fake):
        await connector(http, fake.url).deliver(answer, again=True)
    (rest,) = fake.asked("POST")
    assert (rest.body["content"]["text"], rest.body["metadata"]) == ("y", {"kefu": f"{answer.id}.1"})


async def test_a_long_reply_comes_in_parts(sunshine: Sunshine, api: FakeApi) -> None:
    answer = reply(KEY, "word " * 1000, "62f3")
    await sunshine.deliver(answer, again=False)
    texts = [one.body["content"]["text"] for one in api.asked("POST")]
    assert "".join(texts) == answer.text
    assert all(len(text) <= LONGEST for text in texts)
    assert len({one.body["metadata"]["kefu"] for one in api.asked("POST")}) == len(texts) == 2


async def test_typing_is_shown(sunshine: Sunshine, api: FakeApi) -> None:
    await sunshine.busy(KEY)
    assert api.asked("POST", "activity")[0].body == {"author": {"type": "business"}, "type": "typing:start"}


async def test_the_note_comes_before_the_control_is_passed(sunshine: Sunshine, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "62f3")
    await sunshine.note(handed, "Why it was handed over", again=True)
    await sunshine.hand_over(handed, again=True)
    assert api.asked("PATCH")[0].body == {"metadata": {"cart": 3, "kefu_note": "Why it was handed over"}}
    assert api.asked("POST", "passControl")[0].body == {
        "switchboardIntegration": "next",
        "metadata": {
            "kefu": handed.id,
            "kefu_reason": "confident",
            "dataCapture.systemField.tags": "bot_handoff",
            "dataCapture.ticketField.360009876543": "Why it was handed over",
        },
    }


async def test_without_a_field_the_note_stays_where_it_is(http: aiohttp.ClientSession, api: FakeApi) -> None:
    await connector(http, api.url).hand_over(reply(KEY, "A colleague will answer.", "62f3"), again=False)
    (passed,) = api.asked("POST", "passControl")
    assert set(passed.body["metadata"]) == {"kefu", "kefu_reason", "dataCapture.systemField.tags"}


@pytest.mark.parametrize("note", ["x" * LONGEST_NOTE, "x" * (LONGEST_NOTE + 1), "订" * LONGEST_NOTE, "😀" * 1000])
async def test_a_note_fits(sunshine: Sunshine, api: FakeApi, note: str) -> None:
    await sunshine.note(reply(KEY, "A colleague will answer.", "62f3"), note, again=False)
    kept = api.asked("PATCH")[0].body["metadata"]["kefu_note"]
    assert len(kept.encode()) <= LONGEST_NOTE
    assert kept == note or (kept[-1] == "…" and note.startswith(kept[:-1]))


async def test_control_is_passed_once(sunshine: Sunshine, api: FakeApi, conversation: dict[str, object]) -> None:
    conversation["activeSwitchboardIntegration"] = WORKSPACE
    await sunshine.hand_over(reply(KEY, "A colleague will answer.", "62f3"), again=True)
    assert api.asked("POST") == []


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (423, {}, False, None),
        (503, {}, False, None),
        (401, {}, False, None),
        (404, {}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    sunshine: Sunshine, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"errors": [{"title": "where is it?"}]})
    with pytest.raises(DeliveryError) as caught:
        await sunshine.deliver(reply(KEY, "On its way.", "62f3"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "key-secret" not in str(caught.value)

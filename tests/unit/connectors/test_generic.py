"""kefu's own protocol: what a program may post, how that is signed, and what is posted to it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import shutil
import threading
import time
import types
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DeliveryError
from bot.types import Action, Citation, ConversationKey, Event, Message, Speaker, Turn
from connectors.generic import Generic
from connectors.helpdesk import Call, Happened, Received, RefusedError, Said
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import FakeApi, serving
from tests.unit.connectors.mangled import mangled, understood_or_refused

SECRET = "shared with the program"
KEY = ConversationKey(channel="generic", thread="order-4711")
GUIDE = Path(__file__).parents[3] / "docs" / "helpdesks" / "generic.md"

POSTED = {
    "type": str,
    "id": str,
    "conversation": str,
    "in_reply_to": str,
    "text": str,
    "language": str,
    "action": str,
    "reason": str,
    "confidence": float,
    "citations": list,
}


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    fake.route("POST", "/from-kefu/?", needs=POSTED, status=204)
    async with serving(fake):
        yield fake


@pytest.fixture
def generic(http: aiohttp.ClientSession, api: FakeApi) -> Generic:
    return Generic(http, secret=SECRET, url=f"{api.url}/from-kefu")


def event(**changes: object) -> dict[str, object]:
    body = {"type": "message", "id": "m7", "conversation": "order-4711", "text": "where is it?"} | changes
    return {name: value for name, value in body.items() if value is not None}


def signed(document: object, *, late: float = 0, secret: str = SECRET, stamp: str | None = None) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    stamp = str(int(NOW.timestamp())) if stamp is None else stamp
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return call(body, {"x-kefu-timestamp": stamp, "x-kefu-signature": f"sha256={mac}"}, late=late)


async def test_a_customers_message_is_news(generic: Generic) -> None:
    body = event(customer="c5", at="2026-03-02T11:59:58+02:00", attachments=["lamp.jpg"])
    assert (await generic.receive(signed(body))).news == (
        Message(
            id="m7",
            conversation=KEY,
            text="where is it?",
            at=datetime(2026, 3, 2, 9, 59, 58, tzinfo=UTC),
            customer="c5",
            attachments=("lamp.jpg",),
        ),
    )


async def test_numbers_may_be_ids_and_times(generic: Generic) -> None:
    body = event(id=7, conversation=42, customer=5, at=1772445598)
    (message,) = (await generic.receive(signed(body))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation.thread, message.customer) == ("7", "42", "5")
    assert message.at == datetime(2026, 3, 2, 9, 59, 58, tzinfo=UTC)


async def test_without_a_time_it_is_now(generic: Generic) -> None:
    (message,) = (await generic.receive(signed(event(), late=3))).news
    assert isinstance(message, Message)
    assert (message.at - NOW).total_seconds() == 3


async def test_a_message_may_be_files_alone(generic: Generic) -> None:
    (message,) = (await generic.receive(signed(event(text=None, attachments=["lamp.jpg"])))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", ("lamp.jpg",))


async def test_what_an_agent_wrote_is_theirs(generic: Generic) -> None:
    turn = Turn(speaker=Speaker.AGENT, text="I'll look.", at=NOW, id="m8")
    received = await generic.receive(signed(event(type="agent_message", id="m8", text="I'll look.")))
    assert received.news == (Said(conversation=KEY, turn=turn),)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [("taken", Event.TAKEN), ("handed_back", Event.HANDED_BACK), ("resolved", Event.RESOLVED)],
)
async def test_what_happens_to_a_case_has_an_id(generic: Generic, type_: str, expected: Event) -> None:
    received = await generic.receive(signed(event(type=type_, id="e1", text=None)))
    assert received.news == (Happened(conversation=KEY, event=expected, id="e1"),)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"type": "massage"}, "type"),
        ({"type": None}, "type"),
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": "7" * 201}, "id"),
        ({"id": True}, "id"),
        ({"id": "m7\nERROR"}, "id"),
        ({"conversation": "order\x004711"}, "conversation"),
        ({"conversation": 4.5}, "conversation"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"type": "agent_message", "text": " "}, "text"),
        ({"type": "taken"}, "text"),
        ({"type": "resolved", "text": None, "attachments": ["a"]}, "attachments"),
        ({"customer": "7" * 201}, "customer"),
        ({"at": "2026-03-02T10:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": 1e300}, "at"),
        ({"attachments": "lamp.jpg"}, "attachments"),
        ({"attachments": ["a", 4.5]}, "attachments.1"),
        ({"my order 4711": "sesame"}, "attachments"),
    ],
)
async def test_what_is_wrong_is_named_and_not_quoted(generic: Generic, changes: dict[str, object], names: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await generic.receive(signed(event(**changes)))
    assert caught.value.status == 400
    assert names in caught.value.detail
    for said in ("where is it?", "massage", "yesterday", "sesame", "4711"):
        assert said not in caught.value.detail


# --- who is believed


async def test_the_bytes_are_signed_and_not_what_they_mean(generic: Generic) -> None:
    body = json.dumps(event(text="a <b> & 中文"), indent=2).replace("<", "\\u003c").encode()
    (message,) = (await generic.receive(signed(body))).news
    assert isinstance(message, Message)
    assert message.text == "a <b> & 中文"


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
async def test_a_call_is_believed_for_five_minutes(generic: Generic, late: float) -> None:
    if abs(late) <= 300:
        assert (await generic.receive(signed(event(), late=late))).news
        return
    with pytest.raises(RefusedError) as caught:
        await generic.receive(signed(event(), late=late))
    assert caught.value.status == 401


STAMP = {"x-kefu-timestamp": str(int(NOW.timestamp()))}
RIGHT = signed(event()).headers["x-kefu-signature"]


@pytest.mark.parametrize(
    "wrong",
    [
        call(json.dumps(event()).encode()),
        call(json.dumps(event()).encode(), STAMP),
        call(json.dumps(event()).encode(), {"x-kefu-signature": RIGHT}),
        call(json.dumps(event()).encode(), STAMP | {"x-kefu-signature": RIGHT.removeprefix("sha256=")}),
        call(json.dumps(event()).encode(), STAMP | {"x-kefu-signature": RIGHT.replace("sha256", "sha1")}),
        call(json.dumps(event()).encode(), STAMP | {"x-kefu-signature": RIGHT.upper()}),
        call(json.dumps(event()).encode() + b" ", STAMP | {"x-kefu-signature": RIGHT}),
        call(json.dumps(event()).encode(), STAMP | {"x-kefu-signature": "sha256=ü\udcff"}),
        signed(event(), secret="another"),
        signed(event(), secret=""),
        signed(event(), stamp="now"),
        signed(event(), stamp="١٧٧٢٤٤٥٦٠٠"),
        signed(event(), stamp="-1"),
        signed(event(), stamp="9" * 400),
    ],
)
async def test_what_is_not_signed_is_refused(generic: Generic, wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        await generic.receive(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000])
async def test_junk_with_a_signature_is_refused_and_not_quoted(generic: Generic, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await generic.receive(signed(body))
    assert caught.value.status == 400


async def test_what_kefu_posts_is_not_taken_for_news(generic: Generic, api: FakeApi) -> None:
    await generic.deliver(reply(KEY, "On its way.", "m7"), again=False)
    (posted,) = api.asked("POST")
    raw = json.dumps(posted.body).encode()
    back = replace(call(raw, posted.headers), at=datetime.now(UTC))
    with pytest.raises(RefusedError) as caught:
        await generic.receive(back)
    assert caught.value.status == 400


FULL = event(customer="c5", at="2026-03-02T10:00:00Z", attachments=["lamp.jpg"])


@settings(deadline=None)
@given(st.binary(max_size=200) | mangled(FULL) | mangled(event(type="taken", text=None)))
def test_whatever_is_signed_is_understood_or_refused(document: object) -> None:
    no_calls: Any = None
    understood_or_refused(Generic(no_calls, secret=SECRET, url="https://shop.example"), signed(document))


# --- what is posted


async def test_a_reply_is_posted_with_what_it_rests_on(generic: Generic, api: FakeApi) -> None:
    cited = (Citation(id="e1", question="Where is it?", source="faq.jsonl:3", url="https://shop.example/orders"),)
    await generic.deliver(replace(reply(KEY, "On its way.", "m7"), citations=cited), again=False)
    (posted,) = api.asked("POST", "/from-kefu")
    assert posted.body == {
        "type": "reply",
        "id": "0123456789abcdef0123456789abcdef",
        "conversation": "order-4711",
        "in_reply_to": "m7",
        "text": "On its way.",
        "language": "en",
        "action": "answer",
        "reason": "confident",
        "confidence": 1.0,
        "citations": [{"id": "e1", "question": "Where is it?", "url": "https://shop.example/orders"}],
    }


async def test_a_second_one_is_known_by_its_id(generic: Generic, api: FakeApi) -> None:
    answer = reply(KEY, "On its way.", "m7")
    await generic.deliver(answer, again=False)
    await generic.deliver(answer, again=True)
    first, second = api.asked("POST")
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == first.body["id"]


async def test_the_note_comes_before_the_hand_over(generic: Generic, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "m7", action=Action.HAND_OFF)
    await generic.note(handed, "Handed over by the bot", again=False)
    await generic.deliver(handed, again=False)
    await generic.hand_over(handed, again=False)
    posted = [(one.body["type"], one.body["text"], one.body["action"]) for one in api.asked("POST")]
    assert posted == [
        ("note", "Handed over by the bot", "hand_off"),
        ("reply", "A colleague will answer.", "hand_off"),
        ("hand_over", "", "hand_off"),
    ]
    assert len({one.body["id"] for one in api.asked("POST")}) == 3


async def test_an_address_is_called_as_it_is_set(http: aiohttp.ClientSession, api: FakeApi) -> None:
    await Generic(http, secret=SECRET, url=f"{api.url}/from-kefu/?shop=7").deliver(reply(KEY, "a", "m7"), again=False)
    await Generic(http, secret=SECRET, url=f"{api.url}/from-kefu/").deliver(reply(KEY, "a", "m7"), again=False)
    assert [(one.path, one.query) for one in api.asked("POST")] == [("/from-kefu/", {"shop": "7"}), ("/from-kefu/", {})]


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (500, {}, False, None),
        (503, {"Retry-After": "60"}, False, 60),
        (401, {}, False, None),
        (400, {}, True, None),
        (302, {"Location": "http://169.254.169.254/"}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    generic: Generic, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"message": "where is it?"})
    with pytest.raises(DeliveryError) as caught:
        await generic.deliver(reply(KEY, "On its way.", "m7"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert SECRET not in str(caught.value)


# --- the examples of the guide


def example(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (text,) = found
    return str(text)


@pytest.fixture
def program() -> Any:
    """The guide's program, as a module."""
    module = types.ModuleType("program")
    exec(compile(example("python"), str(GUIDE), "exec"), module.__dict__)
    module.SECRET = SECRET  # type: ignore[attr-defined]
    return module


@contextmanager
def listening(handler: Any) -> Iterator[str]:
    handler.log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/from-kefu"
        finally:
            server.shutdown()
            thread.join()


async def test_the_guides_program_takes_a_reply_once(http: aiohttp.ClientSession, program: Any) -> None:
    shown: list[dict[str, object]] = []
    program.show = shown.append
    answer = reply(KEY, "On its way: 在路上。", "m7")
    with listening(program.FromKefu) as url:
        await Generic(http, secret=SECRET, url=url).deliver(answer, again=False)
        await Generic(http, secret=SECRET, url=url).deliver(answer, again=True)
        with pytest.raises(DeliveryError, match="401"):
            await Generic(http, secret="another", url=url).deliver(answer, again=True)
    assert [one["text"] for one in shown] == ["On its way: 在路上。"]


async def test_the_guides_program_signs_what_it_sends(
    generic: Generic, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[urllib.request.Request] = []
    monkeypatch.setattr(
        urllib.request, "urlopen", lambda request, **_: sent.append(request) or types.SimpleNamespace(close=list)
    )
    program.send(event(text="where is it? 在哪里？"))
    (request,) = sent
    assert isinstance(request.data, bytes)
    posted = replace(call(request.data, dict(request.header_items())), at=datetime.now(UTC))
    (message,) = (await generic.receive(posted)).news
    assert isinstance(message, Message)
    assert message.text == "where is it? 在哪里？"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_the_guides_shell_signs_what_it_sends(http: aiohttp.ClientSession) -> None:
    generic = Generic(http, secret="a long random value", url="https://shop.example")
    received: list[Received] = []

    async def receive(request: web.Request) -> web.Response:
        posted = call(await request.read(), request.headers)
        received.append(await generic.receive(replace(posted, at=datetime.fromtimestamp(time.time(), UTC))))
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/generic", receive)
    async with TestServer(app) as server:
        script = example("sh").replace("https://bot.example.com", str(server.make_url("")).rstrip("/"))
        shell = await asyncio.create_subprocess_exec("sh", "-c", script, env={**os.environ, "NO_PROXY": "127.0.0.1"})
        assert await shell.wait() == 0
    (message,) = received[0].news
    assert isinstance(message, Message)
    assert (message.conversation, message.text) == (KEY, "Where is my parcel?")

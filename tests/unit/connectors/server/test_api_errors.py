"""What the API refuses: always in one form, never quoting what came, and with nothing kept of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.store.sql import SqlStore
from bot.types import Conversation, Event, Message, Owner, Turn
from connectors.server.desk import Limits
from tests.unit.connectors.server.shop import KEYS, Gated, Shop, of_shop, serving

MESSAGES, TURNS, EVENTS = "/v1/messages", "/v1/conversations/anna/turns", "/v1/conversations/anna/events"
GOOD = {MESSAGES: {"conversation": "anna", "text": "hello"}, TURNS: {"text": "hello"}, EVENTS: {"event": "taken"}}

#: In the place of a value that is refused: no answer has it.
WORD = "canary"


async def nothing_is_kept(shop: Shop) -> None:
    assert await shop.store.conversation(of_shop()) == Conversation(key=of_shop())
    assert await shop.store.unfinished() == []


@pytest.mark.parametrize(
    ("path", "change", "place"),
    [
        (MESSAGES, {"text": None}, "text"),
        (MESSAGES, {"text": [WORD]}, "text"),
        (MESSAGES, {"text": WORD * 1000}, "text"),
        (MESSAGES, {"conversation": ""}, "conversation"),
        (MESSAGES, {"conversation": f"{WORD}\n"}, "conversation"),
        (MESSAGES, {"conversation": WORD * 40}, "conversation"),
        (MESSAGES, {"id": ""}, "id"),
        (MESSAGES, {"customer": f"\x00{WORD}"}, "customer"),
        (MESSAGES, {"at": WORD}, "at"),
        (MESSAGES, {"at": "2025-03-01T10:00:00"}, "at"),
        (MESSAGES, {"at": "0001-01-01T00:00:00+14:00"}, "at"),
        (MESSAGES, {"at": "9999-12-31T23:59:59-14:00"}, "at"),
        (MESSAGES, {"attachments": [WORD, ""]}, "attachments.1"),
        (MESSAGES, {"attachments": [WORD] * 21}, "attachments"),
        (MESSAGES, {WORD: WORD}, "an unknown field"),
        (TURNS, {"text": {WORD: WORD}}, "text"),
        (TURNS, {"at": WORD}, "at"),
        (EVENTS, {"event": WORD}, "event"),
        (EVENTS, {"id": "x" * 201}, "id"),
    ],
)
async def test_a_wrong_field_is_named_and_its_value_not_quoted(
    shop: Shop, path: str, change: dict[str, Any], place: str
) -> None:
    answered = await shop.call("POST", path, GOOD[path] | change)
    assert (answered.status, answered.code) == (400, "not_valid")
    assert answered.json["error"]["message"].startswith(f"{place}: ")
    assert WORD not in answered.text
    await nothing_is_kept(shop)


async def test_an_unknown_field_is_not_quoted_and_the_known_ones_are_told(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "connectors"):
        answered = await shop.call("POST", EVENTS, GOOD[EVENTS] | {WORD: WORD})
    assert answered.json["error"]["message"] == "an unknown field: there are event, id"
    assert caplog.messages[-1].endswith(": not valid: an unknown field")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"canary"', b"\xff\xfe", b"[" * 10_000, b'{"text":"\\ud800"}']
)
@pytest.mark.parametrize("path", GOOD)
async def test_what_is_no_document_is_refused(shop: Shop, path: str, body: bytes) -> None:
    answered = await shop.call("POST", path, data=body, headers={"Content-Type": "application/json"})
    assert (answered.status, answered.code) == (400, "not_valid")
    assert WORD not in answered.text


@pytest.mark.parametrize("key", [None, "", "key-of-nobody-0123456789", KEYS["shop"][:-1], "schlüssel-0123456789"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", path) for path in GOOD] + [(method, "/v1/conversations/anna") for method in ("GET", "DELETE")],
)
async def test_without_a_key_nothing_is_done(shop: Shop, method: str, path: str, key: str | None) -> None:
    answered = await shop.call(method, path, GOOD.get(path), key=key)
    assert (answered.status, answered.code) == (401, "no_key")
    assert answered.headers["WWW-Authenticate"] == "Bearer"
    await nothing_is_kept(shop)


async def test_a_key_counts_as_a_bearer_token_alone(shop: Shop) -> None:
    for scheme, status in (("Basic", 401), ("Bearer", 200), ("bearer", 200)):
        headers = {"Authorization": f"{scheme} {KEYS['shop']}"}
        assert (await shop.call("POST", MESSAGES, GOOD[MESSAGES], key=None, headers=headers)).status == status


async def test_what_is_not_there_is_not_found(shop: Shop) -> None:
    for path in ("/", "/v1", "/v1/conversations/", "/v2/messages", "/v1/conversations/anna"):
        answered = await shop.call("GET", path)
        assert (answered.status, answered.code) == (404, "not_found")


async def test_another_method_is_refused_and_the_right_ones_are_named(shop: Shop) -> None:
    answered = await shop.call("PUT", "/v1/conversations/anna", {})
    assert (answered.status, answered.code) == (405, "method_not_allowed")
    assert set(answered.headers["Allow"].split(",")) == {"GET", "HEAD", "DELETE"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json5", ""])
async def test_what_is_not_sent_as_json_is_refused(shop: Shop, kind: str) -> None:
    body = json.dumps(GOOD[MESSAGES]).encode()
    answered = await shop.call("POST", MESSAGES, data=body, headers={"Content-Type": kind})
    assert (answered.status, answered.code) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answered.text
    await nothing_is_kept(shop)


async def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(body=100)) as shop:
        answered = await shop.says("x" * 200)
        assert (answered.status, answered.code) == (413, "request_entity_too_large")
        await nothing_is_kept(shop)
        assert (await shop.says("hello")).status == 200


def raw(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: kefu", f"Authorization: Bearer {KEYS['shop']}"]
    lines += [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_a_body_that_does_not_come_is_refused_and_the_connection_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(patience=0.2)) as shop:
        head, _, body = (await shop.sends(raw(MESSAGES, b'{"text":', {"Content-Length": "500"}))).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert json.loads(body)["error"]["code"] == "request_timeout"
        await nothing_is_kept(shop)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip", "Content-Length": "6"}, b"canary"),
        ({"Transfer-Encoding": "chunked"}, b"canary\r\n"),
        ({"Content-Length": "canary"}, b""),
        ({"Content-Length": "1", "Transfer-Encoding": "chunked"}, b"0\r\n\r\n"),
    ],
    ids=["no gzip", "no chunks", "no length", "two lengths"],
)
async def test_a_body_that_is_not_what_its_head_says_is_refused(
    shop: Shop, headers: dict[str, str], body: bytes
) -> None:
    answer = await shop.sends(raw(MESSAGES, body, {"Connection": "close", **headers}))
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    await nothing_is_kept(shop)


async def test_too_many_messages_in_a_conversation_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(per_minute=2)) as shop:
        answers = await asyncio.gather(*(shop.says("hello", id=str(number)) for number in range(5)))
        refused = [one for one in answers if one.status == 429]
        assert len(refused) == 3
        assert {one.code for one in refused} == {"too_many"}
        assert all(1 <= int(one.headers["Retry-After"]) <= 61 for one in refused)
        said = await shop.store.conversation(of_shop())
        assert sum(turn.text == "hello" for turn in said.turns) == 2
        assert (await shop.says("hello", "boris")).status == 200
        assert (await shop.says("hello", key=KEYS["other"])).status == 200


async def test_too_many_calls_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(per_second=3)) as shop:
        answers = await asyncio.gather(*(shop.call("GET", "/v1/conversations/anna") for _ in range(12)))
    refused = [one for one in answers if one.status == 429]
    assert {one.headers["Retry-After"] for one in refused} <= {"1", "2"}
    assert refused


async def test_who_watches_the_server_is_heard_where_there_are_too_many_calls(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(per_second=3)) as shop:
        await asyncio.gather(*(shop.call("GET", "/v1/conversations/anna") for _ in range(12)))
        watched = [await shop.call("GET", path, key=None) for path in ("/healthz", "/readyz", "/metrics")]
        assert [one.status for one in watched] == [200, 200, 200]
        some = await asyncio.gather(*(shop.call("GET", "/readyz", key=None) for _ in range(12)))
        assert 429 in {one.status for one in some}, "but not without end"


async def test_where_too_much_waits_a_message_is_refused_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    responder = Gated()
    async with serving(tmp_path, responder=responder, waiting=1) as shop:
        first = asyncio.create_task(shop.says("hello", "boris", id="1"))
        await responder.reached(1)
        answered = await shop.says("hello", id="2")
        assert (answered.status, answered.code, answered.headers["Retry-After"]) == (429, "too_many", "5")
        assert await shop.store.conversation(of_shop()) == Conversation(key=of_shop())
        responder.open("1", "2")
        assert (await first).json["text"] == "HELLO"
        assert (await shop.says("hello", id="2")).json["text"] == "HELLO"


class Fails(SqlStore):
    """Fails with what a customer said."""

    async def accept(self, message: Message, **more: Any) -> bool:
        raise ValueError(message.text)

    async def append(self, key: object, turn: Turn) -> bool:
        raise ValueError(turn.text)

    async def record(self, key: object, event: Event, **more: Any) -> Owner:
        raise ValueError(more["id_"])


@pytest.mark.parametrize("path", GOOD)
async def test_a_failure_is_told_without_words_of_the_customer(
    tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = {EVENTS: GOOD[EVENTS] | {"id": WORD}}.get(path, GOOD[path] | {"text": WORD})
    async with serving(tmp_path, kind=Fails) as shop:
        answered = await shop.call("POST", path, body)
    assert (answered.status, answered.code) == (500, "failed")
    assert WORD not in answered.text + caplog.text
    assert "ValueError" in caplog.text

"""Around every call: what the log may say of it, who is believed, and what is cut off."""

from __future__ import annotations

import json
import logging
import zlib
from pathlib import Path

import pytest

from connectors.helpdesk import RefusedError
from connectors.server.desk import Access, Limits
from tests.unit.connectors.server.bell import Bell, asked
from tests.unit.connectors.server.shop import KEYS, Shop, serving

#: In texts, keys and queries: no record of the log has it.
WORD = "canary"
KEY = f"{WORD}-0123456789-0123456789"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that is logged, by anybody."""
    caplog.set_level(logging.DEBUG)
    return caplog


def said(log: pytest.LogCaptureFixture) -> str:
    """Every record, with its arguments and its traceback."""
    return "\n".join([log.text, *(repr(record.args) for record in log.records)])


# --- the log


async def test_no_word_of_a_call_of_the_api_is_in_the_log(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    message = {"conversation": "anna", "text": WORD, "customer": WORD, "attachments": [WORD], "id": "1"}
    stream = {"Accept": "text/event-stream", "X-Note": WORD}
    async with serving(tmp_path, access=Access(keys={"shop": KEY})) as shop:
        assert (await shop.call("POST", "/v1/messages", message, key=KEY, params={WORD: WORD})).status == 200
        assert (await shop.call("POST", "/v1/messages", message, key=KEY, headers=stream)).status == 200
        turn, path = {"text": WORD}, "/v1/conversations/anna"
        assert (await shop.call("POST", f"{path}/turns", turn, key=KEY)).status == 200
        assert (await shop.call("POST", f"{path}/events", {"event": "taken"}, key=KEY)).status == 200
        assert (await shop.call("GET", path, key=KEY, params={"key": WORD})).status == 200
        assert (await shop.call("DELETE", path, key=KEY)).status == 204
    assert "POST /v1/messages 200 in" in log.text
    assert "from 127.0.0.1" in log.text
    assert WORD not in said(log)


async def test_no_word_of_a_call_that_is_refused_is_in_the_log(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    async with serving(tmp_path, access=Access(keys={"shop": KEY}), limits=Limits(body=1000)) as shop:
        for body, status in (
            ({"conversation": "anna", "text": [WORD]}, 400),
            ({"conversation": "anna", "text": "hello", WORD: WORD}, 400),
            ({"conversation": WORD * 100, "text": "hello"}, 400),
            ({"conversation": "anna", "text": WORD * 200}, 413),
        ):
            assert (await shop.call("POST", "/v1/messages", body, key=KEY)).status == status
        assert (await shop.says("hello", key=f"wrong-{WORD}")).status == 401
        assert (await shop.call("GET", f"/{WORD}/{WORD}", key=KEY)).status == 404
        assert (await shop.call("GET", f"/v1/conversations/{WORD}", key=KEY)).status == 404
        assert (await shop.call("PUT", f"/v1/conversations/{WORD}", key=KEY)).status == 405
        assert (await shop.call("POST", "/v1/messages", data=WORD, key=KEY)).status == 415
    assert WORD not in said(log)


async def test_no_word_of_a_webhook_is_in_the_log(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    bell = Bell(asked(WORD))
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        more = {"key": None, "data": WORD, "params": {"key": WORD}, "headers": {"X-Secret": WORD}}
        assert (await shop.call("POST", "/webhooks/bell", **more)).status == 200
        assert (await shop.call("POST", f"/webhooks/{WORD}", **more)).status == 404
        bell.received = RefusedError(401, "the key is wrong")
        assert (await shop.call("POST", "/webhooks/bell", **more)).status == 401
        bell.received = ValueError(WORD)
        assert (await shop.call("POST", "/webhooks/bell", **more)).status == 500
    assert "POST /webhooks/{channel} 401 in" in log.text
    assert WORD not in said(log)


@pytest.mark.parametrize(
    "garbage",
    [
        b"canary\r\n\r\n",
        b"canary canary canary\r\n\r\n",
        b"GET /canary HTTP/9.9\r\n\r\n",
        b"GET /canary\xff HTTP/1.1\r\nHost: kefu\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\ncanary\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: kefu\r\nX-Note: can\x00canary\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: kefu\r\nX-Note: " + b"canary" * 5000 + b"\r\n\r\n",
        b"GET /" + b"canary" * 5000 + b" HTTP/1.1\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: kefu\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: kefu\r\nContent-Length: canary\r\n\r\ncanary",
        b"CONNECT canary:443 HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: kefu\r\nExpect: canary\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: kefu\r\nUpgrade: canary\r\nConnection: upgrade, close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ncanary",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary" + bytes(200),
    ],
    ids=lambda garbage: repr(garbage[:24]),
)
async def test_bytes_that_are_no_call_end_the_connection_and_are_not_in_the_log(
    tmp_path: Path, log: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    async with serving(tmp_path, limits=Limits(patience=1)) as shop:
        answer = await shop.sends(garbage)
        assert (await shop.call("GET", "/healthz", key=None)).status == 200
    assert answer == b"" or answer.startswith((b"HTTP/1.0 4", b"HTTP/1.1 4"))
    assert WORD not in said(log)


async def test_what_is_asked_for_all_the_time_is_not_in_the_log(shop: Shop, log: pytest.LogCaptureFixture) -> None:
    log.set_level(logging.INFO)
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await shop.call("GET", path, key=None)).status == 200
    assert "GET" not in log.text


# --- who called


@pytest.mark.parametrize(
    ("trusted", "lines", "expected"),
    [
        ([], ["1.2.3.4"], "127.0.0.1"),
        (["10.0.0.1"], ["1.2.3.4"], "127.0.0.1"),
        (["127.0.0.1"], [], "127.0.0.1"),
        (["127.0.0.1"], ["1.2.3.4"], "1.2.3.4"),
        (["127.0.0.1"], ["9.9.9.9, 1.2.3.4"], "1.2.3.4"),
        (["127.0.0.1"], ["9.9.9.9", "1.2.3.4"], "1.2.3.4"),
        (["127.0.0.1", "10.0.0.1"], ["9.9.9.9, 1.2.3.4, 10.0.0.1"], "1.2.3.4"),
        (["127.0.0.1"], ["2001:db8::1"], "2001:db8::1"),
        (["127.0.0.1"], [WORD], "?"),
        (["127.0.0.1"], [" , ,"], "127.0.0.1"),
    ],
)
async def test_only_proxies_that_are_trusted_are_believed_when_they_say_who_called(
    tmp_path: Path, log: pytest.LogCaptureFixture, trusted: list[str], lines: list[str], expected: str
) -> None:
    access = Access(keys=KEYS, trusted_proxies=frozenset(trusted))
    async with serving(tmp_path, access=access) as shop:
        head = ["GET /nowhere HTTP/1.1", "Host: kefu", "Connection: close"]
        head += [f"X-Forwarded-For: {line}" for line in lines]
        await shop.sends("\r\n".join([*head, "", ""]).encode())
    (line,) = (one.getMessage() for one in log.records if "GET none 404" in one.getMessage())
    assert line.endswith(f"from {expected}")


# --- what is cut off


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: kefu\r\nX-Slow: ", b"GET /healthz HTTP/1.1\r\nHost: kefu\r\n\r\n"],
    ids=["nothing", "a word", "half a head", "a call that is followed by nothing"],
)
async def test_a_connection_on_which_nothing_comes_is_ended(tmp_path: Path, begun: bytes) -> None:
    async with serving(tmp_path, limits=Limits(patience=0.2)) as shop:
        answer = await shop.sends(begun)
    assert (b"200 OK" in answer) == begun.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "status"), [("/webhooks/bell", b"408"), ("/webhooks/nobody", b"404"), ("/v1/messages", b"401")]
)
async def test_a_connection_on_which_the_body_does_not_come_is_ended(tmp_path: Path, path: str, status: bytes) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: kefu\r\nContent-Length: 500\r\n\r\nhalf".encode()
    async with serving(tmp_path, helpdesks=[Bell()], limits=Limits(patience=0.2)) as shop:
        assert (await shop.sends(head)).split()[1] == status


async def test_a_body_that_is_too_large_is_not_taken_in(tmp_path: Path) -> None:
    bell = Bell(asked("hello"))
    async with serving(tmp_path, helpdesks=[bell], limits=Limits(body=100)) as shop:
        answered = await shop.call("POST", "/webhooks/bell", data=b"x" * 101, key=None)
        assert (answered.status, answered.code) == (413, "request_entity_too_large")
        assert bell.calls == []
        assert (await shop.call("POST", "/webhooks/bell", data=b"x" * 100, key=None)).status == 200


async def test_what_becomes_too_large_when_it_is_unpacked_is_not_taken_in(tmp_path: Path) -> None:
    bell = Bell(asked("hello"))
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        bomb = zlib.compress(bytes(50_000_000))
        answered = await shop.call(
            "POST", "/webhooks/bell", data=bomb, key=None, headers={"Content-Encoding": "deflate"}
        )
    assert answered.status == 413
    assert bell.calls == []


# --- every answer


async def test_errors_have_one_form(shop: Shop) -> None:
    for path, status in (("/nowhere", 404), ("/webhooks/nobody", 404), ("/v1/messages", 405)):
        answered = await shop.call("GET", path, key=None)
        assert (answered.status, set(json.loads(answered.text)["error"])) == (status, {"code", "message"})

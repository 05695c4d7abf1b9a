"""Calls of helpdesks: kept before they are answered, kept once, and refused without a word of theirs in the log."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.errors import DeliveryError
from bot.store.sql import SqlStore
from bot.types import Conversation, ConversationKey, Event, Message, Owner, Speaker, Turn
from connectors.chatwoot import Chatwoot
from connectors.helpdesk import Answer, Contract, Happened, Received, RefusedError, Said
from connectors.server.desk import Limits
from tests.unit.connectors.fakes import FakeApi
from tests.unit.connectors.fakes import serving as tool
from tests.unit.connectors.server.bell import NOON, Bell, asked
from tests.unit.connectors.server.shop import Answered, Gated, Shop, serving

SECRET = "shared with chatwoot"
ANNA = ConversationKey(channel="bell", thread="anna")


async def texts(shop: Shop, key: ConversationKey = ANNA) -> list[str]:
    return [turn.text for turn in (await shop.store.conversation(key)).turns]


async def ring(shop: Shop, channel: str = "bell", method: str = "POST", **more: object) -> Answered:
    return await shop.call(method, f"/webhooks/{channel}", key=None, **more)


# --- Chatwoot, from its signature to the reply

KEY = ConversationKey(channel="chatwoot", account="3", thread="42")


def chatwoot(http: aiohttp.ClientSession, url: str) -> Chatwoot:
    return Chatwoot(http, url=url, account="3", token="bot-token", read_token="agent-token", secret=SECRET)


def event(**changes: object) -> dict[str, object]:
    return {
        "event": "message_created",
        "id": 7,
        "content": "where is it?",
        "created_at": "2025-03-01T11:59:58.000Z",
        "message_type": "incoming",
        "account": {"id": 3},
        "conversation": {"id": 42, "status": "pending", "meta": {}},
    } | changes


async def chatwoot_calls(shop: Shop, document: object, secret: str = SECRET) -> Answered:
    body, stamp = json.dumps(document).encode(), str(int(shop.clock().timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Signature": f"sha256={mac}"}
    return await ring(shop, "chatwoot", data=body, headers=headers)


async def test_a_signed_call_is_kept_and_the_reply_goes_out(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    written = asyncio.Event()

    def write(_: object) -> dict[str, object]:
        written.set()
        return {"id": 9}

    api = FakeApi()
    needs = {"content": str, "message_type": str, "private": bool}
    place = "/api/v1/accounts/3/conversations/42"
    api.route("POST", f"{place}/messages", needs=needs, answer=write)
    api.route("POST", f"{place}/toggle_typing_status", needs={"typing_status": str}, answer={})
    async with tool(api):
        desk = chatwoot(http, api.url)
        async with serving(tmp_path, helpdesks=[desk]) as shop:
            answered = await chatwoot_calls(shop, event())
            assert (answered.status, answered.text) == (200, "")
            assert await texts(shop, KEY) == ["where is it?"]
            shop.clock.forward(60)  # people type several short messages for one question: those are waited for
            await written.wait()
    assert api.asked("POST", "/messages")[0].body["content"] == "WHERE IS IT?"


@pytest.mark.parametrize(
    ("document", "secret", "status"), [(event(), "another", 401), ({"event": 5}, SECRET, 400), (["where"], SECRET, 400)]
)
async def test_what_is_refused_leaves_nothing_and_no_word_in_the_log(
    tmp_path: Path,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    document: object,
    secret: str,
    status: int,
) -> None:
    caplog.set_level("DEBUG")
    desk = Chatwoot(
        http, url="http://127.0.0.1:1", account="3", token="bot-token", read_token="agent-token", secret=SECRET
    )
    async with serving(tmp_path, helpdesks=[desk]) as shop:
        answered = await chatwoot_calls(shop, document, secret)
        assert (answered.status, answered.code) == (status, "refused")
        assert await shop.store.unfinished() == []
    assert "where" not in answered.text + caplog.text
    assert f"POST /webhooks/{{channel}} {status}" in caplog.text
    assert "chatwoot: " in caplog.text


# --- kept, and only then answered


async def test_a_call_is_answered_after_it_is_kept(tmp_path: Path) -> None:
    class Slow(SqlStore):
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def accept(self, message: Message, **more: Any) -> bool:
            self.reached.set()
            await self.go_on.wait()
            return await super().accept(message, **more)

    async with serving(tmp_path, helpdesks=[Bell(asked("hello"))], kind=Slow) as shop:
        call = asyncio.create_task(ring(shop))
        await asyncio.wait({call, asyncio.create_task(Slow.reached.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert (call.done(), await texts(shop)) == (False, [])
        Slow.go_on.set()
        assert (await call).status == 200
        assert (await texts(shop))[0] == "hello"


async def test_where_the_store_fails_the_call_is_not_taken_and_the_next_try_is(tmp_path: Path) -> None:
    class FailsOnce(SqlStore):
        full = True

        async def accept(self, message: Message, **more: Any) -> bool:
            if FailsOnce.full:
                FailsOnce.full = False
                raise OSError("no space left")
            return await super().accept(message, **more)

    async with serving(tmp_path, helpdesks=[Bell(asked("hello"))], kind=FailsOnce) as shop:
        assert (await ring(shop)).status == 500
        assert await texts(shop) == []
        assert (await ring(shop)).status == 200
        assert (await texts(shop))[0] == "hello"


async def test_a_call_that_comes_again_is_kept_once(tmp_path: Path) -> None:
    bell = Bell(
        asked("hello"),
        Said(conversation=ANNA, turn=Turn(speaker=Speaker.AGENT, text="I am Bo.", at=NOON, id="2")),
        Happened(conversation=ANNA, event=Event.HANDED_BACK, id="3"),
    )
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        statuses = [(await ring(shop)).status for _ in range(3)]
        assert statuses == [200] * 3
        said = await shop.store.conversation(ANNA)
    assert sorted(turn.text for turn in said.turns if turn.speaker is not Speaker.BOT) == ["I am Bo.", "hello"]
    assert said.owner is Owner.BOT


async def test_news_of_one_call_is_kept_in_its_order(tmp_path: Path) -> None:
    bell = Bell(Happened(conversation=ANNA, event=Event.TAKEN), asked("hello", "1"), asked("hurry", "2"))
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        await ring(shop)
        assert shop.dispatcher is not None
        await shop.dispatcher.idle()
        assert await texts(shop) == ["hello", "hurry"]
    assert bell.delivered == [], "a person has the case"


async def test_the_other_conversations_of_a_call_are_answered_too(tmp_path: Path) -> None:
    bell = Bell(asked("hello"), asked("bye", thread="boris"))
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        await ring(shop)
        assert shop.dispatcher is not None
        await shop.dispatcher.idle()
    assert sorted(reply.text for reply in bell.delivered) == ["BYE", "HELLO"]


# --- how calls are answered


async def test_a_channel_gets_the_bytes_as_they_came_and_the_time(tmp_path: Path) -> None:
    bell = Bell()
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        await ring(shop, data=b"\xff{} ", params={"key": "a b"}, headers={"X-Signed": "yes"})
        await ring(shop, method="GET")
    first, second = bell.calls
    assert (first.method, first.body, first.query, first.headers["x-signed"]) == (
        "POST",
        b"\xff{} ",
        {"key": "a b"},
        "yes",
    )
    assert (first.at, second.method) == (shop.clock(), "GET")


async def test_the_channel_says_what_is_answered(tmp_path: Path) -> None:
    bell = Bell()
    bell.received = Received(answer=Answer(status=201, text="退款", content_type="text/x-bell"), ignored="a check")
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        answered = await ring(shop)
    assert (answered.status, answered.text) == (201, "退款")
    assert answered.headers["Content-Type"] == "text/x-bell; charset=utf-8"


async def test_a_channel_that_is_not_set_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with serving(tmp_path, helpdesks=[Bell()]) as shop:
        for channel in ("chatwoot", "api", "Bell", "nobody"):
            answered = await ring(shop, channel)
            assert (answered.status, answered.code) == (404, "not_found")
            assert caplog.messages[-1].endswith(": no channel whose section is set")


async def test_a_refusal_has_the_status_the_channel_says(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bell = Bell()
    bell.received = RefusedError(401, "the signature is wrong")
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        answered = await ring(shop)
    assert (answered.status, answered.code) == (401, "refused")
    assert "the signature" not in answered.text, "who calls is not told what to change"
    assert "bell: the signature is wrong" in caplog.text


async def test_a_tool_that_does_not_answer_is_told_to_call_again(tmp_path: Path) -> None:
    class Late(Bell):
        contract = Contract(answer_within=0.01, chat=False)

        async def receive(self, call: object) -> Received:
            await asyncio.Event().wait()
            raise AssertionError

    bell = Bell()
    bell.received = DeliveryError("POST desk.example/x: 502")
    late = Late()
    late.name = "late"
    async with serving(tmp_path, helpdesks=[bell, late]) as shop:
        for channel in ("bell", "late"):
            answered = await ring(shop, channel)
            assert (answered.status, answered.code, answered.headers["Retry-After"]) == (503, "away", "5")


async def test_a_channel_that_fails_is_a_failure_without_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bell = Bell()
    words = "what a customer said"
    bell.received = ValueError(words)
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        answered = await ring(shop)
    assert (answered.status, answered.code) == (500, "failed")
    assert words not in answered.text + caplog.text


async def test_too_many_messages_in_a_conversation_are_refused_and_not_kept(tmp_path: Path) -> None:
    bell = Bell(asked("hello"))
    async with serving(tmp_path, helpdesks=[bell], limits=Limits(per_minute=2)) as shop:
        statuses = []
        for number in range(4):
            bell.received = Received(news=(asked(f"hello {number}", str(number)),))
            statuses.append((await ring(shop)).status)
        bell.received = Received(news=(asked("hello", thread="boris"),))
        assert statuses == [200, 200, 429, 429]
        assert (await ring(shop)).status == 200
        assert [text for text in await texts(shop) if text.islower()] == ["hello 0", "hello 1"]


async def test_what_is_no_message_is_never_too_many(tmp_path: Path) -> None:
    bell = Bell(Happened(conversation=ANNA, event=Event.TAKEN))
    async with serving(tmp_path, helpdesks=[bell], limits=Limits(per_minute=1)) as shop:
        assert {(await ring(shop)).status for _ in range(5)} == {200}


async def test_where_too_much_waits_the_tool_is_told_to_call_again(tmp_path: Path) -> None:
    bell, responder = Bell(asked("hello")), Gated()
    async with serving(tmp_path, helpdesks=[bell], responder=responder, waiting=1) as shop:
        assert (await ring(shop)).status == 200
        await responder.reached(1)
        bell.received = Received(news=(asked("hello", "2", thread="boris"),))
        assert (await ring(shop)).status == 429
        boris = replace(ANNA, thread="boris")
        assert await shop.store.conversation(boris) == Conversation(key=boris)
        responder.open("1", "2")


async def test_news_is_counted_by_channel_and_kind(tmp_path: Path) -> None:
    bell = Bell(Happened(conversation=ANNA, event=Event.TAKEN), asked("hello"))
    async with serving(tmp_path, helpdesks=[bell]) as shop:
        await ring(shop)
        counted = (await shop.call("GET", "/metrics", key=None)).text
    for kind in ("message", "happened"):
        assert f'kefu_webhook_news_total{{channel="bell",kind="{kind}"}} 1.0' in counted

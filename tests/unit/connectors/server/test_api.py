"""The API: a message and its reply, streams, conversations of one key alone, and what people do in them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from yarl import URL

from bot.dispatcher import Dispatcher
from bot.store.sql import SqlStore
from bot.types import Conversation, ConversationKey, Reply
from connectors.server.api import Callers
from connectors.server.desk import Access, Limits
from tests.unit.bot.desk import PAUSE, fallback
from tests.unit.connectors.server.shop import KEYS, Echo, Gated, Shop, events, of_shop, serving

# --- a message and its reply


async def test_a_message_is_answered_with_its_reply(shop: Shop) -> None:
    answered = await shop.says("hello", id="1")
    assert answered.status == 200
    said = answered.json
    assert (said["conversation"], said["in_reply_to"], said["text"]) == ("anna", "1", "HELLO")
    assert (said["action"], said["reason"], said["confidence"]) == ("answer", "confident", 1.0)


async def test_chinese_stays_chinese(shop: Shop) -> None:
    assert (await shop.says("退款需要多久？", "安娜")).json["text"] == "退款需要多久？"
    read = await shop.call("GET", "/v1/conversations/安娜")
    assert read.json["conversation"] == "安娜"
    assert "退款需要多久？" in read.text


async def test_all_that_is_given_is_kept(shop: Shop, echo: Echo) -> None:
    given = {"id": "7", "customer": "c-9", "at": "2025-03-01T10:00:00+01:00", "attachments": ["lamp.jpg"]}
    await shop.says("look", **given)
    (message,) = echo.asked
    assert (message.id, message.customer, message.attachments) == ("7", "c-9", ("lamp.jpg",))
    assert message.at.isoformat() in ("2025-03-01T10:00:00+01:00", "2025-03-01T09:00:00+00:00")


async def test_a_message_sent_again_is_answered_once_and_gets_the_same_reply(shop: Shop, echo: Echo) -> None:
    first, second = await asyncio.gather(shop.says("hello", id="1"), shop.says("hello", id="1"))
    third = await shop.says("hello", id="1")
    assert first.json == second.json == third.json
    assert len(echo.asked) == 1


async def test_messages_without_an_id_are_messages_of_their_own(shop: Shop, echo: Echo) -> None:
    first, second = await shop.says("hello"), await shop.says("hello")
    assert first.json["in_reply_to"] != second.json["in_reply_to"]
    assert len(echo.asked) == 2


async def test_what_takes_too_long_is_pending_and_the_reply_is_there_later(tmp_path: Path) -> None:
    responder = Gated()
    async with serving(tmp_path, responder=responder, limits=Limits(reply=0.01)) as shop:
        pending = await shop.says("hello", id="1")
        assert (pending.status, pending.json) == (202, {"conversation": "anna", "in_reply_to": "1"})
        responder.open("1")
        assert shop.dispatcher is not None
        await shop.dispatcher.idle()
        assert (await shop.says("hello", id="1")).json["text"] == "HELLO"
    assert responder.begun == ["1"]


async def test_a_reply_that_another_process_wrote_reaches_the_caller(tmp_path: Path) -> None:
    async with serving(tmp_path, alone=False) as shop:
        waiting = asyncio.create_task(shop.says("hello", id="1"))
        async with (
            SqlStore.open(f"sqlite:///{tmp_path / 'kefu.db'}", clock=shop.clock) as store,
            Dispatcher(store, Echo(), {"api": Callers()}, fallback=fallback, pause=PAUSE),
        ):
            answered = await waiting
    assert (answered.status, answered.json["text"]) == (200, "HELLO")


async def test_a_reply_that_was_forgotten_at_once_is_not_looked_for_without_a_pause(tmp_path: Path) -> None:
    class Forgets(SqlStore):
        looks = 0

        async def answered(self, key: ConversationKey, id_: str) -> tuple[bool, Reply | None]:
            Forgets.looks += 1
            return False, None

    async with serving(tmp_path, kind=Forgets, limits=Limits(reply=0.5)) as shop:
        assert (await shop.says("hello")).status == 202
    assert Forgets.looks < 10


# --- streams


async def test_a_stream_says_that_it_is_accepted_and_then_the_reply(shop: Shop) -> None:
    body = {"conversation": "anna", "text": "hello", "id": "1"}
    answered = await shop.call("POST", "/v1/messages", body, headers={"Accept": "text/event-stream"})
    assert answered.headers["Content-Type"] == "text/event-stream"
    assert answered.headers["Cache-Control"] == "no-store"
    (first, accepted), (second, said) = events(answered.text)
    assert (first, accepted) == ("accepted", {"conversation": "anna", "id": "1"})
    assert (second, said["text"]) == ("reply", "HELLO")


async def test_a_stream_is_accepted_before_there_is_a_reply(tmp_path: Path) -> None:
    responder = Gated()
    async with (
        serving(tmp_path, responder=responder) as shop,
        shop.http.post(
            shop.url("/v1/messages"),
            json={"conversation": "anna", "text": "hello", "id": "1"},
            headers={"Accept": "text/event-stream", "Authorization": f"Bearer {KEYS['shop']}"},
        ) as response,
    ):
        assert await response.content.readline() == b"event: accepted\n"
        responder.open("1")
        assert b"HELLO" in await response.read()


async def test_a_stream_whose_store_fails_ends_with_an_error_without_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(SqlStore):
        async def answered(self, key: ConversationKey, id_: str) -> tuple[bool, Reply | None]:
            raise OSError(id_)

    async with serving(tmp_path, kind=Away) as shop:
        body = {"conversation": "anna", "text": "hello", "id": "words"}
        answered = await shop.call("POST", "/v1/messages", body, headers={"Accept": "text/event-stream"})
    (_, _), (name, said) = events(answered.text)
    assert (name, said["error"]["code"]) == ("error", "failed")
    assert "words" not in answered.text.partition("event: error")[2] + caplog.text


async def test_a_caller_who_goes_in_the_middle_of_a_stream_is_no_failure_and_the_reply_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    responder = Gated()
    async with serving(tmp_path, responder=responder) as shop:
        async with shop.http.post(
            shop.url("/v1/messages"),
            json={"conversation": "anna", "text": "hello", "id": "1"},
            headers={"Accept": "text/event-stream", "Authorization": f"Bearer {KEYS['shop']}"},
        ) as response:
            await response.content.readline()
            response.close()
        responder.open("1")
        assert (await shop.says("hello", id="1")).json["text"] == "HELLO"
    assert "failed" not in caplog.text


# --- who has the case


async def test_the_bot_is_silent_while_a_person_has_the_case_and_answers_once_it_is_back(shop: Shop) -> None:
    took = await shop.call("POST", "/v1/conversations/anna/events", {"event": "taken"})
    assert took.json == {"owner": "human"}
    silent = await shop.says("hello", id="1")
    assert (silent.status, silent.json) == (200, {"conversation": "anna", "in_reply_to": "1", "owner": "human"})
    back = await shop.call("POST", "/v1/conversations/anna/events", {"event": "handed_back"})
    assert back.json == {"owner": "bot"}
    assert (await shop.says("thanks", id="2")).json["text"] == "THANKS"


async def test_who_was_handed_over_waits(shop: Shop) -> None:
    assert (await shop.says("person")).json["action"] == "hand_off"
    assert (await shop.says("hurry")).json["owner"] == "waiting"


async def test_who_writes_to_the_customer_has_the_case(shop: Shop) -> None:
    turn = {"text": "I am Bo.", "id": "t1"}
    for _ in range(2):
        assert (await shop.call("POST", "/v1/conversations/anna/turns", turn)).json == {"owner": "human"}
    said = (await shop.call("GET", "/v1/conversations/anna")).json
    assert [(one["speaker"], one["text"], one["id"]) for one in said["turns"]] == [("agent", "I am Bo.", "t1")]


async def test_an_event_sent_again_counts_once(shop: Shop) -> None:
    taken, back = {"event": "taken", "id": "e1"}, {"event": "handed_back", "id": "e2"}
    owners = [
        (await shop.call("POST", "/v1/conversations/anna/events", event)).json["owner"]
        for event in (taken, back, taken)
    ]
    assert owners == ["human", "bot", "bot"]


async def test_a_resolved_case_begins_anew_with_the_next_message(shop: Shop) -> None:
    await shop.says("hello")
    closed = await shop.call("POST", "/v1/conversations/anna/events", {"event": "resolved"})
    assert closed.json == {"owner": "closed"}
    assert (await shop.says("again")).json["text"] == "AGAIN"


# --- conversations


async def test_a_conversation_is_there_as_it_stands(shop: Shop) -> None:
    await shop.says("hello", id="1")
    said = (await shop.call("GET", "/v1/conversations/anna")).json
    assert (said["conversation"], said["owner"], said["language"]) == ("anna", "bot", None)
    assert [(one["speaker"], one["text"], one["action"]) for one in said["turns"]] == [
        ("customer", "hello", None),
        ("bot", "HELLO", "answer"),
    ]


async def test_no_key_sees_the_conversations_of_another_or_is_mixed_with_them(shop: Shop) -> None:
    await shop.says("mine", id="1")
    hers = await shop.says("hers", id="1", key=KEYS["other"])
    assert hers.json["text"] == "HERS"
    for key, text in (("shop", "mine"), ("other", "hers")):
        said = (await shop.call("GET", "/v1/conversations/anna", key=KEYS[key])).json
        assert said["turns"][0]["text"] == text
    await shop.says("alone", "boris")
    for method in ("GET", "DELETE"):
        answered = await shop.call(method, "/v1/conversations/boris", key=KEYS["other"])
        assert (answered.status, answered.code) == (404, "not_found")
    assert (await shop.call("GET", "/v1/conversations/boris")).status == 200


async def test_a_deleted_conversation_is_gone_and_only_that(shop: Shop) -> None:
    for conversation in ("anna", "boris"):
        await shop.says("hello", conversation)
    assert (await shop.call("DELETE", "/v1/conversations/anna")).status == 204
    assert (await shop.call("GET", "/v1/conversations/anna")).status == 404
    assert (await shop.call("DELETE", "/v1/conversations/anna")).status == 404
    assert (await shop.call("GET", "/v1/conversations/boris")).status == 200
    assert await shop.store.conversation(of_shop()) == Conversation(key=of_shop())


async def test_without_keys_whoever_calls_has_the_same_conversations(tmp_path: Path) -> None:
    async with serving(tmp_path, access=Access(keys=None)) as shop:
        assert (await shop.says("hello", key=None)).status == 200
        assert (await shop.call("GET", "/v1/conversations/anna", key="anything")).status == 200
        assert (await shop.store.conversation(of_shop(account="local"))).turns


async def test_where_no_key_is_set_and_keys_are_asked_for_nobody_comes_in(tmp_path: Path) -> None:
    async with serving(tmp_path, access=Access()) as shop:
        for key in ("", "anything"):
            assert (await shop.says("hello", key=key)).status == 401


@pytest.mark.parametrize("path", ["%00", "a%0Ab", "%7F", "x" * 201])
@pytest.mark.parametrize(("method", "more"), [("GET", ""), ("DELETE", ""), ("POST", "/turns"), ("POST", "/events")])
async def test_what_is_no_name_is_no_conversation(shop: Shop, path: str, method: str, more: str) -> None:
    body = {"text": "hello"} if more == "/turns" else {"event": "taken"} if more else None
    url = URL(shop.url(f"/v1/conversations/{path}{more}"), encoded=True)
    headers = {"Authorization": f"Bearer {KEYS['shop']}"}
    async with shop.http.request(method, url, json=body, headers=headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "not_valid")

"""Telegram: what a bot is sent, how answers of agents find their way, and what the bot calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError, SettingsError
from bot.types import Action, ConversationKey, Event, Message, Speaker
from connectors.helpdesk import Call, Happened, RefusedError, Said
from connectors.telegram import LONGEST, Telegram
from connectors.texts import utf16
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import FakeApi, serving
from tests.unit.connectors.mangled import mangled, understood_or_refused

SECRET = "shared_with-telegram"
TOKEN = "4711:AAE-token_of_the_bot"
STAFF = "-1001234"
KEY = ConversationKey(channel="telegram", thread="555")
BOT = {"id": 4711, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
ANN = {"id": 555, "is_bot": False, "first_name": "Ann", "language_code": "en"}
AGENT = {"id": 777, "is_bot": False, "first_name": "Bo"}


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    sent = {"ok": True, "result": {"message_id": 90}}
    fake.route("POST", f"/bot{TOKEN}/sendMessage", needs={"chat_id": str, "text": str}, answer=sent)
    copied = {"chat_id": str, "from_chat_id": str, "message_id": int}
    fake.route("POST", f"/bot{TOKEN}/sendChatAction", needs={"chat_id": str, "action": str}, answer=sent)
    fake.route("POST", f"/bot{TOKEN}/copyMessage", needs=copied, may={"caption": str}, answer=sent)
    async with serving(fake):
        yield fake


@pytest.fixture
def telegram(http: aiohttp.ClientSession, api: FakeApi) -> Telegram:
    return Telegram(http, token=TOKEN, secret=SECRET, staff_chat=STAFF, url=api.url)


def update(**changes: object) -> dict[str, Any]:
    """A message in a private chat; what is None is not there."""
    message = {
        "message_id": 20,
        "from": ANN,
        "chat": {"id": 555, "type": "private", "first_name": "Ann"},
        "date": 1772445598,
        "text": "where is it?",
    } | changes
    return {"update_id": 9, "message": {key: value for key, value in message.items() if value is not None}}


def answered(text: str | None, to: str = "#c555\nwhere is it?", **changes: object) -> dict[str, Any]:
    """What an agent replies in the group to a message of the bot's that said ``to``."""
    chat = {"id": int(STAFF), "type": "supergroup", "title": "Agents"}
    replied = {"message_id": 60, "from": BOT, "chat": chat, "date": 1772445590, "text": to}
    given = {"message_id": 61, "from": AGENT, "chat": chat, "text": text, "reply_to_message": replied}
    return update(**given | changes)


def posted(document: object, *, secret: str | None = SECRET) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return call(body, {} if secret is None else {"x-telegram-bot-api-secret-token": secret})


def sent(api: FakeApi) -> list[tuple[str, str]]:
    """Return what was sent, and whom."""
    return [(one.body["chat_id"], one.body["text"]) for one in api.asked("POST", "sendMessage")]


async def test_a_message_in_a_private_chat_is_a_customers(telegram: Telegram) -> None:
    (message,) = (await telegram.receive(posted(update()))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text, message.customer) == ("20", KEY, "where is it?", "555")
    assert message.at == NOW - timedelta(seconds=2)


async def test_a_command_is_a_message(telegram: Telegram) -> None:
    (message,) = (await telegram.receive(posted(update(text="/start")))).news
    assert isinstance(message, Message)
    assert message.text == "/start"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"photo": [{"file_id": "a", "width": 90, "height": 90}]}, "photo"),
        ({"document": {"file_id": "a", "file_name": "bill.pdf"}}, "bill.pdf"),
        ({"animation": {"file_id": "a"}, "document": {"file_id": "a", "file_name": "b.mp4"}}, "animation"),
        ({"voice": {"file_id": "a", "duration": 3}}, "voice"),
        ({"location": {"longitude": 1.5, "latitude": 2}}, "location"),
    ],
)
async def test_files_are_named(telegram: Telegram, content: dict[str, object], name: str) -> None:
    (message,) = (await telegram.receive(posted(update(text=None, caption="like this", **content)))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("like this", (name,))


@pytest.mark.parametrize(
    "document",
    [
        update(**{"from": BOT | {"id": 4712}}),
        update(**{"from": None}),
        update(via_bot=BOT),
        update(sender_chat={"id": -100, "type": "channel"}),
        update(chat={"id": -100, "type": "group", "title": "Friends"}),
        update(text=None, pinned_message={"message_id": 3}),
        {"update_id": 9, "edited_message": update()["message"]},
        {"update_id": 9, "channel_post": update()["message"]},
        {"update_id": 9, "callback_query": {"id": "1", "from": ANN, "data": "x"}},
        {"update_id": 9, "business_message": update()["message"]},
        answered("I'll look.", **{"from": AGENT, "sender_chat": {"id": int(STAFF), "type": "supergroup"}}),
    ],
)
async def test_what_no_customer_said_is_passed_over(telegram: Telegram, document: object) -> None:
    received = await telegram.receive(posted(document))
    assert received.news == ()
    assert received.ignored
    assert received.answer.status == 200


# --- what agents answer


async def test_an_answer_goes_on_to_the_customer_and_is_the_agents(telegram: Telegram, api: FakeApi) -> None:
    (said,) = (await telegram.receive(posted(answered("I'll look.")))).news
    assert isinstance(said, Said)
    assert (said.conversation, said.turn.speaker, said.turn.text) == (KEY, Speaker.AGENT, "I'll look.")
    assert sent(api) == [("555", "I'll look.")]


async def test_the_number_of_an_answer_is_none_of_the_customers_chat(telegram: Telegram) -> None:
    (said,) = (await telegram.receive(posted(answered("I'll look.", message_id=20)))).news
    (message,) = (await telegram.receive(posted(update()))).news
    assert isinstance(said, Said)
    assert isinstance(message, Message)
    assert said.turn.id != message.id


async def test_a_picture_goes_on_as_a_copy(telegram: Telegram, api: FakeApi) -> None:
    document = answered(None, photo=[{"file_id": "a"}], caption="like this")
    (said,) = (await telegram.receive(posted(document))).news
    assert isinstance(said, Said)
    assert said.turn.text == "like this"
    (copied,) = api.asked("POST", "copyMessage")
    assert copied.body == {"chat_id": "555", "from_chat_id": STAFF, "message_id": 61}


async def test_an_answer_that_comes_again_is_not_sent_on_again(telegram: Telegram, api: FakeApi) -> None:
    first = await telegram.receive(posted(answered("I'll look.")))
    assert await telegram.receive(posted(answered("I'll look."))) == first
    assert len(sent(api)) == 1


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("/bot", Event.HANDED_BACK),
        (" /bot@shop_bot ", Event.HANDED_BACK),
        ("/done", Event.RESOLVED),
        ("/done@shop_bot", Event.RESOLVED),
    ],
)
async def test_a_command_gives_the_case_back_or_ends_it(
    telegram: Telegram, api: FakeApi, text: str, event: Event
) -> None:
    (happened,) = (await telegram.receive(posted(answered(text)))).news
    assert happened == Happened(conversation=KEY, event=event, id="staff-61")
    assert api.calls == []


@pytest.mark.parametrize(
    "document",
    [
        answered("among us", reply_to_message=None),
        answered("a", to="where is it?\n#c555"),
        answered("a", to=" #c555\nwhere is it?"),
        answered("a", to="#c555x\nwhere is it?"),
        answered("a", to="#c\u0665\nwhere is it?"),
        answered("a", reply_to_message={"from": AGENT, "text": "#c555\nwhere is it?"}),
        answered("a", reply_to_message={"from": BOT | {"id": 4712}, "text": "#c555\nwhere is it?"}),
        answered("a", reply_to_message={"text": "#c555\nwhere is it?"}),
        answered(None, new_chat_title="Agents"),
        answered("a", chat={"id": -1009999, "type": "supergroup"}),
    ],
)
async def test_what_is_no_answer_goes_nowhere(telegram: Telegram, api: FakeApi, document: object) -> None:
    received = await telegram.receive(posted(document))
    assert received.news == ()
    assert api.calls == []


async def test_words_of_a_customer_are_no_tag(telegram: Telegram, api: FakeApi) -> None:
    message = Message(id="20", conversation=KEY, text="#c999\n#c999", at=NOW)
    await telegram.relay(message, again=False)
    await telegram.note(reply(KEY, "A colleague will answer.", "20"), "#c999", again=False)
    for _, text in sent(api):
        (said,) = (await telegram.receive(posted(answered("I'll look.", to=text)))).news
        assert isinstance(said, Said)
        assert said.conversation == KEY


async def test_agents_are_told_what_cannot_be_delivered(telegram: Telegram, api: FakeApi) -> None:
    api.fail(403, body={"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
    received = await telegram.receive(posted(answered("I'll look.")))
    assert received.news == ()
    assert received.ignored
    assert sent(api)[1] == (STAFF, "#c555\n✗ Not delivered. / 未送达。")


async def test_an_answer_that_fails_for_now_comes_again(telegram: Telegram, api: FakeApi) -> None:
    api.fail(502)
    with pytest.raises(DeliveryError):
        await telegram.receive(posted(answered("I'll look.")))
    assert (await telegram.receive(posted(answered("I'll look.")))).news


# --- who is believed


@pytest.mark.parametrize("secret", [None, "", "another", f"{SECRET}x", "geheim-ü"])
async def test_what_has_not_the_secret_is_refused(telegram: Telegram, secret: str | None) -> None:
    with pytest.raises(RefusedError) as caught:
        await telegram.receive(posted(update(), secret=secret))
    assert caught.value.status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"message": 5}', b"\xff", b"[" * 100_000])
async def test_junk_with_the_secret_is_passed_over_for_what_is_behind_it(telegram: Telegram, body: bytes) -> None:
    received = await telegram.receive(posted(body))
    assert (received.news, received.answer.status) == ((), 200)
    assert received.ignored


@given(st.binary() | mangled(update(document={"file_name": "a"}, via_bot=None)))
def test_whatever_has_the_secret_is_understood_or_passed_over(body: object) -> None:
    there: Any = None
    desk = Telegram(there, token=TOKEN, secret=SECRET, staff_chat=STAFF, url="https://api.example.com")
    understood_or_refused(desk, posted(body))


@pytest.mark.parametrize("token", ["", "4711", "4711:", "4711:a/../b", "4711:a:b", "x:y"])
def test_what_is_no_token_is_not_used_and_not_shown(token: str) -> None:
    there: Any = None
    with pytest.raises(SettingsError) as caught:
        Telegram(there, token=token, secret=SECRET, staff_chat=STAFF, url="https://api.example.com")
    assert not token or token not in str(caught.value)


# --- what is called


async def test_a_reply_is_sent_as_it_is(telegram: Telegram, api: FakeApi) -> None:
    await telegram.deliver(reply(KEY, "*Free* from <50> & up", "20"), again=False)
    assert [one.body for one in api.calls] == [{"chat_id": "555", "text": "*Free* from <50> & up"}]


async def test_what_is_doubtful_is_sent_again(telegram: Telegram, api: FakeApi) -> None:
    answer = reply(KEY, "On its way.", "20")
    api.fail(0)
    with pytest.raises(DeliveryError):
        await telegram.deliver(answer, again=False)
    await telegram.deliver(answer, again=True)
    assert sent(api) == [("555", "On its way.")] * 2


async def test_what_telegram_has_taken_is_not_sent_again(telegram: Telegram, api: FakeApi) -> None:
    answer = reply(KEY, "x" * 5000, "20")
    await telegram.deliver(answer, again=False)
    await telegram.deliver(answer, again=True)
    assert "".join(text for _, text in sent(api)) == answer.text


async def test_typing_is_shown(telegram: Telegram, api: FakeApi) -> None:
    await telegram.busy(KEY)
    assert api.asked("POST", "sendChatAction")[0].body == {"chat_id": "555", "action": "typing"}


async def test_a_long_reply_is_several_messages(telegram: Telegram, api: FakeApi) -> None:
    text = "👍" * LONGEST
    await telegram.deliver(reply(KEY, text, "20"), again=False)
    parts = [part for _, part in sent(api)]
    assert "".join(parts) == text
    assert all(utf16(part) <= LONGEST for part in parts)


async def test_the_note_comes_before_the_request_to_answer(telegram: Telegram, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "20", action=Action.HAND_OFF)
    await telegram.note(handed, "x" * LONGEST, again=True)
    await telegram.hand_over(handed, again=True)
    first, second, request = sent(api)
    assert {chat for chat, _ in (first, second, request)} == {STAFF}
    assert all(text.startswith("#c555\n") and len(text) <= LONGEST for _, text in (first, second))
    assert "Please answer" in request[1]
    (said,) = (await telegram.receive(posted(answered("I'll look.", to=request[1])))).news
    assert isinstance(said, Said)
    assert said.conversation == KEY


async def test_a_message_to_an_agent_is_shown_in_the_group_with_what_it_holds(telegram: Telegram, api: FakeApi) -> None:
    message = Message(id="21", conversation=KEY, text="here", at=NOW, attachments=("lamp.jpg",))
    await telegram.relay(message, again=False)
    assert sent(api) == [(STAFF, "#c555\nhere\n[lamp.jpg]")]
    (copied,) = api.asked("POST", "copyMessage")
    assert copied.body == {"chat_id": STAFF, "from_chat_id": "555", "message_id": 21, "caption": "#c555"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "final", "after"),
    [
        (429, {"Retry-After": "7"}, {"ok": False, "error_code": 429, "parameters": {"retry_after": 7}}, False, 7),
        (429, {}, None, False, 30),
        (403, {}, {"ok": False, "description": "Forbidden: bot was blocked by the user"}, True, None),
        (400, {}, {"ok": False, "description": "Bad Request: where is it?"}, True, None),
        (401, {}, {"ok": False, "description": "Unauthorized"}, False, None),
        (500, {}, None, False, None),
        (302, {"Location": f"http://169.254.169.254/{TOKEN}"}, None, True, None),
        (200, {}, {"ok": False}, False, None),
        (0, {}, None, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    telegram: Telegram,
    api: FakeApi,
    status: int,
    headers: dict[str, str],
    body: object,
    final: bool,
    after: float | None,
) -> None:
    api.fail(status, headers, body)
    with pytest.raises(DeliveryError) as caught:
        await telegram.deliver(reply(KEY, "On its way.", "20"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert TOKEN.split(":")[1] not in str(caught.value)

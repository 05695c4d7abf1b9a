"""WeCom's app messages: what is sent, what the agent can do, and what the bot calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError, SettingsError
from bot.types import Action, ConversationKey, Event, Message
from connectors.helpdesk import Happened, RefusedError
from connectors.wecom import WeCom
from connectors.wecom_api import LONGEST
from tests.unit.connectors.desk_talk import NOW, reply
from tests.unit.connectors.fakes import Asked, FakeApi, serving
from tests.unit.connectors.mangled import understood_or_refused
from tests.unit.connectors.wecom_talk import AES_KEY, APP_SECRET, CORP, TOKEN, Clock, Tokens, sealed, xml

KEY = ConversationKey(channel="wecom", thread="Ann")
SEND = "/cgi-bin/message/send"
UNSEEN = "\u200b\u200c"


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    tokens = Tokens(fake)

    def send(asked: Asked) -> object:
        return tokens.refuses(asked) or {"errcode": 0, "errmsg": "ok", "msgid": "m1"}

    needs = {"touser": str, "msgtype": str, "agentid": int, "text": dict}
    checks = {"enable_duplicate_check": int, "duplicate_check_interval": int}
    fake.route("POST", SEND, needs=needs | checks, answer=send)
    async with serving(fake):
        yield fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


def connector(http: Any, url: str, **changes: Any) -> WeCom:
    given: dict[str, Any] = {
        "corp": CORP,
        "agent": "218",
        "app_secret": APP_SECRET,
        "token": TOKEN,
        "aes_key": AES_KEY,
        "staff_user": "Bo",
        "url": url,
    }
    return WeCom(http, **given | changes)


@pytest.fixture
def wecom(http: aiohttp.ClientSession, api: FakeApi, clock: Clock) -> WeCom:
    return connector(http, api.url, clock=clock)


def fields(**changes: object) -> dict[str, object]:
    """A text message; what is None is not there."""
    all_ = {
        "ToUserName": CORP,
        "FromUserName": "Ann",
        "CreateTime": 1772445598,
        "MsgType": "text",
        "Content": "where is it?",
        "MsgId": "4561255354251345929",
        "AgentID": 218,
    } | changes
    return {name: value for name, value in all_.items() if value is not None}


def shown(asked: Asked) -> str:
    """Return what is seen of a text that was sent."""
    return str(asked.body["text"]["content"]).strip(UNSEEN)


async def test_a_members_message_is_news(wecom: WeCom) -> None:
    received = await wecom.receive(sealed(xml(fields())))
    (message,) = received.news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("4561255354251345929", KEY, "where is it?")
    assert message.at.isoformat() == "2026-03-02T09:59:58+00:00"
    assert (received.answer.status, received.answer.text) == (200, "")


@pytest.mark.parametrize("kind", ["image", "voice", "video", "location", "link"])
async def test_files_are_named(wecom: WeCom, kind: str) -> None:
    body = xml(fields(MsgType=kind, Content=None, MediaId="media", PicUrl="https://example.com/p"))
    (message,) = (await wecom.receive(sealed(body))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", (kind,))


@pytest.mark.parametrize(
    "changes",
    [
        {"MsgType": "event", "Event": "enter_agent", "MsgId": None, "Content": None},
        {"MsgType": "event", "Event": "subscribe", "MsgId": None, "Content": None},
        {"MsgType": "another"},
        {"AgentID": 219},
        {"FromUserName": None},
        {"MsgId": None},
        {"FromUserName": "Bo"},
        {"FromUserName": "bo", "Content": "I'll look."},
        {"FromUserName": "Bo", "Content": "/bot"},
        {"FromUserName": "Bo", "Content": "/bot "},
        {"FromUserName": "Bo", "Content": "/another Ann"},
        {"FromUserName": "Bo", "MsgType": "image", "Content": None},
    ],
)
async def test_what_no_customer_said_is_passed_over(wecom: WeCom, changes: dict[str, object]) -> None:
    received = await wecom.receive(sealed(xml(fields(**changes))))
    assert received.news == ()
    assert received.ignored


@pytest.mark.parametrize(("text", "event"), [("/bot Ann", Event.HANDED_BACK), ("/done  Ann", Event.RESOLVED)])
async def test_the_agent_gives_a_case_back_or_ends_it(wecom: WeCom, text: str, event: Event) -> None:
    (happened,) = (await wecom.receive(sealed(xml(fields(FromUserName="bo", Content=text))))).news
    assert happened == Happened(conversation=KEY, event=event, id="4561255354251345929")


async def test_a_member_commands_nothing(wecom: WeCom) -> None:
    (message,) = (await wecom.receive(sealed(xml(fields(Content="/done Cy"))))).news
    assert isinstance(message, Message)


async def test_the_address_is_checked_with_what_it_decrypts(wecom: WeCom) -> None:
    received = await wecom.receive(sealed("1616140317555161061", method="GET"))
    assert (received.news, received.answer.text) == ((), "1616140317555161061")
    assert received.answer.content_type == "text/plain"


async def test_what_is_not_signed_is_refused(wecom: WeCom) -> None:
    for wrong in (sealed(xml(fields()), token="another"), sealed("1", method="GET", token="another")):
        with pytest.raises(RefusedError) as caught:
            await wecom.receive(wrong)
        assert caught.value.status == 401


@given(st.binary() | st.text() | st.dictionaries(st.sampled_from(sorted(fields())), st.text()))
def test_whatever_is_signed_is_understood_or_refused(body: Any) -> None:
    desk = connector(None, "https://qyapi.example.com")
    document = xml(fields() | body) if isinstance(body, dict) else body
    understood_or_refused(desk, sealed(document.encode("utf-8", "replace") if isinstance(document, str) else document))


def test_what_is_no_number_of_an_app_is_not_used() -> None:
    with pytest.raises(SettingsError):
        connector(None, "https://qyapi.example.com", agent="shop")


# --- what is called


async def test_a_reply_is_sent_and_a_second_one_is_known_by_what_it_is(wecom: WeCom, api: FakeApi) -> None:
    answer = reply(KEY, "On its way.", "4561255354251345929")
    await wecom.deliver(answer, again=False)
    await wecom.deliver(answer, again=True)
    first, second = api.asked("POST", SEND)
    assert first.body == second.body  # WeCom shows the same request once
    assert (first.body["touser"], first.body["agentid"], shown(first)) == ("Ann", 218, "On its way.")
    assert (first.body["enable_duplicate_check"], first.body["duplicate_check_interval"]) == (1, 14400)


async def test_the_same_words_in_another_reply_are_another_message(wecom: WeCom, api: FakeApi) -> None:
    handed = reply(KEY, "On its way.", "1")
    await wecom.deliver(handed, again=False)
    await wecom.relay(Message(id="2", conversation=KEY, text="hello", at=NOW), again=False)
    await wecom.relay(Message(id="3", conversation=KEY, text="hello", at=NOW), again=False)
    _, first, second = api.asked("POST", SEND)
    assert shown(first) == shown(second) == "Ann: hello"
    assert first.body != second.body


async def test_a_long_reply_is_several_messages(wecom: WeCom, api: FakeApi) -> None:
    await wecom.deliver(reply(KEY, "运费" * 1000, "1"), again=False)
    asked = api.asked("POST", SEND)
    assert "".join(map(shown, asked)) == "运费" * 1000
    assert all(len(one.body["text"]["content"].encode()) <= LONGEST for one in asked)


async def test_a_link_leads_where_it_says(wecom: WeCom, api: FakeApi) -> None:
    await wecom.deliver(reply(KEY, '1 < 2: <a href="https://evil.example">https://shop.example</A>', "1"), again=False)
    (asked,) = api.asked("POST", SEND)
    assert shown(asked) == '1 < 2: ＜a href="https://evil.example">https://shop.example＜/A>'


async def test_the_note_comes_before_the_request_to_take_over(wecom: WeCom, api: FakeApi) -> None:
    handed = reply(KEY, "A colleague will answer.", "1", action=Action.HAND_OFF)
    await wecom.note(handed, "Handed over by the bot", again=True)
    await wecom.hand_over(handed, again=True)
    asked = api.asked("POST", SEND)
    assert [(one.body["touser"], shown(one)) for one in asked] == [
        ("Bo", "Ann: Handed over by the bot"),
        ("Bo", "Ann: Please take over."),
    ]


async def test_what_a_member_sends_beside_words_is_named_to_the_agent(wecom: WeCom, api: FakeApi) -> None:
    message = Message(id="2", conversation=KEY, text="", at=NOW, attachments=("image",))
    await wecom.relay(message, again=False)
    assert shown(api.asked("POST", SEND)[0]) == "Ann: [image]"


# --- the access token


async def test_one_access_token_is_used_until_shortly_before_its_end(wecom: WeCom, api: FakeApi, clock: Clock) -> None:
    answer = reply(KEY, "On its way.", "1")
    await asyncio.gather(*(wecom.deliver(answer, again=False) for _ in range(3)))
    clock.goes_on(seconds=7200 - 301)
    await wecom.deliver(answer, again=False)
    assert len(api.asked("GET", "gettoken")) == 1
    clock.goes_on(seconds=1)
    await wecom.deliver(answer, again=False)
    assert len(api.asked("GET", "gettoken")) == 2


@pytest.mark.parametrize("code", [40014, 42001, 40001])
async def test_a_token_that_is_not_taken_is_fetched_anew_once(wecom: WeCom, api: FakeApi, code: int) -> None:
    answer = reply(KEY, "On its way.", "1")
    await wecom.deliver(answer, again=False)
    api.fail(200, body={"errcode": code, "errmsg": "access_token expired"})
    await wecom.deliver(answer, again=False)
    assert len(api.asked("GET", "gettoken")) == 2
    for _ in range(3):
        api.fail(200, body={"errcode": code, "errmsg": "access_token expired"})
    with pytest.raises(DeliveryError) as caught:
        await wecom.deliver(answer, again=False)
    assert not caught.value.final
    assert len(api.asked("POST", SEND)) == 4


async def test_a_wrong_secret_is_not_for_ever(http: aiohttp.ClientSession, api: FakeApi) -> None:
    with pytest.raises(DeliveryError) as caught:
        await connector(http, api.url, app_secret="wrong-secret").deliver(reply(KEY, "x", "1"), again=False)
    assert not caught.value.final
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "final", "after"),
    [
        (200, {"errcode": -1, "errmsg": "system busy"}, False, None),
        (200, {"errcode": 45009, "errmsg": "reach max api daily quota limit"}, False, 30),
        (200, {"errcode": 60020, "errmsg": "not allow to access from your ip"}, False, None),
        (200, {"errcode": 81013, "errmsg": "where is it?"}, True, None),
        (200, {"errcode": 0, "errmsg": "ok", "invaliduser": "ann"}, True, None),
        (200, {"errcode": 0, "errmsg": "ok", "unlicenseduser": "ann"}, True, None),
        (200, {"errcode": "x"}, False, None),
        (200, [], False, None),
        (429, None, False, 30),
        (500, None, False, None),
        (302, None, True, None),
        (0, None, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    wecom: WeCom, api: FakeApi, status: int, body: object, final: bool, after: float | None
) -> None:
    await wecom.deliver(reply(KEY, "so that there is a token", "1"), again=False)
    api.fail(status, body=body)
    with pytest.raises(DeliveryError) as caught:
        await wecom.deliver(reply(KEY, "On its way.", "1"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    for secret in ("where is it?", "access-token", APP_SECRET):
        assert secret not in str(caught.value)

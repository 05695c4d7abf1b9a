"""WeCom's customer service: what is called, what is found, and what the bot calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryError
from bot.types import Action, ConversationKey, Event, Message, Speaker
from connectors.helpdesk import Call, Happened, Look, RefusedError, Said
from connectors.wecom_api import LONGEST
from connectors.wecom_kf import WeComKf
from tests.unit.connectors.desk_talk import NOW, reply
from tests.unit.connectors.fakes import Asked, FakeApi, serving
from tests.unit.connectors.mangled import ANYTHING, mangled, understood_or_refused
from tests.unit.connectors.wecom_talk import AES_KEY, APP_SECRET, CORP, TOKEN, Clock, Tokens, sealed, xml

KF, CUSTOMER = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q", "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"
KEY = ConversationKey(channel="wecom_kf", account=KF, thread=CUSTOMER)
SEND, SYNC = "/cgi-bin/kf/send_msg", "/cgi-bin/kf/sync_msg"
GET, TRANS = "/cgi-bin/kf/service_state/get", "/cgi-bin/kf/service_state/trans"


class Service:
    """What WeCom keeps: entries, a page of two at a time; the ids of what was sent; and the state of the session."""

    def __init__(self, api: FakeApi) -> None:
        self.entries: list[object] = []
        self.sent: set[str] = set()
        self.state = 0
        self.on_duty = True
        self.tokens = Tokens(api)
        ids: dict[str, type | tuple[type, ...]] = {"open_kfid": str, "external_userid": str}
        may: dict[str, type | tuple[type, ...]] = {"cursor": str, "token": str}
        api.route("POST", SYNC, needs={"open_kfid": str, "limit": int}, may=may, answer=self.sync)
        message: dict[str, type | tuple[type, ...]] = {"touser": str, "open_kfid": str, "msgid": str, "msgtype": str}
        api.route("POST", SEND, needs=message | {"text": dict}, answer=self.send)
        api.route("POST", GET, needs=ids, answer=lambda _: {"errcode": 0, "service_state": self.state})
        change: dict[str, type | tuple[type, ...]] = {"service_state": int}
        api.route("POST", TRANS, needs=ids | change, may={"servicer_userid": str}, answer=self.trans)

    def sync(self, asked: Asked) -> object:
        at = int(asked.body.get("cursor", "c0").removeprefix("c"))
        page = self.entries[at : at + 2]
        more = at + 2 < len(self.entries)
        return {"errcode": 0, "next_cursor": f"c{at + len(page)}", "has_more": int(more), "msg_list": page}

    def send(self, asked: Asked) -> object:
        if refused := self.tokens.refuses(asked):
            return refused
        if asked.body["msgid"] in self.sent:
            return {"errcode": 95999, "errmsg": "msgid is repeated"}
        self.sent.add(asked.body["msgid"])
        return {"errcode": 0, "errmsg": "ok", "msgid": asked.body["msgid"]}

    def trans(self, asked: Asked) -> object:
        if asked.body["service_state"] == 3 and not self.on_duty:
            return {"errcode": 95014, "errmsg": "user is not a servicer"}
        self.state = asked.body["service_state"]
        return {"errcode": 0, "errmsg": "ok"}


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    async with serving(fake):
        yield fake


@pytest.fixture
def service(api: FakeApi) -> Service:
    return Service(api)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def connector(http: Any, url: str, **more: Any) -> WeComKf:
    return WeComKf(http, corp=CORP, app_secret=APP_SECRET, token=TOKEN, aes_key=AES_KEY, url=url, **more)


@pytest.fixture
def kf(http: aiohttp.ClientSession, api: FakeApi, service: Service, clock: Clock) -> WeComKf:
    return connector(http, api.url, clock=clock)


def called(**changes: object) -> Call:
    """The callback; what is None is not there."""
    fields = {
        "ToUserName": CORP,
        "CreateTime": 1772445598,
        "MsgType": "event",
        "Event": "kf_msg_or_event",
        "Token": "ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR",
        "OpenKfId": KF,
    } | changes
    return sealed(xml({name: value for name, value in fields.items() if value is not None}))


def entry(msgid: str, *, age: float = 2, **changes: object) -> dict[str, Any]:
    """A customer's message that is ``age`` seconds old."""
    return {
        "msgid": msgid,
        "open_kfid": KF,
        "external_userid": CUSTOMER,
        "send_time": int(NOW.timestamp() - age),
        "origin": 3,
        "servicer_userid": "",
        "msgtype": "text",
        "text": {"content": "where is it?", "menu_id": ""},
    } | changes


def changed(msgid: str, change: int) -> dict[str, Any]:
    event = {
        "event_type": "session_status_change",
        "open_kfid": KF,
        "external_userid": CUSTOMER,
        "change_type": change,
        "new_servicer_userid": "Bo",
    }
    return {"msgid": msgid, "send_time": int(NOW.timestamp()), "origin": 4, "msgtype": "event", "event": event}


# --- what is called


async def test_a_callback_says_where_to_look(kf: WeComKf) -> None:
    assert (await kf.receive(called())).news == (Look(place=KF),)


@pytest.mark.parametrize("changes", [{"Event": "another"}, {"OpenKfId": None}, {"Event": None, "MsgType": "text"}])
async def test_another_event_is_passed_over(kf: WeComKf, changes: dict[str, object]) -> None:
    received = await kf.receive(called(**changes))
    assert received.news == ()
    assert received.ignored


async def test_the_address_is_checked_with_what_it_decrypts(kf: WeComKf) -> None:
    received = await kf.receive(sealed("1616140317555161061", method="GET"))
    assert (received.news, received.answer.text) == ((), "1616140317555161061")


async def test_what_is_not_signed_is_refused(kf: WeComKf) -> None:
    with pytest.raises(RefusedError) as caught:
        await kf.receive(sealed("<xml/>", token="another"))
    assert caught.value.status == 401


@given(st.binary() | st.text())
def test_whatever_is_signed_is_understood_or_refused(body: bytes | str) -> None:
    raw = body if isinstance(body, bytes) else xml({"Event": "kf_msg_or_event", "OpenKfId": body}).encode()
    understood_or_refused(connector(None, "https://qyapi.example.com"), sealed(raw))


# --- what is found


async def test_a_customers_message_is_news(kf: WeComKf, service: Service) -> None:
    service.entries = [entry("m1")]
    seen = await kf.look(KF, "")
    (message,) = seen.news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text, message.customer) == ("m1", KEY, "where is it?", CUSTOMER)
    assert message.at.isoformat() == "2026-03-02T09:59:58+00:00"
    assert (seen.cursor, seen.more) == ("c1", False)


async def test_files_are_named(kf: WeComKf, service: Service) -> None:
    service.entries = [entry("m1", msgtype="image", text=None, image={"media_id": "2iSLeVyqzk4"})]
    (message,) = (await kf.look(KF, "c0")).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", ("image",))


async def test_what_a_person_wrote_is_theirs(kf: WeComKf, service: Service) -> None:
    service.entries = [entry("m1", origin=5, servicer_userid="Bo", text={"content": "I'll look."})]
    (said,) = (await kf.look(KF, "c0")).news
    assert isinstance(said, Said)
    assert said.conversation == KEY
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "m1")


@pytest.mark.parametrize(
    ("change", "event"), [(1, Event.TAKEN), (2, Event.TAKEN), (3, Event.RESOLVED), (4, Event.TAKEN)]
)
async def test_what_a_person_did_to_the_session_happened(
    kf: WeComKf, service: Service, change: int, event: Event
) -> None:
    service.entries = [changed("m1", change)]
    assert (await kf.look(KF, "c0")).news == (Happened(conversation=KEY, event=event, id="m1"),)


@pytest.mark.parametrize(
    "passed",
    [
        entry("m1", origin=4, msgtype="event", event={"event_type": "enter_session", "open_kfid": KF}),
        entry("m1", origin=4, msgtype="event", event={"event_type": "msg_send_fail", "fail_msgid": "x"}),
        entry("m1", origin=4),
        entry("m1", origin=6),
        entry("m1", external_userid=""),
        entry("m1", age=24 * 3600 + 1),
        changed("m1", 9),
        {"msgid": "m1"},
        {},
        None,
        "m1",
    ],
)
async def test_what_tells_nothing_is_passed_over_and_what_is_behind_it_counts(
    kf: WeComKf, service: Service, passed: object
) -> None:
    service.entries = [passed, entry("m2")]
    (message,) = (await kf.look(KF, "c0")).news
    assert isinstance(message, Message)
    assert message.id == "m2"


async def test_the_first_look_answers_nothing_that_is_old(kf: WeComKf, service: Service) -> None:
    person = entry("m2", age=3600, origin=5)
    service.entries = [entry("m0", age=2 * 86400), entry("m1", age=601), person, entry("m3", age=600), entry("m4")]
    cursor, found = "", []
    for _ in range(3):
        seen = await kf.look(KF, cursor)
        cursor = seen.cursor
        found += [one.id for one in seen.news if isinstance(one, Message)]
        assert all(isinstance(one, Message) for one in seen.news)
    assert (found, cursor, seen.more) == (["m3", "m4"], "c5", False)


async def test_after_the_first_look_what_came_while_nobody_listened_is_news(kf: WeComKf, service: Service) -> None:
    service.entries = [entry("m0"), entry("m1", age=3600), entry("m2", age=86400)]
    seen = await kf.look(KF, "c1")
    assert [one.id for one in seen.news if isinstance(one, Message)] == ["m1", "m2"]


async def test_a_look_uses_the_token_of_the_last_callback_while_it_lasts(
    kf: WeComKf, api: FakeApi, clock: Clock
) -> None:
    await kf.look(KF, "c0")
    await kf.receive(called(Token="first"))
    await kf.receive(called(Token="second"))
    await kf.look(KF, "c0")
    await kf.look("another account", "c0")
    clock.goes_on(minutes=9)
    await kf.look(KF, "c0")
    assert [one.body.get("token") for one in api.asked("POST", SYNC)] == [None, "second", None, None]
    assert [one.body["cursor"] for one in api.asked("POST", SYNC)] == ["c0"] * 4


@given(mangled(entry("m1")) | mangled(changed("m1", 1)) | ANYTHING)
def test_whatever_an_entry_is_it_is_understood_or_passed_over(raw: object) -> None:
    connector(None, "https://qyapi.example.com")._told(raw, NOW)


# --- what the bot calls


async def test_a_reply_is_sent_once(kf: WeComKf, api: FakeApi, service: Service) -> None:
    answer = reply(KEY, "On its way.", "m1")
    await kf.deliver(answer, again=False)
    await kf.deliver(answer, again=True)
    first, second = api.asked("POST", SEND)
    assert first.body == second.body
    assert len(service.sent) == 1
    assert (first.body["touser"], first.body["open_kfid"]) == (CUSTOMER, KF)
    assert first.body["text"] == {"content": "On its way."}
    assert len(first.body["msgid"]) == 32
    assert first.body["msgid"].isalnum()


async def test_a_first_try_that_is_refused_for_its_id_is_a_failure(kf: WeComKf) -> None:
    answer = reply(KEY, "On its way.", "m1")
    await kf.deliver(answer, again=False)
    with pytest.raises(DeliveryError):
        await kf.deliver(answer, again=False)


async def test_of_a_long_reply_what_is_missing_is_sent(kf: WeComKf, api: FakeApi, service: Service) -> None:
    answer = reply(KEY, "运费" * 500, "m1")
    await kf.deliver(answer, again=False)
    service.sent.pop()
    await kf.deliver(answer, again=True)
    assert len(service.sent) == 2
    asked = api.asked("POST", SEND)[:2]
    assert "".join(one.body["text"]["content"] for one in asked) == "运费" * 500
    assert all(len(one.body["text"]["content"].encode()) <= LONGEST for one in asked)


async def test_a_note_has_no_place(kf: WeComKf, api: FakeApi) -> None:
    await kf.note(reply(KEY, "A colleague will answer.", "m1"), "Handed over by the bot", again=False)
    assert api.calls == []


async def test_what_is_handed_over_goes_into_the_queue_once(kf: WeComKf, api: FakeApi, service: Service) -> None:
    handed = reply(KEY, "A colleague will answer.", "m1", action=Action.HAND_OFF)
    await kf.hand_over(handed, again=False)
    await kf.hand_over(handed, again=True)
    assert [one.body for one in api.asked("POST", TRANS)] == [
        {"open_kfid": KF, "external_userid": CUSTOMER, "service_state": 2}
    ]
    assert service.state == 2


async def test_a_person_who_has_the_session_keeps_it(kf: WeComKf, api: FakeApi, service: Service) -> None:
    service.state = 3
    await kf.hand_over(reply(KEY, "A colleague will answer.", "m1"), again=False)
    assert api.asked("POST", TRANS) == []


@pytest.mark.parametrize(("on_duty", "states"), [(True, [3]), (False, [3, 2])])
async def test_the_servicer_gets_it_or_the_queue(
    http: aiohttp.ClientSession, api: FakeApi, service: Service, on_duty: bool, states: list[int]
) -> None:
    service.on_duty = on_duty
    desk = connector(http, api.url, servicer="Bo")
    await desk.hand_over(reply(KEY, "A colleague will answer.", "m1"), again=False)
    asked = api.asked("POST", TRANS)
    assert [one.body["service_state"] for one in asked] == states
    assert asked[0].body["servicer_userid"] == "Bo"


async def test_a_servicer_is_asked_again_after_what_passes(
    http: aiohttp.ClientSession, api: FakeApi, service: Service
) -> None:
    desk = connector(http, api.url, servicer="Bo")
    await desk.look(KF, "c0")  # so that there is a token
    api.fail(200, body={"errcode": 0, "service_state": 0})
    api.fail(200, body={"errcode": -1, "errmsg": "system busy"})
    with pytest.raises(DeliveryError) as caught:
        await desk.hand_over(reply(KEY, "A colleague will answer.", "m1"), again=False)
    assert not caught.value.final
    assert len(api.asked("POST", TRANS)) == 1


@pytest.mark.parametrize(
    ("status", "body", "final", "after"),
    [
        (200, {"errcode": 95018, "errmsg": "send msg session status invalid"}, True, None),
        (200, {"errcode": 95001, "errmsg": "where is it?"}, True, None),
        (200, {"errcode": 45009, "errmsg": "api freq out of limit"}, False, 30),
        (200, {"errcode": -1, "errmsg": "msgid: system busy"}, False, None),
        (500, None, False, None),
        (0, None, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    kf: WeComKf, api: FakeApi, status: int, body: object, final: bool, after: float | None
) -> None:
    await kf.look(KF, "c0")  # so that there is a token
    api.fail(status, body=body)
    with pytest.raises(DeliveryError) as caught:
        await kf.deliver(reply(KEY, "On its way.", "m1"), again=True)
    assert (caught.value.final, caught.value.after) == (final, after)
    for secret in ("where is it?", "access-token", APP_SECRET):
        assert secret not in str(caught.value)

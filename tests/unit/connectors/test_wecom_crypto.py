"""The envelope of WeCom's callbacks: whom it lets through, and what it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SettingsError
from connectors.helpdesk import Call, RefusedError
from connectors.wecom_crypto import Envelope, fields_of
from tests.unit.connectors.desk_talk import NOW, call
from tests.unit.connectors.wecom_talk import AES_KEY, CORP, TOKEN, filled, sealed, signature

ENVELOPE = Envelope(token=TOKEN, aes_key=AES_KEY, receiver=CORP)

# The example of path/91144.
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
SAID = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
    "TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
    "ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
    "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
    "HBZZIs2pDBS8R07+qN+E7Q=="
)


def test_the_check_of_the_address_that_is_documented() -> None:
    query = {
        "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        "timestamp": "1409659589",
        "nonce": "263014780",
        "echostr": ECHO,
    }
    there = Call(method="GET", query=query, at=datetime.fromtimestamp(1409659590, UTC))
    assert ENVELOPE.open(there) == "1616140317555161061"


def test_the_message_that_is_documented() -> None:
    query = {
        "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
        "timestamp": "1409659813",
        "nonce": "1372623149",
    }
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{SAID}]]></Encrypt></xml>".encode()
    opened = ENVELOPE.open(Call(query=query, body=body, at=datetime.fromtimestamp(1409659813, UTC)))
    assert fields_of(opened) == {
        "ToUserName": CORP,
        "FromUserName": "mycreate",
        "CreateTime": "1409659813",
        "MsgType": "text",
        "Content": "hello",
        "MsgId": "4561255354251345929",
        "AgentID": "218",
    }


@given(st.text())
def test_what_was_sealed_comes_out(text: str) -> None:
    assert ENVELOPE.open(sealed(text.encode("utf-8", "replace"))) == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("late", [-301, -300, 0, 300, 301])
def test_a_call_is_believed_for_five_minutes(late: float) -> None:
    if abs(late) <= 300:
        assert ENVELOPE.open(sealed("x", late=late)) == "x"
        return
    with pytest.raises(RefusedError) as caught:
        ENVELOPE.open(sealed("x", late=late))
    assert caught.value.status == 401


def query(**changes: str) -> dict[str, str]:
    return dict(sealed("x").query) | changes


@pytest.mark.parametrize(
    "wrong",
    [
        call(),
        call(method="GET"),
        call(sealed("x").body),
        sealed("x", token="another"),
        sealed("x", stamp="now"),
        sealed("x", stamp="١٧٧٢٤٤٥٦٠٠"),
        sealed("x", receiver="wx0000000000000000"),
        sealed("x", receiver=""),
        sealed("x", receiver=f"{CORP}x"),
        call(sealed("x").body, query=query(nonce="1")),
        call(sealed("x").body, query=query(nonce="\udcff")),
        call(sealed("x").body, query=query(msg_signature="ü")),
        call(sealed("x").body, query=query(msg_signature="")),
        call(sealed("x").body.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[A"), query=query()),
        call(b"<xml></xml>", query=query()),
    ],
)
def test_what_is_not_signed_for_us_is_refused(wrong: Call) -> None:
    with pytest.raises(RefusedError) as caught:
        ENVELOPE.open(wrong)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        bytes(32),
        filled(b"x")[:-1] + b"\x00",
        filled(b"x")[:-1] + b"\x21",
        filled(b"x")[:-2] + b"\x00" + filled(b"x")[-1:],
        b"\x20" * 32,
        bytes(16) + b"\xff\xff\xff\xff" + filled(b"x")[20:],
        bytes(16) + b"\x00\x00\x00\xff" + filled(b"x")[20:],
        filled(b"\xff"),
    ],
    ids=repr,
)
def test_what_was_not_encrypted_as_it_should_be_is_refused(plain: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        ENVELOPE.open(sealed("", plain=plain))
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ["", "A", "not base64!", "QUJD", "QUJDREVGR0hJSktMTU5PUA=", "ü"])
def test_what_is_not_encrypted_at_all_is_refused(text: str) -> None:
    stamp = str(int(NOW.timestamp()))
    given = {"timestamp": stamp, "nonce": "1", "msg_signature": signature(text, stamp, "1"), "echostr": text}
    with pytest.raises(RefusedError) as caught:
        ENVELOPE.open(call(query=given, method="GET"))
    assert caught.value.status == 400


@given(st.binary())
def test_whatever_is_signed_is_opened_or_refused(plain: bytes) -> None:
    there = sealed("", plain=plain + bytes(-len(plain) % 16))
    try:
        ENVELOPE.open(there)
    except RefusedError as error:
        refused = error.status
        assert refused in (400, 401)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "x",
        "<xml>",
        "<other/>",
        '<?xml version="1.0"?><xml/>',
        '<!DOCTYPE xml [<!ENTITY a "aaaa">]><xml><Content>&a;</Content></xml>',
        '<xml><!DOCTYPE xml [<!ENTITY a "aaaa">]><Content>&a;</Content></xml>',
        '<xml><Content>&a;</Content></xml><!DOCTYPE xml [<!ENTITY a "aaaa">]>',
        '<xml><Content>x</Content></xml><!ENTITY a "aaaa">',
        "<xml><Content>\x00</Content></xml>",
    ],
)
def test_what_is_no_plain_document_is_refused(xml: str) -> None:
    with pytest.raises(RefusedError) as caught:
        fields_of(xml)
    assert caught.value.status == 400


def test_a_customer_may_write_what_looks_like_a_declaration() -> None:
    assert fields_of("<xml><Content><![CDATA[<!DOCTYPE html> <!ENTITY]]></Content></xml>") == {
        "Content": "<!DOCTYPE html> <!ENTITY"
    }


def test_a_deep_document_is_read_or_refused() -> None:
    depth = 50_000
    assert fields_of("<xml>" + "<a>" * depth + "</a>" * depth + "</xml>") == {"a": ""}


@pytest.mark.parametrize("key", ["", AES_KEY[:-1], f"{AES_KEY}=", "ü" * 43])
def test_what_is_no_key_is_not_used_and_not_shown(key: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        Envelope(token=TOKEN, aes_key=key, receiver=CORP)
    assert not key or key not in str(caught.value)

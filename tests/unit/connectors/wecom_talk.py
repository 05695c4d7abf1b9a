"""What the tests of WeCom's two channels share: callbacks as WeCom makes them, and its access tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from connectors.helpdesk import Call
from tests.unit.connectors.desk_talk import NOW, call
from tests.unit.connectors.fakes import Asked, FakeApi

TOKEN = "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
CORP = "wx5823bf96d3bd56c7"
APP_SECRET = "secret-of-the-app"
ACCESS = "access-token"


def filled(message: bytes, receiver: str = CORP) -> bytes:
    """Return what is encrypted for a message: random bytes, its length, itself, the receiver, and what fills it up."""
    plain = bytes(16) + len(message).to_bytes(4, "big") + message + receiver.encode()
    missing = 32 - len(plain) % 32
    return plain + bytes([missing]) * missing


def encrypted(plain: bytes) -> str:
    key = base64.b64decode(f"{AES_KEY}=")
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def signature(text: str, stamp: str, nonce: str, token: str = TOKEN) -> str:
    return hashlib.sha1("".join(sorted((token, stamp, nonce, text))).encode()).hexdigest()


def sealed(
    message: bytes | str,
    *,
    method: str = "POST",
    late: float = 0,
    token: str = TOKEN,
    receiver: str = CORP,
    stamp: str | None = None,
    plain: bytes | None = None,
) -> Call:
    """A callback with ``message``, or with ``plain`` as it is encrypted."""
    stamp = str(int(NOW.timestamp())) if stamp is None else stamp
    raw = message if isinstance(message, bytes) else message.encode()
    text = encrypted(filled(raw, receiver) if plain is None else plain)
    query = {"msg_signature": signature(text, stamp, "1372623149", token), "timestamp": stamp, "nonce": "1372623149"}
    if method == "GET":
        return call(query={**query, "echostr": text}, method="GET", late=late)
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{text}]]></Encrypt></xml>"
    return call(body.encode(), query=query, late=late)


def xml(fields: Mapping[str, object]) -> str:
    """Return ``fields`` as WeCom writes them."""
    return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items()) + "</xml>"


class Tokens:
    """The access tokens that are given out; the last one is taken."""

    def __init__(self, api: FakeApi) -> None:
        self.given = 0
        api.route("GET", "/cgi-bin/gettoken", answer=self.give)

    def give(self, asked: Asked) -> object:
        if asked.query != {"corpid": CORP, "corpsecret": APP_SECRET}:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        self.given += 1
        return {"errcode": 0, "errmsg": "ok", "access_token": f"{ACCESS}-{self.given}", "expires_in": 7200}

    def refuses(self, asked: Asked) -> dict[str, object] | None:
        """Return the error for a token that is not the last one."""
        if asked.query.get("access_token") == f"{ACCESS}-{self.given}":
            return None
        return {"errcode": 40014, "errmsg": "invalid access_token"}


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **by: float) -> None:
        self.now += timedelta(**by)

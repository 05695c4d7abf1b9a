"""What `benchmarks.fuzz` calls webhooks with: what each tool sends, parts of it replaced by anything, and signed."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

#: Stands in texts, secrets and queries: in no record of a log.
CANARY = "canary7f3a"

#: Stands in what takes the place of ids and all else: in no record of the server itself.
JUNK = "junk7f3a"

SECRET = f"{CANARY}-secret-0123456789"
#: Of the API.
KEY = f"{CANARY}-key-0123456789"

WRONG = "another-secret-0123456789"
AES_KEY = f"{CANARY}{'A' * (43 - len(CANARY))}"
CORP, AGENT, BOT = "corp1", "1000002", "77"

TEXT = f"where is my parcel {CANARY}"
AT = "2025-03-01T11:59:58Z"

#: The settings of each channel but for its address.
SETTINGS: dict[str, dict[str, object]] = {
    "generic": {"secret": SECRET},
    "django_helpdesk": {"token": SECRET, "secret": SECRET, "bot": BOT},
    "chatwoot": {"account": "3", "token": SECRET, "read_token": SECRET, "secret": SECRET},
    "zammad": {"token": SECRET, "secret": SECRET, "bot": BOT},
    "zendesk": {"email": "bot@shop.example", "token": SECRET, "secret": SECRET, "bot": BOT},
    "sunshine": {"app": "app1", "key_id": "key", "key_secret": SECRET, "secret": SECRET, "integration": "kefu"},
    "intercom": {"token": SECRET, "secret": SECRET, "admin": BOT, "assignee": "9"},
    "freshdesk": {"token": SECRET, "secret": SECRET, "bot": BOT},
    "slack": {"token": SECRET, "secret": SECRET, "staff_channel": "C9"},
    "telegram": {"token": f"77:{SECRET}", "secret": SECRET, "staff_chat": "-100"},
    "wecom": {
        "corp": CORP,
        "agent": AGENT,
        "app_secret": SECRET,
        "token": SECRET,
        "aes_key": AES_KEY,
        "staff_user": "bo",
    },
    "wecom_kf": {"corp": CORP, "app_secret": SECRET, "token": SECRET, "aes_key": AES_KEY},
}


@dataclass(kw_only=True)
class Hook:
    """A call of a webhook."""

    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def document(channel: str, chance: random.Random) -> dict[str, Any]:  # noqa: C901 - a case for each channel
    """Return what the tool sends when somebody wrote; for WeCom the fields of its XML."""
    number, thread = chance.randrange(10**9), chance.randrange(1000)
    person = chance.random() < 0.2
    entry: dict[str, Any]
    event: dict[str, Any]
    said: dict[str, Any]
    sent: dict[str, Any]
    told: dict[str, Any]
    match channel:
        case "generic":
            kind = chance.choice(["message"] * 4 + ["agent_message", "taken", "handed_back", "resolved"])
            said = {"text": TEXT} if "message" in kind else {}
            return {"type": kind, "id": str(number), "conversation": str(thread), "at": AT, **said}
        case "django_helpdesk":
            entry = {"id": number, "user": 5 if person else None, "comment": TEXT, "public": True, "date": AT}
            entry |= {"message_id": None, "followupattachment_set": [{"filename": "lamp.jpg"}]}
            ticket = {"id": thread, "title": TEXT, "description": TEXT, "submitter_email": "a@shop.example"}
            return {"ticket": ticket | {"assigned_to": None, "followup_set": [entry]}, "followup_id": number}
        case "chatwoot":
            sent = {"message_type": "outgoing", "sender": {"type": "user"}} if person else {"message_type": "incoming"}
            conversation = {"id": thread, "status": chance.choice(["pending", "open"]), "meta": {"assignee": None}}
            told = {"event": "message_created", "id": number, "content": TEXT, "created_at": AT, "account": {"id": 3}}
            return {**told, **sent, "conversation": conversation, "attachments": [{"data_url": "https://x/lamp.jpg"}]}
        case "zammad":
            article = {"id": number, "body": f"<p>{TEXT}</p>", "content_type": "text/html", "type": "web"}
            article |= {"sender": "Agent" if person else "Customer", "internal": False, "created_by_id": 9}
            article |= {"created_at": AT, "attachments": [{"filename": "lamp.jpg"}], "preferences": {}}
            return {"ticket": {"id": thread, "state": "open", "owner_id": 1, "updated_at": AT}, "article": article}
        case "zendesk":
            told = {"event": "comment", "ticket": str(thread), "comment": str(number), "public": True, "author": "9"}
            role = "Agent" if person else "End user"
            return {**told, "requester": "8" if person else "9", "role": role, "status": "open", "at": AT, "text": TEXT}
        case "sunshine":
            author = {"type": "business" if person else "user", "userId": "u1"}
            message = {"id": str(number), "received": AT, "author": author, "content": {"type": "text", "text": TEXT}}
            conversation = {"id": str(thread), "activeSwitchboardIntegration": {"name": "kefu"}}
            payload = {"conversation": conversation, "message": message | {"source": {"type": "web"}}}
            event = {"id": str(number), "type": "conversation:message", "payload": payload}
            return {"app": {"id": "app1"}, "events": [event]}
        case "intercom":
            who = "admin" if person else "user"
            part = {"id": str(number), "part_type": "comment", "body": f"<p>{TEXT}</p>", "created_at": 1740000000}
            parts = {"conversation_parts": [part | {"author": {"type": who, "id": "9"}, "attachments": []}]}
            item = {"id": str(thread), "created_at": 1740000000, "source": None, "conversation_parts": parts}
            return {"topic": f"conversation.{who}.replied", "id": "n1", "app_id": "a", "data": {"item": item}}
        case "freshdesk":
            return {"freshdesk_webhook": {"ticket_id": thread}}
        case "slack":
            event = {"type": "message", "channel": f"D{thread}", "channel_type": "im", "user": "U1", "text": TEXT}
            event |= {"ts": f"1740000000.{number}", "files": [{"name": "lamp.jpg"}]}
            own = [{"user_id": "UBOT", "is_bot": True}]
            return {"type": "event_callback", "team_id": "T1", "authorizations": own, "event": event}
        case "telegram":
            chat = {"id": -100, "type": "group"} if person else {"id": thread, "type": "private"}
            quoted = {"from": {"id": 77, "is_bot": True}, "text": f"#c{thread}\n{TEXT}"}
            said = {"message_id": number, "date": 1740000000, "chat": chat, "text": TEXT, "reply_to_message": quoted}
            return {"update_id": number, "message": said | {"from": {"id": thread, "is_bot": False}}}
        case "wecom":
            told = {"ToUserName": CORP, "FromUserName": f"u{thread}", "CreateTime": "1740000000", "MsgType": "text"}
            return {**told, "Content": TEXT, "MsgId": str(number), "AgentID": AGENT}
        case "wecom_kf":
            told = {"ToUserName": CORP, "CreateTime": "1740000000", "MsgType": "event", "Event": "kf_msg_or_event"}
            return {**told, "Token": SECRET, "OpenKfId": f"wk{thread % 5}"}
    raise ValueError(channel)


# --- anything


def anything(chance: random.Random) -> object:
    """Return a value that is not what was expected."""
    values: list[Callable[[], object]] = [
        lambda: None,
        lambda: chance.random() < 0.5,
        lambda: chance.choice([0, -1, 2**31, 2**63, -(10**30), 10**18]),
        lambda: chance.choice([0.5, -1e308, 1e-300]),
        lambda: chance.choice(
            ["", " ", "0", "-1", "2025", AT, "9999-12-31T23:59:59-14:00", "\x00", "\ud83d", "中文" * 9]
        ),
        lambda: JUNK * chance.choice([1, 20, 2000]),
        lambda: "".join(chr(chance.randrange(1, 0x3000)) for _ in range(chance.randrange(12))),
        lambda: [anything(chance) for _ in range(chance.randrange(3))],
        lambda: {chance.choice([JUNK, "id", "text", ""]): anything(chance) for _ in range(chance.randrange(3))},
    ]
    return chance.choice(values)()


def mangled(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a document with some of its parts left out, or something else in their place."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randrange(1, 4)):
        places = list(_places(changed))
        if places:
            holder, key = chance.choice(places)
            if chance.random() < 0.3:
                del holder[key]
            else:
                holder[key] = anything(chance)
    return changed


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        yield holder, key
        if isinstance(value, dict | list):
            yield from _places(value)


def broken(body: bytes, chance: random.Random) -> bytes:
    """Return bytes that are no document, or another one."""
    cut = chance.randrange(len(body) + 1)
    return chance.choice(
        [
            b"",
            body[:cut],
            body[:cut] + chance.randbytes(4) + body[cut:],
            chance.randbytes(cut),
            b"[" * 20_000,
            b'{"a":' * 5_000,
            b"[" + body + b"]",
            b'{"id": 1e999, "event": NaN, "type": Infinity}',
            b"\xef\xbb\xbf" + body,
            body.decode("utf-8", "replace").encode("utf-16"),
        ]
    )


# --- signed


def call(channel: str, chance: random.Random, *, good: bool) -> Hook:
    """Return a call: every third as the tool makes it, the others mangled; with a ``good`` signature or another."""
    told = document(channel, chance)
    if chance.random() < 2 / 3:
        told = mangled(told, chance)
    is_xml = channel.startswith("wecom")
    body = _xml(told) if is_xml else json.dumps(told, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")
    if chance.random() < 0.2:
        body = broken(body, chance)
    hook = signed(channel, body, SECRET if good else chance.choice([WRONG, ""]))
    if chance.random() < 0.05:
        hook.method = chance.choice(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
    if chance.random() < 0.3:
        hook.query[f"more-{CANARY}"] = CANARY
    if chance.random() < 0.05:
        hook.headers["Content-Encoding"] = chance.choice(["gzip", "deflate", "br", "zstd", JUNK])
    if not good and hook.headers and chance.random() < 0.3:
        hook.headers[chance.choice(list(hook.headers))] = chance.choice(["", JUNK, "sha256=", "ü", "9" * 40])
    return hook


def signed(channel: str, body: bytes, secret: str) -> Hook:
    """Return a call with ``body``, signed as the tool does."""
    stamp = str(int(time.time()))

    def mac(*parts: bytes, algorithm: str = "sha256") -> bytes:
        return hmac.new(secret.encode(), b"".join(parts), algorithm).digest()

    match channel:
        case "generic" | "chatwoot":
            name = {"generic": "X-Kefu", "chatwoot": "X-Chatwoot"}[channel]
            signature = f"sha256={mac(stamp.encode(), b'.', body).hex()}"
            headers = {f"{name}-Timestamp": stamp, f"{name}-Signature": signature}
        case "zammad" | "intercom":
            headers = {"X-Hub-Signature": f"sha1={mac(body, algorithm='sha1').hex()}"}
        case "zendesk":
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            name = "X-Zendesk-Webhook-Signature"
            signature = base64.b64encode(mac(stamp.encode(), body)).decode()
            headers = {f"{name}-Timestamp": stamp, name: signature}
        case "slack":
            signature = f"v0={mac(b'v0:', stamp.encode(), b':', body).hex()}"
            headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
        case "wecom" | "wecom_kf":
            text = _sealed(body)
            joined = "".join(sorted((secret, stamp, "1", text)))
            query = {"msg_signature": hashlib.sha1(joined.encode()).hexdigest(), "timestamp": stamp, "nonce": "1"}
            return Hook(query=query, body=f"<xml><Encrypt><![CDATA[{text}]]></Encrypt></xml>".encode())
        case "django_helpdesk":
            return Hook(query={"key": secret}, body=body)
        case _:
            secrets = {"sunshine": "X-API-Key", "freshdesk": "X-Kefu-Secret"}
            headers = {secrets.get(channel, "X-Telegram-Bot-Api-Secret-Token"): secret}
    return Hook(headers=headers, body=body)


def _xml(fields: dict[str, Any]) -> bytes:
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>".encode("utf-8", "replace")


def _sealed(message: bytes) -> str:
    plain = bytes(16) + len(message).to_bytes(4, "big") + message + CORP.encode()
    missing = 32 - len(plain) % 32
    key = base64.b64decode(f"{AES_KEY}=")
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()).decode()

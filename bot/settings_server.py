"""How `kefu serve` is reached, and how much of it may come."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StrictBool, StrictInt, field_validator

from bot.settings_source import SECTION

#: Characters of a key of the API at least.
SHORTEST_KEY = 20


def _long(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    # What stands around it no call can have: it is cut off there.
    if len(text) < SHORTEST_KEY or text != text.strip() or not text.isprintable():
        raise ValueError(f"a text of at least {SHORTEST_KEY} characters, in one line and without spaces around it")
    return key


def given(key: SecretStr) -> SecretStr:
    """Refuse what looks as if a key were asked for, where none is."""
    text = key.get_secret_value()
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError("a text in one line, without spaces around it, and not empty")
    return key


def _host(text: str) -> str:
    # "" would be all addresses of the machine, without anybody having asked for that.
    if not text or any(map(str.isspace, text)):
        raise ValueError('an address or a name, such as "127.0.0.1"')
    return text


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(
            'the address of each proxy, such as "10.0.0.1"; names and networks are not looked up'
        ) from None


class Limits(BaseModel):
    """What is refused, or handed over, because it is too much."""

    model_config = SECTION

    replies_per_minute: StrictInt = Field(default=10, ge=1)
    """Replies in one conversation, after which it is handed over: it may be another robot that writes."""
    customer_per_minute: StrictInt = Field(default=60, ge=1)
    """Messages of one conversation. More are refused, and the channel is asked to send them again."""
    per_second: StrictInt = Field(default=1000, ge=1)
    """Calls to the server from anywhere, in each of its processes."""


class Server(BaseModel):
    """How `kefu serve` is reached. The channels below are listened to where something of their section is set."""

    model_config = SECTION

    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    """The address to listen at: "0.0.0.0" for all of this machine."""
    port: StrictInt = Field(default=8600, ge=0, le=65535)
    """The port to listen at."""
    workers: StrictInt = Field(default=1, ge=1)
    """How many processes. Each has the models in its memory; more than one at a time wants PostgreSQL."""
    keys: dict[str, Annotated[SecretStr, AfterValidator(_long)]] = Field(default={})
    """Who may use the API under /v1, and their keys of at least 20 characters, such as { shop = "..." }: no one sees
    the conversations of another."""
    metrics_key: Annotated[SecretStr, AfterValidator(given)] | None = Field(default=None, examples=["..."])
    """Asked for at /metrics, as a bearer token. By default who can reach the server can read them."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_ip)], ...] = ()
    """Addresses of reverse proxies, such as "127.0.0.1": of those, X-Forwarded-For is believed."""
    json_logs: StrictBool = False
    """Log as JSON, one object a line."""
    insecure: StrictBool = False
    """Serve the API without keys: only where nobody but this machine can call, to try it."""

    @field_validator("keys")
    @classmethod
    def _are_apart(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        """Refuse a key with two names: whose conversations it sees would be a matter of order."""
        if any(count > 1 for count in Counter(key.get_secret_value() for key in keys.values()).values()):
            raise ValueError("a key of its own for each name")
        return keys

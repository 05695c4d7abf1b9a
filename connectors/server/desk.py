"""What the server asks of the application, and what is set for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.ports import Store
from bot.types import Message, Outcome


class Desk(Protocol):
    """What the server needs of the application: `bot.app.Bot` has it."""

    #: For turns and events that came from elsewhere.
    store: Store

    async def submit(self, message: Message, *, joins: bool = False) -> Outcome:
        """Accept ``message``; its reply comes through the connector of its channel.

        Raises `OverloadedError` if nothing was kept: it may be sent again.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is refused, because it is too much."""

    #: Messages of one conversation in a minute, and calls from anywhere in a second.
    per_minute: int = 60
    per_second: int = 1000
    #: Bytes of a call.
    body: int = 1024 * 1024
    #: Seconds in which the head of a call has to be here, and its body.
    patience: float = 10
    #: Seconds that a caller of the API waits for a reply; after that it asks again.
    reply: float = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who may call."""

    #: Keys of the API by the name of their owner. None: whoever calls has the name "local", without a key.
    keys: Mapping[str, str] | None = field(default_factory=dict)
    #: Asked for at /metrics (None: nothing is).
    metrics_key: str | None = None
    #: Proxies that are believed when they say who called.
    trusted_proxies: frozenset[str] = frozenset()

"""What the tests of all helpdesks share: calls as they come in, and replies as they go out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from multidict import CIMultiDict

from bot.types import Action, ConversationKey, Reason, Reply
from connectors.helpdesk import Call

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def call(
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    late: float = 0,
) -> Call:
    """A call that came ``late`` seconds after `NOW`."""
    return Call(
        method=method,
        query=query or {},
        headers=CIMultiDict(headers or {}),
        body=body,
        at=NOW + timedelta(seconds=late),
    )


def reply(key: ConversationKey, text: str, to: str, *, action: Action = Action.ANSWER) -> Reply:
    """A reply to the message with the id ``to``."""
    return Reply(
        id="0123456789abcdef0123456789abcdef",
        conversation=key,
        in_reply_to=to,
        text=text,
        action=action,
        reason=Reason.CONFIDENT if action is Action.ANSWER else Reason.ASKED_FOR_PERSON,
        confidence=1.0,
        language="en",
    )

"""Rows of the tables as the records that the service speaks in, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row

from bot.types import Action, Citation, Conversation, ConversationKey, Message, Reply, Speaker, Turn, Understanding
from bot.work import Delivery, Errand


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What is kept of a turn beside its text."""

    attachments: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    understanding: Understanding = field(default_factory=Understanding)


_REPLY = TypeAdapter(Reply)
_SAID = TypeAdapter(_Said)


def key_of(row: Row[Any]) -> ConversationKey:
    """Return the key of a row with the columns of a conversation."""
    return ConversationKey(channel=row.channel, account=row.account, thread=row.thread)


def message_of(key: ConversationKey, row: Row[Any]) -> Message:
    """Return the message that a customer's turn came from."""
    files = _SAID.validate_python(row.about or {}).attachments
    return Message(id=row.key, conversation=key, text=row.text, at=row.at, customer=row.customer, attachments=files)


def delivery_of(row: Row[Any]) -> Delivery:
    """Return a row of the outbox."""
    return Delivery(
        reply=_REPLY.validate_python(row.reply),
        since=row.since,
        errand=Errand(row.errand),
        note=row.note,
        attempts=row.attempts,
        error=row.error,
    )


def turn_of(row: Row[Any]) -> Turn:
    """Return a turn."""
    said = _SAID.validate_python(row.about or {})
    return Turn(
        speaker=Speaker(row.speaker),
        text=row.text,
        at=row.at,
        id=row.key,
        action=Action(row.action) if row.action else None,
        attachments=said.attachments,
        citations=said.citations,
        understanding=said.understanding,
    )


def turn_row(turn: Turn) -> dict[str, object]:
    """Return a turn as a row of the table, without its conversation."""
    about = _Said(attachments=turn.attachments, citations=turn.citations, understanding=turn.understanding)
    return {
        "speaker": turn.speaker.value,
        "text": turn.text,
        "at": turn.at,
        "key": turn.id,
        "action": turn.action and turn.action.value,
        "about": None if about == _Said() else _SAID.dump_python(about, mode="json"),
    }


def record_row(reply: Reply, messages: Sequence[Message], seen: Conversation, setup: str) -> dict[str, object]:
    """Return how ``reply`` came about as a row of the table, without its turn."""
    return {
        "first": seen.span[0],
        "last": seen.span[1],
        "language": seen.language,
        "messages": [message.id for message in messages],
        "reply": _REPLY.dump_python(reply.without_texts(), mode="json"),
        "setup": setup,
    }


def reply_of(row: Row[Any]) -> Reply:
    """Return the reply of a row with the columns of its record and its turn's text."""
    return replace(_REPLY.validate_python(row.reply), text=row.text)


def outbox_row(delivery: Delivery) -> dict[str, object]:
    """Return a delivery as a row of the outbox, without its conversation and when it is due."""
    return {
        "key": delivery.id,
        "errand": delivery.errand.value,
        "reply": _REPLY.dump_python(delivery.reply, mode="json"),
        "note": delivery.note,
        "since": delivery.since,
        "attempts": delivery.attempts,
        "error": delivery.error,
    }

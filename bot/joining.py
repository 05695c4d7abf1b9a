"""Short messages that make one question: how long to wait for the next one, and which are answered together.

People type a question in pieces: "hi", "my order", "where is it". Who answers each of them answers none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from bot.types import Conversation, Message, Speaker

#: A message of more characters stands for itself.
SHORT = 60

#: What waits for more: after a message that ends like a sentence, and after one that does not.
ENDED, OPEN = timedelta(seconds=1), timedelta(seconds=2.5)

#: No message waits for longer, whatever comes after it.
LONGEST = timedelta(seconds=6)

#: Characters of several messages that are answered together.
TOGETHER = 400

_ENDS = tuple("?!.…？！。")


def wait_after(text: str) -> timedelta:
    """Return how long after a message the next one may belong to it."""
    text = text.strip()
    if len(text) > SHORT:
        return timedelta()
    return ENDED if text.endswith(_ENDS) else OPEN


def due(first: datetime, now: datetime, text: str) -> datetime:
    """Return when to answer a message that comes ``now``, with those that wait since ``first``."""
    return min(first + LONGEST, now + wait_after(text))


def together(messages: Sequence[Message]) -> Sequence[Message]:
    """Return those of waiting messages, oldest first, that are answered as one: short ones, and what they lead to."""
    length = 0
    for place, message in enumerate(messages):
        length += len(message.text)
        if place and length > TOGETHER:
            return messages[:place]
        if len(message.text.strip()) > SHORT:
            return messages[: place + 1]
    return messages


def ready(messages: Sequence[Message], due: Sequence[datetime | None], now: datetime) -> int:
    """Return how many messages, from the first, are to be answered now as one.

    ``due`` says of each until when it waits for others; None for one that stands for itself.
    """
    if not messages:
        return 0
    if due[0] is None:
        return 1
    if due[0] > now:
        return 0
    joining = list(takewhile(lambda pair: pair[1] is not None, zip(messages, due, strict=True)))
    return len(together([message for message, _ in joining]))


def joined(messages: Sequence[Message]) -> Message:
    """Return several messages as one: the last, which says what all of them say."""
    texts = [text for message in messages if (text := message.text.strip())]
    files = tuple(name for message in messages for name in message.attachments)
    return replace(messages[-1], text="\n".join(texts), attachments=files)


def without(conversation: Conversation, earlier: Sequence[Message]) -> Conversation:
    """Return ``conversation`` as if messages that are answered with a later one had not been sent before it."""
    ids = {message.id for message in earlier}
    turns = (turn for turn in conversation.turns if turn.speaker is not Speaker.CUSTOMER or turn.id not in ids)
    return replace(conversation, turns=tuple(turns)) if ids else conversation

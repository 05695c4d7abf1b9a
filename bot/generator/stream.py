"""Server-sent events of an OpenAI-compatible server, read strictly: pieces of text, or why there are none.

The form: https://platform.openai.com/docs/api-reference/chat-streaming and, below it,
https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from bot.generator.failure import NotWritten, Why

#: Bytes of a whole answer, and of one line of it. A reply of 300 tokens takes some 100 kB.
MOST, LINE = 1_000_000, 65_536

#: Fields of an event that say nothing here.
_OTHER = (b"event:", b"id:", b"retry:")


async def pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Yield the pieces of text in a body, as they come; raises `NotWritten` where it is anything else."""
    ended = False
    async for line in _lines(chunks):
        if ended:
            if line == b"data: [DONE]":
                return
            if not line or line.startswith((b":", *_OTHER)):
                continue
        elif line == b"data: [DONE]":
            return
        data = _data(line)
        if data is None:
            continue
        text, over = _text(data)
        ended = ended or over
        if text:
            yield text
    if not ended:  # broken off; of a text that is at its end, not every server says so once more
        raise NotWritten(Why.GARBAGE)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest, count = b"", 0
    async for chunk in chunks:
        count += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if count > MOST or len(rest) > LINE:
            raise NotWritten(Why.TOO_LONG)
        for line in lines:
            yield line.rstrip(b"\r")


def _data(line: bytes) -> dict[str, Any] | None:
    """Return what a line says; None for one that says nothing."""
    if not line or line.startswith((b":", *_OTHER)):
        return None
    if not line.startswith(b"data:"):
        raise NotWritten(Why.GARBAGE)
    try:
        data = json.loads(line.removeprefix(b"data:"))
    except (ValueError, RecursionError):
        raise NotWritten(Why.GARBAGE) from None
    if not isinstance(data, dict):
        raise NotWritten(Why.GARBAGE)
    if data.get("error"):
        raise NotWritten(Why.SERVER_ERROR)
    return data


def _text(data: dict[str, Any]) -> tuple[str, bool]:
    """Return the text of an event, and whether the model is at its end. What it thinks aloud is left out."""
    choices = data.get("choices")
    if choices == []:  # of an event that counts tokens
        return "", False
    try:
        (choice,) = choices  # type: ignore[misc]
        delta, reason = choice["delta"], choice.get("finish_reason")
        text, tools = delta.get("content") or "", delta.get("tool_calls")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotWritten(Why.GARBAGE) from None
    if not isinstance(text, str) or tools or reason not in (None, "stop", "length"):
        raise NotWritten(Why.GARBAGE)  # there are no tools, and what was filtered is no answer
    if reason == "length":
        raise NotWritten(Why.TOO_LONG)  # it stops in the middle
    return text, reason == "stop"

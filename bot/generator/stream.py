"""Server-sent events of an OpenAI-compatible server, read strictly: pieces of text, or why there are none.

The form: https://platform.openai.com/docs/api-reference/chat-streaming and, below it,
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

from bot.generator.failure import NotWritten, Why

#: Bytes of a whole answer, and of one line of it. A reply of 300 tokens takes some 100 kB.
MOST, LINE = 1_000_000, 65_536

#: What a server says after its last event, instead of one.
_DONE = b"[DONE]"

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


async def pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Yield the pieces of text in a body, as they come; raises `NotWritten` where it is anything else.

    What follows the end of the text is not read: not every server says once more that it is at its end.
    """
    async for data in _events(_lines(chunks)):
        if data == _DONE:
            return
        text, over = _text(_object(data))
        if text:
            yield text
        if over:
            return
    raise NotWritten(Why.GARBAGE)  # broken off


async def _events(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the data of each event that has some. Its other fields say nothing here, and comments have no name."""
    data: list[bytes] = []
    async for line in lines:
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.strip())  # what may stand around JSON, and in front of the value of a field
        if line and data != [_DONE]:  # behind that nothing is waited for
            continue
        if any(data):
            yield b"\n".join(data)
        data = []


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest, count, first, cut = b"", 0, True, False
    async for chunk in chunks:
        count += len(chunk)
        # The end of a line may be cut in two.
        *lines, rest = _LINE_END.split(rest + (chunk.removeprefix(b"\n") if cut else chunk))
        cut = chunk.endswith(b"\r")
        if count > MOST or max(map(len, (*lines, rest))) > LINE:
            raise NotWritten(Why.TOO_LONG)
        for line in lines:
            yield line.removeprefix(_BOM) if first else line
            first = False


def _object(data: bytes) -> dict[str, Any]:
    """Return what an event says."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise NotWritten(Why.GARBAGE) from None
    if not isinstance(said, dict):
        raise NotWritten(Why.GARBAGE)
    if said.get("error"):
        raise NotWritten(Why.SERVER_ERROR)
    return said


def _text(data: dict[str, Any]) -> tuple[str, bool]:
    """Return the text of an event, and whether the model is at its end. What it thinks aloud is left out."""
    choices = data.get("choices")
    if choices == []:  # of an event that counts tokens
        return "", False
    try:
        (choice,) = choices  # type: ignore[misc]
        delta, reason = choice["delta"], choice.get("finish_reason") or None  # some servers say "" until the end
        text, tools = delta.get("content") or "", delta.get("tool_calls")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotWritten(Why.GARBAGE) from None
    if not isinstance(text, str) or tools or reason not in (None, "stop", "length"):
        raise NotWritten(Why.GARBAGE)  # there are no tools, and what was filtered is no answer
    if reason == "length":
        raise NotWritten(Why.TOO_LONG)  # it stops in the middle
    return text, reason == "stop"

"""A stream of events is read as its specification says, wherever it is cut; what is none is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.generator.failure import NotWritten, Why
from bot.generator.stream import LINE, MOST, pieces
from tests.unit.bot.generator.model import event

HELLO, END, DONE = event("Hello"), event("", reason="stop"), b"data: [DONE]\n\n"
WHOLE = HELLO + event(" 您好。") + END + DONE
TEXT = "Hello 您好。"


async def sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(*chunks: bytes) -> str:
    return "".join([piece async for piece in pieces(sent(*chunks))])


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_lines_end_in_three_ways_and_are_cut_anywhere(bom: bytes, line_end: bytes, size: int) -> None:
    body = bom + WHOLE.replace(b"\n", line_end)
    assert await read(*(body[at : at + size] for at in range(0, len(body), size))) == TEXT


@pytest.mark.parametrize(
    "body",
    [
        WHOLE.replace(b"data: ", b"data:"),
        WHOLE.replace(b"\n\n", b" \n\n"),
        WHOLE.replace(b", ", b",\ndata: "),  # an event of several lines
        HELLO + event(" 您好。") + DONE,
        HELLO + event(" 您好。") + b"data: [DONE]",
        HELLO + event(" 您好。", reason="stop"),
        event("Hello", reason="") + event(" 您好。", reason="") + END,
        b": ping\n\ndata\n\ndata:\n\nevent: message\nid: 1\nretry: 3\nother: 7\n\n" + WHOLE,
        b'data: {"choices": [], "usage": {}}\n\n' + WHOLE,
        WHOLE + HELLO,
        WHOLE.replace(DONE, HELLO + DONE),
        WHOLE.replace(DONE, b'data: {"error": {"message": "late"}}\n\n'),
    ],
)
async def test_the_text_is_what_its_events_say_up_to_its_end(body: bytes) -> None:
    assert await read(body + b"\n\n") == TEXT


async def test_each_piece_is_there_as_soon_as_its_event_is() -> None:
    given = []

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (HELLO.replace(b"\n", b"\r"), HELLO, END):
            given.append(chunk)
            yield chunk

    assert [len(given) async for _ in pieces(chunks())] == [1, 2]


async def test_behind_the_end_nothing_is_waited_for() -> None:
    async def chunks(end: bytes) -> AsyncIterator[bytes]:
        yield HELLO + end
        pytest.fail("the body is read on")

    for end in (END, b"data: [DONE]\n"):
        assert [piece async for piece in pieces(chunks(end))] == ["Hello"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", Why.GARBAGE),
        (HELLO, Why.GARBAGE),
        (HELLO + END.strip(), Why.GARBAGE),
        (b"<html></html>\n\n", Why.GARBAGE),
        (b"data: {\n\n", Why.GARBAGE),
        (event("Hello", reason="content_filter"), Why.GARBAGE),
        (event("Hello", reason="length"), Why.TOO_LONG),
        (b'data: {"error": {"message": "out of memory"}}\n\n', Why.SERVER_ERROR),
        (b": " + b"x" * LINE + b"\n" + WHOLE, Why.TOO_LONG),
        (b": ping\n" * MOST, Why.TOO_LONG),
    ],
)
async def test_what_is_no_whole_text_is_told(body: bytes, why: Why) -> None:
    with pytest.raises(NotWritten) as caught:
        await read(body)
    assert caught.value.why is why

"""What a stream of the API shows of a reply while a model writes it: a real model server, and a real one before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.dispatcher import Dispatcher
from bot.ports import Composer, Released, unseen
from bot.store.sql import SqlStore
from bot.types import Conversation, Event, Message, Reply
from connectors.server.api import Callers
from tests.unit.bot.desk import PAUSE, Echo, fallback, message, reply_to
from tests.unit.bot.generator.model import FakeModel, composer, event, running, stream
from tests.unit.bot.generator.test_previews import ENTRY, FREE, LABEL, asks
from tests.unit.connectors.server.shop import KEYS, Shop, of_shop, own, serving

ASKED = {"conversation": "anna", "text": "What does a return cost?", "id": "1"}
LAST = "We refund within 14 days."


class Writing(Echo):
    """Answers everything from one entry, in the words of a model."""

    def __init__(self, writes: Composer) -> None:
        self._writes = writes

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        composed = await self._writes.compose(asks(ENTRY), released)
        return own(reply_to(message, composed.text))


@dataclass
class Pen:
    """What the model is to write next; None is the end, and "" breaks the connection."""

    pieces: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)

    def writes(self, *pieces: str | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)

    async def write(self, model: FakeModel, request: web.Request, messages: object) -> web.StreamResponse:
        response = await stream(request, event("", role="assistant"))
        while piece := await self.pieces.get():
            await response.write(event(piece))
        if piece is None:
            await response.write(event("", reason="stop") + b"data: [DONE]\n\n")
        elif request.transport:
            request.transport.abort()
        return response


@asynccontextmanager
async def shop_of(folder: Path, pen: Pen) -> AsyncIterator[Shop]:
    async with running(pen.write) as model, serving(folder, responder=Writing(composer(model))) as shop:
        yield shop


@asynccontextmanager
async def streamed(shop: Shop) -> AsyncIterator[aiohttp.StreamReader]:
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {KEYS['shop']}"}
    async with shop.http.post(shop.url("/v1/messages"), json=ASKED, headers=headers) as response:
        yield response.content


async def next_event(content: aiohttp.StreamReader) -> tuple[str, Any]:
    name, data, blank = [(await content.readline()).decode().rstrip("\n") for _ in range(3)]
    assert blank == ""
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_a_stream_shows_the_reply_while_it_is_written_and_then_the_reply(tmp_path: Path) -> None:
    pen = Pen()
    async with shop_of(tmp_path, pen) as shop, streamed(shop) as content:
        assert (await next_event(content))[0] == "accepted"
        about = {"conversation": "anna", "in_reply_to": "1"}
        pen.writes(FREE, "The la")
        assert await next_event(content) == ("preview", about | {"text": "Returns are free."})
        pen.writes("bel is in the parcel. ", LAST)
        assert await next_event(content) == ("preview", about | {"text": f"{FREE}{LABEL}".strip()})
        pen.writes(None)
        name, said = await next_event(content)
        assert (name, said["text"]) == ("reply", f"{FREE}{LABEL}{LAST}")
        assert await content.read() == b""


async def test_a_caller_who_wants_no_stream_gets_the_reply_alone(tmp_path: Path) -> None:
    pen = Pen()
    async with shop_of(tmp_path, pen) as shop:
        pen.writes(FREE, LABEL, LAST, None)
        answered = await shop.says(ASKED["text"], id="1")
    assert (answered.status, answered.json["text"]) == (200, f"{FREE}{LABEL}{LAST}")


async def test_where_the_model_dies_in_the_middle_the_entry_takes_the_place_of_what_was_shown(tmp_path: Path) -> None:
    pen = Pen()
    async with shop_of(tmp_path, pen) as shop, streamed(shop) as content:
        await next_event(content)
        pen.writes(FREE, "The la")
        assert (await next_event(content))[0] == "preview"
        pen.writes("")
        name, said = await next_event(content)
    assert (name, said["text"]) == ("reply", ENTRY.answer)


async def test_where_a_person_takes_the_case_in_the_middle_the_stream_ends_with_silence(tmp_path: Path) -> None:
    pen = Pen()
    async with shop_of(tmp_path, pen) as shop, streamed(shop) as content:
        await next_event(content)
        pen.writes(FREE, "The la")
        assert (await next_event(content))[0] == "preview"
        await shop.store.record(of_shop(), Event.TAKEN)
        pen.writes("bel is in the parcel. ", LAST, None)
        name, said = await next_event(content)
        assert (name, said["owner"]) == ("silent", "human")
        assert await content.read() == b""
        assert [turn.text for turn in (await shop.store.conversation(of_shop())).turns] == [ASKED["text"]]


async def test_what_another_process_writes_comes_as_the_reply_alone(tmp_path: Path) -> None:
    pen = Pen()
    async with running(pen.write) as model, serving(tmp_path, alone=False) as shop, streamed(shop) as content:
        await next_event(content)
        pen.writes(FREE, LABEL, LAST, None)
        writing = Writing(composer(model))
        async with (
            SqlStore.open(f"sqlite:///{tmp_path / 'kefu.db'}", clock=shop.clock) as store,
            Dispatcher(store, writing, {"api": Callers()}, fallback=fallback, pause=PAUSE),
        ):
            name, said = await next_event(content)
    assert (name, said["text"]) == ("reply", f"{FREE}{LABEL}{LAST}")


async def test_of_a_caller_who_reads_slowly_only_the_newest_is_kept() -> None:
    callers, asked = Callers(), message("1")
    with callers.waiting(asked) as one, callers.waiting(message("2")) as other:
        await callers.preview(asked, "One.")
        await callers.preview(asked, "One. Two.")
        assert one.news.is_set()
        assert (one.preview, other.preview) == ("One. Two.", "")
    await callers.preview(asked, "One. Two. Three.")
    assert one.preview == "One. Two."

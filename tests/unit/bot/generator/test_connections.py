"""The connection to a model is used again after a whole reply, and closed where there is more, or less, than that."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.generator import client
from bot.generator.failure import NotWritten, Why
from bot.generator.stream import MOST
from tests.unit.bot.generator.model import FakeModel, events, hanging, running, saying, server, stream

ASKS = [{"role": "system", "content": "Write."}, {"role": "user", "content": "How long does a refund take?"}]
REPLY = "We refund within 14 days of the return."


class Line:
    """Writes `REPLY`; knows the connections it was asked on, and holds back the end of each response until told."""

    def __init__(self, *, floods: bool = False) -> None:
        self.floods = floods
        self.peers: list[tuple[str, int]] = []
        self.ends = asyncio.Event()
        self.lost = asyncio.Event()

    async def __call__(self, model: FakeModel, request: web.Request, asked: list[dict[str, str]]) -> web.StreamResponse:
        assert request.transport
        self.peers.append(request.transport.get_extra_info("peername"))
        response = await stream(request, events(REPLY))
        try:
            while not self.ends.is_set() and request.transport:
                if self.floods:
                    await response.write(b"data: more\n\n" * 5_000)
                await asyncio.sleep(0)
        finally:  # the server cancels this where the connection is lost
            if not self.ends.is_set():
                self.lost.set()
        return response


async def read(model: client.ModelServer) -> str:
    async with asyncio.timeout(5), model.asked(ASKS) as pieces:
        return "".join([piece async for piece in pieces])


async def arrived() -> None:
    """Let what a server on this machine has sent be read."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_replies_one_after_the_other_share_a_connection() -> None:
    line = Line()
    line.ends.set()
    async with running(line) as fake:
        model = server(fake)
        for _ in range(5):
            assert await read(model) == REPLY
            await arrived()
    assert len(line.peers) == 5
    assert len(set(line.peers)) == 1


async def test_the_end_of_a_response_may_follow_and_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FOLLOWS", 60.0)
    line = Line()
    async with running(line) as fake:
        model = server(fake)
        assert await read(model) == REPLY
        line.ends.set()
        await arrived()
        assert await read(model) == REPLY
    assert len(set(line.peers)) == 1


@pytest.mark.parametrize("floods", [False, True])
async def test_a_response_that_goes_on_after_its_text_is_closed(*, floods: bool) -> None:
    line = Line(floods=floods)
    async with running(line) as fake:
        model = server(fake, at_once=1)
        assert await read(model) == REPLY
        assert await read(model) == REPLY
        async with asyncio.timeout(5):
            await line.lost.wait()
    assert len(set(line.peers)) == 2


async def test_a_text_that_is_left_early_takes_its_connection_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FOLLOWS", 60.0)
    line = Line()
    async with running(line) as fake, asyncio.timeout(5):
        model = server(fake)
        async with model.asked(ASKS) as pieces:
            async for _ in pieces:
                break
        await line.lost.wait()
        line.ends.set()  # of the next one: a server waits for what it is still sending before it closes
        assert await read(model) == REPLY
    assert len(set(line.peers)) == 2


def test_an_event_loop_may_end_before_the_response_does(recwarn: pytest.WarningsRecorder) -> None:
    async def one() -> None:
        async with running(hanging(events(REPLY))) as fake:
            assert await read(server(fake)) == REPLY

    asyncio.run(one(), debug=True)
    assert [str(warning.message) for warning in recwarn] == []


async def test_many_at_once_are_read_whole() -> None:
    async with running(saying(REPLY)) as fake:
        model = server(fake, at_once=4)
        assert set(await asyncio.gather(*(read(model) for _ in range(40)))) == {REPLY}
    assert fake.most <= 4


async def listed(*parts: bytes) -> list[str]:
    """Return the models of a server whose list comes in ``parts``, one after the other."""

    async def models(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await arrived()
        return response

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with TestServer(app) as fake:
        return await client.ModelServer(url=str(fake.make_url("/v1")), model="small").models()


async def test_a_list_of_models_is_read_to_its_end() -> None:
    assert await listed(b'{"data":[{"id":"small"},', b'{"id":"large"}', b"]}") == ["small", "large"]


async def test_a_list_of_models_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(NotWritten) as caught:
        await listed(*[b" " * (MOST // 4)] * 5, b'{"data":[]}')
    assert caught.value.why is Why.GARBAGE


async def test_connections_that_cannot_be_opened_are_opened_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**settings: object) -> aiohttp.TCPConnector:
        raise OSError("Too many open files")

    async with running(saying(REPLY)) as fake:
        model = server(fake)
        with monkeypatch.context() as patch:
            patch.setattr(aiohttp, "TCPConnector", full)
            with pytest.raises(OSError, match="Too many open files"):
                await read(model)
        assert await read(model) == REPLY

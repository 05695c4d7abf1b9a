"""Calls to a helpdesk's API: to its host alone, once each, with errors that quote nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.errors import DeliveryError, UsageError
from connectors.api import LARGEST, Api, retry_after
from tests.unit.connectors.fakes import FakeApi, serving


@pytest.mark.parametrize("base", ["", "desk.example", "ftp://desk.example", "http://desk.example", "http://10.0.0.1"])
async def test_secrets_are_sent_to_https_addresses_only(http: aiohttp.ClientSession, base: str) -> None:
    with pytest.raises(UsageError):
        Api(http, base)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_call_that_a_broken_connection_carried_is_not_made_again(
    http: aiohttp.ClientSession, method: str
) -> None:
    fake = FakeApi()
    fake.route(method, "/thing")
    async with serving(fake):
        api = Api(http, fake.url)
        await api.call(method, "/thing")  # from now on there is a connection to be used again
        fake.fail(0)
        with pytest.raises(DeliveryError) as caught:
            await api.call(method, "/thing")
    assert not caught.value.final
    assert len(fake.calls) == 2


async def test_parts_of_a_path_are_quoted_and_stand_in_no_error(http: aiohttp.ClientSession) -> None:
    fake = FakeApi()
    fake.route("GET", "/t/../../admin\\?x=1#y")
    async with serving(fake):
        api = Api(http, fake.url)
        await api.call("GET", "/t/{}", "../../admin?x=1#y")
        fake.fail(404)
        with pytest.raises(DeliveryError) as caught:
            await api.call("GET", "/t/{}", "../../admin?x=1#y")
    assert "admin" not in str(caught.value)
    assert caught.value.final


@pytest.mark.parametrize(("body", "why"), [(b"<html>", "not JSON"), (b"[" * (LARGEST + 1), "more than")])
async def test_an_answer_that_cannot_be_read_is_told(http: aiohttp.ClientSession, body: bytes, why: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        with pytest.raises(DeliveryError, match=why):
            await Api(http, str(server.make_url(""))).call("GET", "/")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("-3", 0),
        ("Mon, 02 Mar 2026 10:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 09:00:00 GMT", 0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_what_a_tool_asks_to_wait(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 3, 2, 10, tzinfo=UTC)) == seconds

"""Calls to a helpdesk's API: to its host alone, once each, with errors that quote nobody."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.errors import DeliveryError, SettingsError
from connectors.api import LARGEST, Api, retry_after
from tests.unit.connectors.fakes import FakeApi, serving


@pytest.mark.parametrize("base", ["", "desk.example", "ftp://desk.example", "http://desk.example", "http://10.0.0.1"])
async def test_secrets_are_sent_to_https_addresses_only(http: aiohttp.ClientSession, base: str) -> None:
    with pytest.raises(SettingsError):
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


async def test_why_there_is_no_connection_is_told_with_the_port(http: aiohttp.ClientSession) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(DeliveryError) as caught:
            await Api(http, f"http://127.0.0.1:{port}/secret").call("POST", "/thing")
    assert str(caught.value).endswith(f"POST 127.0.0.1:{port}/thing: Connection refused")
    assert not caught.value.final


async def test_an_address_without_a_host_behind_it_is_told(http: aiohttp.ClientSession) -> None:
    with pytest.raises(DeliveryError) as caught:
        await Api(http, "https://desk.invalid/secret").call("POST", "/thing")
    assert str(caught.value).endswith("POST desk.invalid/thing: no such host")


async def test_a_server_without_tls_is_told(http: aiohttp.ClientSession) -> None:
    fake = FakeApi()
    async with serving(fake):
        with pytest.raises(DeliveryError) as caught:
            await Api(http, fake.url.replace("http", "https")).call("POST", "/thing")
    assert str(caught.value).endswith("/thing: no connection by TLS")


async def test_a_token_that_is_refused_is_tried_again_and_told_where_to_mend_it(http: aiohttp.ClientSession) -> None:
    fake = FakeApi()
    fake.route("POST", "/thing")
    async with serving(fake):
        fake.fail(401)
        with pytest.raises(DeliveryError, match=r"401 Unauthorized, is the token in the settings right\?") as caught:
            await Api(http, fake.url).call("POST", "/thing")
    assert not caught.value.final


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

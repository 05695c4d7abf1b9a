"""Health and metrics: what is told of the server, and to whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.store.sql import SqlStore
from bot.types import Author, Counts, Writing
from connectors.server import app
from connectors.server.desk import Access
from connectors.server.metrics import Metrics
from tests.unit.bot.desk import message, reply_to
from tests.unit.connectors.server.shop import KEYS, Shop, serving

METRICS_KEY = "key-of-the-metrics-0123"


class Away(SqlStore):
    """Cannot say how much is left to do."""

    async def counts(self) -> Counts:
        raise ConnectionError


class Hangs(SqlStore):
    """Does not say how much is left to do."""

    async def counts(self) -> Counts:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_server_that_runs_is_up_and_ready(shop: Shop) -> None:
    assert (await shop.call("GET", "/healthz", key=None)).json == {"status": "up"}
    assert (await shop.call("GET", "/readyz", key=None)).json == {"status": "ready"}


@pytest.mark.parametrize("kind", [Away, Hangs])
async def test_where_the_store_is_away_it_is_up_and_not_ready(
    tmp_path: Path, kind: type[SqlStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PATIENCE", 0.01)
    async with serving(tmp_path, kind=kind) as shop:
        assert (await shop.call("GET", "/healthz", key=None)).status == 200
        ready = await shop.call("GET", "/readyz", key=None)
        assert (ready.status, ready.json) == (503, {"status": "the store is away"})
        measured = (await shop.call("GET", "/metrics", key=None)).text
    assert "kefu_store_up 0.0" in measured
    assert "kefu_outbox" not in measured


async def test_what_goes_on_is_measured(shop: Shop) -> None:
    await shop.says("hello")
    await shop.says("hello", key=None)
    lines = (await shop.call("GET", "/metrics", key=None)).text.splitlines()
    for line in (
        'kefu_http_requests_total{method="POST",route="/v1/messages",status="200"} 1.0',
        'kefu_http_requests_total{method="POST",route="/v1/messages",status="401"} 1.0',
        'kefu_http_seconds_count{route="/v1/messages"} 2.0',
        "kefu_store_up 1.0",
        "kefu_messages_waiting 0.0",
        "kefu_outbox 0.0",
        "kefu_dead_letters 0.0",
    ):
        assert line in lines


def test_what_became_of_answers_that_a_model_was_to_write_is_measured() -> None:
    metrics = Metrics()
    for writing in (Writing(by=Author.GENERATOR), Writing(why="timeout"), Writing(why="timeout"), Writing()):
        metrics.replied(replace(reply_to(message("1"), "14 days."), writing=writing))
    lines = metrics.text(None).decode().splitlines()
    assert [line for line in lines if line.startswith("kefu_model_answers_total")] == [
        'kefu_model_answers_total{outcome="written"} 1.0',
        'kefu_model_answers_total{outcome="timeout"} 2.0',
    ]


async def test_what_callers_make_up_is_no_label(shop: Shop) -> None:
    await shop.call("GET", "/made/up", key=None)
    await shop.call("GET", "/v1/conversations/anna")
    await shop.call("PROPFIND", "/webhooks/made-up", key=None)
    measured = (await shop.call("GET", "/metrics", key=None)).text
    assert 'kefu_http_requests_total{method="",route="none",status="404"} 1.0' in measured
    assert 'kefu_http_requests_total{method="?",route="/webhooks/{channel}",status="404"} 1.0' in measured
    for made_up in ("made", "anna", "PROPFIND"):
        assert made_up not in measured


async def test_metrics_with_a_key_are_told_to_who_has_it(tmp_path: Path) -> None:
    async with serving(tmp_path, access=Access(keys=KEYS, metrics_key=METRICS_KEY)) as shop:
        for key in (None, "another", KEYS["shop"]):
            answered = await shop.call("GET", "/metrics", key=key)
            assert (answered.status, answered.code) == (401, "no_key")
        assert "kefu_store_up 1.0" in (await shop.call("GET", "/metrics", key=METRICS_KEY)).text
        assert (await shop.says("hello", key=METRICS_KEY)).status == 401
        assert (await shop.call("GET", "/readyz", key=None)).status == 200

"""Helpdesks whose calls say only that there is something: it is fetched after the answer, until it was fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import DeliveryError, OverloadedError
from bot.types import ConversationKey, Message, Outcome
from connectors.helpdesk import Look, Seen
from connectors.server.desk import Limits
from connectors.server.metrics import Metrics
from connectors.server.webhooks import GIVE_UP_AFTER, LEFT, Webhooks
from tests.unit.connectors.server.bell import Shelf, asked
from tests.unit.connectors.server.shop import Shop, serving

#: What a call tells.
TOLD = (Look(place="top"),)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Without a bot: what is kept stays as it is."""
    async with serving(tmp_path, alone=False) as running:
        yield running


def webhooks(shop: Shop, shelf: Shelf) -> Webhooks:
    return Webhooks(shop, {"shelf": shelf}, Limits(), Metrics(), shop.clock)


async def settled(hooks: Webhooks) -> None:
    """Return once nothing is looked for."""
    while hooks._looking:
        await asyncio.wait(hooks._looking.values())


async def kept(shop: Shop) -> list[str]:
    return [message.text for message in await shop.store.unfinished()]


def on_shelf(text: str, id_: str) -> Message:
    return asked(text, id_, channel="shelf")


async def test_what_a_call_points_to_is_fetched(tmp_path: Path) -> None:
    shelf = Shelf([on_shelf("hello", "1")])
    async with serving(tmp_path, helpdesks=[shelf], alone=False) as shop:
        assert (await shop.call("POST", "/webhooks/shelf", key=None)).status == 200
        await shelf.looked(1)
        while not await kept(shop):
            pass
        assert await kept(shop) == ["hello"]


async def test_the_call_is_answered_though_the_shelf_is_away(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.away = True
    async with serving(tmp_path, helpdesks=[shelf], alone=False) as shop:
        assert (await shop.call("POST", "/webhooks/shelf", key=None)).status == 200
        shop.clock.forward(1)
        (place,) = await shop.store.wanted(shop.clock())
    assert (place.channel, place.name) == ("shelf", "top")


async def test_all_pages_are_fetched_and_it_goes_on_behind_them_the_next_time(shop: Shop) -> None:
    shelf = Shelf([on_shelf("one", "1")], [on_shelf("two", "2"), on_shelf("three", "3")])
    hooks = webhooks(shop, shelf)
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert await kept(shop) == ["one", "two", "three"]
    shelf.pages.append([on_shelf("four", "4")])
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert (await kept(shop))[-1] == "four"
    assert [cursor for _, cursor in shelf.looks] == ["", "1", "2"]


async def test_where_looking_failed_the_next_sweep_looks_again_and_then_no_more(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf([on_shelf("hello", "1")])
    hooks = webhooks(shop, shelf)
    shelf.away = True
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert "the shelf is away" in caplog.text
    shelf.away = False
    await hooks.sweep()
    assert not hooks._looking, "it may be that another process looks just now"
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    await settled(hooks)
    assert await kept(shop) == ["hello"]
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    assert len(shelf.looks) == 2


async def test_what_will_never_be_told_is_not_asked_for_for_ever(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    class Gone(Shelf):
        async def look(self, place: str, cursor: str) -> Seen:
            await super().look(place, cursor)
            raise DeliveryError("404", final=True)

    shelf = Gone()
    hooks = webhooks(shop, shelf)
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    await settled(hooks)
    assert len(shelf.looks) == 2, "it may be the page of a proxy"
    shop.clock.forward(GIVE_UP_AFTER.total_seconds())
    for _ in range(2):
        await hooks.sweep()
        await settled(hooks)
    assert len(shelf.looks) == 3
    assert "given up" in caplog.text
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert len(shelf.looks) == 4, "a new call is a new beginning"


async def test_one_place_is_looked_at_once_at_a_time_and_once_more_for_what_came_meanwhile(shop: Shop) -> None:
    class Slow(Shelf):
        free = asyncio.Event()

        async def look(self, place: str, cursor: str) -> Seen:
            seen = await super().look(place, cursor)
            await self.free.wait()
            return seen

    shelf = Slow([on_shelf("one", "1")])
    hooks = webhooks(shop, shelf)
    await hooks.keep(shelf, TOLD)
    await shelf.looked(1)
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    shelf.pages.append([on_shelf("two", "2")])
    for _ in range(3):
        await hooks.keep(shelf, TOLD)
    assert (len(hooks._looking), len(shelf.looks)) == (1, 1)
    shelf.free.set()
    await settled(hooks)
    assert await kept(shop) == ["one", "two"]
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    assert not hooks._looking, "nothing is left there"


async def test_a_place_that_says_more_and_does_not_go_on_is_left_at_that(shop: Shop) -> None:
    class Stuck(Shelf):
        async def look(self, place: str, cursor: str) -> Seen:
            await super().look(place, cursor)
            return Seen(news=(), cursor=cursor, more=True)

    shelf = Stuck()
    hooks = webhooks(shop, shelf)
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert len(shelf.looks) == 1


async def test_a_place_that_breaks_off_in_the_middle_goes_on_where_it_was(shop: Shop) -> None:
    class Breaks(Shelf):
        async def look(self, place: str, cursor: str) -> Seen:
            self.away = cursor == "1" and len(self.looks) == 1
            return await super().look(place, cursor)

    shelf = Breaks([on_shelf("one", "1")], [on_shelf("two", "2")])
    hooks = webhooks(shop, shelf)
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert await kept(shop) == ["one"]
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    await settled(hooks)
    assert await kept(shop) == ["one", "two"]
    assert [cursor for _, cursor in shelf.looks] == ["", "1", "1"]


async def test_what_does_not_fit_is_fetched_later(shop: Shop) -> None:
    class Full:
        store = shop.store
        full = True

        async def submit(self, message: Message, *, joins: bool = False) -> Outcome:
            if self.full:
                raise OverloadedError
            return await shop.submit(message, joins=joins)

    full, shelf = Full(), Shelf([on_shelf("hello", "1")])
    hooks = Webhooks(full, {"shelf": shelf}, Limits(), Metrics(), shop.clock)
    await hooks.keep(shelf, TOLD)
    await settled(hooks)
    assert await kept(shop) == []
    full.full = False
    shop.clock.forward(LEFT.total_seconds() + 1)
    await hooks.sweep()
    await settled(hooks)
    assert await kept(shop) == ["hello"]


async def test_where_a_channel_may_have_gone_on_it_is_looked_when_the_server_begins(tmp_path: Path) -> None:
    shelf = Shelf([on_shelf("hello", "1")], places=["left", "right"])
    async with serving(tmp_path, helpdesks=[shelf], alone=False):
        await shelf.looked(2)
    assert sorted(place for place, _ in shelf.looks) == ["left", "right"]


async def test_where_calls_may_be_lost_it_is_looked_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.server.app.SWEEP", 0.01)
    monkeypatch.setattr("connectors.server.app.LOOK_AROUND", 0)
    shelf = Shelf([on_shelf("one", "1")], places=["left"])
    async with serving(tmp_path, helpdesks=[shelf], alone=False) as shop:
        await shelf.looked(1)
        shelf.pages.append([on_shelf("two", "2")])
        while await kept(shop) != ["one", "two"]:
            await shelf.looked(len(shelf.looks) + 1)


async def test_that_is_not_done_with_every_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.server.app.SWEEP", 0.01)
    shelf, sweeps = Shelf(places=["left"]), 0
    swept, sweep = asyncio.Event(), Webhooks.sweep

    async def counted(hooks: Webhooks) -> None:
        nonlocal sweeps
        await sweep(hooks)
        sweeps += 1
        if sweeps == 3:
            swept.set()

    monkeypatch.setattr(Webhooks, "sweep", counted)
    async with serving(tmp_path, helpdesks=[shelf], alone=False):
        await swept.wait()
    assert len(shelf.looks) == 1


async def test_a_place_of_a_channel_that_is_no_longer_set_is_left_alone(shop: Shop) -> None:
    await shop.store.want("gone", "top")
    shop.clock.forward(LEFT.total_seconds() + 1)
    hooks = webhooks(shop, Shelf())
    await hooks.sweep()
    assert not hooks._looking


async def test_what_is_being_fetched_when_the_server_ends_is_fetched_after_the_next_start(shop: Shop) -> None:
    class Slow(Shelf):
        async def look(self, place: str, cursor: str) -> Seen:
            await super().look(place, cursor)
            return await hold()

    async def hold() -> Seen:
        await asyncio.Event().wait()
        raise AssertionError

    slow = Slow([on_shelf("hello", "1")])
    hooks = webhooks(shop, slow)
    await hooks.keep(slow, TOLD)
    await slow.looked(1)
    await hooks.close()
    shop.clock.forward(LEFT.total_seconds() + 1)
    (place,) = await shop.store.wanted(shop.clock())
    assert (place.name, place.cursor) == ("top", "")
    assert (await shop.store.conversation(ConversationKey(channel="shelf", thread="anna"))).turns == ()

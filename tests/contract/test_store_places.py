"""What every store promises of places in a channel where there is something to fetch."""

from __future__ import annotations

from datetime import timedelta

from bot.ports import Store
from bot.types import Place
from tests.contract.conftest import Clock


async def wanted(store: Store, clock: Clock) -> list[str]:
    """Return the names of the places where there is something by now."""
    clock.forward(1)
    return [place.name for place in await store.wanted(clock())]


async def test_a_place_is_wanted_until_somebody_has_looked(store: Store, clock: Clock) -> None:
    place = await store.want("tickets", "7")
    assert place == Place(channel="tickets", name="7", cursor="", since=clock())
    assert await store.wanted(clock()) == [], "not before that moment"
    assert await wanted(store, clock) == ["7"]
    assert await store.wanted(clock()) == [place]
    await store.looked(place, "c1")
    assert await wanted(store, clock) == []


async def test_the_next_look_goes_on_where_the_last_one_ended(store: Store, clock: Clock) -> None:
    await store.looked(await store.want("tickets", "7"), "c1")
    clock.forward(1)
    assert await store.want("tickets", "7") == Place(channel="tickets", name="7", cursor="c1", since=clock())


async def test_what_came_about_during_a_look_is_not_lost(store: Store, clock: Clock) -> None:
    before = await store.want("tickets", "7")
    clock.forward(1)
    meanwhile = await store.want("tickets", "7")
    await store.looked(before, "c1")
    assert await wanted(store, clock) == ["7"]
    (place,) = await store.wanted(clock())
    assert (place.cursor, place.since) == ("c1", meanwhile.since)
    await store.looked(place, "c2")
    assert await wanted(store, clock) == []


async def test_a_look_that_is_not_at_its_end_moves_the_cursor_alone(store: Store, clock: Clock) -> None:
    place = await store.want("tickets", "7")
    part = Place(channel="tickets", name="7", since=place.since - timedelta(days=1))
    await store.looked(part, "c1")
    assert await wanted(store, clock) == ["7"]
    assert [one.cursor for one in await store.wanted(clock())] == ["c1"]


async def test_places_are_told_apart_by_channel_and_name_and_come_oldest_first(store: Store, clock: Clock) -> None:
    for channel, name in (("tickets", "7"), ("mail", "7"), ("tickets", "8")):
        await store.want(channel, name)
        clock.forward(1)
    await store.looked((await store.wanted(clock()))[0], "c1")
    left = await store.wanted(clock())
    assert [(place.channel, place.name) for place in left] == [("mail", "7"), ("tickets", "8")]
    assert [place.cursor for place in left] == ["", ""]
    await store.want("mail", "7")
    clock.forward(1)
    assert [place.channel for place in await store.wanted(clock())] == ["tickets", "mail"], "since it was wanted last"


async def test_a_look_at_a_place_that_is_not_known_is_no_error(store: Store, clock: Clock) -> None:
    await store.looked(Place(channel="tickets", name="7", since=clock()), "c1")
    assert await wanted(store, clock) == []


async def test_places_at_which_nobody_has_looked_for_long_are_forgotten(store: Store, clock: Clock) -> None:
    for name in ("quiet", "wanted", "used"):
        await store.looked(await store.want("tickets", name), "c1")
    clock.forward(timedelta(days=20).total_seconds())
    await store.want("tickets", "wanted")
    await store.looked(await store.want("tickets", "used"), "c2")
    await store.forget_before(clock())
    assert (await store.want("tickets", "quiet")).cursor == "c1", "not within a month, whatever is kept how long"
    await store.looked(await store.want("tickets", "quiet"), "c1")
    clock.forward(timedelta(days=31).total_seconds())
    await store.looked(await store.want("tickets", "used"), "c3")
    await store.forget_before(clock())
    cursors = {name: (await store.want("tickets", name)).cursor for name in ("quiet", "wanted", "used")}
    assert cursors == {"quiet": "", "wanted": "c1", "used": "c3"}

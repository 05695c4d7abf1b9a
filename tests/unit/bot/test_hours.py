"""When people are there: by weekday, in the operator's time zone, whatever the clock does there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours import DAYS, Hours, read, told

WEEK = Hours.of(["mon-fri 09:00-12:30", "mon-fri 13:30-18:00", "sat 10:00-14:00"], ZoneInfo("Europe/Berlin"))


def at(text: str) -> datetime:
    """A moment in Berlin. 2 March 2026 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02 09:00", None),
        ("2026-03-02 12:29", None),
        ("2026-03-02 12:30", "2026-03-02 13:30"),
        ("2026-03-02 08:59", "2026-03-02 09:00"),
        ("2026-03-06 18:00", "2026-03-07 10:00"),
        ("2026-03-07 14:00", "2026-03-09 09:00"),
        ("2026-03-08 23:59", "2026-03-09 09:00"),
        ("2026-03-28 20:00", "2026-03-30 09:00"),  # the clock is put forward that night
    ],
)
def test_they_open_next(now: str, opens: str | None) -> None:
    assert WEEK.opens(at(now)) == (at(opens) if opens else None)


def test_the_moment_may_be_in_any_time_zone() -> None:
    assert WEEK.opens(datetime(2026, 3, 2, 8, 30, tzinfo=UTC)) is None


def test_without_hours_they_are_always_there() -> None:
    assert Hours.of([], ZoneInfo("UTC")).opens(at("2026-03-08 03:00")) is None


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_when_they_open_they_are_there(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    opens = WEEK.opens(now)
    if opens is not None:
        assert opens > now
        assert WEEK.opens(opens) is None
        assert WEEK.opens(opens - timedelta(minutes=1)) == opens


@pytest.mark.parametrize(
    "text", ["", "mon", "mon 9-18", "fri-mon 09:00-18:00", "mon 18:00-09:00", "mon 09:00-25:00", "xyz 09:00-10:00"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read(text)


def test_a_night_is_two_spans() -> None:
    night = Hours.of(["mon 22:00-24:00", "tue 00:00-06:00"], ZoneInfo("Europe/Berlin"))
    assert night.opens(at("2026-03-02 23:59")) is None
    assert night.opens(at("2026-03-03 00:00")) is None
    assert night.opens(at("2026-03-02 21:00")) == at("2026-03-02 22:00")


def test_all_days_can_be_named() -> None:
    assert [read(f"{day} 00:00-23:59")[0][0] for day in DAYS] == list(range(7))


@pytest.mark.parametrize(
    ("opens", "language", "text"),
    [
        ("2026-03-02 13:30", "en", "today at 13:30"),
        ("2026-03-03 09:00", "en", "tomorrow at 09:00"),
        ("2026-03-04 09:00", "en", "on Wednesday at 09:00"),
        ("2026-03-04 09:00", "zh", "周三09:00"),
        ("2026-03-02 13:30", "zh", "今天13:30"),
        ("2026-03-04 09:00", "de", "on Wednesday at 09:00"),
    ],
)
def test_a_time_is_told_as_people_tell_it(opens: str, language: str, text: str) -> None:
    assert told(at(opens), at("2026-03-02 12:45"), language) == text

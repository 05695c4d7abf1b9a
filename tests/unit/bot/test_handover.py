"""The table of who has a case, read as a whole."""

from __future__ import annotations

from bot.handover import AFTER, HEARD
from bot.types import Event, Owner


def test_every_event_has_an_outcome_for_every_owner() -> None:
    assert set(AFTER) == set(Event)
    assert all(set(after) == set(Owner) for after in AFTER.values())


def test_only_what_a_person_or_the_time_does_takes_a_case_from_a_person() -> None:
    for event in Event:
        kept = AFTER[event][Owner.HUMAN] is Owner.HUMAN
        assert kept is (event not in (Event.HANDED_BACK, Event.RESOLVED))


def test_a_case_is_handed_over_by_the_bot_alone() -> None:
    came = {(event, before) for event in Event for before in Owner if AFTER[event][before] is Owner.WAITING}
    assert came == {(Event.HANDED_OVER, Owner.BOT)} | {
        (event, Owner.WAITING) for event in (Event.WROTE, Event.HANDED_OVER)
    }


def test_a_resolved_case_is_opened_by_the_customer_or_a_person() -> None:
    opened = {event for event in Event if AFTER[event][Owner.CLOSED] is not Owner.CLOSED}
    assert opened == {Event.WROTE, Event.TAKEN}


def test_the_bot_is_not_heard_where_a_person_has_the_case() -> None:
    assert {Owner.BOT, Owner.WAITING} == HEARD

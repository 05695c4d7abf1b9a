"""What is found in a django-helpdesk though no hook told it, or although one did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bot.errors import DeliveryError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.django_helpdesk import PAGE, TICKETS, DjangoHelpdesk
from connectors.helpdesk import Happened, News, Said
from tests.unit.connectors.fakes import Asked, FakeApi, serving
from tests.unit.connectors.test_django_helpdesk import AGENT, BOT, SECRET, entry, form, hook, ours, ticket


def person(id_: int, **changes: object) -> dict[str, object]:
    return entry(id_, user=AGENT, title="Parcel", message_id=None) | changes


@dataclass
class Tickets:
    """A helpdesk with tickets."""

    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    api: FakeApi = field(default_factory=lambda: FakeApi(headers={"Authorization": "Token bot-token"}))

    def __post_init__(self) -> None:
        self.api.route("GET", "/api/followups/", answer=self._page)
        self.api.route("GET", r"/api/tickets/(\d+)/", answer=lambda asked: self.tickets[int(asked.parts[0])])
        self.api.route("PATCH", r"/api/tickets/(\d+)/", needs={"assigned_to": type(None)}, answer={})

    def open(self, *entries: dict[str, Any], id_: int = 5, **changes: object) -> dict[str, Any]:
        """Make a ticket of entries, or make it anew."""
        own = [one | {"ticket": id_} for one in entries]
        self.tickets[id_] = ticket(*own, **changes) | {"id": id_}
        return self.tickets[id_]

    def _page(self, asked: Asked) -> object:
        everything = [one for each in self.tickets.values() for one in each["followup_set"]]
        everything.sort(key=lambda one: (one["date"], one["id"]))
        size, page = int(asked.query["page_size"]), asked.query["page"]
        last = max(1, -(-len(everything) // size))
        number = last if page == "last" else int(page)
        assert 1 <= number <= last
        return {"count": len(everything), "results": everything[(number - 1) * size : number * size]}


@pytest.fixture
async def there() -> AsyncIterator[Tickets]:
    tickets = Tickets()
    async with serving(tickets.api):
        yield tickets


@pytest.fixture
def desk(http: aiohttp.ClientSession, there: Tickets) -> DjangoHelpdesk:
    return DjangoHelpdesk(http, url=there.api.url, token="bot-token", secret=SECRET, bot=str(BOT))


async def found(desk: DjangoHelpdesk, cursor: str = "0") -> list[tuple[str, str]]:
    """The kind and the id of each piece of news."""
    return [told(one) for one in (await desk.look("", cursor)).news]


def told(one: News) -> tuple[str, str]:
    match one:
        case Message():
            return "asked", one.id
        case Said():
            return one.turn.speaker.value, one.turn.id
        case Happened():
            return one.event.value, one.id
    raise AssertionError(one)


def test_it_is_looked_at_everywhere_at_once() -> None:
    assert DjangoHelpdesk.places == ("",)


# --- how far


async def test_the_first_look_leaves_old_tickets_alone(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), entry(9))
    seen = await desk.look("", "")
    assert (seen.news, seen.cursor, seen.more) == ((), "9", False)


async def test_the_first_ticket_of_a_new_desk_is_found(desk: DjangoHelpdesk, there: Tickets) -> None:
    cursor = (await desk.look("", "")).cursor
    there.open(form(1))
    assert await found(desk, cursor) == [("asked", "1")]


async def test_only_what_is_new_is_found_and_it_goes_on_behind_it(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), ours(8, "On its way."), entry(9))
    there.open(form(10), id_=6)
    seen = await desk.look("", "8")
    assert [told(one) for one in seen.news] == [("asked", "9"), ("asked", "10")]
    assert (seen.cursor, seen.more) == ("10", False)
    there.api.calls.clear()
    assert (await desk.look("", "10")).news == ()
    assert len(there.api.calls) == 1


async def test_it_is_what_the_hooks_tell(desk: DjangoHelpdesk, there: Tickets) -> None:
    document = there.open(form(7), ours(8, "On its way."), entry(9))
    hooks = [hook({"ticket": document}), hook({"ticket": document, "followup_id": 9})]
    by_hook = [one for call in hooks for one in (await desk.receive(call)).news]
    assert list((await desk.look("", "6")).news) == by_hook


async def test_a_ticket_that_an_agent_typed_is_a_question(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7, user=AGENT, comment=""), entry(9))
    first, second = (await desk.look("", "6")).news
    assert isinstance(first, Message) and isinstance(second, Message)
    assert (first.id, first.text, second.id) == ("7", "where is it?", "9")


async def test_what_the_bot_wrote_makes_nobody_read_the_ticket(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), ours(8, "On its way."))
    seen = await desk.look("", "7")
    assert (seen.news, seen.cursor) == ((), "8")
    assert len(there.api.calls) == 1


async def test_many_pages_are_read_newest_first(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(*(entry(number, message_id=None) for number in range(1, 3 * PAGE + 8)))
    seen = await desk.look("", str(PAGE + 3))
    assert [told(one)[1] for one in seen.news] == [str(number) for number in range(PAGE + 4, 3 * PAGE + 8)]
    assert [one.query["page"] for one in there.api.asked("GET", "/api/followups/")] == ["last", "3", "2", "1"]


async def test_a_date_out_of_order_hides_nothing(desk: DjangoHelpdesk, there: Tickets) -> None:
    late = entry(8, date="2026-03-02T10:00:01Z", message_id=None)
    there.open(form(7), entry(9, date="2026-03-02T10:00:00Z"), late)
    assert await found(desk, "8") == [("asked", "9")]
    assert (await desk.look("", "")).cursor == "9"


async def test_many_tickets_are_read_a_part_at_a_time(desk: DjangoHelpdesk, there: Tickets) -> None:
    for number in range(1, 2 * TICKETS + 2):
        there.open(form(number), id_=number)
    cursor, more, ids, looks = "0", True, [], 0
    while more:
        seen = await desk.look("", cursor)
        cursor, more, looks = seen.cursor, seen.more, looks + 1
        ids += [told(one)[1] for one in seen.news]
    assert ids == [str(number) for number in range(1, 2 * TICKETS + 2)]
    assert looks == 3


async def test_a_ticket_that_is_gone_or_unreadable_hides_no_other(
    desk: DjangoHelpdesk, there: Tickets, caplog: pytest.LogCaptureFixture
) -> None:
    there.open(form(7))
    there.open(form(8), id_=6)
    there.tickets[5]["followup_set"][0]["new_status"] = "where is it?"
    assert await found(desk) == [("asked", "8")]
    assert "ticket 5" in caplog.text
    assert "where is it?" not in caplog.text


@pytest.mark.parametrize("failing", [0, 1], ids=["the list", "the ticket"])
async def test_where_the_desk_is_away_nothing_counts_as_seen(
    desk: DjangoHelpdesk, there: Tickets, failing: int
) -> None:
    there.open(form(7))
    answers = iter([200] * failing + [500])
    look = desk._api.call

    async def call(*words: Any, **more: Any) -> Any:
        if next(answers) == 500:
            there.api.fail(500)
        return await look(*words, **more)

    desk._api.call = call  # type: ignore[method-assign]
    with pytest.raises(DeliveryError):
        await desk.look("", "0")


@pytest.mark.parametrize("answer", [[], {"count": "many"}, {"count": 1, "results": [{"id": "<b>"}]}])
async def test_a_list_that_is_none_is_told(http: aiohttp.ClientSession, answer: object) -> None:
    api = FakeApi()
    api.route("GET", "/api/followups/", answer=answer)
    async with serving(api):
        desk = DjangoHelpdesk(http, url=api.url, token="bot-token", secret=SECRET, bot=str(BOT))
        with pytest.raises(DeliveryError, match="not as it is known"):
            await desk.look("", "0")


# --- what became of it meanwhile


async def test_what_a_person_answered_is_known_and_not_asked(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), person(9, comment="It is here."), entry(10))
    question, answer, message = (await desk.look("", "0")).news
    assert isinstance(question, Said) and question.turn.speaker is Speaker.CUSTOMER
    assert question.turn.text == "where is it?"
    assert told(answer) == ("agent", "9")
    assert told(message) == ("asked", "10")


async def test_what_was_resolved_is_not_asked_and_what_comes_after_it_is(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), person(9, comment="", new_status=3), entry(10, new_status=2))
    assert await found(desk) == [("customer", "7"), ("resolved", "9.resolved"), ("asked", "10")]


async def test_what_somebody_has_is_taken_before_it_is_asked(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), assigned_to=AGENT)
    assert await found(desk) == [("taken", "7.taken"), ("asked", "7")]


async def test_what_the_bot_handed_over_is_not_taken_for_that(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), ours(8, "A note", public=False), ours(9, "A colleague will answer."), assigned_to=AGENT)
    assert await found(desk) == [("asked", "7")]


async def test_a_case_that_was_given_back_is_the_bots(desk: DjangoHelpdesk, there: Tickets) -> None:
    there.open(form(7), person(9, public=False, comment="/bot"), entry(10), assigned_to=AGENT)
    assert await found(desk) == [("asked", "7"), ("handed_back", "9"), ("asked", "10")]
    assert [one.body for one in there.api.asked("PATCH")] == [{"assigned_to": None}]


async def test_a_case_that_was_handed_over_again_stays_so(desk: DjangoHelpdesk, there: Tickets) -> None:
    """The hooks told all of it: it must not be given back a second time."""
    back = person(8, public=False, comment="/bot")
    there.open(form(7), back, entry(9), ours(10, "A colleague will answer."), assigned_to=AGENT)
    assert await found(desk) == [("asked", "7"), ("asked", "9")]
    assert there.api.asked("PATCH") == []


@pytest.mark.parametrize("then", [{"comment": "I have it."}, {"comment": "", "title": "Assigned to ann"}])
async def test_a_case_that_was_taken_again_stays_so(desk: DjangoHelpdesk, there: Tickets, then: dict[str, str]) -> None:
    back = person(9, public=False, comment="/bot")
    there.open(form(7), back, person(10, **then), assigned_to=AGENT)
    news = (await desk.look("", "7")).news
    assert len(news) == 1
    assert not any(isinstance(one, Happened) and one.event is Event.HANDED_BACK for one in news)
    assert there.api.asked("PATCH") == []


async def test_a_mail_that_was_fetched_several_times_is_one_message(desk: DjangoHelpdesk, there: Tickets) -> None:
    document = there.open(form(7), entry(9), entry(10), entry(11))
    assert await found(desk, "8") == [("asked", "9")] * 3
    (message,) = (await desk.receive(hook({"ticket": document, "followup_id": 11}))).news
    assert told(message) == ("asked", "9")
    assert isinstance(message, Message)
    assert message.conversation == ConversationKey(channel="django_helpdesk", thread="5")

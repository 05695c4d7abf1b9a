"""django-helpdesk: what its hooks send, by which secret they are believed, and what the bot calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DeliveryError, SettingsError
from bot.types import ConversationKey, Event, Message, Speaker
from connectors.django_helpdesk import DjangoHelpdesk
from connectors.helpdesk import Call, Happened, RefusedError, Said
from tests.unit.connectors.desk_talk import NOW, call, reply
from tests.unit.connectors.fakes import FakeApi, serving
from tests.unit.connectors.mangled import mangled, understood_or_refused

SECRET = "shared with the desk"
KEY = ConversationKey(channel="django_helpdesk", thread="5")
FOLLOWUPS = "/api/followups/"
ZWSP = "\N{ZERO WIDTH SPACE}"
BOT, AGENT = 2, 1


def entry(id_: int, **changes: object) -> dict[str, object]:
    """A follow-up: without more, a customer's mail."""
    return {
        "id": id_,
        "ticket": 5,
        "user": None,
        "title": "E-Mail Received from ann@example.test",
        "comment": "where is it?\n",
        "public": True,
        "new_status": None,
        "time_spent": None,
        "followupattachment_set": [],
        "date": "2026-03-02T09:59:58.960462Z",
        "message_id": "<a@example.test>",
        "email_recipients": ["ann@example.test"],
    } | changes


def form(id_: int = 7, **changes: object) -> dict[str, object]:
    """What a customer's web form leaves."""
    return entry(id_, title="Ticket Opened Via Web", comment="where is it?", message_id=None) | changes


def ours(id_: int, comment: str, **changes: object) -> dict[str, object]:
    return entry(id_, user=BOT, title="Parcel", message_id=None, comment=comment) | changes


def ticket(*entries: dict[str, object], **changes: object) -> dict[str, object]:
    return {
        "id": 5,
        "queue": 1,
        "title": "Parcel",
        "description": "where is it?",
        "resolution": None,
        "submitter_email": "ann@example.test",
        "assigned_to": None,
        "status": 1,
        "on_hold": False,
        "priority": 3,
        "due_date": None,
        "merged_to": None,
        "followup_set": list(entries),
    } | changes


def opened(*entries: dict[str, object], **changes: object) -> dict[str, object]:
    return {"ticket": ticket(*(entries or (form(),)), **changes), "queue_slug": "support"}


def followed_up(*, assigned_to: int | None = None, **changes: object) -> dict[str, object]:
    """A hook for the last of three follow-ups."""
    entries = form(), ours(8, "On its way."), entry(9, **changes)
    return {
        "ticket": ticket(*entries, assigned_to=assigned_to),
        "queue_slug": "support",
        "followup_id": 9,
    }


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi(headers={"Authorization": "Token bot-token"})
    there = ticket(
        form(),
        ours(8, f"On its way, {{{ZWSP}{{ name }}}}."),
        ours(9, "Handed over by the bot", public=False),
        entry(10, user=AGENT, comment="A person's."),
    )
    fake.route("GET", "/api/tickets/5/", answer=there)
    fake.route("PATCH", "/api/tickets/5/", may={"assigned_to": (int, type(None)), "queue": int}, answer=there)
    needs = {"ticket": int, "comment": str, "public": bool}
    fake.route("POST", FOLLOWUPS, needs=needs, status=201, answer={"id": 11})
    async with serving(fake):
        yield fake


@pytest.fixture
def desk(http: aiohttp.ClientSession, api: FakeApi) -> DjangoHelpdesk:
    return DjangoHelpdesk(http, url=api.url, token="bot-token", secret=SECRET, bot=str(BOT))


def hook(document: object, key: str | None = SECRET) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return call(body, {"User-Agent": "python-requests/2.34.2"}, {} if key is None else {"key": key})


async def test_a_new_ticket_is_a_message(desk: DjangoHelpdesk) -> None:
    (message,) = (await desk.receive(hook(opened()))).news
    assert isinstance(message, Message)
    assert (message.id, message.conversation, message.text) == ("7", KEY, "where is it?")
    assert message.customer == "ann@example.test"
    assert message.at.isoformat() == "2026-03-02T09:59:58.960462+00:00"


@pytest.mark.parametrize(
    ("entries", "description", "expected"),
    [
        ((form(comment=""),), "in the description", "in the description"),
        ((form(comment=None),), "", "Parcel"),
        ((form(user=77),), "", "where is it?"),
        ((), "in the description", "in the description"),
    ],
    ids=["no words in it", "a title alone", "a customer with an account", "no follow-up"],
)
async def test_a_new_ticket_has_its_words_somewhere(
    desk: DjangoHelpdesk, entries: tuple[dict[str, object], ...], description: str, expected: str
) -> None:
    body = {"ticket": ticket(*entries, description=description), "queue_slug": "support"}
    (message,) = (await desk.receive(hook(body))).news
    assert isinstance(message, Message)
    assert message.text == expected


async def test_a_mail_is_a_message_without_what_it_answers(desk: DjangoHelpdesk) -> None:
    text = "Still nothing.\n\nOn Mon, 2 Mar 2026, Support wrote:\n\n> On its way.\n"
    (message,) = (await desk.receive(hook(followed_up(comment=text)))).news
    assert isinstance(message, Message)
    assert (message.id, message.text) == ("9", "Still nothing.")


async def test_a_mail_may_be_a_file_alone(desk: DjangoHelpdesk) -> None:
    file = {"id": 1, "followup": 9, "file": "/uploads/lamp.jpg", "filename": "lamp.jpg", "mime_type": "image/jpeg"}
    (message,) = (await desk.receive(hook(followed_up(comment="", followupattachment_set=[file])))).news
    assert isinstance(message, Message)
    assert (message.text, message.attachments) == ("", ("lamp.jpg",))


@pytest.mark.parametrize(
    "body",
    [
        opened(ours(7, "where is it?")),
        opened(form(public=False)),
        followed_up(user=BOT),
        followed_up(user=BOT, public=False, comment="/bot"),
        followed_up(user=BOT, new_status=3),
        followed_up(user=AGENT, public=False),
        followed_up(user=AGENT, public=False, comment="/bot please"),
        followed_up(user=AGENT, public=False, assigned_to=AGENT),
        followed_up(user=AGENT, comment=""),
        followed_up(user=AGENT, comment="", assigned_to=BOT),
        followed_up(public=False),
        followed_up(public=False, comment="/bot"),
        followed_up() | {"followup_id": 10},
    ],
)
async def test_what_no_customer_said_is_passed_over(desk: DjangoHelpdesk, body: object) -> None:
    received = await desk.receive(hook(body))
    assert received.news == ()
    assert received.ignored


async def test_what_a_person_wrote_is_theirs(desk: DjangoHelpdesk) -> None:
    (said,) = (await desk.receive(hook(followed_up(user=AGENT, comment="I'll look.", message_id=None)))).news
    assert isinstance(said, Said)
    assert (said.turn.speaker, said.turn.text, said.turn.id) == (Speaker.AGENT, "I'll look.", "9")


TAKEN = Happened(conversation=KEY, event=Event.TAKEN, id="9.taken")
RESOLVED = Happened(conversation=KEY, event=Event.RESOLVED, id="9.resolved")


@pytest.mark.parametrize(("assignee", "taken"), [(None, False), (BOT, False), (AGENT, True)])
async def test_a_ticket_that_is_assigned_is_a_persons(desk: DjangoHelpdesk, assignee: int | None, taken: bool) -> None:
    *before, message = (await desk.receive(hook(followed_up(assigned_to=assignee)))).news
    assert before == [TAKEN] * taken
    assert isinstance(message, Message)


async def test_assigning_it_is_taking_it(desk: DjangoHelpdesk) -> None:
    body = followed_up(user=AGENT, title="Assigned to agent", comment="", assigned_to=AGENT)
    assert (await desk.receive(hook(body))).news == (TAKEN,)


@pytest.mark.parametrize("title", ["E-Mail Received from bo@example.test", "收到来自 Bo <bo@example.test> 的电子邮件"])
async def test_a_mail_of_another_takes_the_case(desk: DjangoHelpdesk, title: str) -> None:
    assert (await desk.receive(hook(followed_up(title=title)))).news == (TAKEN,)


@pytest.mark.parametrize("title", ["E-Mail Received from Ann@Example.TEST", "E-Mail", "", None])
async def test_a_mail_of_the_customer_does_not(desk: DjangoHelpdesk, title: str | None) -> None:
    (message,) = (await desk.receive(hook(followed_up(title=title)))).news
    assert isinstance(message, Message)


@pytest.mark.parametrize("status", [3, 4, 5])
async def test_resolving_ends_the_case(desk: DjangoHelpdesk, status: int) -> None:
    body = followed_up(user=AGENT, new_status=status, comment="")
    assert (await desk.receive(hook(body))).news == (RESOLVED,)
    said, last = (await desk.receive(hook(followed_up(user=AGENT, new_status=status, comment="Done.")))).news
    assert isinstance(said, Said)
    assert last == RESOLVED


async def test_a_customer_who_accepts_says_nothing(desk: DjangoHelpdesk) -> None:
    body = followed_up(new_status=4, comment="Submitter accepted resolution and closed ticket", message_id=None)
    assert (await desk.receive(hook(body))).news == (RESOLVED,)


async def test_a_mail_opens_it_again(desk: DjangoHelpdesk) -> None:
    (message,) = (await desk.receive(hook(followed_up(new_status=2)))).news
    assert isinstance(message, Message)


@pytest.mark.parametrize(("assignee", "given_up"), [(AGENT, True), (BOT, False), (None, False)])
async def test_a_private_note_gives_the_case_back(
    desk: DjangoHelpdesk, api: FakeApi, assignee: int | None, given_up: bool
) -> None:
    body = followed_up(user=AGENT, public=False, comment="/bot\n", assigned_to=assignee)
    (happened,) = (await desk.receive(hook(body))).news
    assert happened == Happened(conversation=KEY, event=Event.HANDED_BACK, id="9")
    assert [one.body for one in api.asked("PATCH")] == [{"assigned_to": None}] * given_up


async def test_times_that_cannot_be_read_are_the_calls(desk: DjangoHelpdesk) -> None:
    (message,) = (await desk.receive(hook(followed_up(date="soon")))).news
    assert isinstance(message, Message)
    assert message.at == NOW


# --- who is believed


@pytest.mark.parametrize("key", [None, "", "another", SECRET + " ", SECRET.upper(), "ü\udcff"])
async def test_a_hook_without_the_secret_is_refused(desk: DjangoHelpdesk, key: str | None) -> None:
    with pytest.raises(RefusedError) as caught:
        await desk.receive(hook(opened(), key))
    assert caught.value.status == 401
    assert SECRET not in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"ticket": {"id": "where is it?"}}',
        b'{"ticket": {"id": 5, "followup_set": [{"id": "where is it?"}]}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
async def test_junk_with_the_secret_is_refused_and_not_quoted(desk: DjangoHelpdesk, body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        await desk.receive(hook(body))
    assert caught.value.status == 400
    assert "where is it?" not in caught.value.detail


async def test_a_hook_is_the_same_however_often_it_comes(desk: DjangoHelpdesk) -> None:
    sent = hook(followed_up(assigned_to=AGENT))
    assert (await desk.receive(sent)).news == (await desk.receive(sent)).news


@settings(deadline=None)
@given(st.binary(max_size=200) | mangled(opened()) | mangled(followed_up(user=AGENT, assigned_to=AGENT, new_status=3)))
def test_whatever_has_the_secret_is_understood_or_refused(document: object) -> None:
    no_calls: Any = None
    desk = DjangoHelpdesk(no_calls, url="https://desk.example", token="t", secret=SECRET, bot="2")
    understood_or_refused(desk, hook(document))


# --- what is called


async def test_a_reply_is_public_and_has_no_title(desk: DjangoHelpdesk, api: FakeApi) -> None:
    await desk.deliver(reply(KEY, "On its way.", "7"), again=False)
    (posted,) = api.calls
    assert (posted.method, posted.path) == ("POST", FOLLOWUPS)
    assert posted.body == {"ticket": 5, "comment": "On its way.", "public": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ ticket.submitter_email }}", "{~{ ticket.submitter_email }}"),
        ("{{{ a }}}", "{~{~{ a }}}"),
        ("{# gone #}", "{~# gone #}"),
        ("{% now 'Y' %}{%", "{~% now 'Y' %~}{~%"),
        ("100 %}", "100 %~}"),
        ("{ a } # % {", "{ a } # % {"),
        ("<https://shop.example> or <b>", "<~https://shop.example> or <~b>"),
        ("</b> <!-- --> <?php", "<~/b> <~!-- --> <~?php"),
        ("5 < 6, <3 & 7 > 2", "5 < 6, <3 & 7 > 2"),
    ],
)
async def test_what_looks_like_markup_shows_as_it_is(
    desk: DjangoHelpdesk, api: FakeApi, text: str, expected: str
) -> None:
    await desk.deliver(reply(KEY, text, "7"), again=False)
    assert api.asked("POST", FOLLOWUPS)[0].body["comment"] == expected.replace("~", ZWSP)


async def test_a_reply_is_written_once(desk: DjangoHelpdesk, api: FakeApi) -> None:
    await desk.deliver(reply(KEY, "On its way, {{ name }}. ", "7"), again=True)
    assert api.asked("POST") == []


async def test_a_reply_that_was_stored_though_the_call_failed_is_not_written_again(
    desk: DjangoHelpdesk, api: FakeApi
) -> None:
    api.fail(500, {}, "<h1>Server Error (500)</h1>")
    with pytest.raises(DeliveryError) as caught:
        await desk.deliver(reply(KEY, "On its way, {{ name }}.", "7"), again=False)
    assert not caught.value.final
    await desk.deliver(reply(KEY, "On its way, {{ name }}.", "7"), again=True)
    assert len(api.asked("POST")) == 1


@pytest.mark.parametrize("text", ["where is it?", "A person's.", "Handed over by the bot", "On its way."])
async def test_what_another_said_is_not_the_reply(desk: DjangoHelpdesk, api: FakeApi, text: str) -> None:
    await desk.deliver(reply(KEY, text, "7"), again=True)
    assert len(api.asked("POST", FOLLOWUPS)) == 1


async def test_the_same_words_to_a_later_message_are_another_reply(desk: DjangoHelpdesk, api: FakeApi) -> None:
    await desk.deliver(reply(KEY, "On its way, {{ name }}.", "10"), again=True)
    assert len(api.asked("POST", FOLLOWUPS)) == 1


async def test_the_note_comes_before_the_ticket_is_handed_over(http: aiohttp.ClientSession, api: FakeApi) -> None:
    desk = DjangoHelpdesk(http, url=api.url, token="bot-token", secret=SECRET, bot="2", assignee="1", queue="3")
    handed = reply(KEY, "A colleague will answer.", "7")
    await desk.note(handed, "Said: {{ name }}", again=True)
    await desk.hand_over(handed, again=True)
    _, note, patched = api.calls
    assert note.body == {"ticket": 5, "comment": f"Said: {{{ZWSP}{{ name }}}}", "public": False}
    assert (patched.method, patched.body) == ("PATCH", {"assigned_to": 1, "queue": 3})


async def test_a_note_is_written_once(desk: DjangoHelpdesk, api: FakeApi) -> None:
    await desk.note(reply(KEY, "A colleague will answer.", "7"), "Handed over by the bot", again=True)
    assert api.asked("POST") == []


async def test_where_nobody_is_named_the_note_is_all(desk: DjangoHelpdesk, api: FakeApi) -> None:
    await desk.hand_over(reply(KEY, "A colleague will answer.", "7"), again=False)
    assert api.calls == []


@pytest.mark.parametrize("wrong", [{"bot": "bot"}, {"bot": ""}, {"assignee": "ann"}, {"queue": "people"}])
async def test_numbers_have_to_be_numbers(http: aiohttp.ClientSession, wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        DjangoHelpdesk(http, url="https://desk.example", token="t", secret=SECRET, **{"bot": "2"} | wrong)


@pytest.mark.parametrize(
    ("status", "headers", "final", "after"),
    [
        (429, {"Retry-After": "7"}, False, 7),
        (500, {}, False, None),
        (401, {}, False, None),
        (400, {}, True, None),
        (404, {}, True, None),
        (302, {"Location": "http://169.254.169.254/"}, True, None),
        (0, {}, False, None),
    ],
)
async def test_a_failure_says_whether_to_try_again(
    desk: DjangoHelpdesk, api: FakeApi, status: int, headers: dict[str, str], final: bool, after: float | None
) -> None:
    api.fail(status, headers, {"detail": "where is it?"})
    with pytest.raises(DeliveryError) as caught:
        await desk.deliver(reply(KEY, "On its way.", "7"), again=False)
    assert (caught.value.final, caught.value.after) == (final, after)
    assert "where is it?" not in str(caught.value)
    assert "bot-token" not in str(caught.value)

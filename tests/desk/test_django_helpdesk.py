"""A real django-helpdesk and the real `kefu serve`: what the customer sees, and what the people there."""

from __future__ import annotations

import pytest

from bot.types import Owner, Speaker
from tests.desk.helpdesk import Helpdesk, eventually, free_port
from tests.desk.serving import Serving
from tests.e2e.command import REFUND

pytestmark = pytest.mark.desk

TRACK, ANSWERED = "How do I track my order?", "With the link in the mail."
PAY, PAID = "Which payment methods do you accept?", "Visa and PayPal."
REFUNDED = "14 days."
#: Nothing that the entries speak of.
UNKNOWN = "My cat sings opera at midnight, what should she wear?"


def opened(helpdesk: Helpdesk, kefu: Serving, text: str) -> tuple[str, str]:
    """Open a ticket by the web form, and return its number and its page once everything is done."""
    page = helpdesk.form(text)
    assert page
    number = helpdesk.newest()
    kefu.heard(number, text)
    return number, page


def handed_over(helpdesk: Helpdesk, kefu: Serving) -> tuple[str, str]:
    number, page = opened(helpdesk, kefu, UNKNOWN)
    assert kefu.conversation(number).owner is Owner.WAITING
    return number, page


def test_a_customer_is_answered_by_web_and_by_mail(helpdesk: Helpdesk, kefu: Serving) -> None:
    number, page = opened(helpdesk, kefu, REFUND)
    assert helpdesk.page(page).count(REFUNDED) == 1

    assert helpdesk.mail(f"{TRACK}\n\nOn Mon, 2 Mar 2026, Support wrote:\n\n> {REFUNDED}\n", number)
    kefu.heard(number, TRACK)
    assert helpdesk.page(page).count(ANSWERED) == 1
    assert len(helpdesk.by_bot(number)) == 2
    assert helpdesk.by_bot(number, public=False) == []
    assert helpdesk.ticket(number)["title"] == "A question"


def test_a_new_ticket_by_mail_is_answered(helpdesk: Helpdesk, kefu: Serving) -> None:
    assert helpdesk.mail(REFUND)
    number = helpdesk.newest()
    kefu.heard(number, REFUND)
    (answer,) = helpdesk.by_bot(number)
    assert REFUNDED in answer


def test_what_is_not_known_goes_to_people(helpdesk: Helpdesk, kefu: Serving) -> None:
    number, page = handed_over(helpdesk, kefu)
    (note,), (notice,) = helpdesk.by_bot(number, public=False), helpdesk.by_bot(number)
    ticket = helpdesk.ticket(number)
    assert (str(ticket["assigned_to"]), str(ticket["queue"])) == (
        helpdesk.facts["agent"]["id"],
        helpdesk.facts["people"],
    )
    shown = helpdesk.page(page)
    assert notice in shown
    assert note not in shown

    assert helpdesk.mail(REFUND, number)
    assert kefu.heard(number, REFUND).owner is Owner.HUMAN
    assert helpdesk.by_bot(number) == [notice]


def test_a_person_has_the_case_until_it_is_given_back(helpdesk: Helpdesk, kefu: Serving) -> None:
    number, _ = handed_over(helpdesk, kefu)
    helpdesk.says(number, "A hat of velvet.")
    kept = kefu.heard(number, "A hat of velvet.")
    assert (kept.owner, kept.turns[-1].speaker) == (Owner.HUMAN, Speaker.AGENT)
    assert helpdesk.mail(REFUND, number)
    kefu.heard(number, REFUND)
    assert len(helpdesk.by_bot(number)) == 1

    helpdesk.says(number, "/bot", public=False)
    eventually(lambda: kefu.conversation(number).owner is Owner.BOT)
    assert helpdesk.ticket(number)["assigned_to"] is None
    assert helpdesk.mail(TRACK, number)
    kefu.heard(number, TRACK)
    assert ANSWERED in helpdesk.by_bot(number)[-1]
    assert len(helpdesk.by_bot(number)) == 2


def test_what_customers_write_while_nobody_listens_is_answered_later(helpdesk: Helpdesk, kefu: Serving) -> None:
    known, page = opened(helpdesk, kefu, REFUND)
    theirs, _ = opened(helpdesk, kefu, REFUND)
    kefu.stop()
    try:
        assert helpdesk.form(TRACK) == ""  # the desk says that it failed, and has the ticket
        new = helpdesk.newest()
        helpdesk.call("PATCH", f"/api/tickets/{theirs}/", {"assigned_to": int(helpdesk.facts["agent"]["id"])})
        assert not helpdesk.mail(PAY, theirs)
        helpdesk.empty_box()
        assert not helpdesk.mail(TRACK, known)
        assert not helpdesk.fetch_mails()  # it is in the ticket twice now
    finally:
        kefu.start()
    for ticket, text in ((new, TRACK), (known, TRACK), (theirs, PAY)):
        kefu.heard(ticket, text)
    assert helpdesk.fetch_mails()  # for the third time, and now the hook is taken

    def is_done() -> bool:
        counts = kefu.counts()
        return (counts.waiting, counts.outbox) == (0, 0)

    eventually(is_done)
    comments = [entry["comment"].strip() for entry in helpdesk.ticket(known)["followup_set"]]
    assert comments.count(TRACK) == 3
    assert len(helpdesk.by_bot(new)) == 1
    assert len(helpdesk.by_bot(known)) == 2
    assert len(helpdesk.by_bot(theirs)) == 1  # a person has it
    assert kefu.conversation(theirs).owner is Owner.HUMAN
    assert helpdesk.page(page).count(ANSWERED) == 1


def test_a_reply_that_the_desk_has_though_it_failed_is_written_once(helpdesk: Helpdesk, kefu: Serving) -> None:
    helpdesk.start(kefu.hook, f"http://127.0.0.1:{free_port()}/")
    try:
        number, page = opened(helpdesk, kefu, PAY)
        assert helpdesk.page(page).count(PAID) == 1
        assert len(helpdesk.by_bot(number)) == 1
        other, _ = handed_over(helpdesk, kefu)
        assert (len(helpdesk.by_bot(other)), len(helpdesk.by_bot(other, public=False))) == (1, 1)
        assert "500 Internal Server Error" in kefu.log.read_text("utf-8")
    finally:
        helpdesk.start(kefu.hook, kefu.hook)

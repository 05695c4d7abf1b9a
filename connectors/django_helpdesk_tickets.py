"""What django-helpdesk tells of tickets: in its hooks, in its lists, and of each alone."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from bot.errors import DeliveryError
from connectors.payload import Id, Payload

_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")

_Number = Annotated[Id, Field(pattern=r"^[0-9]{1,18}$")]


class _Attachment(Payload):
    filename: str = ""


class Followup(Payload):
    """An entry of a ticket: what was said, noted or done."""

    id: _Number
    user: _Number | None = None
    title: str | None = None
    comment: str | None = None
    public: bool = False
    new_status: int | None = None
    date: str = ""
    #: Of a mail; None where it came another way.
    message_id: str | None = None
    followupattachment_set: tuple[_Attachment, ...] = ()

    @property
    def said(self) -> str:
        """Its words."""
        return (self.comment or "").strip()

    @property
    def number(self) -> int:
        """Its id, by which entries of all tickets are in the order in which they were made."""
        return int(self.id)


class Ticket(Payload):
    """A ticket with its entries."""

    id: _Number
    title: str | None = None
    description: str | None = None
    submitter_email: str | None = None
    assigned_to: _Number | None = None
    followup_set: tuple[Followup, ...] = ()

    @property
    def entries(self) -> list[Followup]:
        """Its entries, oldest first."""
        return sorted(self.followup_set, key=lambda entry: entry.number)

    def is_of_another(self, entry: Followup) -> bool:
        """Whether it is a mail of somebody else than the customer: the sender stands in its title alone."""
        if entry.message_id is None or not self.submitter_email:
            return False
        senders = _ADDRESS.findall(entry.title or "")
        return bool(senders) and self.submitter_email.casefold() not in (one.casefold() for one in senders)

    def first_copy(self, entry: Followup) -> Followup:
        """Return what a mail became at first: where its hook fails, the desk fetches the mail once more."""
        copies = (one for one in self.entries if one.message_id == entry.message_id)
        return next(copies, entry) if entry.message_id else entry


class Hook(Payload):
    """A new ticket; with the number of a follow-up, that one."""

    ticket: Ticket
    followup_id: _Number | None = None

    @property
    def entry(self) -> Followup | None:
        """What it tells of: of a new ticket the first entry, if it has one; None where that is not there."""
        if self.followup_id is None:
            return self.ticket.followup_set[0] if self.ticket.followup_set else Followup(id="0", public=True)
        return next((entry for entry in self.ticket.followup_set if entry.id == self.followup_id), None)


class Listed(Payload):
    """An entry as it stands in the list of those of all tickets."""

    id: _Number
    ticket: _Number
    user: _Number | None = None


class Page(Payload):
    """A page of that list."""

    #: Of all pages.
    count: int
    results: tuple[Listed, ...] = ()


P = TypeVar("P", bound=Payload)


def answered(kind: type[P], answer: object) -> P:
    """Return what a call is answered with as ``kind``; raises `DeliveryError` where it is none."""
    try:
        return kind.model_validate(answer)
    except ValidationError:
        raise DeliveryError("django-helpdesk: the answer is not as it is known", final=True) from None

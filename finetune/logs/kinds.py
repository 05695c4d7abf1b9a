"""The CSV exports that are known: what a column means in which helpdesk. A further helpdesk is a further row here.

None of them has one button that exports messages; the names of the columns are those of their API and their database,
which is what the exporting scripts and the warehouse connectors write.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from finetune.logs.records import Speaker
from finetune.logs.shelf import ZENDESK
from finetune.logs.values import switch
from retrieval.ingest.rows import Rejected, describe

#: A row of the table, by the names of the fields of its `Kind` ("" for an empty cell).
Cells = dict[str, str]

#: Fields that any kind may have: a number that orders messages of the same second, who is in the conversation, and
#: where it is held.
_COMMON = {
    "message": ("message_id", "comment_id", "article_id", "id"),
    "at": ("created_at", "created", "date", "timestamp", "sent_at"),
    "name": ("author_name", "sender_name", "commenter_name", "from", "from_name"),
    "customer_name": ("requester_name", "customer_name", "contact_name", "requester", "customer"),
    "channel": ("channel", "inbox_name", "inbox"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of export: a table with a message in each row."""

    #: As it stands before the ids of its conversations.
    name: str
    #: What the table is, for the eyes of an operator.
    title: str
    #: The names of the columns that may tell a field, the best first.
    columns: Mapping[str, tuple[str, ...]]
    #: What must be told: at least one field of each group.
    needed: tuple[tuple[str, ...], ...]
    #: Whether nobody but the agents could read a message; raises `ValueError`.
    private: Callable[[Cells], bool]
    #: Who said it, None for the helpdesk itself; raises `Rejected`.
    speaker: Callable[[Cells], Speaker | None]
    #: Completes the rows of a conversation, where who spoke is only told by all of them together; it is given the
    #: authors who also write in conversations that others began.
    complete: Callable[[Sequence[Cells], Container[str]], None] = lambda rows, guests: None

    def fields(self, header: Sequence[str]) -> dict[str, int]:
        """Return the fields that ``header`` tells, and the number of the column of each."""
        found = {}
        for name, columns in {**_COMMON, **self.columns}.items():
            place = next((header.index(column) for column in columns if column in header), None)
            if place is not None:
                found[name] = place
        return found

    def missing(self, header: Sequence[str]) -> list[str]:
        """Return what ``header`` lacks, each as the names that the column may have."""
        found = self.fields(header)
        return [self._named(group) for group in self.needed if not found.keys() & set(group)]

    def __str__(self) -> str:
        """The title, and the columns it is known by."""
        return f"{self.title} ({', '.join(map(self._named, self.needed))})"

    def _named(self, group: tuple[str, ...]) -> str:
        return " or ".join(self.columns[field][0] for field in group)


def column_name(cell: str) -> str:
    """Return the name of a column as it is compared: "Ticket ID", "ticket.id" and "ticket_id" are one."""
    return "_".join("".join(c if c.isalnum() else " " for c in cell.casefold()).split())


def _chatwoot(cells: Cells) -> Speaker | None:
    kind, sender = cells["type"].casefold(), cells.get("sender", "").casefold()
    if kind in ("incoming", "0"):
        return Speaker.CUSTOMER
    if kind in ("outgoing", "1"):
        # Nobody's name stands below what automations and campaigns send.
        by_person = "sender" not in cells or sender in ("user", "agent")
        return Speaker.AGENT if by_person else Speaker.BOT
    if kind in ("template", "3"):
        return Speaker.BOT
    if kind in ("activity", "2"):
        return None
    raise Rejected(f"the message type is {describe(cells['type'])}", "incoming, outgoing, activity or template")


def _zammad(cells: Cells) -> Speaker | None:
    sender = cells["sender"].casefold()
    if sender in ("customer", "2"):
        return Speaker.CUSTOMER
    if sender in ("agent", "1"):
        return Speaker.AGENT
    if sender in ("system", "3"):
        return None
    raise Rejected(f"the sender is {describe(cells['sender'])}", "Agent, Customer or System")


def _zendesk(cells: Cells) -> Speaker | None:
    role = column_name(cells.get("role", ""))
    if role in ("end_user", "enduser", "customer", "requester"):
        return Speaker.CUSTOMER
    if role in ("agent", "admin", "administrator", "light_agent", "owner"):
        return Speaker.AGENT
    if role in ("system", "trigger", "automation"):
        return None
    raise Rejected(f"the role of the author is {describe(cells.get('role'))}", "end-user, agent, admin or system")


def _roles(rows: Sequence[Cells], guests: Container[str]) -> None:
    """Tell customers from agents where Zendesk's export has no roles but ids.

    The requester is the customer. Where that is not told either, it is who wrote first; but who also writes in tickets
    that others began is an agent everywhere.
    """
    authors = (cells.get("author", "") for cells in rows)
    first = next((author for author in authors if author not in ("", ZENDESK)), "")
    for cells in rows:
        author = cells.get("author", "")
        if cells.get("role") or not author:
            continue
        asked = cells.get("requester", "")
        is_customer = author == (asked or first) and (bool(asked) or author not in guests)
        cells["role"] = "system" if author == ZENDESK else "end-user" if is_customer else "agent"


KINDS = (
    Kind(
        name="chatwoot",
        title="Chatwoot messages",
        columns={
            "conversation": ("conversation_id", "conversation_display_id", "display_id"),
            "text": ("content", "processed_message_content"),
            "type": ("message_type",),
            "private": ("private",),
            "sender": ("sender_type",),
            "outcome": ("conversation_status",),
        },
        needed=(("conversation",), ("text",), ("type",), ("private",)),
        private=lambda cells: bool(cells["private"]) and switch(cells["private"]),  # nothing is the column's default
        speaker=_chatwoot,
    ),
    Kind(
        name="zammad",
        title="Zammad articles",
        columns={
            "conversation": ("ticket_id", "ticket_number", "number"),
            "text": ("body",),
            "sender": ("sender", "sender_id"),
            "private": ("internal",),
            "outcome": ("state", "ticket_state"),
        },
        needed=(("conversation",), ("text",), ("sender",), ("private",)),
        private=lambda cells: switch(cells["private"]),
        speaker=_zammad,
    ),
    Kind(
        name="zendesk",
        title="Zendesk comments",
        columns={
            "conversation": ("ticket_id",),
            "text": ("plain_body", "body", "comment", "comment_body", "html_body"),
            "public": ("public", "is_public", "comment_public"),
            "role": ("author_role", "commenter_role", "updater_role", "role"),
            "author": ("author_id", "commenter_id", "user_id"),
            "requester": ("requester_id", "ticket_requester_id"),
            "outcome": ("status", "ticket_status"),
        },
        needed=(("conversation",), ("text",), ("public",), ("role", "author")),
        private=lambda cells: not switch(cells["public"]),
        speaker=_zendesk,
        complete=_roles,
    ),
)

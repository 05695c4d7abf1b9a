"""Deleting conversations of the database: with each goes all that belongs to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, or_, select

from bot.store.schema import conversations, outbox, turns

#: Conversations that are deleted in one transaction.
AT_ONCE = 500


def of_customer(connection: Connection, customer: str, channel: str | None) -> int:
    """Delete those in which a customer wrote, of one channel or of all, and return how many."""
    theirs = select(turns.c.conversation).where(turns.c.customer == customer, turns.c.customer != "")
    gone = delete(conversations).where(conversations.c.id.in_(theirs))
    if channel is not None:
        gone = gone.where(conversations.c.channel == channel)
    return connection.execute(gone).rowcount


def some_before(connection: Connection, moment: datetime) -> int:
    """Delete some in which nothing was said or done since, and nothing is left to do, and return how many."""
    here = turns.c.conversation == conversations.c.id
    busy = select(turns.c.id).where(here, or_(turns.c.open.is_(True), turns.c.at >= moment)).exists()
    owes = or_(outbox.c.due.is_not(None), outbox.c.since >= moment)
    owed = select(outbox.c.id).where(outbox.c.conversation == conversations.c.id, owes).exists()
    # A person may have a case in which nothing was said yet.
    quiet = or_(conversations.c.since.is_(None), conversations.c.since < moment)
    old = select(conversations.c.id).where(quiet, ~busy, ~owed).limit(AT_ONCE).with_for_update(skip_locked=True)
    ids = connection.execute(old).scalars().all()
    # Something may have come before they were held: now nothing can.
    still = conversations.c.id.in_(ids), quiet, ~busy, ~owed
    return connection.execute(delete(conversations).where(*still)).rowcount

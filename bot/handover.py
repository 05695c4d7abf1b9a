"""Who has a case: one table, by which every store goes.

A case begins with the bot. The bot hands it over, or a person takes it; it comes back when the person gives it back,
or after a time; and it ends when it is resolved. What a customer writes after that begins a new one.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.types import Event, Owner

_BOT, _WAITING, _HUMAN, _CLOSED = Owner.BOT, Owner.WAITING, Owner.HUMAN, Owner.CLOSED

#: Who has the case after what happened, by who has it before.
AFTER: Mapping[Event, Mapping[Owner, Owner]] = {
    Event.WROTE: {_BOT: _BOT, _WAITING: _WAITING, _HUMAN: _HUMAN, _CLOSED: _BOT},
    Event.HANDED_OVER: {_BOT: _WAITING, _WAITING: _WAITING, _HUMAN: _HUMAN, _CLOSED: _CLOSED},
    Event.TAKEN: {_BOT: _HUMAN, _WAITING: _HUMAN, _HUMAN: _HUMAN, _CLOSED: _HUMAN},
    Event.HANDED_BACK: {_BOT: _BOT, _WAITING: _BOT, _HUMAN: _BOT, _CLOSED: _CLOSED},
    Event.RESOLVED: {_BOT: _CLOSED, _WAITING: _CLOSED, _HUMAN: _CLOSED, _CLOSED: _CLOSED},
}

#: While one of these has the case the bot may be heard: what it said last may still be on its way when it hands over.
HEARD = frozenset({Owner.BOT, Owner.WAITING})

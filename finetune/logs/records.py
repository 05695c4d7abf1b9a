"""What a log says, whatever program wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise

#: Where a log has no times its order counts, and what has none comes first.
NEVER = datetime.min.replace(tzinfo=UTC)

#: What a reply does, in the words of `bot.types.Action`.
ACTIONS = ("answer", "clarify", "hand_off", "small_talk")


class Speaker(StrEnum):
    """Who said something."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """One message that both sides could read."""

    speaker: Speaker
    #: As it was exported, but for HTML, which is text by now.
    text: str
    #: When it was said, with a time zone (None where the log does not tell).
    at: datetime | None = None
    #: The FAQ entries that it says; beside a customer's message, those that answer it (none where the log does not
    #: tell).
    answers: tuple[str, ...] = ()
    #: Beside a customer's message: the entries that would do as well.
    accept: tuple[str, ...] = ()
    #: What it was, one of `ACTIONS`; beside a customer's message, what is to be done ("" where the log does not tell).
    action: str = ""
    #: Of a customer: whether somebody wrote beside it what answers it, be it that no entry does.
    labelled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """One dialogue or ticket. Private notes are counted and not kept: what nobody holds, nobody trains on."""

    #: Unique among all logs that are read together.
    id: str
    #: In the order in which they were said.
    utterances: tuple[Utterance, ...]
    #: Where it was held: as the log says, or the name of the helpdesk that exported it ("" where neither is known).
    channel: str = ""
    #: How it ended, in the words of the log ("" where it does not tell).
    outcome: str = ""
    #: The people in it, as the export names them.
    names: frozenset[str] = frozenset()
    #: Private notes that were left out.
    notes: int = 0
    #: Messages of the helpdesk itself that were left out, such as "assigned to ...".
    events: int = 0


def in_order(said: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Put what was said in the order of its times; what has none stays behind what stands before it.

    Exports often begin with the newest: then all is turned round first, so that within a second the order is right.
    """
    known = [utterance.at for utterance in said if utterance.at]
    if sum(one > other for one, other in pairwise(known)) > sum(one < other for one, other in pairwise(known)):
        said = said[::-1]
    at, times = NEVER, []
    for utterance in said:
        at = utterance.at or at
        times.append(at)
    return tuple(said[place] for place in sorted(range(len(said)), key=times.__getitem__))

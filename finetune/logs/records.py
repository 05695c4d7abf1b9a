"""What a log says, whatever program wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

#: Where a log has no times its order counts, and what has none comes first.
NEVER = datetime.min.replace(tzinfo=UTC)


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
    #: The FAQ entry that it says ("" where the log does not tell).
    answer_id: str = ""
    #: What it was, in the words of a reply: answer, clarify, hand_off or small_talk ("" where the log does not tell).
    action: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """One dialogue or ticket. Private notes are counted and not kept: what nobody holds, nobody trains on."""

    #: Unique among all logs that are read together.
    id: str
    #: In the order in which they were said.
    utterances: tuple[Utterance, ...]
    #: How it ended, in the words of the log ("" where it does not tell).
    outcome: str = ""
    #: The people in it, as the export names them.
    names: frozenset[str] = frozenset()
    #: Private notes that were left out.
    notes: int = 0
    #: Messages of the helpdesk itself that were left out, such as "assigned to ...".
    events: int = 0

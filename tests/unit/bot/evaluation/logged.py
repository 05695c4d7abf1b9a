"""Logged dialogues for tests, written as they are read aloud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.evaluation.dialogues import Dialogue, Truth
from bot.types import Action, Citation, Speaker, Turn

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


def turn(line: str, place: int = 0) -> Turn:
    """Return a turn: "customer: hi", "agent[answer refund pay]: ...", "agent[clarify]: ...", "bot: ..."."""
    who, _, text = line.partition(":")
    name, _, did = who.rstrip("]").partition("[")
    action, *entries = did.split() or [""]
    return Turn(
        speaker=Speaker(name.strip()),
        text=text.strip(),
        at=NOON + timedelta(minutes=place),
        id=str(place),
        action=Action(action) if action else None,
        citations=tuple(Citation(id=entry, question="", source="") for entry in entries),
    )


def dialogue(*lines: str, id_: str = "d", channel: str = "", labels: dict[int, Truth] | None = None) -> Dialogue:
    """Return a dialogue, a minute to each turn."""
    turns = tuple(turn(line, place) for place, line in enumerate(lines))
    return Dialogue(id=id_, channel=channel, turns=turns, labels=labels or {})

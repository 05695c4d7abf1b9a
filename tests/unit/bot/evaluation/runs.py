"""What tests of comparisons share: turns that are made up, and runs of them on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.evaluation.dialogues import Reading
from bot.evaluation.folder import RUN, TURNS
from bot.evaluation.judging import Verdict
from bot.evaluation.turns import ReplayedTurn
from bot.types import Action, Reason


def turn(place: int = 0, verdict: Verdict = Verdict.RIGHT, **more: Any) -> ReplayedTurn:
    """Return a turn to which the bot answers with the entry "track", if nothing else is said."""
    action = {
        Verdict.OFFERED: Action.CLARIFY,
        Verdict.ASKED_IN_VAIN: Action.CLARIFY,
        Verdict.HANDED_OVER: Action.HAND_OFF,
        Verdict.UNNECESSARY_HAND_OVER: Action.HAND_OFF,
        Verdict.SMALL_TALK: Action.SMALL_TALK,
    }.get(verdict, Action.ANSWER)
    row: dict[str, Any] = {
        "dialogue": "d",
        "place": place,
        "of": 1,
        "at": "2025-06-15T12:00:00+00:00",
        "channel": "web",
        "language": "en",
        "topic": "orders",
        "text": "where is my parcel",
        "action": action,
        "reason": Reason.CONFIDENT,
        "confidence": 0.9,
        "reply": f"{action}: with the link.",
        "quoted": ("track",) if action is Action.ANSWER else (),
        "offered": ("track",) if action is Action.CLARIFY else (),
        "candidates": (),
        "reading": Reading.LABEL,
        "wanted": (Action.ANSWER,),
        "answers": ("track",),
        "accept": (),
        "person": "",
        "verdict": verdict,
        "best": None,
        "alike": {},
    }
    return ReplayedTurn(**row | more)


def run(folder: Path, turns: Iterable[ReplayedTurn], of: Mapping[str, Any] | None = None) -> Path:
    """Write a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN).write_text(json.dumps(of or {}), "utf-8")
    (folder / TURNS).write_text("".join(f"{each.json()}\n" for each in turns), "utf-8")
    return folder

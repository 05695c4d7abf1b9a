"""Dialogues as JSONL: {"id", "turns": [{"speaker", "text", "at"?, "answer_id"?, "action"?}], "outcome"?}."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune.logs.records import Conversation, Speaker, Utterance
from finetune.logs.values import MOMENTS, moment
from finetune.rows import Row, read_rows


def read_dialogues(path: Path) -> Iterator[Conversation]:
    """Yield the conversations of a file, one a line; raises `DataError` at the first bad one."""
    for row in read_rows(path):
        turns = row.values.get("turns")
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            raise row.error("'turns' is no list of objects", 'a dialogue: {"id": ..., "turns": [{"speaker", "text"}]}')
        spoken = [turn for turn in turns if not turn.get("private")]
        name = row.values.get("id")
        yield Conversation(
            id=f"{path.name}:{row.line}" if name is None else str(name),
            utterances=tuple(_utterance(turn, row) for turn in spoken),
            outcome=_word(row.values, "outcome", row),
            notes=len(turns) - len(spoken),
        )


def _utterance(turn: dict[str, Any], row: Row) -> Utterance:
    speaker, text, at = turn.get("speaker"), turn.get("text") or "", turn.get("at")
    if speaker not in tuple(Speaker):
        raise row.error(f"the speaker of a turn is {speaker!r}", f"one of {', '.join(Speaker)}")
    if not isinstance(text, str):
        raise row.error(f"the text of a turn is a {type(text).__name__}", "a text")
    try:
        when = None if at in (None, "") else moment(str(at))
    except (ValueError, OverflowError):
        raise row.error(f"the time of a turn is {at!r}", MOMENTS) from None
    return Utterance(
        speaker=Speaker(speaker),
        text=text,
        at=when,
        answer_id=_word(turn, "answer_id", row),
        action=_word(turn, "action", row),
    )


def _word(values: dict[str, Any], key: str, row: Row) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise row.error(f"{key!r} is a {type(value).__name__}", "a text")
    return value.strip()

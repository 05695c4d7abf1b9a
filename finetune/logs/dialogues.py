"""Dialogues as JSONL: {"id"?, "turns": [{"speaker", "text", "at"?, ...}], "channel"?, "outcome"?}, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune.logs.lines import read_lines
from finetune.logs.problems import Problems, Report, What
from finetune.logs.records import ACTIONS, Conversation, Speaker, Utterance, in_order
from finetune.logs.shelf import Piece
from finetune.logs.values import MOMENTS, moment, switch
from retrieval.ingest.rows import describe
from retrieval.text import whole

_A_DIALOGUE = 'a dialogue: {"id": ..., "turns": [{"speaker": ..., "text": ...}]}'

#: The speakers' other names that can mean nobody else; None is the helpdesk itself, which speaks to nobody.
_SPEAKERS: dict[str, Speaker | None] = {
    **{speaker.value: speaker for speaker in Speaker},
    **dict.fromkeys(("user", "client", "visitor", "end-user", "end_user", "客户", "顾客", "用户"), Speaker.CUSTOMER),
    **dict.fromkeys(("人工客服", "坐席"), Speaker.AGENT),
    **dict.fromkeys(("assistant", "chatbot", "机器人"), Speaker.BOT),
    "system": None,
}


def dialogue_pieces(path: Path, number: int, label: str, problems: Problems) -> Iterator[Piece]:
    """Yield the dialogues of a file, the file's ``number``; those without an id are named for ``label`` and line."""
    for line, text in read_lines(path, problems):
        if not text.strip():
            continue
        report = problems.at(path, line)
        values = _loaded(text, report)
        if values is None:
            continue
        if not isinstance(values, dict) or not isinstance(values.get("turns"), list):
            found = "'turns' is no list" if isinstance(values, dict) else describe(values)
            report(What.NO_DIALOGUE, found, _A_DIALOGUE)
            continue
        name = values.get("id")
        if name is not None and not _is_name(name):
            report(What.FIELD, f"'id' is {describe(name)}", "a text or a number")
            name = None
        own = "" if name is None else str(name).strip()
        yield Piece(id=own or f"{label}:{line}", file=number, line=line, content=text)


def dialogue_of(piece: Piece, report: Report) -> Conversation:
    """Return the conversation of a dialogue; ``report`` takes what is wrong in it."""
    values = _loaded(piece.content, report) or {}
    said: list[Utterance] = []
    notes = events = 0
    for number, turn in enumerate(values.get("turns", ()), 1):
        where = f"turn {number}"
        if not isinstance(turn, dict):
            report(What.NO_TURN, f"{where} is {describe(turn)}", 'an object such as {"speaker": ..., "text": ...}')
            continue
        private = _private(turn.get("private"))
        if private is None:
            report(What.PRIVACY, f"'private' of {where} is {describe(turn['private'])}", "true or false")
            continue
        name = turn.get("speaker")
        name = name.strip().casefold() if isinstance(name, str) else None
        if private:
            notes += 1
        elif name not in _SPEAKERS:
            expected = f"one of {', '.join(Speaker)}"
            report(What.SPEAKER, f"the speaker of {where} is {describe(turn.get('speaker'))}", expected)
        elif (speaker := _SPEAKERS[name]) is None:
            events += 1
        elif utterance := _utterance(turn, speaker, where, report):
            said.append(utterance)
    ordered = in_order(said)
    if ordered != tuple(said):
        report(What.ORDER, "times that run backwards", "the turns as they were said")
    return Conversation(
        id=piece.id,
        utterances=ordered,
        channel=_word(values, "channel", "", report),
        outcome=_word(values, "outcome", "", report),
        notes=notes,
        events=events,
    )


def _loaded(text: str, report: Report) -> Any:
    """Return what a line holds, None for what is no JSON."""
    try:
        values = json.loads(text)
        if "\\u" in text:  # an escape can be half of a character, as where a text was cut, and nothing else takes that
            values = json.loads(whole(json.dumps(values, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        report(What.NOT_JSON, f"not JSON ({error})", "one JSON object a line")
        return None
    if values is None:
        report(What.NO_DIALOGUE, "null", _A_DIALOGUE)
    return values


def _is_name(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _private(value: object) -> bool | None:
    """Return whether a message is a note among agents; None where the log says neither yes nor no."""
    if value is None or value == "":
        return False
    try:
        return switch(str(value))
    except ValueError:
        return None


def _utterance(turn: dict[str, Any], speaker: Speaker, where: str, report: Report) -> Utterance | None:
    text = turn.get("text")
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = str(text)  # an order's number, which the export took for one
    if not isinstance(text, str) or not text.strip():
        report(What.NO_TEXT, f"the text of {where} is {describe(text)}", "a text")
        return None
    at, when = turn.get("at"), None
    if at not in (None, ""):
        try:
            when = moment(str(at))
        except (ValueError, OverflowError):
            report(What.TIME, f"the time of {where} is {describe(at)}", MOMENTS)
    action = _word(turn, "action", where, report)
    if action and action not in ACTIONS:
        report(What.FIELD, f"'action' of {where} is {describe(action)}", f"one of {', '.join(ACTIONS)}")
        action = ""
    one, several = _word(turn, "answer_id", where, report), _ids(turn, "answer_ids", where, report)
    answers = tuple(dict.fromkeys((*([one] if one else []), *(several or ()))))
    accept = _ids(turn, "accept", where, report) or ()
    return Utterance(
        speaker=speaker,
        text=text,
        at=when,
        answers=answers,
        accept=accept,
        action=action,
        labelled=speaker is Speaker.CUSTOMER and bool(answers or accept or action or several is not None),
    )


def _word(values: dict[str, Any], key: str, where: str, report: Report) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if _is_name(value):
        return str(value).strip()
    report(What.FIELD, f"{key!r}{where and f' of {where}'} is {describe(value)}", "a text")
    return ""


def _ids(turn: dict[str, Any], key: str, where: str, report: Report) -> tuple[str, ...] | None:
    """Return the ids of entries under a key, None where it says nothing."""
    value = turn.get(key)
    if value is None:
        return None
    if isinstance(value, list) and all(map(_is_name, value)):
        return tuple(dict.fromkeys(name for entry in value if (name := str(entry).strip())))
    report(What.FIELD, f"{key!r} of {where} is {describe(value)}", "a list of the ids of entries")
    return None

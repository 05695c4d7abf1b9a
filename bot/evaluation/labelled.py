"""Labelled turns: what customers asked, and which entries answer it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.evaluation.dialogues import Dialogue, Truth
from bot.types import Speaker, Turn

#: Who may have said an earlier turn, as rows have it.
_SPEAKERS = tuple(speaker.value for speaker in Speaker)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledTurn:
    """A message, and what may be said to it."""

    text: str
    #: All of them answer it; none where the knowledge does not.
    answers: frozenset[str]
    #: Entries that would do as well.
    accept: frozenset[str] = frozenset()
    #: Earlier turns, as (speaker, text), oldest first.
    history: tuple[tuple[Speaker, str], ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LabelledTurn:
        """Read a row; raises ValueError that names the field and what was expected."""
        text = row.get("text")
        if not isinstance(text, str) or not text.strip():
            raise ValueError('field "text": expected what the customer wrote')
        return cls(
            text=text,
            answers=_ids(row, "answer_ids"),
            accept=_ids(row, "accept"),
            history=tuple(map(_turn, _list(row, "history"))),
        )

    def dialogue(self, id_: str, channel: str, at: datetime) -> Dialogue:
        """Return it as a dialogue in which only this message is asked, ``at`` a time."""
        turns = [Turn(speaker=speaker, text=text, at=at, id=str(n)) for n, (speaker, text) in enumerate(self.history)]
        asked = Turn(speaker=Speaker.CUSTOMER, text=self.text, at=at, id=str(len(turns)))
        labels = {len(turns): Truth.of_label(self.answers, self.accept)}
        return Dialogue(id=id_, channel=channel, turns=(*turns, asked), labels=labels)

    def right(self, quoted: Collection[str]) -> bool:
        """Whether it is right to answer with these entries: none of them may be beside the question."""
        return bool(quoted) and set(quoted) <= self.answers | self.accept


def _ids(row: Mapping[str, Any], name: str) -> frozenset[str]:
    ids = _list(row, name)
    if not all(isinstance(id_, str) for id_ in ids):
        raise ValueError(f'field "{name}": expected a list of the ids of entries')
    return frozenset(ids)


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name) or []
    if not isinstance(value, list):
        raise ValueError(f'field "{name}": expected a list, in square brackets')
    return value


def _turn(turn: Any) -> tuple[Speaker, str]:
    if isinstance(turn, dict) and turn.get("speaker") in _SPEAKERS and isinstance(turn.get("text"), str):
        return Speaker(turn["speaker"]), turn["text"]
    raise ValueError(f'field "history": expected turns such as {{"speaker": "{_SPEAKERS[0]}", "text": "..."}}')

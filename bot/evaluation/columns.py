"""The turns of a run as columns: what figures are made of, and no text, so that a long run fits into memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import nan
from sys import intern
from typing import Self

import numpy as np
import numpy.typing as npt

from bot.errors import MissingExtraError
from bot.evaluation.dialogues import Reading
from bot.evaluation.judging import Verdict
from bot.evaluation.measures.arrays import Floats
from bot.evaluation.measures.ranking import ndcg_at, reciprocal_rank
from bot.evaluation.measures.texts import chrf, rouge_l
from bot.evaluation.turns import ReplayedTurn
from bot.types import Action

#: What turns are divided by; each is a field of theirs.
SLICINGS = ("language", "topic", "channel", "reading")

#: Readings that name entries.
_NAMING = (Reading.LABEL, Reading.ANSWER_ID)

#: Candidates of a reply, at most.
_LISTED = 10

_VERDICTS, _ACTIONS = tuple(Verdict), tuple(Action)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Columns:
    """One value a turn in each, in the order of the run."""

    dialogue: list[str]
    #: The slice that a turn is in, by what is sliced by.
    slices: dict[str, list[str]]
    #: Places among the verdicts and the actions, in the order in which they are defined.
    verdict: npt.NDArray[np.int8]
    action: npt.NDArray[np.int8]
    #: Whether entries are quoted.
    sent: npt.NDArray[np.bool_]
    #: By name, NaN where there is none: "confidence" of the likeliest candidate and whether it is "right" (0 or 1); one
    #: by the rank of the first right one ("reciprocal") and "ndcg" of the entries that are named; "chrf" and "rouge_l"
    #: of what the bot answered by what a person did; "supported" of what a language model wrote.
    numbers: dict[str, Floats]
    #: What could not be measured, with why.
    left_out: dict[str, str]

    def __len__(self) -> int:
        return len(self.dialogue)

    @classmethod
    def of(cls, turns: Iterable[ReplayedTurn]) -> Self:
        """Take up ``turns``, one after the other."""
        taken = _Taking()
        for turn in turns:
            taken.take(turn)
        return cls(
            dialogue=taken.dialogue,
            slices=taken.slices,
            verdict=np.frombuffer(taken.verdict, dtype=np.int8),
            action=np.frombuffer(taken.action, dtype=np.int8),
            sent=np.frombuffer(taken.sent, dtype=np.int8) > 0,
            numbers={name: np.frombuffer(values, dtype=np.float64) for name, values in taken.numbers.items()},
            left_out=taken.left_out,
        )

    def among(self, slicing: str) -> dict[str, Columns]:
        """Return the turns of each slice, by its name; every turn is in one of them."""
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(self.slices[slicing]):
            rows.setdefault(name, []).append(row)
        return {name: self._where(np.array(rows[name])) for name in sorted(rows)}

    def was(self, *verdicts: Verdict) -> npt.NDArray[np.bool_]:
        """Return which turns have one of ``verdicts``."""
        return np.isin(self.verdict, [_VERDICTS.index(verdict) for verdict in verdicts])

    def did(self, action: Action) -> npt.NDArray[np.bool_]:
        """Return in which turns the bot did that."""
        return np.equal(self.action, _ACTIONS.index(action))

    def _where(self, rows: npt.NDArray[np.intp]) -> Columns:
        return Columns(
            dialogue=[self.dialogue[row] for row in rows],
            slices={},
            verdict=self.verdict[rows],
            action=self.action[rows],
            sent=self.sent[rows],
            numbers={name: values[rows] for name, values in self.numbers.items()},
            left_out=self.left_out,
        )


def _numbers() -> dict[str, array[float]]:
    return {name: array("d") for name in ("confidence", "right", "reciprocal", "ndcg", "chrf", "rouge_l", "supported")}


@dataclass(kw_only=True, slots=True)
class _Taking:
    """Columns that grow."""

    dialogue: list[str] = field(default_factory=list)
    slices: dict[str, list[str]] = field(default_factory=lambda: {slicing: [] for slicing in SLICINGS})
    verdict: array[int] = field(default_factory=lambda: array("b"))
    action: array[int] = field(default_factory=lambda: array("b"))
    sent: array[int] = field(default_factory=lambda: array("b"))
    numbers: dict[str, array[float]] = field(default_factory=_numbers)
    left_out: dict[str, str] = field(default_factory=dict)

    def take(self, turn: ReplayedTurn) -> None:
        self.dialogue.append(intern(turn.dialogue))
        for slicing, names in self.slices.items():
            names.append(intern(str(getattr(turn, slicing))))
        self.verdict.append(_VERDICTS.index(turn.verdict))
        self.action.append(_ACTIONS.index(turn.action))
        self.sent.append(bool(turn.quoted))
        known = turn.best is not None and bool(turn.candidates)
        confidence, right = (turn.candidates[0].confidence, float(turn.best or 0)) if known else (nan, nan)
        reciprocal, ndcg = _found(turn)
        near, overlap = self._near(turn)
        supported = nan if turn.supported is None else turn.supported
        values = (confidence, right, reciprocal, ndcg, near, overlap, supported)
        for column, value in zip(self.numbers.values(), values, strict=True):
            column.append(value)

    def _near(self, turn: ReplayedTurn) -> tuple[float, float]:
        """Return chrF and ROUGE-L of an answer."""
        if not turn.quoted or not turn.person:
            return nan, nan
        overlap = rouge_l([turn.reply], [turn.person])[0]
        if "chrf" in self.left_out:
            return nan, overlap
        try:
            return chrf([turn.reply], [turn.person])[0], overlap
        except MissingExtraError as error:
            self.left_out["chrf"] = " ".join(str(error).split())
            return nan, overlap


def _found(turn: ReplayedTurn) -> tuple[float, float]:
    """Return how far up the entries are that answer a message: the first that would do, and those that are right."""
    if turn.reading not in _NAMING or not turn.answers:
        return nan, nan
    ranked = [candidate.id for candidate in turn.candidates]
    return reciprocal_rank(ranked, {*turn.answers, *turn.accept}), ndcg_at(_LISTED, ranked, turn.answers)

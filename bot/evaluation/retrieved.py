"""How far up the search lists what answers labelled questions, without the bot around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.evaluation.itemised import about, measured
from bot.evaluation.labelled import LabelledTurn
from bot.evaluation.measures.intervals import Estimate, mean, share
from bot.evaluation.measures.ranking import ndcg_at, recall_at, reciprocal_rank
from bot.responder import context_of
from bot.types import Turn
from retrieval.text import detect_language
from retrieval.types import Query

#: How many of the first places are looked at.
FIRST = (1, 3, 5, 10)

#: How many entries are asked for: as many as the last of them.
DEPTH = max(FIRST)

#: When earlier turns were: what is looked for does not depend on it.
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledQuestion:
    """A labelled question."""

    #: What the data calls it, otherwise file and line.
    id: str
    language: str
    #: What sort of question it is, "" where the data does not say.
    kind: str
    #: What the bot would look for: the text, with the customer's question before it.
    query: Query
    #: The entries that are right: those that answer it, and those that would do as well.
    right: frozenset[str]

    @classmethod
    def of(cls, row: Mapping[str, Any], place: str) -> LabelledQuestion | None:
        """Read a row, None where no entry answers it; raises ValueError that names the field.

        ``place`` is what it is called where it has no id.
        """
        turn = LabelledTurn.of(row)
        if not turn.answers:
            return None
        earlier = [Turn(speaker=speaker, text=text, at=_SOME_TIME) for speaker, text in turn.history]
        return cls(
            id=str(row.get("id") or place),
            language=str(row.get("language") or detect_language(turn.text)),
            kind=str(row.get("kind") or ""),
            query=Query(text=turn.text, context=context_of(earlier)),
            right=turn.answers | turn.accept,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """A labelled question, and what was found."""

    asked: LabelledQuestion
    #: The ids of the entries, the best first.
    found: tuple[str, ...]

    @property
    def id(self) -> str:
        """What the data calls the question."""
        return self.asked.id

    @property
    def language(self) -> str:
        """The language of the question."""
        return self.asked.language

    @property
    def kind(self) -> str:
        """What sort of question it is."""
        return self.asked.kind

    @property
    def rank(self) -> int | None:
        """Where the first right entry stands, counted from 1; None where none is found."""
        return next((place for place, id_ in enumerate(self.found, 1) if id_ in self.asked.right), None)


def figures(looked: Sequence[Retrieved]) -> dict[str, Estimate]:
    """Return success, recall and nDCG among the first places, and the mean reciprocal rank.

    Success: one right entry is among them. Recall: the share of the right entries that is, which stays below 1 where
    there are more of them than places.
    """
    lists = [(one.found, one.asked.right) for one in looked]
    success = {f"success_at_{k}": share([bool(recall_at(k, *each)) for each in lists]) for k in FIRST}
    recall = {f"recall_at_{k}": _mean([recall_at(k, *each) for each in lists]) for k in FIRST}
    return {
        **success,
        **recall,
        "mrr": _mean([reciprocal_rank(*each) for each in lists]),
        f"ndcg_at_{DEPTH}": _mean([ndcg_at(DEPTH, *each) for each in lists]),
    }


def as_json(looked: Sequence[Retrieved]) -> dict[str, Any]:
    """Return for JSON the figures of all, and of each language and kind, and what became of each question."""
    items = [
        {
            **about(one),
            "rank": one.rank,
            "right": sorted(one.asked.right),
            "found": list(one.found),
        }
        for one in looked
    ]
    return {**measured(looked, figures), "items": items}


def _mean(values: Sequence[float]) -> Estimate:
    # Where all are 0, or all are 1, the interval of a share still tells how little few questions prove.
    whole = set(values) <= {0.0, 1.0}
    return share([value == 1 for value in values]) if whole else mean(values)

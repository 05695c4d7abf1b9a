"""What the benchmarks share: the labelled data, an index to try them on, means and percentiles."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bot.settings import State
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.export import load_encoder
from retrieval.index import KnowledgeIndex
from retrieval.types import Passage

FAQ = Path(__file__).parents[1] / "faq_data"
CACHE = State().cache

#: What benchmarks write; left out of version control.
OUT = Path(__file__).with_name("out")

#: The day that the labels of `faq_data` assume.
TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A customer's question and what answers it."""

    id: str
    text: str
    language: str
    kind: str
    split: str
    #: All of them answer it; empty where the knowledge does not.
    answers: tuple[str, ...]
    #: Entries that would do as well.
    accept: tuple[str, ...] = ()
    #: Earlier turns, as (speaker, text).
    history: tuple[tuple[str, str], ...] = ()

    @property
    def context(self) -> str:
        """The customer's last words before the question."""
        return next((text for speaker, text in reversed(self.history) if speaker == "customer"), "")

    def right(self, entries: Iterable[str]) -> bool:
        """Whether quoting ``entries`` is right: at least one, and none that does not belong."""
        quoted = set(entries)
        return bool(quoted) and quoted <= {*self.answers, *self.accept}


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def labelled(*languages: str) -> list[Labelled]:
    """Return the labelled questions of `faq_data`, those without an answer included."""
    rows = read_jsonl(FAQ / "eval" / "unanswerable.jsonl")
    for language in ("en", "zh"):
        rows += read_jsonl(FAQ / "eval" / f"questions.{language}.jsonl")
    return [
        Labelled(
            id=row["id"],
            text=row["text"],
            language=row["language"],
            kind=row["kind"],
            split=row["split"],
            answers=tuple(row.get("answer_ids", ())),
            accept=tuple(row.get("accept", ())),
            history=tuple((turn["speaker"], turn["text"]) for turn in row.get("history", ())),
        )
        for row in rows
        if not languages or row["language"] in languages
    ]


def tools() -> tuple[Encoder, Analyzer]:
    """Return the embedded encoder and an analyser."""
    return load_encoder("embedded", CACHE, progress=print), Analyzer()


def index_of(passages: Sequence[Passage], encoder: Encoder, analyzer: Analyzer) -> KnowledgeIndex:
    """Return an index of ``passages`` that leaves nothing on disk."""
    with tempfile.TemporaryDirectory() as folder:
        return build_index(Path(folder), passages, encoder, analyzer)


def mean(values: Iterable[bool | float]) -> float:
    """Return the mean, 0 for nothing."""
    numbers = list(map(float, values))
    return sum(numbers) / len(numbers) if numbers else 0.0


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` percent of ``values`` do not exceed."""
    return float(np.percentile(values, percent))

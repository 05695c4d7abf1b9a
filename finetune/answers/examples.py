"""What is learned from: questions, and what was answered to them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from finetune.rows import Row, read_rows, some
from retrieval.text import detect_language


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A question and its answer."""

    #: The question.
    text: str
    answer: str
    #: Questions with the same id are answered the same: the entry or intent that the row names, or else the answer.
    id: str

    @property
    def language(self) -> str:
        """ISO 639-1 code of the answer."""
        return detect_language(self.answer)


def read_answered(path: Path) -> list[Answered]:
    """Return the rows of ``path``, as `kefu pairs` writes them: ``{"question", "answer", "intent"?}``.

    Raises `DataError` that names file and line of what is wrong.
    """
    return some([_answered(row) for row in read_rows(path)], path)


def id_of(answer: str) -> str:
    """Return the id of an answer that nobody named: `kefu pairs` gives its canonical answers the same."""
    return f"answer-{hashlib.sha256(answer.encode()).hexdigest()[:12]}"


def _answered(row: Row) -> Answered:
    question, answer, intent = row.text("question"), row.text("answer"), row.values.get("intent")
    if not isinstance(intent, str | None):
        raise row.error(f"'intent' is {row.described('intent')}", "the id of an entry, or no intent at all")
    return Answered(text=question, answer=answer, id=(intent or "").strip() or id_of(answer))

"""What a generator learns from: questions, what was answered to them, and the passages that this stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.answers.examples import id_of
from finetune.errors import DataError
from finetune.kinds import Parts
from finetune.rows import Row, folded, read_rows, some
from retrieval.text import detect_language
from retrieval.types import Passage


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question and its answer."""

    #: The question.
    text: str
    answer: str
    #: ISO 639-1 code of the answer.
    language: str
    #: What the answer was written from: what the row names, or else the answer itself under this question.
    passages: tuple[Passage, ...]


class Pairs:
    """What `finetune.run.Data` asks of rows with questions and answers."""

    def read(self, path: Path) -> list[Pair]:
        """Return the rows of a file; raises `DataError` that names file and line of what is wrong."""
        return some([_pair(row) for row in read_rows(path)], path)

    def check(self, parts: Parts[Pair], files: Parts[Path]) -> None:
        """Raise `DataError` where a question to choose or to report by is learned with its answer too."""
        learned = {_key(pair) for pair in parts.train}
        for rows, paths in ((parts.dev, files.dev), (parts.test, files.test)):
            if leaked := sum(_key(pair) in learned for pair in rows):
                raise DataError(
                    f"{paths[0]}: {leaked} of its {len(rows)} rows stand in the training data too. Figures on rows "
                    "that were learned from tell nothing of new questions: take them out of one of the files."
                )


def _key(pair: Pair) -> tuple[str, str]:
    return folded(pair.text), folded(pair.answer)


def _pair(row: Row) -> Pair:
    question, answer = row.text("question"), row.text("answer")
    intent, language = row.values.get("intent"), row.values.get("language")
    if not isinstance(intent, str | None):
        raise row.error(f"'intent' is {row.described('intent')}", "the id of an entry, or no intent at all")
    if not isinstance(language, str | None):
        raise row.error(f"'language' is {row.described('language')}", "a code such as en or zh, or no language at all")
    language = language or detect_language(answer)
    named = row.values.get("passages", [])
    if not isinstance(named, list):
        raise row.error(
            f"'passages' is {row.described('passages')}", 'a list such as [{"question": ..., "answer": ...}]'
        )
    passages = [_passage(row, each, language) for each in named]
    own = Passage(id=(intent or "").strip() or id_of(answer), question=question, answer=answer, language=language)
    return Pair(text=question, answer=answer, language=language, passages=tuple(passages) or (own,))


def _passage(row: Row, value: object, language: str) -> Passage:
    texts: Sequence[object] = (
        [value.get("id", ""), value.get("question", ""), value.get("answer")] if isinstance(value, dict) else ()
    )
    if not texts or not all(isinstance(text, str) for text in texts) or not str(texts[2]).strip():
        raise row.error("a passage without an answer", 'each as {"answer": ...}, with "question" and "id" or without')
    id_, question, answer = map(str, texts)
    return Passage(id=id_ or id_of(answer), question=question, answer=answer, language=language)

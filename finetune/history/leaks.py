"""Whether a test file repeats what the training file has: the same conversations, or the same questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import DataError
from finetune.history.near import NearIndex
from finetune.rows import read_rows

#: Leaks told one by one; the others are counted.
_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """One thing that two files have in common."""

    #: "conversation" or "question".
    what: str
    #: The id of the conversation, or the question as the test file puts it.
    text: str
    #: Both places, as file:line.
    train: str
    test: str

    def __str__(self) -> str:
        """One line: what, both places, the text."""
        shown = self.text if len(self.text) <= 80 else f"{self.text[:77]}..."
        return f"{self.test}: the same {self.what} as {self.train}: {shown}"


def find_leaks(train: Path, test: Path) -> Iterator[Leak]:
    """Yield what ``test`` shares with ``train``; a row is told once for its conversation and once for its question.

    Questions are the same when they are put in nearly the same words: case, punctuation, courtesies, small words and
    typing slips do not count. Raises `DataError` where a file cannot be read.
    """
    conversations: dict[str, str] = {}
    questions = NearIndex()
    places: list[str] = []
    for row in read_rows(train):
        place = f"{row.file}:{row.line}"
        if isinstance(name := row.values.get("conversation"), str):
            conversations.setdefault(name, place)
        if questions.add(row.text("question"))[1]:
            places.append(place)
    for row in read_rows(test):
        place = f"{row.file}:{row.line}"
        question, name = row.text("question"), row.values.get("conversation")
        if isinstance(name, str) and name in conversations:
            yield Leak(what="conversation", text=name, train=conversations[name], test=place)
        if (known := questions.find(question)) is not None:
            yield Leak(what="question", text=question, train=places[known], test=place)


def refuse_leaks(train: Path, test: Path) -> None:
    """Raise `DataError` if ``test`` shares anything with ``train``, and say where."""
    leaks = list(find_leaks(train, test))
    if leaks:
        shown = "\n".join(map(str, leaks[:_SHOWN]))
        more = f"\n... and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
        raise DataError(
            f"{test} repeats what {train} has, so its figures would be too good:\n{shown}{more}\n"
            "Take these rows out of one of the two files."
        )

"""Agent answers in nearly the same words become one canonical answer, with how often it was given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from finetune.answers.examples import id_of
from finetune.history.near import NearIndex
from retrieval.text import detect_language


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A canonical answer: the wording that was used most."""

    #: Made from the text, so that it is the same in every run.
    id: str
    text: str
    #: How many questions were answered with it, in any of its wordings.
    count: int
    language: str

    def row(self) -> dict[str, str | int]:
        """Return it as a JSON object."""
        return {"id": self.id, "text": self.text, "count": self.count, "language": self.language}


def canonical_answers(answers: Iterable[str]) -> tuple[dict[str, Answer], list[Answer]]:
    """Return the canonical answer of each text, and all of them, the most given first.

    Every wording is compared with those that lead a cluster, never with mere members, so that a cluster cannot drift;
    and the frequent wordings come first, so that they lead. Texts with other numbers, dates, amounts, links or
    negations are never put together.
    """
    counts = Counter(answers)
    index = NearIndex()
    members: dict[int, list[str]] = defaultdict(list)
    for text in sorted(counts, key=lambda text: (-counts[text], len(text), text)):
        members[index.add(text)[0]].append(text)
    of: dict[str, Answer] = {}
    for texts in members.values():
        answer = Answer(
            id=id_of(texts[0]),
            text=texts[0],
            count=sum(counts[text] for text in texts),
            language=detect_language(texts[0]),
        )
        of.update(dict.fromkeys(texts, answer))
    return of, sorted(set(of.values()), key=lambda answer: (-answer.count, answer.text))

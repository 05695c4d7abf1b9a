"""The source "knowledge": FAQ entries and passages, with calibrated confidences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.calibration import Calibration
from bot.together import Together
from bot.types import Candidate, Question
from retrieval.text import detect_language
from retrieval.types import Hit, Passage, Query

#: How many hits a question brings to the policy, and to the decision record.
CANDIDATES = 10

#: How many questions that wait go into one search: more gain nothing, and make the first ones wait for the last.
BATCH = 32

#: How many searches run side by side: the parts of one that only one core can do leave the other one to the next.
SEARCHES = 2


class Searcher(Protocol):
    """What this source asks of an index: `retrieval.index.KnowledgeIndex` has it."""

    @property
    def version(self) -> str:
        """Hash of everything that decides what a search finds."""
        ...

    def search(self, queries: Sequence[Query], k: int, *, day: date) -> list[list[Hit]]:
        """Return the best entries for each query."""
        ...

    def passage(self, entry: str, language: str) -> Passage | None:
        """Return an entry in a language, or in another one if it has no such twin."""
        ...


class KnowledgeSource:
    """Searches the index in threads; questions that come while all of them search go into the next search together."""

    name = "knowledge"

    def __init__(self, index: Searcher, *, calibration: Calibration, time_zone: ZoneInfo) -> None:
        """``time_zone`` decides which day it is where validity is concerned."""
        #: The index in use. Another one may be put here at any time; a search under way keeps its own.
        self.index = index
        self._calibration = calibration
        self._time_zone = time_zone
        self._together = Together(self._search, name="knowledge-search", most=BATCH, side_by_side=SEARCHES)

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        """Return for each question its candidates, best first."""
        return await self._together(questions)

    def holds(self, entry: str) -> bool:
        """Whether there is an entry with this id, be it served today or not."""
        return self.index.passage(entry, "") is not None

    def entry(self, entry: str, question: Question, *, source: str, confidence: float) -> Candidate | None:
        """Return an entry as it may be quoted to ``question``, in its language where there is such a twin.

        None where there is no such entry, or none that may be served on that day.
        """
        day = self._day(question)
        for language in (question.language, ""):  # of those in other languages, any
            passage = self.index.passage(entry, language)
            if passage is not None and _servable(passage, day):
                return _quoted(passage, source, confidence)
        return None

    def _day(self, question: Question) -> date:
        return question.at.astimezone(self._time_zone).date()

    def _search(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        index, out = self.index, {}
        days = {self._day(question) for question in questions}
        for day in days:  # one, but around midnight
            mine = [q for q in questions if self._day(q) == day]
            hits = index.search([Query(text=q.text, context=q.context) for q in mine], CANDIDATES, day=day)
            out.update({id(q): self._candidates(index, q, h, day) for q, h in zip(mine, hits, strict=True)})
        return [out[id(question)] for question in questions]

    def _candidates(self, index: Searcher, question: Question, hits: list[Hit], day: date) -> list[Candidate]:
        # In what language the question is written; that of the reply may be fixed to another one.
        written = detect_language(question.text) if any(map(str.isalpha, question.text)) else question.language
        confidences = self._calibration.confidences(hits, written)
        candidates = []
        for hit, confidence in zip(hits, confidences, strict=True):
            passage = hit.passage
            if passage.language != question.language:
                twin = index.passage(passage.id, question.language)
                passage = twin if twin is not None and _servable(twin, day) else passage
            details = {"score": hit.score, "dense": hit.dense, "keyword": hit.keyword, "coverage": hit.coverage}
            candidates.append(_quoted(passage, self.name, confidence, unknown=hit.unknown, details=details))
        return sorted(candidates, key=lambda candidate: -candidate.confidence)


def _servable(passage: Passage, day: date) -> bool:
    return passage.valid_on(day) and not passage.audience


def _quoted(
    passage: Passage,
    source: str,
    confidence: float,
    *,
    unknown: float = 0.0,
    details: Mapping[str, float] | None = None,
) -> Candidate:
    return Candidate(
        id=passage.id,
        confidence=confidence,
        source=source,
        question=passage.question,
        answer=passage.answer,
        language=passage.language,
        tags=passage.tags,
        url=passage.url,
        origin=f"{passage.source}:{passage.line}" if passage.line else passage.source,
        unknown=unknown,
        details=details or {},
    )

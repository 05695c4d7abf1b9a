"""The source "knowledge": FAQ entries and passages, with calibrated confidences."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Protocol, cast
from zoneinfo import ZoneInfo

from bot.calibration import Calibration
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
        self._waiting: list[tuple[Question, asyncio.Future[list[Candidate]]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        """Return for each question its candidates, best first."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[list[Candidate]]] = [loop.create_future() for _ in questions]
        self._waiting.extend(zip(questions, futures, strict=True))
        if len(self._running) < SEARCHES:
            self._running.add(asyncio.create_task(self._run(), name="knowledge-search"))
        return list(await asyncio.gather(*futures))

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                await self._answer(batch)
        finally:
            # Not in a callback: that comes a moment after the end, and a question asked between would wait for ever.
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _answer(self, batch: list[tuple[Question, asyncio.Future[list[Candidate]]]]) -> None:
        try:
            found = await asyncio.to_thread(self._search, [question for question, _ in batch])
        except Exception as error:  # whatever a search raises belongs to those who wait for it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), candidates in zip(batch, found, strict=True):
            if not future.done():
                future.set_result(candidates)

    def _search(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        index, out = self.index, {}
        days = {question.at.astimezone(self._time_zone).date() for question in questions}
        for day in days:  # one, but around midnight
            mine = [q for q in questions if q.at.astimezone(self._time_zone).date() == day]
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
                passage = twin if twin is not None and twin.valid_on(day) and not twin.audience else passage
            candidates.append(
                Candidate(
                    id=passage.id,
                    confidence=confidence,
                    source=self.name,
                    question=passage.question,
                    answer=passage.answer,
                    language=passage.language,
                    url=passage.url,
                    origin=f"{passage.source}:{passage.line}" if passage.line else passage.source,
                    unknown=hit.unknown,
                    details={"score": hit.score, "dense": hit.dense, "keyword": hit.keyword, "coverage": hit.coverage},
                )
            )
        return sorted(candidates, key=lambda candidate: -candidate.confidence)

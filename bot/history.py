"""The source "history": answers that were learned from what customers asked before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.knowledge import CANDIDATES
from bot.learned import BATCH, SIDE_BY_SIDE, Learned, Match, Matcher
from bot.ports import Entries
from bot.together import Together, runs
from bot.types import Candidate, Question

#: What stands in texts from history for personal data, such as <name> or <order>.
_TOKEN = re.compile(r"<[a-z_]{2,12}>")
#: The same, and what a question from history may hold besides: places for it.
_BLANK = re.compile(rf"{_TOKEN.pattern}|\{{+[^{{}}]*\}}+")


class HistorySource:
    """Asks the matcher in use, in threads. An answer that is an entry's is quoted as the entry says it today."""

    name = "history"

    def __init__(self, learned: Learned, entries: Entries) -> None:
        """``learned`` has the matcher, ``entries`` what the knowledge says of an id."""
        self._learned = learned
        self._entries = entries
        self._together = Together(self._match, name="history-search", most=BATCH, side_by_side=SIDE_BY_SIDE)

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        """Return for each question its candidates, best first; none where no matcher is in use."""
        matcher = self._learned.models.answers
        if matcher is None:
            return [[] for _ in questions]
        return await self._together([(matcher, question) for question in questions])

    def _match(self, asked: Sequence[tuple[Matcher, Question]]) -> list[list[Candidate]]:
        out = []
        for matcher, questions in runs(asked):
            found = matcher([question.text for question in questions])
            out += [self._candidates(question, matches) for question, matches in zip(questions, found, strict=True)]
        return out

    def _candidates(self, question: Question, matches: Sequence[Match]) -> list[Candidate]:
        return list(filter(None, (self._candidate(question, match) for match in matches[:CANDIDATES])))

    def _candidate(self, question: Question, match: Match) -> Candidate | None:
        """Return what may be quoted of ``match``, if anything may."""
        details = {"score": match.score}
        if self._entries.holds(match.id):
            entry = self._entries.entry(match.id, question, source=self.name, confidence=match.confidence)
            return replace(entry, details=details) if entry else None
        if _TOKEN.search(match.answer):
            return None
        return Candidate(
            id=match.id,
            confidence=match.confidence,
            source=self.name,
            # A customer may be offered it as what is meant.
            question=_BLANK.sub("…", match.question),
            answer=match.answer,
            language=match.language,
            details=details,
        )

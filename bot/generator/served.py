"""What customers would get of texts that a language model has written already: the composer says it, with no model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.composer import VerbatimComposer
from bot.generator.composer import GeneratedComposer
from bot.policy import Decision
from bot.saying import Composed, Saying
from bot.types import Action, Candidate, Reason
from retrieval.types import Passage

#: Quoted or written, an answer is the same at any time.
_AT = datetime(2000, 1, 1, tzinfo=UTC)


def replies(texts: Sequence[str], passages: Sequence[Sequence[Passage]], languages: Sequence[str]) -> list[Composed]:
    """Return for each of ``texts``, written from ``passages``, what a customer of the language would get.

    It has an event loop of its own, so it is for a thread without one.
    """

    async def all_of_them() -> list[Composed]:
        return [await _reply(*each) for each in zip(texts, passages, languages, strict=True)]

    return asyncio.run(all_of_them())


async def _reply(text: str, passages: Sequence[Passage], language: str) -> Composed:
    chosen = tuple(
        Candidate(id=p.id, confidence=1.0, source="", question=p.question, answer=p.answer, language=p.language)
        for p in passages
    )
    decision = Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=chosen)
    said = _Said(text)
    composer = GeneratedComposer(VerbatimComposer(), lambda: said)
    return await composer.compose(Saying(decision=decision, language=language, at=_AT))


class _Said:
    """A `LanguageModel` that says what it was given."""

    def __init__(self, text: str) -> None:
        self._text = text

    @asynccontextmanager
    async def asked(self, messages: Sequence[dict[str, str]]) -> AsyncIterator[AsyncIterator[str]]:
        async def pieces() -> AsyncIterator[str]:
            yield self._text

        yield pieces()

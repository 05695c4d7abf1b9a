"""Replies as a language model writes them, as far as the evidence lock lets them; otherwise the approved text."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.composer import VerbatimComposer
from bot.generator.failure import NotWritten, Why
from bot.generator.model import LanguageModel
from bot.generator.prompt import messages
from bot.logs import where
from bot.policy import Decision
from bot.ports import Released, unseen
from bot.saying import Composed, Saying
from bot.types import Action, Author, Writing

if TYPE_CHECKING:
    from bot.generator.draft import Draft

log = logging.getLogger(__name__)

#: The languages that the lock and the prompt speak.
WRITTEN = ("en", "zh")


class GeneratedComposer:
    """Lets a model write what is answered, and quotes what it cannot write, in time, whatever happens to the model."""

    def __init__(self, verbatim: VerbatimComposer, model: Callable[[], LanguageModel | None]) -> None:
        """``model`` tells which one is in use at the moment, None for none. It has a deadline: the one of a reply."""
        self._verbatim = verbatim
        self._model = model

    async def compose(self, saying: Saying, released: Released = unseen) -> Composed:
        """Return the reply; what is not answered from entries is never the model's to write."""
        # Looked up before anything is waited for: so it is the one of the versions that the reply is recorded with.
        decision, model = saying.decision, self._model()
        if model is None or not _answers(decision):
            return await self._verbatim.compose(saying)
        draft = None
        try:
            draft = _draft(saying, released)
            if saying.language not in WRITTEN or any(c.language != saying.language for c in decision.chosen):
                raise NotWritten(Why.OTHER_LANGUAGE)
            asks = messages(saying.question, decision.chosen, saying.language, saying.earlier)
            draft.prompt = tuple((message["role"], message["content"]) for message in asks)
            async with model.asked(asks) as pieces:
                async for piece in pieces:
                    draft.add(piece)
                    # Of pieces that came together none is waited for: here others go on, and the deadline is seen.
                    await asyncio.sleep(0)
                answer, sentences = draft.end()
        except NotWritten as error:
            return self._quoted(saying, error.why, draft)
        except Exception as error:  # whatever it is, a customer waits
            log.error("a reply could not be written: %s", where(error))
            return self._quoted(saying, Why.FAILED, draft)
        writing = Writing(by=Author.GENERATOR, removed=tuple(draft.removed), sentences=sentences, prompt=draft.prompt)
        text = self._verbatim.said(decision, saying.language, saying.at, answer=answer)
        return Composed(text=text, writing=writing)

    def _quoted(self, saying: Saying, why: Why, draft: Draft | None) -> Composed:
        text = self._verbatim.said(saying.decision, saying.language, saying.at)
        writing = Writing(why=why.value)
        if draft:
            writing = replace(writing, removed=tuple(draft.removed), prompt=draft.prompt)
        return Composed(text=text, writing=writing)


def _draft(saying: Saying, released: Released) -> Draft:
    from bot.generator.draft import Draft  # with the lock, which takes a moment to load: not where nobody writes

    return Draft(saying, released)


def _answers(decision: Decision) -> bool:
    """Whether entries answer the message, or one of the questions in it."""
    return bool(decision.chosen) and (decision.action is Action.ANSWER or bool(decision.open_question))

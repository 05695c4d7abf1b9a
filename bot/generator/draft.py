"""What a language model has written so far, held back sentence by sentence until the evidence lock has seen it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.generator.failure import NotWritten, Why
from bot.generator.prompt import NONE
from bot.lock import Evidence, Held, Sentence
from bot.ports import Released
from bot.saying import Saying
from bot.types import Removed, Sourced
from retrieval.text import detect_language

#: A reply is asked for in one to four short sentences; more than so many sentences or characters are not one, nor is
#: a sentence of more: the lock reads what is unfinished again with each piece.
SENTENCES, CHARACTERS, SENTENCE = 10, 2_000, 500

#: Of the sentences that state something, at most this share may have been taken out of a reply.
TAKEN = 1 / 3

#: Unprintable to Python, and all the same what a reply may have: blanks of any width, ends of lines, and the joiner
#: inside an emoji of several.
_FINE = re.compile(
    r"[^\S\x0b\x0c\x1c-\x1f\x85]"
    r"|(?<=[\u2190-\u2bff\U0001f000-\U0001faff])\ufe0f?\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)


class Draft:
    """What a model has written so far; what cannot become a reply any more is told at once, and the model stopped.

    Released is what would be the reply if the model ended there.
    """

    def __init__(self, saying: Saying, released: Released) -> None:
        """``released`` is told of what may be shown."""
        chosen = saying.decision.chosen
        self._language = saying.language
        self._released = released
        self._entries = {candidate.id for candidate in chosen}
        self._held = Held(_evidence(tuple((c.id, f"{c.question}\n{c.answer}") for c in chosen)))
        self._kept: list[Sentence] = []
        #: What the model is asked: role and content of each message.
        self.prompt: tuple[tuple[str, str], ...] = ()
        #: What was taken out.
        self.removed: list[Removed] = []
        self._length = self._unfinished = 0

    def add(self, piece: str) -> None:
        """Take a piece of the text; raises `NotWritten`."""
        self._length += len(piece)
        if self._length > CHARACTERS:
            raise NotWritten(Why.TOO_LONG)
        before = len(self._kept)
        sentences = self._held.add(piece)
        self._take(sentences)
        self._unfinished += len(piece) - sum(len(sentence.text) for sentence in sentences)
        if self._unfinished > SENTENCE:
            raise NotWritten(Why.TOO_LONG)
        if len(self._kept) > before and self._lacks() is None:
            self._released(self._text.strip())

    def end(self) -> tuple[str, tuple[Sourced, ...]]:
        """Return the reply, and what carries its sentences; raises `NotWritten`."""
        self._take(self._held.end())
        if why := self._lacks():
            raise NotWritten(why)
        return self._text.strip(), tuple(self._sourced(self._text))

    def _lacks(self) -> Why | None:
        """Return why what there is would be no reply if the model ended here; None where it would be one."""
        carried = {entry for sentence in self._kept for entry in sentence.passages}
        stating = sum(bool(sentence.passages) for sentence in self._kept)
        if not self._kept:
            return Why.EMPTY
        if not stating or len(self.removed) > TAKEN * (stating + len(self.removed)):
            return Why.UNSUPPORTED
        if self._entries - carried:
            return Why.INCOMPLETE
        return None if detect_language(self._text) == self._language else Why.WRONG_LANGUAGE

    @property
    def _text(self) -> str:
        return "".join(sentence.text for sentence in self._kept)

    def _take(self, sentences: Sequence[Sentence]) -> None:
        for sentence in sentences:
            self._refuse(sentence.text)
            if not sentence.text.strip():
                continue
            if sentence.supported:
                self._kept.append(sentence)
                continue
            against = tuple((each.code.value, each.words) for each in sentence.against)
            self.removed.append(Removed(text=sentence.text.strip(), against=against))
            if not self._kept:  # what follows leans on it
                raise NotWritten(Why.UNSUPPORTED)

    def _refuse(self, text: str) -> None:
        """Raise `NotWritten` where a sentence shows that this is no reply."""
        said = [kept.text.strip() for kept in self._kept]
        if text.strip().rstrip(".。") == NONE:
            raise NotWritten(Why.NOT_AN_ANSWER)
        if not _FINE.sub("", text).isprintable():
            raise NotWritten(Why.UNPRINTABLE)
        if text.strip() in said:
            raise NotWritten(Why.REPEATING)
        if len(said) + len(self.removed) >= SENTENCES or len(text) > SENTENCE:
            raise NotWritten(Why.TOO_LONG)

    def _sourced(self, text: str) -> list[Sourced]:
        """Return where each sentence stands in ``text`` without the blanks around it."""
        found, at = [], -(len(text) - len(text.lstrip()))
        for sentence in self._kept:
            start = at + len(sentence.text) - len(sentence.text.lstrip())
            at += len(sentence.text)
            end = at - (len(sentence.text) - len(sentence.text.rstrip()))
            found.append(Sourced(start=start, end=end, entries=sentence.passages))
        return found


@lru_cache(maxsize=512)
def _evidence(passages: tuple[tuple[str, str], ...]) -> Evidence:
    # What the customer said is no evidence, not even for what is the customer's own: an attacker would say it.
    return Evidence.of(passages)

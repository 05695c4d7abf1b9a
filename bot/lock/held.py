"""Text that is still being written, held back until whole sentences of it are checked."""

from __future__ import annotations

from bot.lock.evidence import Evidence
from bot.lock.lock import Sentence, check
from bot.lock.sentences import cut


class Held:
    """Takes pieces of a text as a model writes them and releases the sentences that are complete, checked."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._rest = ""

    def add(self, piece: str) -> list[Sentence]:
        """Take ``piece``; gives the sentences that it completes, whatever the pieces the text comes in."""
        sentences, self._rest = cut(self._rest + piece, done=False)
        return [check(sentence, self._evidence) for sentence in sentences]

    def end(self) -> list[Sentence]:
        """Give what is left when the text is over."""
        sentences, rest = cut(self._rest, done=True)
        self._rest = ""
        return [check(sentence, self._evidence) for sentence in (*sentences, rest) if sentence]

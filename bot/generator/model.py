"""What a composer needs of a language model, wherever it runs: on a server, or in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class LanguageModel(Protocol):
    """Writes replies."""

    def asked(self, messages: Sequence[dict[str, str]]) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Ask for a reply to ``messages``; gives its text piece by piece, and stops the model when the block ends.

        Raises `NotWritten`, also in the block: when the deadline has passed, it is left.
        """
        ...

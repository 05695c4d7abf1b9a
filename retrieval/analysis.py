"""Texts to terms, for the keyword side: each script of a text by its own analyser, whatever language it says it is."""

from __future__ import annotations

import hashlib
import logging
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import Stemmer

from retrieval.errors import SourceError
from retrieval.text import HAN, fold, is_han

if TYPE_CHECKING:
    import jieba

#: Raise it when the same text gives other terms than before: indexes built with another version are built anew.
ANALYSIS_VERSION = 1

#: Runs of Han characters, or of letters and digits; a number keeps its points and commas ("20,000", "3.5").
_RUN = re.compile(rf"[{HAN}]+|(?:(?![{HAN}])[^\W_])+(?:[.,:]\d+)*")

#: English words that say nothing of what a question is about. "No", "not" and "without" stay: they do.
STOP_WORDS = frozenset(
    "a an and are as at be been by d did do does for from had has have how i if in into is it its just ll m me my of on "
    "or our please re s so t than that the their them then there these this those to us ve was we were what when where "
    "which while who whom why will with would you your can could should am any".split()
)


class Analyzer:
    """Cuts texts into terms. Chinese: characters, pairs and jieba's words; the rest: Porter stems without stop words."""

    def __init__(self, *, user_dictionary: Path | None = None, cache: Path | None = None) -> None:
        """``user_dictionary`` adds words in jieba's format (one a line); ``cache`` is a folder for jieba's own table.

        Raises `SourceError` when the dictionary cannot be read.
        """
        self._user_dictionary = user_dictionary
        self._cache = cache
        self._stemmer = Stemmer.Stemmer("english")
        try:
            words = user_dictionary.read_bytes() if user_dictionary else b""
        except OSError as error:
            raise SourceError(f"{user_dictionary}: the user dictionary cannot be read ({error.strerror}).") from error
        self.fingerprint = hashlib.sha256(f"analysis {ANALYSIS_VERSION}\n".encode() + words).hexdigest()[:16]

    @cached_property
    def _jieba(self) -> jieba.Tokenizer:
        """Loaded at the first Chinese text, for it takes half a second."""
        import jieba

        jieba.setLogLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        if self._cache:  # jieba's default is a shared temporary folder, where anybody may put a file
            self._cache.mkdir(parents=True, exist_ok=True)
            tokenizer.tmp_dir = str(self._cache)
        tokenizer.initialize()
        if self._user_dictionary:
            tokenizer.load_userdict(str(self._user_dictionary))
        return tokenizer

    def terms(self, text: str) -> list[str]:
        """Return the terms of ``text``, in order, with repetitions."""
        terms: list[str] = []
        for run in _RUN.findall(fold(text)):
            if is_han(run):
                terms.extend(run)
                terms.extend(a + b for a, b in zip(run, run[1:], strict=False))
                terms.extend(word for word in self._jieba.lcut(run) if len(word) > 2)
            elif run not in STOP_WORDS:
                terms.append(self._stemmer.stemWord(run))
        return terms


def phrases(terms: list[str]) -> list[str]:
    """Return the pairs of neighbouring terms outside Chinese, whose pairs are terms already."""
    return [f"{a} {b}" for a, b in zip(terms, terms[1:], strict=False) if not is_han(a) and not is_han(b)]

"""Texts to terms, for the keyword side: each script of a text by its own analyser, whatever language it says it is."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from pathlib import Path

import Stemmer

from retrieval.errors import SourceError
from retrieval.text import HAN, fold, is_han, written_out

#: Raise it when the same text gives other terms than before: indexes built with another version are built anew.
ANALYSIS_VERSION = 2

#: Runs of Han characters, or of letters and digits; a number keeps its points and commas ("20,000", "3.5").
_RUN = re.compile(rf"[{HAN}]+|(?:(?![{HAN}])[^\W_])+(?:[.,:]\d+)*")

#: English words that say nothing of what a question is about. "No", "not" and "without" stay, for they do.
STOP_WORDS = frozenset(
    "a an and any are as at be been by can could d did do does for from had has have how i if in into is it its just "
    "ll m me my of on or our please re s should so t than that the their them then there these this those to us ve "
    "was we were what when where which while who whom why will with would you your".split()
)

#: Chinese characters that say as little: particles, and the words of address and politeness around a question.
PARTICLES = frozenset("的了吗呢啊吧呀嘛哦哈么亲您请是")


class Analyzer:
    """Cuts texts into terms: Chinese into characters and pairs without particles, the rest into Porter stems.

    The words that a segmenter finds in Chinese are no terms: beside characters and pairs they bring nothing that would
    be worth loading its dictionary. The words of a user dictionary are: names of products, which should count as one.
    """

    def __init__(self, *, user_dictionary: Path | None = None) -> None:
        """``user_dictionary`` is UTF-8 with a word a line; what follows a blank in a line (jieba's counts) is ignored.

        Raises `SourceError` when it cannot be read.
        """
        self._stemmer = Stemmer.Stemmer("english")
        try:
            content = user_dictionary.read_bytes() if user_dictionary else b""
            words = {fold(line.split()[0]) for line in content.decode("utf-8-sig").splitlines() if line.strip()}
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{user_dictionary}: the user dictionary cannot be read as UTF-8 ({error}).") from error
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        self._words = re.compile("|".join(map(re.escape, longest_first))) if words else None
        self.fingerprint = hashlib.sha256(f"analysis {ANALYSIS_VERSION}\n".encode() + content).hexdigest()[:16]

    def terms(self, text: str) -> list[str]:
        """Return the terms of ``text``, in order, with repetitions."""
        terms: list[str] = []
        folded = fold(written_out(text))
        for run in _RUN.findall(folded):
            if is_han(run):
                terms.extend(char for char in run if char not in PARTICLES)
                terms.extend(pair for pair in map("".join, pairwise(run)) if not PARTICLES.intersection(pair))
            elif run not in STOP_WORDS:
                terms.append(self._stemmer.stemWord(run))
        if self._words is not None:
            terms.extend(f"={word}" for word in self._words.findall(folded))
        return terms


def phrases(terms: list[str]) -> list[str]:
    """Return the pairs of neighbouring terms outside Chinese, whose pairs are terms already."""
    return [f"{a} {b}" for a, b in pairwise(terms) if not is_han(a) and not is_han(b)]

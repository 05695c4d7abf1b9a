"""Which tokens a tokenizer needs for a further language: its characters, and its frequent words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import rjieba

from retrieval.text import HAN

#: A stretch that has to be cut into words, and a word of a language that cuts them itself.
_STRETCH = re.compile(f"[{HAN}]+")
_WORD = re.compile(r"[^\W\d_]+")
#: What the tokenizer puts around a Chinese character.
_SET_APART = re.compile(f" ([{HAN}]) ")

#: Characters of a Chinese word: what is longer is mostly a name that stands in few texts.
_LONGEST = 6


def new_tokens(
    texts: Sequence[str], tokenizer: Any, *, at_least: int, taught: Collection[str] = frozenset()
) -> list[str]:
    """Return the tokens that ``tokenizer`` is to learn to read ``texts``, sorted.

    These are the characters it does not know, all Chinese ones among them but those it was ``taught``, for what else it
    has of them it knows from hearsay; and the words of such characters that stand in the texts ``at_least`` so many
    times. ``texts`` are as they are given to the tokenizer.
    """
    normalised = normalise(texts, tokenizer)
    vocabulary = tokenizer.get_vocab()
    characters = Counter(c for text in normalised for c in text if not c.isspace())
    fresh = {c for c in characters if c not in vocabulary or (_STRETCH.match(c) and c not in taught)}
    words = Counter(word for text in normalised for word in _words(text) if len(word) > 1)
    return sorted(fresh | {word for word, count in words.items() if count >= at_least and fresh.issuperset(word)})


def new_share(texts: Sequence[str], tokens: Sequence[str], tokenizer: Any) -> float:
    """Return which share of the letters in ``texts`` are among the ``tokens`` that `new_tokens` chose for them."""
    characters = Counter(chain.from_iterable(normalise(texts, tokenizer)))
    # Marks are letters too: many scripts write their vowels with them.
    letters = {c: count for c, count in characters.items() if unicodedata.category(c)[0] in "LM"}
    return sum(letters.get(token, 0) for token in tokens) / max(sum(letters.values()), 1)


def spelled(tokens: Sequence[str], first: int) -> dict[int, list[int]]:
    """Return for the ids of each word among ``tokens`` those of its characters.

    ``first`` is the first of the ids that `retrieval.extension.extend_tokenizer` gives ``tokens``: as many for those
    that begin a word, then as many for those inside one.
    """
    begins = {token: number for number, token in enumerate(tokens, first)}
    inside = {token: number + len(tokens) for token, number in begins.items()}
    words = [token for token in tokens if len(token) > 1]
    return {
        ids[word]: [ids[word[0]], *(inside[char] for char in word[1:])] for word in words for ids in (begins, inside)
    }


def normalise(texts: Iterable[str], tokenizer: Any) -> list[str]:
    """Return ``texts`` as the tokenizer sees them, but with Chinese characters together."""
    normalizer = tokenizer.backend_tokenizer.normalizer
    if normalizer is None:
        return list(texts)
    return [_SET_APART.sub(r"\1", normalizer.normalize_str(text)) for text in texts]


def _words(text: str) -> Iterator[str]:
    for stretch in _STRETCH.findall(text):
        yield from (word for word in rjieba.cut(stretch, hmm=False) if len(word) <= _LONGEST)
    yield from _WORD.findall(_STRETCH.sub(" ", text))

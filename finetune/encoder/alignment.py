"""Which word pieces of one language go with which of another, and from it the rows that new tokens start with.

IBM model 1 (Brown et al. 1993, "The Mathematics of Statistical Machine Translation").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]

#: Rounds of expectation and maximisation: more change nothing that the rows would show (benchmarks/bilingual.py).
_ROUNDS = 5

#: Pairs that are looked at: more need more memory (about 10 kB each), and change little.
_PAIRS = 250_000

#: The likely pieces count more than their share: a token is rather one thing than a bit of everything
#: (benchmarks/bilingual.py, of an encoder that has seen no training).
_POWER = 2.0


def first_rows(
    taught: Sequence[Sequence[int]], known: Sequence[Sequence[int]], count: int, embeddings: Floats, *, seed: int
) -> Floats:
    """Return a row for each of ``count`` new tokens: the mean of the rows it is aligned with, by how likely each is.

    ``taught`` are the numbers of the new tokens in each text, ``known`` the ids of the pieces of what says the same,
    and ``embeddings`` the rows of these. Means are shorter than what they are the mean of, and are stretched to be as
    long. A token that is aligned with nothing gets a row at random: two texts that share it shall be alike by it.
    """
    random = np.random.default_rng(seed)
    middle, spread = embeddings.mean(0), embeddings.std(0)
    rows = middle + random.normal(size=(count, embeddings.shape[1])) * spread
    tokens, pieces, likely = translations(taught, known, count, len(embeddings))
    weights = likely**_POWER
    total = np.bincount(tokens, weights, minlength=count)
    seen = total > 0
    means = sparse.csr_array((weights / total[tokens], (tokens, pieces)), shape=(count, len(embeddings))) @ embeddings
    away = means[seen] - middle
    usual = np.linalg.norm(embeddings - middle, axis=1).mean()
    rows[seen] = middle + away * np.maximum(1.0, usual / np.linalg.norm(away, axis=1, keepdims=True))
    out: Floats = rows.astype(np.float32)
    return out


def translations(
    taught: Sequence[Sequence[int]], known: Sequence[Sequence[int]], tokens: int, pieces: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return which token stands for which piece, and how likely, given the token: three arrays side by side.

    What belongs to no token of a text, articles for one, is taken by a token that stands in every text.
    """
    nothing, place, parts = tokens, 0, []
    for some, others in zip(taught[:_PAIRS], known[:_PAIRS], strict=True):
        if some and others:
            here, there = np.array([*dict.fromkeys(some), nothing]), np.array([*dict.fromkeys(others)])
            possible = np.tile(here, len(there)) * pieces + np.repeat(there, len(here))
            parts.append((possible, np.repeat(np.arange(place, place + len(there), dtype=np.int32), len(here))))
            place += len(there)
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    both = np.concatenate([part[0] for part in parts])
    within = np.concatenate([part[1] for part in parts])  # the piece of a text that each possibility is one for
    keys, inverse = np.unique(both, return_inverse=True)
    token, piece = keys // pieces, keys % pieces
    likely = np.ones(len(keys))
    for _ in range(_ROUNDS):
        share = likely[inverse]
        share /= np.bincount(within, share, minlength=place)[within]
        expected = np.bincount(inverse, share, minlength=len(keys))
        likely = expected / np.bincount(token, expected, minlength=tokens + 1)[token]
    real = token != nothing
    return token[real], piece[real], likely[real]

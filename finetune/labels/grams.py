"""Pieces of the spelling of texts as numbers, beside what an encoder makes of them.

An encoder that never read the words of a trade hardly tells them apart; their letters do. That sparse features of the
spelling help beside dense ones of the meaning: Bunk et al. 2020, arXiv 2004.09936 (DIET).
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

#: How many numbers: different pieces may share one, by their hash.
GRAMS = 4096

#: Characters of a piece, and of a text of which pieces are taken.
LENGTHS, LONGEST = (1, 2, 3), 2000


def grams(texts: Sequence[str], count: int) -> Floats:
    """Return a unit vector for each text, (texts, count): how often its pieces of one to three characters stand in it.

    A piece counts with the logarithm of that, and words end with a blank.
    """
    out = np.zeros((len(texts), count), dtype=np.float32)
    for row, text in enumerate(texts):
        plain = f" {' '.join(text.lower().split())} "[:LONGEST]
        pieces = (plain[at : at + length] for length in LENGTHS for at in range(len(plain) - length + 1))
        numbers = Counter(zlib.crc32(piece.encode("utf-8", "replace")) % count for piece in pieces)
        out[row, list(numbers)] = 1 + np.log(np.fromiter(numbers.values(), dtype=np.float32))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return out


def beside(vectors: Floats, texts: Sequence[str], count: int) -> Floats:
    """Return ``vectors``, (texts, n), with those of the spelling beside them: (texts, n + count)."""
    return np.concatenate([vectors, grams(texts, count)], axis=1) if count else vectors

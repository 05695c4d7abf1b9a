"""How far up the right ids stand in one ranked list. An id that is listed twice counts where it stands first.

Where nothing is right there is nothing to find, and all of them raise ValueError: leave such questions out, and measure
with `answers` whether they were refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import log2


def recall_at(k: int, ranked: Sequence[str], right: Collection[str]) -> float:
    """Return the share of the ``right`` ids that are among the first ``k``, 0 to 1."""
    return len(_places(ranked, right, k)) / len(set(right))


def reciprocal_rank(ranked: Sequence[str], right: Collection[str]) -> float:
    """Return one by the rank of the first of the ``right`` ids, 0 where none is listed; its mean is the MRR.

    Voorhees 1999, The TREC-8 Question Answering Track Report.
    """
    found = _places(ranked, right, max(len(ranked), 1))
    return 1 / (found[0] + 1) if found else 0.0


def ndcg_at(k: int, ranked: Sequence[str], right: Collection[str]) -> float:
    """Return the discounted gain of the first ``k`` by that of the best possible list, 0 to 1.

    Järvelin and Kekäläinen 2002 (ACM TOIS 20, 4), with a gain of 1 for what is right and the discount of trec_eval, the
    binary logarithm of rank + 1.
    """
    return _gain(_places(ranked, right, k)) / _gain(range(min(k, len(set(right)))))


def _places(ranked: Sequence[str], right: Collection[str], k: int) -> list[int]:
    """Return where the ``right`` ids stand among the first ``k``, counted from 0."""
    if k < 1:
        raise ValueError(f"the first {k} of a list are none; k is 1 or more")
    if not right:
        raise ValueError("no id is right, so none can be found; leave such a question out")
    return [place for place, name in enumerate(list(dict.fromkeys(ranked))[:k]) if name in right]


def _gain(places: Iterable[int]) -> float:
    return sum(1 / log2(place + 2) for place in places)

"""Figures with the interval that they are known to: the one place where resampling is done.

Turns of one conversation stand or fall together, so conversations are drawn, not turns: the cluster bootstrap (Davison
and Hinkley 1997, Bootstrap Methods and their Application, section 3.8) with percentile intervals (Efron and Tibshirani
1993, An Introduction to the Bootstrap, chapter 13). Every figure here is a function of sums over items, so a draw only
counts how often it has each conversation. The draws depend on the seed and on the number of conversations alone:
figures of one run share theirs. With few conversations, or few errors in them, such an interval holds the truth less
often than it says: it is no bound to rest a promise on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from bot.evaluation.measures.arrays import Bools, Flags, Floats, Numbers, columns

#: How often the interval holds the true figure.
LEVEL = 0.95

#: The quantile of the normal distribution that belongs to it.
_Z = 1.959963984540054

#: Enough for bounds that move by 2 % of the interval's width from seed to seed, for figures that are about normal: a
#: quantile q of N draws has the standard error sqrt(q (1 - q) / N) / density.
DRAWS = 2000

#: Drawn numbers that are in memory at a time: as many as a cache of a processor holds, and few draws together.
_BLOCK = 1 << 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A figure, and between what bounds it is known."""

    #: None where there is nothing to measure, which is where n is 0.
    mean: float | None
    #: The interval of 95 %, which holds the mean. None where fewer than two conversations have something to measure,
    #: for how much conversations differ is unknown then; and of a figure that is no function of sums over items.
    low: float | None
    high: float | None
    #: Items it rests on; of a ratio, those that count below the line.
    n: int


#: What is known of nothing.
NOTHING = Estimate(mean=None, low=None, high=None, n=0)


def mean(values: Numbers, clusters: Sequence[str] | None = None, *, seed: int = 0) -> Estimate:
    """Return the mean of ``values``; ``clusters`` has the conversation of each, without it each is one of its own."""
    return ratio(values, np.ones(len(values)), clusters, seed=seed)


def ratio(over: Numbers, under: Numbers, clusters: Sequence[str] | None = None, *, seed: int = 0) -> Estimate:
    """Return the sum of ``over`` by the sum of ``under``, both drawn together.

    The micro F1 is such a ratio: twice what was found rightly by all that was found and all that was wanted.
    """
    rows = columns(over, under)
    return of_sums(rows, _over_under, clusters, n=int(np.count_nonzero(rows[:, 1])), seed=seed)


def share(
    right: Flags, clusters: Sequence[str] | None = None, *, among: Flags | None = None, seed: int = 0
) -> Estimate:
    """Return how many are ``right``, of those that ``among`` names, or of all: wrong ones among the answered.

    Where all are, or none is, every draw says the same, and its interval would promise that nothing ever differs. There
    it is the exact one (Clopper and Pearson 1934), with a conversation as one trial: none wrong in 100 conversations
    leaves up to 3.6 %.
    """
    rows = columns(right, np.ones(len(right)) if among is None else among)
    (told,) = shares(rows[:, :1], rows[:, 1:], clusters, seed=seed)
    return told


def shares(
    right: npt.NDArray[np.number] | Bools,
    among: npt.NDArray[np.number] | Bools,
    clusters: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> list[Estimate]:
    """Return `share` of each column of ``right`` and ``among``, (items, figures), drawn once for them all."""
    found = ratios(right * among, among, clusters, seed=seed)
    trials = np.count_nonzero(_sums(among, clusters), axis=0).tolist()
    return [_bounded(told, some) for told, some in zip(found, trials, strict=True)]


def ratios(
    over: npt.NDArray[np.number] | Bools,
    under: npt.NDArray[np.number] | Bools,
    clusters: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> list[Estimate]:
    """Return `ratio` of each column of ``over`` and ``under``, (items, figures), drawn once for them all.

    Drawing is what takes the time: many figures of one run take hardly more than one of them.
    """
    if not len(over):
        return [NOTHING] * over.shape[1]
    sums = _sums(np.concatenate([over, under], axis=1), clusters)
    drawn, figures = _draws(sums, seed), over.shape[1]
    counts = np.count_nonzero(under, axis=0).tolist()
    return [
        _estimate(sums[:, place::figures], drawn[:, place::figures], _over_under, counts[place])
        for place in range(figures)
    ]


def wilson(right: int, n: int) -> Estimate:
    """Return the share ``right`` of ``n`` independent trials, with the interval of Wilson (1927)."""
    if not n:
        return NOTHING
    middle = (right + _Z**2 / 2) / (n + _Z**2)
    half = _Z / (n + _Z**2) * sqrt(right * (n - right) / n + _Z**2 / 4)
    part = right / n
    return Estimate(mean=part, low=max(min(middle - half, part), 0.0), high=min(max(middle + half, part), 1.0), n=n)


def of_sums(
    rows: npt.NDArray[np.number],
    figure: Callable[[Floats], Floats],
    clusters: Sequence[str] | None = None,
    *,
    n: int | None = None,
    seed: int = 0,
) -> Estimate:
    """Return what ``figure`` makes of the sums of ``rows``, (items, numbers).

    ``figure`` takes sums (draws, numbers) to figures (draws), NaN where one is undefined: such draws are left out.
    ``n`` is what the estimate rests on, by default all items. The time grows with the number of conversations and the
    draws, the memory with that of conversations alone.
    """
    sums = _sums(rows, clusters)
    drawn = _draws(sums, seed) if len(sums) else sums
    return _estimate(sums, drawn, figure, len(rows) if n is None else n)


def _estimate(sums: Floats, drawn: Floats, figure: Callable[[Floats], Floats], n: int) -> Estimate:
    """Return what ``figure`` makes of the sums of conversations and of those of draws of them."""
    whole = float(figure(sums.sum(axis=0, keepdims=True))[0])
    if np.isnan(whole):
        return NOTHING
    if np.count_nonzero(sums.any(axis=1)) < 2:
        return Estimate(mean=whole, low=None, high=None, n=n)
    figures = figure(drawn)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(figures[~np.isnan(figures)], (tail, 1 - tail)).tolist()
    # Rounding, or a figure that is biased in small samples, must not leave it outside of its own interval.
    return Estimate(mean=whole, low=min(low, whole), high=max(high, whole), n=n)


def _bounded(told: Estimate, trials: int) -> Estimate:
    """Return a share with the exact interval where every draw says the same."""
    if told.low is None or told.mean not in (0.0, 1.0):
        return told
    bound = ((1 - LEVEL) / 2) ** (1 / trials)
    low, high = (bound, 1.0) if told.mean else (0.0, 1 - bound)
    return Estimate(mean=told.mean, low=low, high=high, n=told.n)


def places(clusters: Sequence[str] | None, items: int) -> npt.NDArray[np.intp]:
    """Return for each of ``items`` the place of its conversation in the order of the ids.

    Raises ValueError where they are not as many.
    """
    if clusters is None:
        return np.arange(items)
    if len(clusters) != items:
        raise ValueError(f"{len(clusters)} conversations are named for {items} items; each item has one")
    order = {name: place for place, name in enumerate(sorted(set(clusters)))}
    return np.fromiter((order[name] for name in clusters), dtype=np.intp, count=items)


def quotient(over: Floats, under: Floats) -> Floats:
    """Return ``over`` by ``under``, NaN where that is 0."""
    out: Floats = np.divide(over, under, out=np.full(over.shape, np.nan), where=under != 0)
    return out


def _over_under(sums: Floats) -> Floats:
    return quotient(sums[:, 0], sums[:, 1])


def _sums(rows: npt.NDArray[np.number] | Bools, clusters: Sequence[str] | None) -> Floats:
    """Return the sum of each conversation, (conversations, numbers)."""
    mine = places(clusters, len(rows))
    if clusters is None:
        return rows.astype(np.float64)
    return np.stack([np.bincount(mine, weights=column) for column in rows.T], axis=1)


def _draws(sums: Floats, seed: int) -> Floats:
    """Return the sums of `DRAWS` draws of as many conversations as there are, (draws, numbers)."""
    random = np.random.default_rng(seed)
    out = np.empty((DRAWS, sums.shape[1]))
    at_a_time = max(1, _BLOCK // len(sums))
    for start in range(0, DRAWS, at_a_time):
        size = (min(at_a_time, DRAWS - start), len(sums))
        # Each draw counts in a range of its own, so one call counts them all.
        drawn = random.integers(len(sums), size=size) + len(sums) * np.arange(size[0])[:, np.newaxis]
        out[start : start + size[0]] = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(size) @ sums
    return out

"""How good labels are, one or several an item, and entities: precision, recall and F1 over what was wanted and found.

An item has a set of things: the names of its labels, or its entities as spans, of which type and both ends must be
right. ``kind`` tells what a thing is counted as: a label as itself, a span as its type (`type_of`). Out of scope is a
label like the others, or no label at all: as the caller has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bot.evaluation.measures.arrays import Floats
from bot.evaluation.measures.intervals import Estimate, of_sums, places, quotient, ratio

#: An entity: its type, its first character and the one after its last.
Span = tuple[str, int, int]

Thing = TypeVar("Thing", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How often something was wanted, found, and found where it was wanted.

    A rate of nothing is 0, as in scikit-learn with ``zero_division=0``; the counts tell it from a bad one.
    """

    right: int
    found: int
    #: Its support.
    wanted: int

    @property
    def precision(self) -> float:
        """Share of the found that was wanted."""
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        """Share of the wanted that was found."""
        return self.right / max(self.wanted, 1)

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.right / max(self.found + self.wanted, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Macro:
    """Means over labels, of which a rare one weighs as much as a frequent one."""

    precision: float
    recall: float
    #: The mean of their F1, not the F1 of the means.
    f1: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """What was taken for what; an empty name stands for nothing."""

    wanted: str
    found: str
    #: Items in which it was.
    n: int


def type_of(span: Span) -> str:
    """Return what an entity is counted as."""
    return span[0]


def tallies(
    wanted: Sequence[Collection[Thing]], found: Sequence[Collection[Thing]], kind: Callable[[Thing], str] = str
) -> dict[str, Tally]:
    """Return a tally for each kind that was wanted or found, by name."""
    ours, theirs, common = Counter[str](), Counter[str](), Counter[str]()
    for _, thing, is_wanted, is_found in _things(wanted, found):
        name = kind(thing)
        ours[name] += is_wanted
        theirs[name] += is_found
        common[name] += is_wanted and is_found
    return {name: Tally(right=common[name], found=theirs[name], wanted=ours[name]) for name in sorted(ours)}


def micro(by_kind: Mapping[str, Tally]) -> Tally:
    """Return the tally of all kinds together."""
    some = by_kind.values()
    return Tally(right=sum(t.right for t in some), found=sum(t.found for t in some), wanted=sum(t.wanted for t in some))


def macro(by_kind: Mapping[str, Tally]) -> Macro | None:
    """Return the means over kinds, None where there are none."""
    if not by_kind:
        return None
    rates = np.array([(tally.precision, tally.recall, tally.f1) for tally in by_kind.values()])
    precision, recall, f1 = rates.mean(axis=0).tolist()
    return Macro(precision=precision, recall=recall, f1=f1)


def micro_f1(
    wanted: Sequence[Collection[Thing]],
    found: Sequence[Collection[Thing]],
    clusters: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """Return the F1 over all things, of whatever kind; n counts the items in which one was wanted or found."""
    sizes = [(len(set(some)), len(set(others))) for some, others in zip(wanted, found, strict=True)]
    common = [2 * len(set(some) & set(others)) for some, others in zip(wanted, found, strict=True)]
    return ratio(common, [sum(pair) for pair in sizes], clusters, seed=seed)


def macro_f1(
    wanted: Sequence[Collection[Thing]],
    found: Sequence[Collection[Thing]],
    clusters: Sequence[str] | None = None,
    *,
    kind: Callable[[Thing], str] = str,
    seed: int = 0,
) -> Estimate:
    """Return the mean F1 over kinds; n counts the items in which something was wanted or found.

    A kind that a draw has none of has no part in the mean of that draw. Where many kinds are rare, most draws are below
    the figure itself, which then stands near the upper end of its interval.
    """
    names = {name: place for place, name in enumerate(tallies(wanted, found, kind))}
    mine = places(clusters, len(wanted))
    sums = np.zeros((mine.max(initial=-1) + 1, len(names), 2))
    items = set()
    for item, thing, is_wanted, is_found in _things(wanted, found):
        sums[mine[item], names[kind(thing)]] += 2 * (is_wanted and is_found), is_wanted + is_found
        items.add(item)

    def figure(drawn: Floats) -> Floats:
        counts = drawn.reshape(len(drawn), len(names), 2)
        f1 = quotient(counts[..., 0], counts[..., 1])
        return quotient(np.nansum(f1, axis=1), np.count_nonzero(~np.isnan(f1), axis=1))

    return of_sums(sums.reshape(len(sums), 2 * len(names)), figure, n=len(items), seed=seed)


def confusions(wanted: Sequence[Collection[str]], found: Sequence[Collection[str]]) -> list[Confusion]:
    """Return which labels were taken for which, most frequent first.

    Where several were missed in one item, and several found that are not there, each counts with each.
    """
    counts = Counter[tuple[str, str]]()
    for some, others in zip(wanted, found, strict=True):
        missed, surplus = set(some) - set(others), set(others) - set(some)
        counts.update((one, other) for one in missed or [""] for other in surplus or [""] if one != other)
    pairs = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(wanted=one, found=other, n=n) for (one, other), n in pairs]


def _things(
    wanted: Sequence[Collection[Thing]], found: Sequence[Collection[Thing]]
) -> Iterator[tuple[int, Thing, bool, bool]]:
    """Yield the place of the item, a thing of it, and whether that was wanted and was found."""
    for item, (some, others) in enumerate(zip(wanted, found, strict=True)):
        yield from ((item, thing, thing in some, thing in others) for thing in {*some, *others})

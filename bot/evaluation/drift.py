"""Whether customers ask other things than what was labelled: how sure the bot is of them, then and now."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

#: Parts of the distribution.
PARTS = 10

#: The usual marks of the population stability index (Siddiqi 2006, Credit Risk Scorecards, chapter 8): from the first
#: on a change is worth a look, from the second on the old figures no longer hold.
SHIFTED, DRIFTED = 0.1, 0.25

#: Without a change the index of samples of n and m, times n m / (n + m), has a chi-square distribution with one degree
#: of freedom less than there are parts (Yurdakul and Naranjo 2020, Journal of Risk Model Validation 14(4)); beyond
#: this, for nine degrees, it comes once in a hundred times.
_CHANCE = 21.67

#: Added to the turns in each part, so that one in which there are none is no infinite change.
_MORE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """How the confidences of the best candidates are distributed."""

    #: Where a part ends, included; the last one ends nowhere.
    ends: tuple[float, ...]
    #: The share of each part.
    shares: tuple[float, ...]
    #: Of so many turns.
    turns: int

    @classmethod
    def of(cls, confidences: Sequence[float]) -> Profile:
        """Return the profile in deciles; fewer parts where many turns have the same confidence."""
        ordered = sorted(confidences)
        deciles = {ordered[len(ordered) * part // PARTS] for part in range(1, PARTS)} if ordered else set()
        ends = tuple(sorted(deciles - set(ordered[-1:])))
        shares = tuple(count / max(len(ordered), 1) for count in _counts(ordered, ends))
        return cls(ends=ends, shares=shares, turns=len(ordered))

    def index(self, confidences: Sequence[float]) -> float:
        """Return the population stability index of other turns, 0 where they are distributed alike."""
        counts = _counts(confidences, self.ends)
        then = _smoothed([share * self.turns for share in self.shares])
        return sum((b - a) * math.log(b / a) for a, b in zip(then, _smoothed(counts), strict=True))

    def by_chance(self, turns: int) -> float:
        """Return the index that as many other ``turns`` exceed once in a hundred times without any change."""
        return _CHANCE * (1 / self.turns + 1 / turns)


def _counts(confidences: Sequence[float], ends: Sequence[float]) -> list[int]:
    counts = [0] * (len(ends) + 1)
    for confidence in confidences:
        counts[bisect_left(ends, confidence)] += 1
    return counts


def _smoothed(counts: Sequence[float]) -> list[float]:
    of = sum(counts) + _MORE * len(counts)
    return [(count + _MORE) / of for count in counts]

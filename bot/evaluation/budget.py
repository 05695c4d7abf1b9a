"""The error budget: the lowest threshold that labelled turns show to keep wrong answers rare, with a guarantee.

That is Learn then Test (Angelopoulos et al. 2021, arXiv 2110.01052, section 3) for the risk of the answers that are
sent (Geifman and El-Yaniv 2017, arXiv 1705.08500): for each of `LEVELS` the hypothesis is that of the answers sent from
there on more than the budget are wrong. Given how many are sent, the number of wrong ones is binomial, so that the
exact tail of that distribution is a p-value. The levels are tested in a fixed sequence, the strictest first, each at
the full risk, until one is not rejected: the first true hypothesis is rejected with at most that probability, and those
behind it are not reached otherwise. (Conformal risk control, Angelopoulos et al. 2022, arXiv 2208.02814, bounds a risk
in the mean over all messages, and not among those that the bot itself chose to answer.)

The sequence begins at the first level that sends `begin` answers: where next to nothing is sent, nothing can be shown.
Which level that is depends on no label; the guarantee is exact where surer answers are no more often wrong than less
sure ones, which is what a confidence is for.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: What a threshold may be, the strictest first: even in log odds, for confidences crowd at both ends.
LEVELS = tuple(sorted({round(1 / (1 + math.exp(-step / 20)), 4) for step in range(-60, 141)}, reverse=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the bot says to a turn over a range of thresholds, and whether it is wrong."""

    #: The highest of `LEVELS` at which it says so.
    until: float
    wrong: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """The answers that are sent at a threshold."""

    level: float
    sent: int
    wrong: int


def counted(turns: Iterable[Sequence[Said]]) -> list[Count]:
    """Return what is sent at each of `LEVELS`, in their order.

    What is said to a turn stands by rising thresholds, each in force above the one before; above the last one the bot
    sends nothing.
    """
    sent, wrong = [0] * len(LEVELS), [0] * len(LEVELS)
    for said in turns:
        below = len(LEVELS)
        for each in said:
            first = bisect_left(LEVELS, -each.until, key=lambda level: -level)
            for place in range(first, below):
                sent[place] += 1
                wrong[place] += each.wrong
            below = first
    return [Count(level=level, sent=s, wrong=w) for level, s, w in zip(LEVELS, sent, wrong, strict=True)]


def choose(counts: Sequence[Count], turns: int, *, max_wrong: float, risk: float) -> Count | None:
    """Return the count at the lowest level that keeps the budget, None where none does.

    With probability 1 - ``risk`` over the ``turns`` that were counted, of the answers sent from that level on at most
    the share ``max_wrong`` is wrong. ``counts`` stand as `counted` returns them. A stricter budget never chooses a
    lower level.
    """
    chosen = None
    for count in sequence(counts, turns):
        if tail(count.wrong, count.sent, max_wrong) > risk:
            break
        chosen = count
    return chosen


def sequence(counts: Sequence[Count], turns: int) -> list[Count]:
    """Return the sequence of counts that is tested, the strictest first."""
    return [count for count in counts if count.sent >= begin(turns)]


def begin(turns: int) -> float:
    """Return how many answers a level sends at which the sequence begins: a quarter of the turns, but some at least.

    At the first level that could be shown to keep the budget nothing may be wrong: where 0.5 % of the labels are, one
    of 149 is in every second sample, and would end the sequence for however many turns. From a quarter of 2,750 on 7
    may be, which is enough in 97 of a hundred samples. Of few turns half are taken, up to 150: enough for 2 % at 95 %.
    """
    return max(turns / 4, min(turns / 2, 150))


def tail(wrong: int, sent: int, share: float) -> float:
    """Return the chance that at most ``wrong`` of ``sent`` answers are wrong where each is with a chance of ``share``.

    That is the binomial distribution function, for shares between 0 and 1, both excluded.
    """
    if wrong >= sent:
        return 1.0
    right = math.log1p(-share)
    odds = math.log(share) - right
    ways = math.lgamma(sent + 1)
    return min(
        1.0,
        math.fsum(
            math.exp(ways - math.lgamma(k + 1) - math.lgamma(sent - k + 1) + k * odds + sent * right)
            for k in range(wrong + 1)
        ),
    )


def at_most(count: Count, risk: float) -> float:
    """Return the share that is wrong at most, at a risk of ``risk`` (Clopper and Pearson 1934, Biometrika 26(4))."""
    low, high = count.wrong / count.sent if count.sent else 1.0, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if tail(count.wrong, count.sent, middle) <= risk else (middle, high)
    return high


def answers_needed(max_wrong: float, risk: float) -> int:
    """Return how many right answers in a row show the budget kept: 149 for 2 % at a risk of 5 %."""
    return math.ceil(math.log(risk) / math.log1p(-max_wrong))


def turns_needed(max_wrong: float, risk: float) -> int:
    """Return with how many turns the sequence begins with `answers_needed`."""
    answers = answers_needed(max_wrong, risk)
    return answers * 2 - 1 if answers <= 150 else answers * 4 - 3

"""The numbers behind a report, from outcomes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finetune.kinds import Outcome

Floats = npt.NDArray[np.float64]

#: Equal parts of the range of a confidence.
BINS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """The examples whose confidence is in one part of its range."""

    low: float
    #: Mean confidence, and the share of them whose best finding is right.
    sure: float
    right: float
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Whether confidences keep what they promise."""

    #: Those with examples in them, in their order.
    bins: tuple[Bin, ...]
    #: Expected calibration error, 0 to 1: the mean distance between promised and kept (Guo et al. 2017,
    #: arXiv 1706.04599).
    error: float


def calibration(outcomes: Sequence[Outcome]) -> Calibration:
    """Return how well confidences keep what they promise."""
    sure, right = _arrays(outcomes)
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins = tuple(
        Bin(low=place / BINS, sure=float(sure[mine].mean()), right=float(right[mine].mean()), rows=int(mine.sum()))
        for place in range(BINS)
        if (mine := places == place).any()
    )
    apart = sum(abs(each.sure - each.right) * each.rows for each in bins)
    return Calibration(bins=bins, error=apart / max(len(outcomes), 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How often it is wrong if only the surest are answered: a risk-coverage curve.

    El-Yaniv and Wiener 2010 (JMLR 11); the area under it as in Geifman and El-Yaniv 2017 (arXiv 1705.08500).
    """

    #: Share of the examples that are answered, rising, and share of these that are answered wrong.
    share: Floats
    risk: Floats
    area: float
    #: Where on the curve it serves, as share and risk; None where nothing is refused.
    at: tuple[float, float] | None


def coverage(outcomes: Sequence[Outcome], *, refuses: bool) -> Coverage:
    """Return the curve over ``outcomes``, which must not be empty; equally sure ones are answered together.

    ``refuses`` says whether nothing found means that an answer was refused.
    """
    sure, right = _arrays(outcomes)
    order = np.argsort(-sure, kind="stable")
    counts = np.arange(1, len(order) + 1)
    risk = np.cumsum(~right[order]) / counts
    last = np.append(np.diff(sure[order]) != 0, True)
    share, risk = counts[last] / len(order), risk[last]
    widths = np.diff(share, prepend=0.0)
    answered = [outcome.best for outcome in outcomes if outcome.found or not refuses]
    at = (len(answered) / len(order), 1 - sum(answered) / max(len(answered), 1)) if len(answered) < len(order) else None
    return Coverage(share=share, risk=risk, area=float((risk * widths).sum()), at=at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusals:
    """What became of those that nothing belongs to, and of the others."""

    #: Out of scope: how many, and how many of them were rightly refused.
    outside: int
    refused: int
    #: In scope: how many, and how many of them were refused all the same.
    inside: int
    lost: int


def refusals(outcomes: Sequence[Outcome]) -> Refusals | None:
    """Return what was refused; None where all have something that belongs to them."""
    outside = [outcome for outcome in outcomes if not outcome.wanted]
    inside = [outcome for outcome in outcomes if outcome.wanted]
    if not outside:
        return None
    refused, lost = (sum(not outcome.found for outcome in some) for some in (outside, inside))
    return Refusals(outside=len(outside), refused=refused, inside=len(inside), lost=lost)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """What was taken for what; an empty name stands for nothing."""

    wanted: str
    found: str
    rows: int


def confusions(outcomes: Sequence[Outcome], name: Callable[[str], str] = str) -> list[Confusion]:
    """Return what was taken for what, most frequent first; ``name`` makes a short name of what differs.

    Where several were missed in one example, and several found that are not there, each counts with each.
    """
    counts = Counter[tuple[str, str]]()
    for outcome in outcomes:
        wanted, found = Counter(outcome.wanted), Counter(outcome.found)
        missed, surplus = sorted(wanted - found), sorted(found - wanted)
        if missed or surplus:
            counts.update((name(one), name(other)) for one in missed or [""] for other in surplus or [""])
    pairs = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(wanted=wanted, found=found, rows=rows) for (wanted, found), rows in pairs]


def worst(outcomes: Sequence[Outcome], most: int) -> list[Outcome]:
    """Return what is wrong, the surest first, ``most`` at most."""
    return sorted((outcome for outcome in outcomes if not outcome.right), key=lambda outcome: -outcome.sure)[:most]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table by label."""

    name: str
    precision: float
    recall: float
    f1: float
    rows: int


def by_label(labels: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Return the labels, the worst first: by F1, and of equals the most frequent."""
    rows = [
        Row(name=name, precision=r["precision"], recall=r["recall"], f1=r["f1"], rows=int(r["rows"]))
        for name, r in labels.items()
    ]
    return sorted(rows, key=lambda row: (row.f1, -row.rows, row.name))


def averages(rows: Sequence[Row]) -> list[Row]:
    """Return the mean over labels, and the one that weighs each by its rows, as scikit-learn reports them."""
    total = sum(row.rows for row in rows)
    numbers = np.array([(row.precision, row.recall, row.f1) for row in rows])
    means = {"macro average": np.ones(len(rows)), "weighted average": np.array([row.rows for row in rows])}
    out = []
    for name, weights in means.items():
        if weights.sum():
            precision, recall, f1 = np.average(numbers, axis=0, weights=weights).tolist()
            out.append(Row(name=name, precision=precision, recall=recall, f1=f1, rows=total))
    return out


def _arrays(outcomes: Sequence[Outcome]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    sure = np.array([outcome.sure for outcome in outcomes], dtype=np.float64)
    return sure, np.array([outcome.best for outcome in outcomes], dtype=np.bool_)

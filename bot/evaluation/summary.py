"""What a run is worth, in figures: of the whole, and of each language, topic, channel and way of judging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluation.columns import SLICINGS, Columns
from bot.evaluation.folder import read_log, read_run, read_timings, read_turns
from bot.evaluation.judging import GOOD, HARMFUL, Verdict
from bot.evaluation.measures.answers import accuracy_at, aurc, excess_aurc, risk_coverage
from bot.evaluation.measures.arrays import Bools, Floats
from bot.evaluation.measures.calibration import Bin, ece, equal_mass
from bot.evaluation.measures.intervals import Estimate, ratios, shares
from bot.types import Action

#: Points of a curve that are kept: more than a plot shows.
POINTS = 200

#: Ranks up to which a right entry counts as found.
RANKS = (1, 3, 10)

#: Shares of the messages, the surest, of which is said how many are right.
COVERAGES = (0.5, 0.8, 0.9)

#: Decimals of what is written: far below what an interval tells apart, and above what adding up in another order moves.
DECIMALS = 6

#: Percentiles of times that are told.
PERCENTILES = (50, 90, 99)


def summarise(folder: Path) -> dict[str, Any]:
    """Return the figures of the run in ``folder``, ready for JSON: the same run gives the same ones.

    "metrics" are those of the whole, each with "mean", "low", "high" and "n" as `Estimate` has them; "slices" are, by
    what is sliced by and by name, its "turns", "dialogues", "verdicts" and "metrics". "curve" and "reliability" are
    those of the likeliest candidates, and "log" is what `write_log` wrote. Raises `UsageError` where there is no run,
    or it is damaged.
    """
    run = read_run(folder)
    columns = Columns.of(read_turns(folder))
    slices = {slicing: {name: _told(some) for name, some in columns.among(slicing).items()} for slicing in SLICINGS}
    sure, right = _judged(columns)
    told: dict[str, Any] = {
        **_told(columns),
        "slices": slices,
        "curve": _curve(sure, right),
        "reliability": [asdict(part) for part in _parts(sure, right)],
        "left_out": dict(sorted(columns.left_out.items())),
        "model": run.get("versions"),
        "data": run.get("data"),
        "log": read_log(folder),
    }
    rounded: dict[str, Any] = _rounded(told)
    return rounded


def latencies(folder: Path) -> dict[str, float | int | None]:
    """Return percentiles of the milliseconds to a reply, and of how many they are; they differ from run to run."""
    took = read_timings(folder)
    values = np.percentile(took, PERCENTILES).round(1).tolist() if took else [None] * len(PERCENTILES)
    return {**{f"p{place}": value for place, value in zip(PERCENTILES, values, strict=True)}, "n": len(took)}


def _told(columns: Columns) -> dict[str, Any]:
    """Return what is told of the whole and of a slice alike."""
    estimates = {**_shares(columns), **_means(columns), **_of_confidences(columns)}
    return {
        "turns": len(columns),
        "dialogues": len(set(columns.dialogue)),
        "verdicts": {str(verdict): int(np.count_nonzero(columns.was(verdict))) for verdict in Verdict},
        "metrics": {name: asdict(estimate) for name, estimate in estimates.items()},
    }


def _shares(columns: Columns) -> dict[str, Estimate]:
    """Return the figures that are shares of turns."""
    counted = dict(_counted(columns))
    right, among = (np.stack([pair[place] for pair in counted.values()], axis=1) for place in (0, 1))
    return dict(zip(counted, shares(right, among, columns.dialogue), strict=True))


def _counted(columns: Columns) -> Iterator[tuple[str, tuple[Bools, Bools]]]:
    """Yield the name of each share, which turns count for it, and among which."""
    everything = np.ones(len(columns), dtype=np.bool_)
    judged = ~columns.was(Verdict.UNJUDGED)
    answered = columns.sent & judged
    handed, needless, missed = (
        columns.was(verdict)
        for verdict in (Verdict.HANDED_OVER, Verdict.UNNECESSARY_HAND_OVER, Verdict.MISSED_HAND_OVER)
    )
    yield "coverage", (columns.sent, everything)
    yield "accuracy_of_answers", (columns.was(Verdict.RIGHT), answered)
    yield "harmful_of_answers", (columns.was(*HARMFUL), answered)
    yield "harmful", (columns.was(*HARMFUL), judged)
    yield "good", (columns.was(*GOOD), judged)
    yield "asked_back", (columns.did(Action.CLARIFY), everything)
    yield "hand_over", (columns.did(Action.HAND_OFF), everything)
    yield "hand_over_precision", (handed, handed | needless)
    yield "hand_over_recall", (handed, handed | missed)
    for verdict in Verdict:
        if verdict is not Verdict.UNJUDGED:
            yield str(verdict), (columns.was(verdict), judged)
    yield str(Verdict.UNJUDGED), (~judged, everything)
    reciprocal = columns.numbers["reciprocal"]
    for rank in RANKS:
        # A tenth has no exact number in binary, but the same division always gives the same one.
        yield f"success_at_{rank}", (np.nan_to_num(reciprocal) >= 1 / rank, ~np.isnan(reciprocal))


def _means(columns: Columns) -> dict[str, Estimate]:
    """Return the figures that are means of a number that some turns have."""
    names = {"mrr": "reciprocal", "ndcg_at_10": "ndcg"} | {name: name for name in ("chrf", "rouge_l", "supported")}
    values = np.stack([columns.numbers[column] for column in names.values()], axis=1)
    found = dict(zip(names, ratios(np.nan_to_num(values), ~np.isnan(values), columns.dialogue), strict=True))
    return {name: estimate for name, estimate in found.items() if name not in columns.left_out}


def _of_confidences(columns: Columns) -> dict[str, Estimate]:
    """Return what the confidences are worth. These are no sums over turns, and stand without an interval."""
    sure, right = _judged(columns)
    values = {
        "aurc": aurc(sure, right),
        "excess_aurc": excess_aurc(sure, right),
        **{f"accuracy_at_{share:.0%}".rstrip("%"): accuracy_at(share, sure, right) for share in COVERAGES},
        "ece": ece(_parts(sure, right)),
    }
    return {name: Estimate(mean=value, low=None, high=None, n=len(sure)) for name, value in values.items()}


def _judged(columns: Columns) -> tuple[Floats, Bools]:
    """Return the confidence in the likeliest candidates of which is known whether they are right, and whether."""
    known = ~np.isnan(columns.numbers["right"])
    return columns.numbers["confidence"][known], columns.numbers["right"][known] > 0


def _parts(sure: Floats, right: Bools) -> list[Bin]:
    return equal_mass(sure, right) if len(sure) else []


def _curve(sure: Floats, right: Bools) -> dict[str, list[float]]:
    """Return the risk-coverage curve, of which as many points are left as a plot needs."""
    curve = risk_coverage(sure, right)
    steps = len(curve.coverage)
    kept = np.unique(np.linspace(0, steps - 1, min(steps, POINTS)).round().astype(np.intp))
    return {name: getattr(curve, name)[kept].tolist() for name in ("threshold", "coverage", "risk")}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value

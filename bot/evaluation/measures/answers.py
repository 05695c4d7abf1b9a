"""What confidences are worth: how often it is wrong if only the surest are answered.

All takes the confidence in each answer, any number that is higher where it is surer, and whether it is right. Equally
sure answers cannot be told apart: where a cut would fall among them, they count with what they bring on average over
all their orders, so no figure depends on the order of the items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.evaluation.measures.arrays import Flags, Floats, Numbers, columns


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """A risk-coverage curve: a point for each confidence that occurs, the highest first.

    El-Yaniv and Wiener 2010, On the Foundations of Noise-free Selective Classification (JMLR 11).
    """

    #: What is at least as sure is answered.
    threshold: Floats
    #: Share of all that is answered then, rising to 1.
    coverage: Floats
    #: Share of the answered that is wrong.
    risk: Floats


def risk_coverage(confidence: Numbers, right: Flags) -> Curve:
    """Return what each threshold would answer, and how much of that would be wrong."""
    threshold, answered, wrong = _steps(confidence, right)
    return Curve(threshold=threshold, coverage=answered[1:] / max(answered[-1], 1), risk=wrong[1:] / answered[1:])


def aurc(confidence: Numbers, right: Flags) -> float | None:
    """Return the area under the risk-coverage curve, 0 to 1, lower is better: the mean risk over all coverages.

    Geifman, Uziel and El-Yaniv 2019, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers (ICLR,
    arXiv 1805.08206).
    """
    _, answered, wrong = _steps(confidence, right)
    return _area(answered, wrong) if answered[-1] else None


def excess_aurc(confidence: Numbers, right: Flags) -> float | None:
    """Return by how much `aurc` is above that of the best order, in which all right ones are surer than all wrong ones.

    It is what the order costs, however many are wrong: E-AURC of Geifman et al. 2019, with the exact area of the best
    order, not its limit for many items.
    """
    _, answered, wrong = _steps(confidence, right)
    if not answered[-1]:
        return None
    best = np.array([0.0, answered[-1] - wrong[-1], answered[-1]]), np.array([0.0, 0.0, wrong[-1]])
    return _area(answered, wrong) - _area(*best)


def accuracy_at(coverage: float, confidence: Numbers, right: Flags) -> float | None:
    """Return the share that is right of the surest ``coverage`` (above 0, at most 1) of the items."""
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage {coverage} is no share of the items; expected above 0, at most 1")
    _, answered, wrong = _steps(confidence, right)
    taken = coverage * answered[-1]
    return float(1 - np.interp(taken, answered, wrong) / taken) if taken else None


def coverage_at(risk: float, confidence: Numbers, right: Flags) -> float | None:
    """Return the largest share that a threshold answers with at most ``risk`` (0 to 1) of it wrong, 0 if none does."""
    curve = risk_coverage(confidence, right)
    return float(curve.coverage[curve.risk <= risk].max(initial=0)) if len(curve.risk) else None


def _steps(confidence: Numbers, right: Flags) -> tuple[Floats, Floats, Floats]:
    """Return the confidences that occur, falling, and how many are at least as sure, and how many of these are wrong.

    Before the first of them nothing is answered: the counts, one more than the confidences, begin with 0.
    """
    rows = columns(confidence, right)
    threshold, group = np.unique(-rows[:, 0], return_inverse=True)
    answered = np.bincount(group + 1, minlength=1).cumsum().astype(np.float64)
    return -threshold, answered, np.bincount(group + 1, weights=1 - rows[:, 1], minlength=1).cumsum()


def _area(answered: Floats, wrong: Floats) -> float:
    """Return the mean over 1, 2, ... answered items of the share that is wrong; within a step that rises evenly."""
    counts = np.arange(1, answered[-1] + 1)
    return float((np.interp(counts, answered, wrong) / counts).mean())

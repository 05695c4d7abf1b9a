"""How good a classifier is: figures over labelled texts, and the threshold from which it is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from finetune.labels.examples import OUT_OF_SCOPE, Labelled

Floats = npt.NDArray[np.float32]

#: Share of the texts in scope, of those that are labelled right, that may be lost to the threshold.
LOST = 0.01

#: Where a text may have several labels: the odds of a label that are tried as threshold.
ODDS = (0.1, 0.15, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0)

#: Temperatures that are looked at: between these.
COOLED = (0.05, 20.0)


def threshold(scores: Floats, examples: Sequence[Labelled], labels: Sequence[str], *, several: bool) -> float:
    """Return the threshold to believe a label from, chosen on these (the development) examples.

    One label each: the highest that loses `LOST` of what is right. Several: the one with the best F1 over all labels.
    """
    wanted = _wanted(examples, labels)
    if several:
        tried = np.round(np.log(ODDS), 3)
        return float(max(tried, key=lambda t: f1_score(wanted, scores >= t, average="micro", zero_division=0)))
    inside = wanted.any(axis=1)
    right = inside & wanted[np.arange(len(wanted)), scores.argmax(axis=1)]
    if not right.any():
        return 0.0
    kept = np.sort(scores.max(axis=1)[right])
    return float(kept[int(LOST * inside.sum())]) if LOST * inside.sum() < len(kept) else 0.0


def temperature(
    chances: Callable[[float], Floats], examples: Sequence[Labelled], labels: Sequence[str], *, several: bool
) -> float:
    """Return the temperature at which ``chances``, (texts, labels), keep on these (the development) examples best.

    Of one label each only the likeliest counts, which is wrong of a text out of scope. Temperature scaling is that of
    Guo et al. 2017 (arXiv 1706.04599), the targets are Platt's of 1999: few examples do not make it sure of itself.
    """
    wanted = _wanted(examples, labels)
    best = chances(1.0).argmax(axis=1, keepdims=True)
    right = wanted if several else np.take_along_axis(wanted, best, axis=1)
    targets = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))

    def loss(logarithm: float) -> float:
        told = chances(float(np.exp(logarithm)))
        sure = (told if several else np.take_along_axis(told, best, axis=1)).clip(1e-7, 1 - 1e-7)
        return -float((targets * np.log(sure) + (1 - targets) * np.log(1 - sure)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log(COOLED), method="bounded").x))


def figures(
    scores: Floats, examples: Sequence[Labelled], labels: Sequence[str], limit: float, *, several: bool
) -> dict[str, Any]:
    """Return what scores, (texts, labels), are worth, with ``limit`` as threshold."""
    wanted = _wanted(examples, labels)
    if several:
        found = scores >= limit
        return {
            "rows": len(examples),
            "f1_micro": float(f1_score(wanted, found, average="micro", zero_division=0)),
            "f1_macro": _f1_macro(wanted, found),
            "exact": float((wanted == found).all(axis=1).mean()),
            "labels": _by_label(wanted, found, labels),
        }
    inside = wanted.any(axis=1)
    best, sure = scores.argmax(axis=1), scores.max(axis=1)
    right = wanted[np.arange(len(wanted)), best]
    found = np.zeros_like(wanted)
    found[np.arange(len(found)), best] = sure >= limit
    out: dict[str, Any] = {
        "rows": len(examples),
        "accuracy": _mean(right[inside]),
        "accuracy_with_threshold": _mean((right & (sure >= limit))[inside]),
        "f1_macro": _f1_macro(wanted[inside], found[inside]),
        "labels": _by_label(wanted, found, labels),
    }
    if not inside.all():
        out["out_of_scope_recall"] = _mean((sure < limit)[~inside])
        out["auroc"] = float(roc_auc_score(inside, sure)) if inside.any() else 0.0
    return out


def _wanted(examples: Sequence[Labelled], labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    places = {label: place for place, label in enumerate(labels)}
    wanted = np.zeros((len(examples), len(labels)), dtype=np.bool_)
    for row, example in enumerate(examples):
        wanted[row, [places[label] for label in example.labels if label != OUT_OF_SCOPE]] = True
    return wanted


def _by_label(
    wanted: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_], labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    numbers = precision_recall_fscore_support(wanted, found, zero_division=0)
    return {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
        for label, p, r, f, n in zip(labels, *numbers, strict=True)
    }


def _f1_macro(wanted: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]) -> float:
    return float(f1_score(wanted, found, average="macro", zero_division=0)) if len(wanted) else 0.0


def _mean(values: npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0

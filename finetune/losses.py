"""What the losses of several kinds have in common."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def apart(one: Tensor, other: Tensor) -> Tensor:
    """Return how far two passes are apart: the mean of both Kullback-Leibler divergences (R-Drop, arXiv 2106.14448).

    Both are logits, (n, choices).
    """
    first, second = functional.log_softmax(one, -1), functional.log_softmax(other, -1)
    there = functional.kl_div(first, second, log_target=True, reduction="batchmean")
    back = functional.kl_div(second, first, log_target=True, reduction="batchmean")
    return (there + back) / 2


def even_weights(counts: Tensor) -> Tensor:
    """Return for each choice how much it counts, so that all count the same, but none ten times another's share."""
    counts = counts.clamp(min=1.0)
    return (counts.mean() / counts).clamp(0.1, 10.0)

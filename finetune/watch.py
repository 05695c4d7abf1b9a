"""How far a run is and how it went. Standard library only: a command shows it before torch is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """What one pass over the training rows came to."""

    number: int
    loss: float
    #: On dev.
    score: float
    seconds: float


@dataclass(kw_only=True, slots=True)
class History:
    """How a run went."""

    epochs: list[Epoch] = field(default_factory=list)
    #: (step, its loss), about a hundred of them.
    losses: list[tuple[int, float]] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The place of the best epoch, the first of equals; -1 where there is none."""
        return max(range(len(self.epochs)), key=lambda i: self.epochs[i].score, default=-1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A setting that was tried."""

    #: The first is 1.
    number: int
    #: What of the recipe was set, by name.
    values: dict[str, Any]
    #: The best on dev, after how many epochs it ended, and how long it took.
    score: float
    epochs: int
    seconds: float
    #: Whether it was given up because others were better at the same epoch.
    dropped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """Who wants to know how far a run is."""

    #: Told after each step: steps done, of how many, the loss.
    step: Callable[[int, int, float], None] = lambda done, total, loss: None
    #: Told after each epoch.
    epoch: Callable[[Epoch], None] = lambda epoch: None
    #: Told after each setting that was tried: it, and the best so far.
    trial: Callable[[Trial, Trial], None] = lambda trial, best: None


def together(*watches: Watch) -> Watch:
    """Return a watch that tells all of ``watches`` of steps and epochs, in their order."""

    def step(done: int, total: int, loss: float) -> None:
        for watch in watches:
            watch.step(done, total, loss)

    def epoch(passed: Epoch) -> None:
        for watch in watches:
            watch.epoch(passed)

    return Watch(step=step, epoch=epoch)

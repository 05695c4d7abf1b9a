"""What a generator learns: to say each token of an answer, given what it was asked and the tokens before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.generator.packing import laid, packed
from finetune.generator.template import Cut
from finetune.generator.writer import Writer
from finetune.loop import POOL
from finetune.network import Batch, Network
from finetune.recipe import Recipe

#: Tokens that are read together where nothing is learned.
_AT_ONCE = 8192


class Writing:
    """A `finetune.loop.Task`."""

    def __init__(
        self, train: Sequence[Sequence[Cut]], dev: Sequence[Cut], recipe: Recipe, pad: int, *, width: int
    ) -> None:
        """``train`` has for each pair the examples that were made of it, one of which is drawn whenever it is its turn.

        Examples of a batch share rows of up to ``width`` tokens; with 0 each has its own.
        """
        self._train, self._dev, self._recipe, self._pad, self._width = train, dev, recipe, pad, width
        #: Rows that hold several examples are full whatever these are; others are as long as their longest.
        self.order: list[int] = [0] * len(train) if width else [len(cuts[0].ids) for cuts in train]
        self.pool = POOL
        usual = [len(cut.ids) - cut.start for cuts in train for cut in cuts]
        self._usual = sum(usual) / len(usual)

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """Return examples as rows of tokens."""
        cuts = [self._train[row][int(random.integers(len(self._train[row])))] for row in rows]
        return packed(cuts, self._pad, self._width) if self._width else laid([[cut] for cut in cuts], self._pad)

    def loss(self, network: nn.Module, batch: Batch, rdrop: float) -> Tensor:
        """Return how unlikely the answers are, in nats a token.

        The sum over the tokens is divided by how many so many answers have on average, and not by how many these have:
        so every token weighs the same in a step, whatever parts it is computed in.
        """
        assert batch.targets is not None
        assert batch.positions is not None
        numbers = network(batch)
        lost = functional.cross_entropy(
            numbers,
            batch.targets[batch.targets >= 0],
            reduction="sum",
            label_smoothing=self._recipe.label_smoothing,
        )
        return lost / (self._usual * int((batch.positions == 0).sum()))

    def score(self, network: Network) -> float:
        """Return how likely the network takes a token of the answers of dev to be, the geometric mean."""
        assert isinstance(network, Writer)
        return math.exp(-mean_loss(losses(network, self._dev, self._pad)))


def losses(writer: Writer, cuts: Sequence[Cut], pad: int) -> list[Tensor]:
    """Return how unlikely ``writer`` takes each token of each answer to be, in nats, and leave it as it does so."""
    writer.eval()
    out = [torch.empty(0)] * len(cuts)
    for places in _alike([len(cut.ids) for cut in cuts]):
        some = [cuts[place] for place in places]
        lost = writer.losses(laid([[cut] for cut in some], pad))
        for place, part in zip(places, torch.split(lost, [len(cut.ids) - cut.start for cut in some]), strict=True):
            out[place] = part
    return out


def mean_loss(parts: Sequence[Tensor]) -> float:
    """Return the mean over all tokens."""
    return float(torch.cat(list(parts)).mean())


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield places of examples of similar length, so many that they are read together."""
    some: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if some and lengths[place] * (len(some) + 1) > _AT_ONCE:
            yield some
            some = []
        some.append(place)
    if some:
        yield some

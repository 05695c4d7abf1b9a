"""Texts that belong together drawn together, and apart from all others: what a bi-encoder learns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.loop import POOL
from finetune.network import Batch, Network
from finetune.recipe import Recipe
from finetune.texts import Reader

#: How many texts of other groups that are nearest to a text are kept, to draw hard negatives from.
NEAREST = 16

#: Rows whose nearest texts are looked up together.
_ROWS = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouped:
    """A text and what it belongs to."""

    text: str
    group: str
    #: What is said of it, such as the answer to a question; drawn to it too ("" for nothing).
    partner: str = ""


class ContrastTask:
    """A `finetune.loop.Task`: to bring texts of a group together.

    Each text is compared with another one of its group, or its partner, and with hard negatives: texts of other groups
    that the untrained encoder takes for its neighbours. All that is compared in a batch and is of another group counts
    as a negative, all of the same group as a positive (Khosla et al. 2020, arXiv 2004.11362, their loss "out").
    """

    pool = POOL

    def __init__(
        self, train: Sequence[Grouped], dev: Sequence[Grouped], recipe: Recipe, read: Reader, network: Network
    ) -> None:
        """``network`` as it is before training says which texts are hard to tell apart."""
        self._recipe = recipe
        partners = [(row, example.partner) for row, example in enumerate(train) if example.partner]
        self._texts = read([example.text for example in train])
        self._partners = read([partner for _, partner in partners])
        self._partner_of = {row: place for place, (row, _) in enumerate(partners)}
        self._dev = read([example.text for example in dev])
        names = {name: place for place, name in enumerate(dict.fromkeys(example.group for example in [*train, *dev]))}
        self._groups = np.array([names[example.group] for example in train])
        self._dev_groups = np.array([names[example.group] for example in dev])
        self._members: dict[int, list[int]] = defaultdict(list)
        for row, group in enumerate(self._groups.tolist()):
            self._members[group].append(row)
        self._hard = _nearest_others(self._texts.features(network), self._groups) if recipe.negatives else None

    @property
    def order(self) -> Sequence[int]:
        """How long each training text is."""
        return self._texts.lengths

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """Return texts, and those that they are compared with: all of these are texts, or all are partners."""
        anchors = self._texts.batch(rows, self._recipe.augment, random)
        with_partner = [row for row in rows if row in self._partner_of]
        if with_partner and random.random() < self._recipe.partners:
            places = [self._partner_of[row] for row in with_partner]
            other, groups = self._partners.batch(places, 0.0, random), self._groups[with_partner]
        else:
            compared = [self._same(row, random) for row in rows] + self._negatives(rows, random)
            other, groups = self._texts.batch(compared, self._recipe.augment, random), self._groups[compared]
        return replace(
            anchors,
            targets=torch.from_numpy(self._groups[list(rows)]),
            other=replace(other, targets=torch.from_numpy(groups)),
        )

    def _same(self, row: int, random: np.random.Generator) -> int:
        """Return another text of the same group; the text itself, which dropout changes, where there is none."""
        members = self._members[int(self._groups[row])]
        if len(members) == 1:
            return row
        other = members[int(random.integers(len(members) - 1))]
        return other if other != row else members[-1]

    def _negatives(self, rows: Sequence[int], random: np.random.Generator) -> list[int]:
        if self._hard is None or not self._hard.shape[1]:
            return []
        places = random.integers(self._hard.shape[1], size=(len(rows), self._recipe.negatives))
        found: list[int] = self._hard[np.asarray(rows)[:, None], places].ravel().tolist()
        return found

    def loss(self, network: nn.Module, batch: Batch, rdrop: float) -> Tensor:
        """Return how far texts are from those of their group, in both directions."""
        assert batch.targets is not None
        assert batch.other is not None
        assert batch.other.targets is not None
        ours, theirs = (functional.normalize(network(some).float(), dim=-1) for some in (batch, batch.other))
        alike = ours @ theirs.T / self._recipe.temperature
        same = batch.targets[:, None] == batch.other.targets[None, :]
        return (_drawn(alike, same) + _drawn(alike.T, same.T)) / 2

    def score(self, network: Network) -> float:
        """Return for what share of the dev texts the nearest training text is of their group."""
        known, asked = (vectors_of(network, texts.features(network)) for texts in (self._texts, self._dev))
        nearest = (asked @ known.T).argmax(1).numpy()
        return float((self._groups[nearest] == self._dev_groups).mean())


def vectors_of(network: Network, features: Tensor) -> Tensor:
    """Return the unit vectors that ``network`` compares, of what its encoder made of texts."""
    network.eval()
    with torch.inference_mode():
        if network.head is not None:
            features = network.outputs(features.to(next(network.parameters()).device)).cpu()
        return functional.normalize(features, dim=-1)


def _drawn(alike: Tensor, same: Tensor) -> Tensor:
    """Return the loss of rows that are drawn to all columns of their group; rows without any count nothing."""
    logs = functional.log_softmax(alike, dim=-1)
    counts = same.sum(-1)
    drawn = -(logs * same).sum(-1) / counts.clamp(min=1)
    return drawn[counts > 0].mean()


def _nearest_others(vectors: Tensor, groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return for each text the places of its nearest neighbours of other groups, (texts, at most `NEAREST`)."""
    kinds, found = torch.from_numpy(groups), []
    count = min(NEAREST, int(len(groups) - np.bincount(groups).max()))
    for start in range(0, len(vectors), _ROWS):
        alike = vectors[start : start + _ROWS] @ vectors.T
        alike[kinds[start : start + _ROWS, None] == kinds[None, :]] = -torch.inf
        found.append(alike.topk(count, dim=1).indices)
    nearest: npt.NDArray[np.int64] = torch.cat(found).numpy()
    return nearest

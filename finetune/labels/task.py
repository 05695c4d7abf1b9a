"""Texts and what they are: intents and sentiment, one label each or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.labels.examples import OUT_OF_SCOPE, Labelled, have_several
from finetune.loop import POOL
from finetune.losses import apart, even_weights
from finetune.network import Batch, Network
from finetune.recipe import Recipe
from finetune.texts import Reader

Floats = npt.NDArray[np.float32]


class LabelTask:
    """A `finetune.loop.Task`: to tell labels apart.

    A text out of scope is to look like no label more than like another: its target is the same share of each
    (Hendrycks et al. 2019, arXiv 1812.04606).
    """

    pool = POOL

    def __init__(
        self,
        train: Sequence[Labelled],
        dev: Sequence[Labelled],
        labels: Sequence[str],
        recipe: Recipe,
        read: Reader,
    ) -> None:
        """``labels`` are in the order of the head's numbers, ``read`` makes the texts ready for the network."""
        self._recipe, self._dev = recipe, dev
        self.several = have_several(train)
        self._targets = torch.from_numpy(targets(train, labels, several=self.several))
        self._dev_targets = targets(dev, labels, several=self.several)
        self._weights = even_weights(self._targets.sum(0)) if recipe.balance else None
        self._texts, self._dev_texts = (read([example.text for example in some]) for some in (train, dev))

    @property
    def order(self) -> Sequence[int]:
        """How long each training text is."""
        return self._texts.lengths

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """Return training texts as tensors, some of them mistyped if the recipe says so."""
        texts = self._texts.batch(rows, self._recipe.augment, random)
        return replace(texts, targets=self._targets[list(rows)])

    def loss(self, network: nn.Module, batch: Batch, rdrop: float) -> Tensor:
        """Return the cross-entropy to the targets."""
        assert batch.targets is not None
        logits = network(batch)
        loss = self._distance(logits, batch.targets)
        if rdrop:
            again = network(batch)
            loss = (loss + self._distance(again, batch.targets)) / 2 + rdrop * self._apart(logits, again)
        return loss

    def _apart(self, one: Tensor, other: Tensor) -> Tensor:
        if self.several:  # each label is a choice of its own
            one, other = (torch.stack([logits, torch.zeros_like(logits)], -1).flatten(0, 1) for logits in (one, other))
        return apart(one, other)

    def _distance(self, logits: Tensor, wanted: Tensor) -> Tensor:
        weights = None if self._weights is None else self._weights.to(logits.device)
        if self.several:
            return functional.binary_cross_entropy_with_logits(logits, wanted, pos_weight=weights)
        return functional.cross_entropy(logits, wanted, weights, label_smoothing=self._recipe.label_smoothing)

    def score(self, network: Network) -> float:
        """Return the share of dev texts in scope whose label is right; F1 over all labels where there are several."""
        vectors = self._dev_texts.features(network)
        network.eval()
        with torch.inference_mode():
            logits = network.outputs(vectors.to(next(network.parameters()).device)).cpu().numpy()
        if self.several:
            found, wanted = logits > 0, self._dev_targets > 0
            return float(2 * (found & wanted).sum() / max((found.sum() + wanted.sum()), 1))
        inside = [place for place, example in enumerate(self._dev) if example.labels != (OUT_OF_SCOPE,)]
        return float((logits[inside].argmax(1) == self._dev_targets[inside].argmax(1)).mean()) if inside else 0.0


def targets(examples: Sequence[Labelled], labels: Sequence[str], *, several: bool) -> Floats:
    """Return what the head should say of each example, (examples, labels): shares of one, or 0 and 1 for several."""
    places = {label: place for place, label in enumerate(labels)}
    out = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for row, example in enumerate(examples):
        known = [places[label] for label in example.labels if label in places]
        if known:
            out[row, known] = 1.0 if several else 1.0 / len(known)
        elif not several:
            out[row] = 1.0 / len(labels)
    return out

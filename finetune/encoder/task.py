"""What a student learns: to give both sides of a pair the vector that the teacher gives the one it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import faiss
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from finetune.network import Batch, Network
from finetune.recipe import Recipe
from finetune.texts import Texts

#: Vectors of the teacher that are as near as this are of the same meaning, and no negatives for each other. This and
#: the next were chosen with benchmarks/bilingual.py.
_SAME = 0.98

#: What the middle layer counts beside the last one: heads of labels read it (`retrieval.pooling.features`).
_MIDDLE = 0.5

#: Texts that a processor reads together, and tokens of a batch whose states it keeps for the gradient: those of the
#: rest are made again when they are asked for (Chen et al. 2016, arXiv 1604.06174). A token's take half a megabyte.
_CHUNK, _KEPT = 64, 12_000

#: Topics, and bands of length that a topic is cut into: a batch is of one band of one topic.
_TOPICS, _BANDS = 32, 4

#: Rows whose nearest texts are looked up together.
_ROWS = 1024


class Distillation:
    """A `finetune.loop.Task` (Reimers and Gurevych 2020, arXiv 2004.09813).

    The vector of each taught text is drawn to the one that the teacher gives its translation, and away from those that
    it gives the other translations in the batch; what the teacher reads itself is held where it was. A batch is of one
    topic: what is alike has to be told apart (Hofstätter et al. 2021, arXiv 2104.06967).
    """

    #: One batch of each band of each topic, on average.
    pool = _TOPICS * _BANDS

    def __init__(self, taught: Texts, known: Texts, targets: Tensor, dev: tuple[Texts, Texts], recipe: Recipe) -> None:
        """``targets`` are what the teacher makes of ``known``, (texts, 2 size); ``dev`` are taught and known ones."""
        self._taught, self._known, self._targets, self._dev, self._recipe = taught, known, targets, dev, recipe
        topics = _topics(targets[:, : targets.shape[1] // 2], recipe)
        #: By band of length, and within one by topic.
        self.order: list[int] = (_bands(taught.lengths) * _TOPICS + topics).tolist()
        self._reach = np.cumsum(known.lengths)

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """Return taught texts, and beside them some known ones, with what the teacher makes of each.

        Of the known ones a token is as likely as any other to be taken: long texts, which parallel text has few of, are
        what moves most.
        """
        taught = replace(self._taught.batch(rows, self._recipe.augment, random), targets=self._of(rows))
        count = round(self._recipe.hold * len(rows))
        if not count:
            return taught
        held = np.searchsorted(self._reach, random.integers(self._reach[-1], size=count), side="right").tolist()
        return replace(taught, other=replace(self._known.batch(held, 0.0, random), targets=self._of(held)))

    def _of(self, rows: Sequence[int]) -> Tensor:
        return self._targets[list(rows)].float()

    def loss(self, network: nn.Module, batch: Batch, rdrop: float) -> Tensor:
        """Return how far vectors are from where they belong, and how hard pairs are to tell from each other."""
        assert batch.targets is not None
        made, targets = _read(network, batch), batch.targets
        count, size = len(targets), targets.shape[1] // 2
        loss = _off(made[:count], targets) + _told_apart(
            made[:count, :size], targets[:, :size], self._recipe.temperature
        )
        if batch.other is not None:
            assert batch.other.targets is not None
            loss = loss + _off(made[count:], batch.other.targets)
        return loss

    def score(self, network: Network) -> float:
        """Return for what share of the dev pairs each side finds the other among all, the mean of both directions."""
        taught, known = (texts.features(network)[:, : network.size] for texts in self._dev)
        return (recall(taught, known) + recall(known, taught)) / 2


def recall(asked: Tensor, among: Tensor) -> float:
    """Return how often the nearest of ``among`` is the one at the same place; unit vectors, (texts, size) each."""
    places = nearest(asked, among)
    return float((places == torch.arange(len(places))).float().mean())


def nearest(asked: Tensor, among: Tensor) -> Tensor:
    """Return the place of the nearest of ``among`` for each of ``asked``; unit vectors, (texts, size) each."""
    return torch.cat([(asked[i : i + _ROWS] @ among.T).argmax(1) for i in range(0, len(asked), _ROWS)])


def _bands(lengths: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return for each text which of as many equal parts it belongs to, the shortest texts first."""
    edges = np.quantile(lengths, np.arange(1, _BANDS) / _BANDS)
    return np.searchsorted(edges, lengths)


def _topics(targets: Tensor, recipe: Recipe) -> npt.NDArray[np.int64]:
    """Return the topic of each text, by the teacher: of fewer texts than fill a batch of each, there are fewer."""
    count = min(_TOPICS, len(targets) // recipe.batch)
    if count < 2:
        return np.zeros(len(targets), np.int64)
    vectors = targets.float().numpy()
    means = faiss.Kmeans(
        vectors.shape[1], count, niter=10, seed=recipe.seed, min_points_per_centroid=1, max_points_per_centroid=2000
    )
    means.train(vectors)
    topics: npt.NDArray[np.int64] = means.index.search(vectors, 1)[1][:, 0]
    return topics


def _read(network: nn.Module, batch: Batch) -> Tensor:
    """Return what ``network`` makes of ``batch`` and, behind it, of the texts beside it; (texts, 2 size).

    A processor takes them a few at a time, those of similar length together, and so reads hardly any padding, of which
    a batch of one topic would hold as much as of words. A GPU takes all at once: it waits longer for a start than it
    reads padding.
    """
    parts = [part for part in (batch, batch.other) if part is not None]
    width = max(part.ids.shape[1] for part in parts if part.ids is not None)
    ids, mask = (
        torch.cat([functional.pad(one, (0, width - one.shape[1])) for one in each if one is not None])
        for each in ([part.ids for part in parts], [part.mask for part in parts])
    )
    if ids.device.type != "cpu":
        whole: Tensor = network(Batch(ids=ids, mask=mask))
        return whole.float()
    lengths = mask.sum(1)
    order = lengths.argsort()
    made, tokens = [], 0
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        longest = int(lengths[rows[-1]])
        some = Batch(ids=ids[rows, :longest], mask=mask[rows, :longest])
        tokens += len(rows) * longest
        part: Tensor = network(some) if tokens <= _KEPT else checkpoint(network, some, use_reentrant=False)
        made.append(part.float())
    return torch.cat(made)[order.argsort()]


def _off(made: Tensor, targets: Tensor) -> Tensor:
    """Return how far both halves are from the teacher's: the mean squared distance of unit vectors."""
    last, middle = ((a * b).sum(-1) for a, b in zip(made.chunk(2, -1), targets.chunk(2, -1), strict=True))
    return (2 - 2 * last).mean() + _MIDDLE * (2 - 2 * middle).mean()


def _told_apart(made: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Return the loss of finding the own translation among those of the batch, and of being found by it."""
    alike = made @ targets.T / temperature
    same = (targets @ targets.T > _SAME).fill_diagonal_(fill_value=False)
    alike = alike.masked_fill(same, -1e4)
    right = torch.arange(len(made), device=made.device)
    return (functional.cross_entropy(alike, right) + functional.cross_entropy(alike.T, right)) / 2

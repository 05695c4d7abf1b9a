"""Texts and what they name: a tag for each piece of a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from finetune.entities import bio
from finetune.entities.chain import Chain
from finetune.entities.examples import Entity, Tagged
from finetune.entities.figures import f1
from finetune.entities.slips import slipped
from finetune.loop import POOL
from finetune.losses import apart, even_weights
from finetune.network import Backbone, Batch, Network, padded
from finetune.recipe import Recipe
from finetune.texts import AT_ONCE
from retrieval.encoder import Pieces, cut_into_pieces

Floats = npt.NDArray[np.float32]

#: The target of a token that has no tag.
_NOTHING = -100

#: Share of the entities that must begin and end with a word for tags to be those of words.
WHOLE_WORDS = 0.99


class EntityTask:
    """A `finetune.loop.Task`: to tag each word, or each piece of one. Special tokens and padding count nothing.

    A word is read where its first piece stands (Devlin et al. 2019, arXiv 1810.04805). That gains a point of F1 over
    tags of all pieces (dev rows of benchmarks/entities.py), but cannot say an entity within a word: where the training
    rows have such, as Chinese ones do with a tokenizer that takes a sentence for a word, each piece has its tag.
    """

    pool = POOL

    def __init__(
        self, train: Sequence[Tagged], dev: Sequence[Tagged], types: Sequence[str], recipe: Recipe, backbone: Backbone
    ) -> None:
        """``types`` are in the order of the tags' numbers."""
        self._recipe, self._train, self._dev, self._types = recipe, train, dev, types
        self._tokenizer = Tokenizer.from_str(backbone.tokenizer.backend_tokenizer.to_str())
        self._tokenizer.enable_truncation(recipe.max_tokens)
        self._tokenizer.no_padding()
        self._pad: int = backbone.tokenizer.pad_token_id or 0
        self.by_word = False
        pieces = self._cut([example.text for example in train])
        self.by_word = _whole_words(pieces, train) >= WHOLE_WORDS
        self._pieces = [some.by_word() for some in pieces] if self.by_word else pieces
        self._dev_pieces = self._cut([example.text for example in dev])
        self._targets = self._tagged(self._pieces, train)
        self._weights = _weights(self._targets, bio.count(types)) if recipe.balance else None
        self.order = [len(some.ids) for some in self._pieces]

    def batch(self, rows: Sequence[int], random: np.random.Generator) -> Batch:
        """Return training texts as tensors, some of them mistyped if the recipe says so."""
        augment = self._recipe.augment
        pieces, targets = [self._pieces[row] for row in rows], [self._targets[row] for row in rows]
        changed = [place for place in range(len(rows)) if augment and random.random() < augment]
        slips = [slipped(self._train[rows[place]], random) for place in changed]
        cut = self._cut([slip.text for slip in slips])
        for place, some, tags in zip(changed, cut, self._tagged(cut, slips), strict=True):
            pieces[place], targets[place] = some, tags
        ids, mask = padded([some.ids for some in pieces], self._pad)
        wanted = torch.full(ids.shape, _NOTHING, dtype=torch.long)
        for row, tags in enumerate(targets):
            wanted[row, : len(tags)] = torch.tensor(tags, dtype=torch.long)
        return Batch(ids=ids, mask=mask, targets=wanted)

    def loss(self, network: nn.Module, batch: Batch, rdrop: float) -> Tensor:
        """Return how unlikely the right tags are, for each of them."""
        assert batch.targets is not None
        chain = next(module for module in network.modules() if isinstance(module, Chain))
        scores = network(batch).float()
        loss = self._distance(chain, scores, batch.targets)
        if rdrop:
            again = network(batch).float()
            there = batch.targets != _NOTHING
            loss = (loss + self._distance(chain, again, batch.targets)) / 2
            loss = loss + rdrop * apart(scores[there], again[there])
        return loss

    def _distance(self, chain: Chain, scores: Tensor, targets: Tensor) -> Tensor:
        there = targets != _NOTHING
        # Tokens with a tag come first, in their order, and texts without any are left out.
        order = there.int().argsort(dim=1, descending=True, stable=True)[there.any(1), : int(there.sum(1).max())]
        scores = scores[there.any(1)].gather(1, order[..., None].expand(-1, -1, scores.shape[-1]))
        targets = targets[there.any(1)].gather(1, order)
        there = targets != _NOTHING
        if not len(targets):
            return scores.sum() * 0.0
        tags = targets.clamp(min=0)
        surprises = chain.surprise(scores, tags, there)
        if self._weights is not None:
            weights = self._weights.to(scores.device)[tags] * there
            surprises = surprises * weights.sum(1) / there.sum(1)
        loss = surprises.sum() / there.sum()
        if smoothing := self._recipe.label_smoothing:
            even = -functional.log_softmax(scores[there], -1).mean()
            loss = (1 - smoothing) * loss + smoothing * even
        return loss

    def score(self, network: Network) -> float:
        """Return the F1 of the entities in the dev texts, type and both ends right."""
        assert isinstance(network.head, Chain)
        network.eval()
        device = next(network.parameters()).device
        follows = (network.head.follows + network.head.forbidden).detach().cpu().numpy()
        order = sorted(range(len(self._dev_pieces)), key=lambda row: len(self._dev_pieces[row].ids))
        found: list[list[Entity]] = [[] for _ in order]
        with torch.inference_mode():
            for start in range(0, len(order), AT_ONCE):
                rows = order[start : start + AT_ONCE]
                ids, mask = padded([self._dev_pieces[row].ids for row in rows], self._pad)
                scores = network(Batch(ids=ids, mask=mask).to(device)).float().cpu()
                for row, some in zip(rows, scores, strict=True):
                    pieces = self._dev_pieces[row]
                    path, _ = bio.likeliest(some[pieces.kept].numpy(), follows)
                    found[row] = bio.entities(path, pieces.spans, self._types)
        return f1(self._dev, found)

    def _cut(self, texts: Sequence[str]) -> list[Pieces]:
        pieces = cut_into_pieces(self._tokenizer, texts)
        return [some.by_word() for some in pieces] if self.by_word else pieces

    def _tagged(self, pieces: Sequence[Pieces], examples: Sequence[Tagged]) -> list[list[int]]:
        """Return the tag of each token, or `_NOTHING`."""
        out = []
        for some, example in zip(pieces, examples, strict=True):
            tags = [_NOTHING] * len(some.ids)
            for place, tag in zip(some.kept, bio.tags(some.spans, example.entities, self._types), strict=True):
                tags[place] = tag
            out.append(tags)
        return out


def _whole_words(pieces: Sequence[Pieces], examples: Sequence[Tagged]) -> float:
    """Return the share of the entities that begin and end with a word."""
    whole = []
    for some, example in zip(pieces, examples, strict=True):
        spans = some.by_word().spans
        starts, ends = {start for start, _ in spans}, {end for _, end in spans}
        whole += [entity.start in starts and entity.end in ends for entity in example.entities]
    return float(np.mean(whole)) if whole else 1.0


def _weights(targets: Sequence[Sequence[int]], tags: int) -> Tensor:
    """Return for each tag how much it counts."""
    known = torch.tensor([tag for row in targets for tag in row if tag != _NOTHING], dtype=torch.long)
    return even_weights(torch.bincount(known, minlength=tags).float())

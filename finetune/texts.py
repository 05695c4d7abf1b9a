"""Texts as a network takes them: as token ids, or, where the encoder is left alone, as the vectors of serving."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from finetune.augment import mistyped
from finetune.network import Backbone, Batch, Network, padded
from finetune.recipe import Recipe
from retrieval.text import levelled

#: Texts that go through the network together where nothing is learned.
AT_ONCE = 64

Floats = npt.NDArray[np.float32]


class Texts(Protocol):
    """Some texts, in an order of their own."""

    @property
    def lengths(self) -> Sequence[int]:
        """How long each is, so that those of similar length are put together."""
        ...

    def batch(self, rows: Sequence[int], augment: float, random: np.random.Generator) -> Batch:
        """Return some of them; a share of ``augment`` is changed as customers mistype them."""
        ...

    def features(self, network: Network, progress: Callable[[int], None] = lambda done: None) -> Tensor:
        """Return what the encoder makes of all of them, a row for each, without a gradient.

        ``progress`` is told how many are done.
        """
        ...


#: Makes texts ready.
Reader = Callable[[Sequence[str]], Texts]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelling:
    """Has some words read by their characters, so that these learn too (Provilkov et al. 2020, arXiv 1910.13267)."""

    #: The ids of the characters of each word, by its own.
    characters: Mapping[int, Sequence[int]]
    #: Of how many words that is done.
    share: float
    #: Ids that a text may come to; one that would come to more is left as it is.
    at_most: int

    def read(self, ids: Sequence[int], random: np.random.Generator) -> list[int]:
        """Return ``ids`` with a share of the words spelled."""
        spelled = random.random(len(ids)) < self.share
        parts = [self.characters.get(i, (i,)) if there else (i,) for i, there in zip(ids, spelled, strict=True)]
        return [i for part in parts for i in part] if sum(map(len, parts)) <= self.at_most else list(ids)


class Tokens:
    """`Texts` for an encoder that learns."""

    def __init__(
        self, texts: Sequence[str], tokenizer: Any, max_tokens: int, prompt: str, spelling: Spelling | None = None
    ) -> None:
        """Cut ``texts``, each with ``prompt`` before it, into tokens, at most ``max_tokens`` each."""
        self._texts, self._tokenizer, self._max_tokens, self._prompt = texts, tokenizer, max_tokens, prompt
        self._spelling = spelling
        self._pad: int = tokenizer.pad_token_id or 0
        self.ids = self._cut(texts)
        self.lengths = [len(ids) for ids in self.ids]

    def batch(self, rows: Sequence[int], augment: float, random: np.random.Generator) -> Batch:
        """Return some of them as ids and mask."""
        ids = [self.ids[row] for row in rows]
        changed = [place for place in range(len(rows)) if augment and random.random() < augment]
        slips = self._cut([mistyped(self._texts[rows[place]], random) for place in changed])
        for place, tokens in zip(changed, slips, strict=True):
            ids[place] = tokens
        if self._spelling:
            ids = [self._spelling.read(each, random) for each in ids]
        token_ids, mask = padded(ids, self._pad)
        return Batch(ids=token_ids, mask=mask)

    def features(self, network: Network, progress: Callable[[int], None] = lambda done: None) -> Tensor:
        """Return what the encoder of ``network`` makes of all of them."""
        out = torch.empty(0)
        network.eval()
        device = next(network.parameters()).device
        order = sorted(range(len(self.ids)), key=self.lengths.__getitem__)
        with torch.no_grad():
            for start in range(0, len(order), AT_ONCE):
                rows = order[start : start + AT_ONCE]
                ids, mask = padded([self.ids[row] for row in rows], self._pad)
                vectors = network.features(ids.to(device), mask.to(device)).cpu()
                out = out if len(out) else vectors.new_empty((len(order), *vectors.shape[1:]))
                out[rows] = vectors
                progress(start + len(rows))
        return out

    def _cut(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        prompted = [self._prompt + levelled(text) for text in texts]
        ids: list[list[int]] = self._tokenizer(prompted, truncation=True, max_length=self._max_tokens)["input_ids"]
        return ids


class Vectors:
    """`Texts` for a head on vectors that do not change."""

    def __init__(self, vectors: Floats) -> None:
        """``vectors`` are (texts, numbers that the head reads)."""
        self._vectors = torch.from_numpy(vectors)
        self.lengths = [1] * len(vectors)

    def batch(self, rows: Sequence[int], augment: float, random: np.random.Generator) -> Batch:
        """Return some of them as vectors; a recipe with ``augment`` has no such texts."""
        return Batch(features=self._vectors[list(rows)])

    def features(self, network: Network, progress: Callable[[int], None] = lambda done: None) -> Tensor:
        """Return the vectors."""
        return self._vectors


def cutting(backbone: Backbone, recipe: Recipe, spelling: Spelling | None = None) -> Callable[[Sequence[str]], Tokens]:
    """Return what makes texts ready for an encoder that learns."""
    prompt = backbone.source.prompts["query"]
    return lambda texts: Tokens(texts, backbone.tokenizer, recipe.max_tokens, prompt, spelling)

"""Adversarial training on the embeddings: FGM (Miyato et al. 2017, arXiv 1605.07725)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


class Adversary:
    """Moves the embeddings of a batch to where its loss grows fastest, for a second backward pass.

    It works on what the embedding layer puts out, not on its weights: these are frozen under LoRA and its like.
    """

    def __init__(self, encoder: Any, length: float) -> None:
        """Watch the word embeddings of ``encoder``; ``length`` is that of a step, over a whole batch."""
        self._length = length
        self._seen: Tensor | None = None
        self._shift: Tensor | None = None
        layer: nn.Module = encoder.get_input_embeddings()
        layer.register_forward_hook(self._hook)

    @contextmanager
    def step(self) -> Iterator[None]:
        """While this is open, the embeddings are moved along the gradient that the pass before left on them."""
        assert self._seen is not None
        gradient = self._seen.grad
        assert gradient is not None
        self._shift = self._length * gradient / (gradient.norm() + 1e-12)
        try:
            yield
        finally:
            self._shift = None

    def _hook(self, module: nn.Module, inputs: object, output: Tensor) -> Tensor | None:
        if not module.training:
            return None
        if self._shift is not None:
            return output + self._shift
        seen = output if output.requires_grad else output.detach().requires_grad_(True)
        seen.retain_grad()
        self._seen = seen
        return seen

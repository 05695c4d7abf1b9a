"""The head of a tagger: tags of pieces in a row, each depending on the one before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from finetune.entities import bio


class Chain(nn.Linear):
    """A linear-chain conditional random field over the states of pieces.

    Lafferty et al. 2001; over a network, Lample et al. 2016 (arXiv 1603.01360). Against tags that are told one by one
    it gains 0.5 to 1.5 points of F1 (dev rows of benchmarks/entities.py).
    """

    forbidden: Tensor

    def __init__(self, size: int, tags: int) -> None:
        """``size`` is that of a state."""
        super().__init__(size, tags)
        #: How well a tag fits after another, (tags + 1, tags), the last row for the beginning of a text.
        self.follows = nn.Parameter(torch.zeros(tags + 1, tags))
        self.register_buffer("forbidden", torch.from_numpy(bio.forbidden(tags)), persistent=False)

    def surprise(self, scores: Tensor, tags: Tensor, there: Tensor) -> Tensor:
        """Return how unlikely the right tags of each text are, as negative logarithms (texts,).

        ``scores`` (texts, pieces, tags), ``tags`` and ``there`` (texts, pieces): a text has its pieces first, at least
        one, and then places where nothing is ``there``.
        """
        follows = self.follows + self.forbidden
        every = follows[-1] + scores[:, 0]
        right = every.gather(1, tags[:, :1])[:, 0]
        for place in range(1, scores.shape[1]):
            here, now, last = there[:, place], tags[:, place], tags[:, place - 1]
            more = torch.logsumexp(every[:, :, None] + follows[:-1], dim=1) + scores[:, place]
            every = torch.where(here[:, None], more, every)
            step = follows[last, now] + scores[:, place].gather(1, now[:, None])[:, 0]
            right = right + torch.where(here, step, 0.0)
        return torch.logsumexp(every, dim=1) - right

"""From the states of a text's tokens to what is read of the text: the same in training as in serving. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def vector(states: Tensor, mask: Tensor, *, first_token: bool) -> Tensor:
    """Return a unit vector for each text (texts, size): the state of its first token, or the mean of all of them.

    ``states`` are (texts, tokens, size), and ``mask`` (texts, tokens) has 1 where there is a token.
    """
    if first_token:
        return functional.normalize(states[:, 0], dim=-1)
    weights = mask.unsqueeze(-1).to(states.dtype)
    return functional.normalize((states * weights).sum(1), dim=-1)


def features(layers: Sequence[Tensor], mask: Tensor, *, first_token: bool) -> Tensor:
    """Return the vector of each text, and beside it the mean of the middle layer, each of unit length (texts, 2 size).

    ``layers`` are the states as the embeddings and each layer leave them. The middle ones carry over to other tasks
    best (Liu et al. 2019, arXiv 1903.08855), while the last one was made to compare whole sentences.
    """
    middle = vector(layers[len(layers) // 2], mask, first_token=False)
    return torch.cat([vector(layers[-1], mask, first_token=first_token), middle], dim=-1)

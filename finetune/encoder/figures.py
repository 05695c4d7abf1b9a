"""How well an encoder that learned a language reads it: how often each side of a pair finds the other."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from finetune.encoder.parallel import Pair
from finetune.encoder.task import nearest
from finetune.kinds import Outcome
from retrieval.encoder import Encoder


def figures(encoder: Encoder, pairs: Sequence[Pair]) -> dict[str, int | float]:
    """Return how often a taught text finds its translation among all of ``pairs``, and how often it is found by it.

    Where several pairs have the same text, each of them is right.
    """
    taught, known = _vectors(encoder, pairs)
    there = [pairs[place].known == pair.known for pair, place in zip(pairs, nearest(taught, known), strict=True)]
    back = [pairs[place].taught == pair.taught for pair, place in zip(pairs, nearest(known, taught), strict=True)]
    return {
        "rows": len(pairs),
        "taught_to_known": sum(there) / len(pairs),
        "known_to_taught": sum(back) / len(pairs),
        "cosine": float((taught * known).sum(1).mean()),
    }


def outcomes(encoder: Encoder, pairs: Sequence[Pair]) -> list[Outcome]:
    """Return for each pair which translation its taught text finds."""
    taught, known = _vectors(encoder, pairs)
    places = nearest(taught, known)
    return [
        Outcome(
            text=pair.taught,
            wanted=(pair.known,),
            found=(found,),
            sure=min(max(sure, 0.0), 1.0),
            best=found == pair.known,
            right=found == pair.known,
        )
        for pair, found, sure in zip(
            pairs, [pairs[place].known for place in places], (taught * known[places]).sum(1).tolist(), strict=True
        )
    ]


def _vectors(encoder: Encoder, pairs: Sequence[Pair]) -> tuple[torch.Tensor, torch.Tensor]:
    taught = encoder.encode([pair.taught for pair in pairs], kind="query")
    known = encoder.encode([pair.known for pair in pairs], kind="query")
    return torch.from_numpy(taught), torch.from_numpy(known)

"""How well an encoder that learned a language reads it: how often each side of a pair finds the other."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from finetune.encoder.parallel import Pair
from finetune.encoder.task import recall
from finetune.kinds import Outcome
from retrieval.encoder import Encoder


def figures(encoder: Encoder, pairs: Sequence[Pair]) -> dict[str, int | float]:
    """Return how often a taught text finds its translation among all of ``pairs``, and how often it is found by it."""
    taught, known = _vectors(encoder, pairs)
    return {
        "rows": len(pairs),
        "taught_to_known": recall(taught, known),
        "known_to_taught": recall(known, taught),
        "cosine": float((taught * known).sum(1).mean()),
    }


def outcomes(encoder: Encoder, pairs: Sequence[Pair]) -> list[Outcome]:
    """Return for each pair which translation its taught text finds; of one that several pairs have, each is right."""
    taught, known = _vectors(encoder, pairs)
    best = (taught @ known.T).max(1)
    found = [pairs[place].known for place in best.indices.tolist()]
    return [
        Outcome(
            text=pair.taught,
            wanted=(pair.known,),
            found=(text,),
            sure=min(max(sure, 0.0), 1.0),
            best=text == pair.known,
            right=text == pair.known,
        )
        for pair, text, sure in zip(pairs, found, best.values.tolist(), strict=True)
    ]


def _vectors(encoder: Encoder, pairs: Sequence[Pair]) -> tuple[torch.Tensor, torch.Tensor]:
    taught = encoder.encode([pair.taught for pair in pairs], kind="query")
    known = encoder.encode([pair.known for pair in pairs], kind="query")
    return torch.from_numpy(taught), torch.from_numpy(known)

"""Texts with entities as people mistype them: around the entities, whose places move along."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np

from finetune.augment import mistyped
from finetune.entities.examples import Tagged


def slipped(example: Tagged, random: np.random.Generator) -> Tagged:
    """Return ``example`` with a slip or two in one of the stretches between its entities."""
    text, entities = example.text, example.entities
    edges = [0, *(place for entity in entities for place in (entity.start, entity.end)), len(text)]
    parts = [text[start:end] for start, end in pairwise(edges)]
    sizes = np.array([len(part.strip()) if place % 2 == 0 else 0 for place, part in enumerate(parts)], dtype=float)
    if not sizes.any():
        return example
    place = int(random.choice(len(parts), p=sizes / sizes.sum()))
    core = parts[place].strip()
    # Slips close up blanks; those at the edges keep words and entities apart.
    parts[place] = mistyped(core, random).join(parts[place].split(core, 1))
    ends = list(accumulate(map(len, parts)))
    moved = [replace(entity, start=ends[2 * i], end=ends[2 * i + 1]) for i, entity in enumerate(entities)]
    return Tagged(text="".join(parts), entities=tuple(moved))

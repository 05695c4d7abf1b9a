"""What texts name: what `finetune.kinds.Family` asks for, for texts with entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from finetune.artefact import Artefact
from finetune.entities import bio, figures
from finetune.entities.chain import Chain
from finetune.entities.examples import Entity, Tagged, read_tagged
from finetune.entities.slips import slipped
from finetune.entities.tagger import Tagger
from finetune.entities.task import EntityTask
from finetune.errors import DataError
from finetune.kinds import Begun, Outcome, Parts, Surroundings
from finetune.loop import steps_of
from finetune.methods import prepare
from finetune.network import Backbone, TokenNetwork
from finetune.recipe import Recipe
from retrieval.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Entities:
    """A `finetune.kinds.Family`."""

    def read(self, path: Path) -> list[Tagged]:
        """Return the rows of a file."""
        return read_tagged(path)

    def check(self, parts: Parts[Tagged], files: Parts[Path]) -> None:
        """Raise `DataError` where nothing is named, or something of a type that training never saw."""
        types = _types(parts.train)
        if not types:
            raise DataError(f"{files.train[0]}: no entity at all; expected at least one to learn from.")
        for rows, paths in ((parts.dev, files.dev), (parts.test, files.test)):
            unknown = Counter(entity.type for row in rows for entity in row.entities if entity.type not in types)
            if unknown:
                named = ", ".join(f"{name!r} ({times} times)" for name, times in unknown.most_common(5))
                more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
                raise DataError(
                    f"{paths[0]}: types that the training data does not have: {named}{more}. "
                    "Add rows with them there, or leave them out here."
                )

    def begin(self, recipe: Recipe, parts: Parts[Tagged], around: Surroundings) -> Begun:
        """Return a network with a head on each token, and tags to learn."""
        around.step("Loading the backbone")
        types = _types(parts.train)
        backbone = Backbone.load(recipe.backbone)
        network = TokenNetwork(backbone, backbone.size, 0, dropout=recipe.dropout)
        network.head = Chain(backbone.size, bio.count(types))
        prepare(network, recipe, steps_of(len(parts.train), recipe))
        task = EntityTask(parts.train, parts.dev, types, recipe, backbone)
        return Begun(network=network, task=task, recipe=recipe, backbone=backbone)

    def model(self, begun: Begun, encoder: Encoder, parts: Parts[Tagged]) -> Tagger:
        """Return the tagger."""
        head, task = begun.network.head, begun.task
        assert isinstance(head, Chain)
        assert isinstance(task, EntityTask)
        return Tagger(
            encoder=encoder,
            weight=head.weight.detach().cpu().numpy(),
            bias=head.bias.detach().cpu().numpy(),
            follows=(head.follows + head.forbidden).detach().cpu().numpy(),
            types=tuple(_types(parts.train)),
            by_word=task.by_word,
        )

    def save(self, model: Tagger, folder: Path) -> dict[str, Any]:
        """Write the head."""
        head = {"weight": model.weight, "bias": model.bias, "follows": model.follows}
        (folder / "head.safetensors").write_bytes(save(head))
        return {"types": model.types, "by_word": model.by_word}

    def open(self, artefact: Artefact, serving: Encoder) -> Tagger:
        """Open what `save` wrote."""
        return Tagger.open(artefact, serving)

    def figures(self, model: Tagger, examples: Sequence[Tagged]) -> dict[str, Any]:
        """Return precision, recall and F1, over all entities and of each type."""
        return figures.figures(examples, model([example.text for example in examples]), model.types)

    def outcomes(self, model: Tagger, examples: Sequence[Tagged]) -> list[Outcome]:
        """Return what each example names, and what was found in it."""
        out = []
        for example, found in zip(examples, model.found([example.text for example in examples]), strict=True):
            right = found.entities == example.entities
            out.append(
                Outcome(
                    text=example.text,
                    wanted=_named(example.entities),
                    found=_named(found.entities),
                    sure=found.sure,
                    best=right,
                    right=right,
                )
            )
        return out

    def usual(self, train: Sequence[Tagged]) -> Callable[[Tagged], bool]:
        """Return whether an example has the entities that most of ``train`` have, which often is none."""
        most = Counter(example.entities for example in train).most_common(1)[0][0]
        return lambda example: example.entities == most

    def slip(self, example: Tagged, random: np.random.Generator) -> Tagged:
        """Return ``example`` with a slip or two outside of its entities."""
        return slipped(example, random)


def _types(train: Sequence[Tagged]) -> list[str]:
    """Return the types in the order of the tags' numbers."""
    return sorted({entity.type for example in train for entity in example.entities})


def _named(entities: Sequence[Entity]) -> tuple[str, ...]:
    return tuple(f"{entity.type} {entity.start}-{entity.end}" for entity in entities)

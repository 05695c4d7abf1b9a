"""Intents and sentiment: what `finetune.kinds.Family` asks for, for texts with labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save
from torch import Tensor, nn

from finetune.artefact import Artefact
from finetune.augment import mistyped
from finetune.contrast import ContrastTask, Grouped
from finetune.errors import DataError
from finetune.kinds import Begun, Outcome, Parts, Surroundings
from finetune.labels import figures
from finetune.labels.classifier import Classifier
from finetune.labels.examples import OUT_OF_SCOPE, Labelled, have_several, labels_of, read_labelled, refuse_unknown
from finetune.labels.grams import GRAMS, beside
from finetune.labels.task import LabelTask
from finetune.loop import steps_of, train, trained
from finetune.methods import prepare
from finetune.network import Backbone, Network
from finetune.recipe import HIDDEN, Recipe
from finetune.texts import Reader, Vectors, cutting
from retrieval.encoder import Encoder

Floats = npt.NDArray[np.float32]

#: A head that is trained after the encoder: what concerned the encoder alone is done with.
_ALONE = {"method": "head", "learning_rate": 0.0, "contrast": 0, "augment": 0.0, "adversarial": 0.0}


@dataclass(frozen=True, slots=True)
class Labels:
    """A `finetune.kinds.Family`."""

    #: Of a label in the rows.
    key: str

    def read(self, path: Path) -> list[Labelled]:
        """Return the rows of a file."""
        return read_labelled(path, self.key)

    def check(self, parts: Parts[Labelled], files: Parts[Path]) -> None:
        """Raise `DataError` where there is only one label, or one that training never saw, or none to choose by."""
        labels = labels_of(parts.train, files.train[0])
        for rows, paths in ((parts.dev, files.dev), (parts.test, files.test)):
            if rows:
                refuse_unknown(rows, labels, paths[0])
        if not any(set(example.labels) - {OUT_OF_SCOPE} for example in parts.dev):
            raise DataError(f"{files.dev[0]}: all rows to choose by are out of scope; expected some with a label.")

    def begin(self, recipe: Recipe, parts: Parts[Labelled], around: Surroundings) -> Begun:
        """Return a network with a head, and labels to tell apart."""
        labels = _labels(parts.train)
        rows = [*parts.train, *_names(labels)] if recipe.label_names else parts.train
        recipe = _with_hidden(recipe, parts.train)
        hidden = recipe.hidden or 0
        if recipe.method == "head":
            around.step("Encoding")
            size, width = around.serving.dimensions, len(labels)
            more = GRAMS if hidden else 0  # a layer alone would only learn them by heart
            network = Network(None, size, width, dropout=recipe.dropout, wide=True, hidden=hidden, more=more)

            def read_as_served(texts: Sequence[str]) -> Vectors:
                return Vectors(beside(around.serving.features(texts), texts, more))

            return Begun(
                network=network, task=LabelTask(rows, parts.dev, labels, recipe, read_as_served), recipe=recipe
            )
        around.step("Loading the backbone")
        backbone = Backbone.load(recipe.backbone)
        read = cutting(backbone, recipe)
        if not recipe.contrast:
            size, width = backbone.size, len(labels)
            network = Network(backbone, size, width, dropout=recipe.dropout, wide=True, hidden=hidden)
            prepare(network, recipe, steps_of(len(rows), recipe))
            task = LabelTask(rows, parts.dev, labels, recipe, read)
            return Begun(network=network, task=task, recipe=recipe, backbone=backbone)
        around.step("Drawing labels apart")
        drawn = Network(backbone, backbone.size, 0, dropout=recipe.dropout, wide=True)
        drawing = recipe.model_copy(update={"epochs": recipe.contrast})
        prepare(drawn, drawing, steps_of(len(rows), drawing))
        learned = _contrasted(drawn, drawing, rows, parts.dev, around, read)
        around.step("Training the head")
        network = drawn.with_head(len(labels), hidden)
        alone = recipe.model_copy(update=_ALONE)
        task = LabelTask(rows, parts.dev, labels, alone, lambda texts: Vectors(read(texts).features(drawn).numpy()))
        return Begun(network=network, task=task, recipe=alone, backbone=backbone, learned=learned)

    def model(self, begun: Begun, encoder: Encoder, parts: Parts[Labelled]) -> Classifier:
        """Return the classifier, with its threshold and its temperature chosen on dev."""
        network = begun.network
        classifier = Classifier(
            encoder=encoder,
            layers=tuple(map(_numbers, filter(None, (network.hidden, network.head)))),
            labels=tuple(_labels(parts.train)),
            several=have_several(parts.train),
            threshold=0.0,
            grams=network.more,
        )
        scores, several = _scores(classifier, parts.dev), classifier.several
        return replace(
            classifier,
            threshold=figures.threshold(scores, parts.dev, classifier.labels, several=several),
            temperature=figures.temperature(
                lambda t: replace(classifier, temperature=t).chances(scores),
                parts.dev,
                classifier.labels,
                several=several,
            ),
        )

    def save(self, model: Classifier, folder: Path) -> dict[str, Any]:
        """Write the head."""
        about = {
            "several": model.several,
            "grams": model.grams,
            "threshold": model.threshold,
            "temperature": model.temperature,
        }
        *hidden, (weight, bias) = model.layers
        head = {"weight": weight, "bias": bias}
        for weight, bias in hidden:
            head |= {"hidden.weight": weight, "hidden.bias": bias}
        (folder / "head.safetensors").write_bytes(save(head))
        return {"labels": model.labels, **about}

    def open(self, artefact: Artefact, serving: Encoder) -> Classifier:
        """Open what `save` wrote."""
        return Classifier.open(artefact, serving)

    def figures(self, model: Classifier, examples: Sequence[Labelled]) -> dict[str, Any]:
        """Return accuracy or F1, with and without threshold, and the same of each label."""
        return figures.figures(_scores(model, examples), examples, model.labels, model.threshold, several=model.several)

    def outcomes(self, model: Classifier, examples: Sequence[Labelled]) -> list[Outcome]:
        """Return what labels each example has and gets."""
        out, scores = [], _scores(model, examples)
        for example, verdict, row in zip(examples, model.verdicts(scores), model.chances(scores), strict=True):
            wanted = tuple(label for label in example.labels if label != OUT_OF_SCOPE)
            found = tuple(label for label, _ in verdict.labels)
            out.append(
                Outcome(
                    text=example.text,
                    wanted=wanted,
                    found=found,
                    sure=float(row.max()),
                    best=model.labels[int(row.argmax())] in wanted,
                    right=set(wanted) == set(found),
                )
            )
        return out

    def usual(self, train: Sequence[Labelled]) -> Callable[[Labelled], bool]:
        """Return whether an example has the labels that most of ``train`` have."""
        most = Counter(example.labels for example in train).most_common(1)[0][0]
        return lambda example: example.labels == most

    def slip(self, example: Labelled, random: np.random.Generator) -> Labelled:
        """Return ``example`` with a slip or two."""
        return replace(example, text=mistyped(example.text, random))


def _labels(train: Sequence[Labelled]) -> list[str]:
    """Return the labels in the order of the head's numbers."""
    return sorted({label for example in train for label in example.labels} - {OUT_OF_SCOPE})


def _with_hidden(recipe: Recipe, train: Sequence[Labelled]) -> Recipe:
    """Return the recipe with the layer before the labels decided on."""
    if recipe.hidden is not None:
        return recipe
    return recipe.model_copy(update={"hidden": HIDDEN if recipe.method == "head" and have_several(train) else 0})


def _numbers(layer: nn.Linear) -> tuple[Floats, Floats]:
    return layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy()


def _scores(model: Classifier, examples: Sequence[Labelled]) -> Floats:
    return model.scores(model.features([example.text for example in examples]))


def _names(labels: Sequence[str]) -> list[Labelled]:
    """Return the labels' own names as examples: where there are few, a name says much of what is meant."""
    return [Labelled(text=" ".join(re.split(r"[_\W]+", label)), labels=(label,)) for label in labels]


def _contrasted(
    network: Network,
    recipe: Recipe,
    rows: Sequence[Labelled],
    dev: Sequence[Labelled],
    around: Surroundings,
    read: Reader,
) -> dict[str, Tensor]:
    """Draw the texts of each label together, leave the encoder so, and return what it learned.

    First contrast, then a head: that is how few examples go furthest (Tunstall et al. 2022, arXiv 2209.11055).
    """
    inside = [example for example in dev if set(example.labels) - {OUT_OF_SCOPE}]
    task = ContrastTask(_grouped(rows), _grouped(inside), recipe, read, network)
    train(network, task, recipe, around.work / "contrast", around.watch)
    learned = trained(network)
    network.requires_grad_(False)
    return learned


def _grouped(examples: Sequence[Labelled]) -> list[Grouped]:
    """Return examples by their first label; what has none, or is out of scope, belongs to nothing else."""
    groups = (next((label for label in example.labels if label != OUT_OF_SCOPE), "") for example in examples)
    return [
        Grouped(text=example.text, group=group or f"{OUT_OF_SCOPE} {place}")
        for place, (example, group) in enumerate(zip(examples, groups, strict=True))
    ]

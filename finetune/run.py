"""One training run, from files to an artefact; and whether it may replace the one in use."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from finetune import gate, judge
from finetune.artefact import fingerprint, open_artefact, write_artefact
from finetune.classifier import Classifier
from finetune.errors import DataError
from finetune.examples import Labelled, labels_of, read_labelled, refuse_unknown
from finetune.export import export_encoder
from finetune.labels import LabelTask
from finetune.loop import steps_of, train, trained
from finetune.methods import prepare
from finetune.network import Backbone, Network
from finetune.recipe import Kind, Recipe
from finetune.registry import Registry
from finetune.watch import Watch
from retrieval.encoder import Encoder

#: The key of a label in the rows of each kind.
KEYS = {Kind.INTENTS: "intent", Kind.SENTIMENT: "sentiment"}

#: Without a file for it, one row in so many is kept apart to choose by.
_DEV_SHARE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """The files of a run. What they hold must not overlap."""

    train: tuple[Path, ...]
    #: What thresholds and the best epoch are chosen on; None takes a tenth of ``train``.
    dev: Path | None = None
    #: What decides nothing, to report and to promote by.
    test: Path | None = None

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [*self.train, *filter(None, (self.dev, self.test))]

    def key(self, recipe: Recipe) -> str:
        """Return what a run of ``recipe`` on these files is known by, so that it finds its own checkpoint."""
        about = json.dumps([recipe.model_dump(mode="json"), fingerprint(self.files)])
        return hashlib.sha256(about.encode()).hexdigest()[:12]

    def read(self, kind: Kind) -> tuple[list[Labelled], list[Labelled], list[Labelled]]:
        """Return the rows to learn from, to choose by, and to report on (empty where there is no file for it)."""
        key = KEYS[kind]
        rows = [example for path in self.train for example in read_labelled(path, key)]
        if self.dev is None:
            dev = [example for example in rows if zlib.crc32(example.text.encode()) % _DEV_SHARE == 0]
            rows = [example for example in rows if zlib.crc32(example.text.encode()) % _DEV_SHARE]
            if not dev:
                raise DataError(
                    f"{self.train[0]}: too few rows to keep some apart. Give some to choose by: --dev FILE."
                )
        else:
            dev = read_labelled(self.dev, key)
        return rows, dev, read_labelled(self.test, key) if self.test else []


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a run came to."""

    folder: Path
    metrics: dict[str, Any]


def train_labels(
    recipe: Recipe,
    data: Data,
    models: Path,
    work: Path,
    *,
    serving: Encoder,
    watch: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Train a classifier and write its artefact below ``models``; ``work`` keeps what a killed run goes on from.

    ``serving`` is the backbone as serving encodes with it, ``step`` is told what is being done. All figures are
    those of what will serve, after export. Raises `DataError`, `BackboneError`, `RecipeError` or `ArtefactError`.
    """
    start = time.perf_counter()
    step("Reading")
    rows, dev, test = data.read(recipe.kind)
    labels = labels_of(rows, data.train[0])
    refuse_unknown(dev, labels, data.dev or data.train[0])
    refuse_unknown(test, labels, data.test or data.train[0])
    torch.manual_seed(recipe.seed)
    network, task, backbone = _begun(recipe, rows, dev, labels, serving, step)
    step("Training")
    history = train(network, task, recipe, work, watch)
    weights = trained(network)
    head = {name.removeprefix("head."): weight for name, weight in weights.items() if name.startswith("head.")}
    encoder = serving
    if backbone is not None:
        step("Exporting")
        encoder = export_encoder(network, backbone, work / "encoder", [example.text for example in dev])
    step("Measuring")
    classifier = Classifier(
        encoder=encoder,
        weight=head["weight"].numpy(),
        bias=head["bias"].numpy(),
        labels=tuple(labels),
        several=task.several,
        threshold=0.0,
    )
    limit, metrics = _measured(classifier, dev, test)
    metrics["cost"] = {
        "seconds": round(time.perf_counter() - start, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "trainable_parameters": sum(weight.numel() for weight in weights.values()),
    }

    def write(folder: Path) -> None:
        save_file(weights, folder / "weights.safetensors")
        save_file(head, folder / "head.safetensors")
        if encoder is not serving:
            shutil.copytree(work / "encoder", folder / "encoder")

    folder = write_artefact(
        models,
        recipe,
        {"labels": labels, "several": task.several, "threshold": limit, "backbone": serving.fingerprint},
        {
            "metrics": metrics,
            "data": fingerprint(data.files),
            "history": {"epochs": [asdict(epoch) for epoch in history.epochs], "losses": history.losses},
        },
        write,
    )
    return Trained(folder=folder, metrics=metrics)


def _begun(
    recipe: Recipe,
    rows: Sequence[Labelled],
    dev: Sequence[Labelled],
    labels: Sequence[str],
    serving: Encoder,
    step: Callable[[str], None],
) -> tuple[Network, LabelTask, Backbone | None]:
    """Return what is trained and on what; no backbone where only a head learns, on the vectors of ``serving``."""
    if recipe.method == "head":
        step("Encoding")
        network = Network(None, serving.dimensions, len(labels), dropout=recipe.dropout)
        encode = partial(serving.encode, kind="query")
        return network, LabelTask.on_vectors(rows, dev, labels, recipe, encode), None
    step("Loading the backbone")
    backbone = Backbone.load(recipe.backbone)
    network = Network(backbone, backbone.size, len(labels), dropout=recipe.dropout)
    prepare(network, recipe, steps_of(len(rows), recipe))
    return network, LabelTask.on_texts(rows, dev, labels, recipe, backbone.tokenizer), backbone


def _measured(
    classifier: Classifier, dev: Sequence[Labelled], test: Sequence[Labelled]
) -> tuple[float, dict[str, dict[str, Any]]]:
    """Return the threshold chosen on ``dev``, and the figures of each part with it."""
    several, labels = classifier.several, classifier.labels
    chances = {
        name: classifier.chances(classifier.encoder.encode([example.text for example in part], kind="query"))
        for name, part in (("dev", dev), ("test", test))
        if part
    }
    limit = judge.threshold(chances["dev"], dev, labels, several=several)
    parts = {"dev": dev, "test": test}
    return limit, {name: judge.figures(c, parts[name], labels, limit, several=several) for name, c in chances.items()}


def promote(recipe: Recipe, data: Data, models: Path, trained: Path, serving: Encoder) -> list[gate.Finding]:
    """Put ``trained`` into use if it passes the gate on the test rows; return what was looked at."""
    registry = Registry(models=models)
    rows, _, test = data.read(recipe.kind)
    before = registry.open(recipe.kind)
    findings = gate.judge(
        Classifier.open(open_artefact(trained), serving),
        Classifier.open(before, serving) if before else None,
        rows,
        test,
    )
    if all(finding.passed for finding in findings):
        registry.promote(recipe.kind, trained.name)
    return findings

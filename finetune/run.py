"""One training run, from files to an artefact; and whether it may replace the one in use."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors.torch import save

from finetune import gate
from finetune.artefact import fingerprint, open_artefact, write_artefact
from finetune.errors import DataError
from finetune.export import export_encoder
from finetune.kinds import Parts, Rows, Surroundings, family_of
from finetune.loop import train, trained
from finetune.recipe import Recipe
from finetune.registry import Registry
from finetune.remember import Remembering
from finetune.report.page import write_report
from finetune.report.told import Told
from finetune.rows import DEV_SHARE, is_kept_apart
from finetune.watch import Trial, Watch
from retrieval.encoder import Encoder, available_cores


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """The files of a run. What they hold must not overlap."""

    train: tuple[Path, ...]
    #: What thresholds and the best epoch are chosen on; None takes a tenth of ``train``.
    dev: Path | None = None
    #: What decides nothing, to report and to promote by.
    test: Path | None = None

    @property
    def files(self) -> Parts[Path]:
        """The files of each part."""
        return Parts(
            train=self.train,
            dev=[self.dev] if self.dev else self.train,
            test=[self.test] if self.test else [],
        )

    def fingerprint(self) -> dict[str, Any]:
        """Return what the data are known by; raises `DataError` where a file cannot be read."""
        files = [*self.train, *filter(None, (self.dev, self.test))]
        try:
            return fingerprint(files)
        except OSError as error:
            raise DataError(f"{error.filename}: {error.strerror}.") from error

    def key(self, recipe: Recipe) -> str:
        """Return what a run of ``recipe`` on these files is known by, so that it finds its own checkpoint."""
        about = json.dumps([recipe.model_dump(mode="json"), self.fingerprint()])
        return hashlib.sha256(about.encode()).hexdigest()[:12]

    def read(self, family: Rows[Any]) -> Parts[Any]:
        """Return the rows of each part; raises `DataError` where they cannot be used."""
        rows = [example for path in self.train for example in family.read(path)]
        if self.dev is None:
            kept = [is_kept_apart(example.text) for example in rows]
            dev = [example for example, apart in zip(rows, kept, strict=True) if apart]
            rows = [example for example, apart in zip(rows, kept, strict=True) if not apart]
            if not dev or not rows:
                raise DataError(
                    f"{self.train[0]}: too few rows to keep some apart. Give some to choose by: --dev FILE."
                )
        else:
            dev = family.read(self.dev)
        parts = Parts(train=rows, dev=dev, test=family.read(self.test) if self.test else [])
        try:
            family.check(parts, self.files)
        except DataError as error:
            found = str(error).removeprefix(f"{DataError()}\n")  # how every such error begins
            if self.dev is not None or found.startswith(f"{self.test}:"):
                raise
            raise DataError(
                f"{found}\nOne row in {DEV_SHARE} was kept apart to choose by; give others for that: --dev FILE."
            ) from error
        return parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a run came to."""

    folder: Path
    metrics: dict[str, Any]

    @property
    def report(self) -> Path:
        """The page that tells of it."""
        return self.folder / "report" / "index.html"


class Helped(Exception):
    """The process did its share of the training; the main one does the rest."""


def run(
    recipe: Recipe,
    data: Data,
    models: Path,
    work: Path,
    *,
    serving: Encoder,
    watch: Watch | None = None,
    before: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
    trials: Sequence[Trial] = (),
) -> Trained:
    """Train what ``recipe`` says and write its artefact below ``models``.

    ``work`` keeps what a killed run goes on from, ``serving`` is the backbone as serving encodes with it, ``before``
    watches, instead of ``watch``, what a kind trains before the training proper, ``step`` is told what is being done,
    and ``trials`` go into the report. All figures are those of what will serve, after export. Raises `DataError`,
    `BackboneError`, `RecipeError` or `ArtefactError`; `Helped` in a process of several that is not the main one.
    """
    start = time.perf_counter()
    family = family_of(recipe.kind)
    step("Reading")
    parts, known = data.read(family), data.fingerprint()
    torch.manual_seed(recipe.seed)
    around = Surroundings(serving=serving, work=work, watch=before or watch or Watch(), step=step)
    begun = family.begin(recipe, parts, around)
    step("Training")
    history = train(begun.network, begun.task, begun.recipe, work, watch)
    if not PartialState().is_main_process:
        raise Helped
    begun.network.cpu()
    weights = {**begun.learned, **trained(begun.network)}
    encoder = serving
    if begun.backbone is not None:
        step("Exporting")
        encoder = export_encoder(begun.network, begun.backbone, work / "encoder", [e.text for e in parts.dev])
    step("Measuring")
    model = family.model(begun, Remembering(encoder), parts)
    measured = {name: rows for name, rows in (("dev", parts.dev), ("test", parts.test)) if rows}
    told = Told(
        recipe=recipe,
        metrics={name: family.figures(model, rows) for name, rows in measured.items()}
        | {"cost": cost_since(start, weights)},
        history=history,
        outcomes={name: family.outcomes(model, rows) for name, rows in measured.items()},
        data=known,
        hidden=begun.recipe.hidden or 0,
        trials=trials,
    )

    def write(folder: Path) -> dict[str, Any]:
        (folder / "weights.safetensors").write_bytes(save(weights))
        if encoder is not serving:
            shutil.copytree(work / "encoder", folder / "encoder")
        saved = family.save(model, folder)
        step("Writing the report")
        write_report(folder / "report", told)
        return saved

    documents = {
        "metrics": told.metrics,
        "data": known,
        "history": {"epochs": [asdict(epoch) for epoch in history.epochs], "losses": history.losses},
    }
    folder = write_artefact(models, recipe, serving.fingerprint, documents, write)
    return Trained(folder=folder, metrics=dict(told.metrics))


def cost_since(start: float, weights: Mapping[str, torch.Tensor]) -> dict[str, float | str]:
    """Return what a run took that began at ``start`` of `time.perf_counter`, and on what."""
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{available_cores()} CPU cores",
        "seconds": round(time.perf_counter() - start, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "trainable_parameters": sum(weight.numel() for weight in weights.values()),
    }


def promote(recipe: Recipe, data: Data, models: Path, trained: Path, serving: Encoder) -> list[gate.Finding]:
    """Put ``trained`` into use if it passes the gate on the test rows; return what was looked at."""
    registry, family = Registry(models=models), family_of(recipe.kind)
    parts = data.read(family)
    new = family.open(open_artefact(trained), serving)
    old = gate.compared(registry, recipe.kind, lambda before: family.open(before, serving))
    findings = gate.judge(family, new, old, parts.train, parts.test)
    return gate.settled(registry, recipe.kind, trained.name, findings)

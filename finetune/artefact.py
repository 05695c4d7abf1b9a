"""A trained model on disk: ``models/<kind>/<version>/``, made beside its place and moved there whole.

``recipe.json`` says how it was trained, ``metrics.json`` how good it is, ``data.json`` on what, ``history.json`` and
``report/`` how that went. ``weights.safetensors`` holds what training changed, ``encoder/`` what serving encodes with,
unless the backbone was left as it is, and other files what its kind needs besides: a head, or the known questions.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import ArtefactError, RecipeError
from finetune.recipe import Recipe
from retrieval.disk import changed, folder_beside, sha256
from retrieval.encoder import Encoder

#: Raise it when the files change: an artefact of another format is refused.
FORMAT = 3

#: How the names of folders begin that are being written.
_BUILDING = "training-"

#: What tells of a run and decides nothing.
_TOLD = ("metrics.json", "history.json", "report")


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """What `open_artefact` found."""

    folder: Path
    version: str
    recipe: Recipe
    #: What its kind says of it, such as labels and threshold.
    about: dict[str, Any]
    #: Fingerprint of the encoder whose vectors it was trained on, if it has none of its own.
    backbone: str
    metrics: dict[str, Any]

    @property
    def encoder(self) -> Path | None:
        """The folder of its own encoder; None where it works on the vectors of its backbone."""
        path = self.folder / "encoder"
        return path if path.is_dir() else None

    def encoder_on(self, backbone: Encoder) -> Encoder:
        """Return the encoder that its numbers belong to, its own one with as many threads as ``backbone``.

        Raises `ArtefactError` where it is not here.
        """
        if self.encoder is not None:
            return Encoder(self.encoder, threads=backbone.threads)
        if self.backbone != backbone.fingerprint:
            raise ArtefactError(f"{self.folder} was trained on another encoder than is in use. Train it again.")
        return backbone


def fingerprint(paths: Iterable[Path]) -> dict[str, Any]:
    """Return what the data were: name, SHA-256 and size of each file, and one hash over all."""
    files = [{"name": path.name, "sha256": sha256(path), "bytes": path.stat().st_size} for path in paths]
    return {"files": files, "sha256": hashlib.sha256(json.dumps(files).encode()).hexdigest()}


def write_artefact(
    models: Path, recipe: Recipe, backbone: str, documents: dict[str, Any], write: Callable[[Path], dict[str, Any]]
) -> Path:
    """Write an artefact below ``models`` and return its folder; one of the same version that is whole is kept.

    ``documents`` are further JSON files by name. ``write`` puts weights and encoder into the folder it is given, and
    returns what the kind says of the artefact.
    """
    with folder_beside(models / recipe.kind.value, _BUILDING) as work:
        about = {"backbone": backbone, "about": write(work)}
        for name, document in {**documents, "recipe": recipe.model_dump(mode="json")}.items():
            (work / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
        files = {p.relative_to(work).as_posix(): sha256(p) for p in sorted(work.rglob("*")) if p.is_file()}
        # Times and losses differ from run to run; what decides an answer does not.
        deciding = {name: digest for name, digest in files.items() if name.split("/")[0] not in _TOLD}
        version = hashlib.sha256(json.dumps([about, deciding], sort_keys=True).encode()).hexdigest()[:12]
        manifest = {"format": FORMAT, "version": version, **about, "sha256": files}
        (work / "artefact.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False), "utf-8")
        target = work.with_name(version)
        if not _whole(target):
            shutil.rmtree(target, ignore_errors=True)
            try:
                os.rename(work, target)
            except OSError:  # another process was faster; what it wrote is the same
                if not _whole(target):
                    raise
    return target


def _whole(folder: Path) -> bool:
    try:
        open_artefact(folder)
    except ArtefactError:
        return False
    return True


def open_artefact(folder: Path) -> Artefact:
    """Open what `write_artefact` wrote; raises `ArtefactError` where it is not whole or of another format."""
    try:
        about = json.loads((folder / "artefact.json").read_text("utf-8"))
        if about["format"] != FORMAT:
            raise ArtefactError(
                f"{folder} was written by another version of kefu (format {about['format']}). Train it again."
            )
        if wrong := changed(folder, about["sha256"]):
            raise ArtefactError(f"{wrong} is missing, damaged or was changed. Train it again.")
        return Artefact(
            folder=folder,
            version=about["version"],
            recipe=Recipe.of(**json.loads((folder / "recipe.json").read_text("utf-8"))),
            about=about["about"],
            backbone=str(about["backbone"]),
            metrics=json.loads((folder / "metrics.json").read_text("utf-8")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecipeError) as error:
        raise ArtefactError(f"{folder} is not whole ({type(error).__name__}: {error}). Train it again.") from error

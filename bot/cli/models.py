"""`kefu models`: what was trained, and what of it is in use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import ConfigOption, JsonOption, StateOption, print_json, same_encoder, settings_from, warn
from bot.errors import UsageError

if TYPE_CHECKING:
    from finetune.recipe import Kind
    from finetune.registry import Registry

models = typer.Typer(help="List what was trained, put an artefact into use, or take it back.", no_args_is_help=True)

FolderOption = Annotated[
    Path | None, typer.Option("--models", help="Folder with artefacts. Default: models in the state folder.")
]
KindArgument = Annotated[str, typer.Argument(help="answers, intents, entities, sentiment or generator.")]


@models.command("list")
def list_models(
    folder: FolderOption = None, json_output: JsonOption = False, config: ConfigOption = None, state: StateOption = None
) -> None:
    """List the artefacts of each kind, and the encoders that were taught; what is in use is marked."""
    from bot.models import KINDS
    from finetune.recipe import Kind
    from finetune.registry import Registry

    settings = settings_from(config, None, state)
    registry = Registry(models=folder or settings.state.folder / "models")
    kinds = [Kind(name) for name in KINDS]
    live = {kind: _live(registry, kind) for kind in kinds}
    rows: list[dict[str, Any]] = [
        {
            "kind": kind.value,
            "version": artefact.version,
            "live": artefact.version == live[kind],
            "method": artefact.recipe.method,
            "figures": _figures(artefact.metrics),
        }
        for kind in kinds
        for artefact in registry.versions(kind)
    ]
    rows += _encoders(registry.models / "encoder", settings.retrieval.encoder)
    for kind, version in live.items():
        if version and not any(row["live"] for row in rows if row["kind"] == kind):
            warn(f"{kind.value} {version}, which is in use, is damaged or not there any more: promote another one.")
    if json_output:
        print_json(rows)
        return
    if not rows:
        typer.echo(f"Nothing in {registry.models} yet. Begin with: kefu train intents --data rows.jsonl")
    for row in rows:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in row["figures"].items())
        typer.echo(f"{'*' if row['live'] else ' '} {row['kind']} {row['version']} {row['method']}: dev {figures}")


@models.command("promote")
def promote(
    kind: KindArgument,
    version: Annotated[str, typer.Argument(help="As kefu models list names it.")],
    folder: FolderOption = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Put an artefact into use without comparing it with what is."""
    registry = _registry(folder, config, state)
    registry.promote(_kind(kind), version)
    typer.echo(f"{kind} {version} is in use now.")
    settings, artefact = settings_from(config, None, state), registry.open(_kind(kind))
    encoder = settings.retrieval.encoder
    if kind == "generator":
        if settings.generator.url:
            warn(f"The server at generator.url, {settings.generator.url}, goes on writing instead of it.")
    elif artefact and artefact.encoder is None and not same_encoder(artefact.recipe.backbone, encoder):
        warn(
            f"It was trained on {artefact.recipe.backbone}, and the bot encodes with {encoder}. "
            "Whether the bot can open it is told by: kefu doctor"
        )


@models.command("rollback")
def rollback(
    kind: KindArgument, folder: FolderOption = None, config: ConfigOption = None, state: StateOption = None
) -> None:
    """Put what was in use before into use again."""
    version = _registry(folder, config, state).rollback(_kind(kind))
    none = "No generator is in use now." if kind == "generator" else f"No {kind} are in use now."
    typer.echo(f"{kind} {version} is in use now." if version else none)


def _encoders(folder: Path, used: str) -> list[dict[str, Any]]:
    """Return a row for each encoder below ``folder`` that was taught, oldest first; the settings name ``used``."""
    rows = []
    folders = [path.parent for path in folder.glob("*/extension.json")]
    for path in sorted(folders, key=lambda path: path.stat().st_mtime):
        try:
            recipe, metrics = (json.loads((path / f"{name}.json").read_text("utf-8")) for name in ("recipe", "metrics"))
            rows.append(
                {
                    "kind": "encoder",
                    "version": path.name,
                    "live": same_encoder(str(path), used),
                    "method": recipe["method"],
                    "figures": _figures(metrics),
                }
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            warn(f"{path} is not whole ({type(error).__name__}: {error}). Teach it again.")
    return rows


def _figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in metrics["dev"].items() if isinstance(value, float)}


def _live(registry: Registry, kind: Kind) -> str | None:
    """Return the version in use; where nobody can tell, None, and say so: the list is there to find another one."""
    from finetune.errors import ArtefactError

    try:
        return registry.live(kind)
    except ArtefactError as error:
        warn(f"{kind.value}: {error}")
        return None


def _registry(folder: Path | None, config: Path | None, state: Path | None) -> Registry:
    from finetune.registry import Registry

    return Registry(models=folder or settings_from(config, None, state).state.folder / "models")


def _kind(name: str) -> Kind:
    from bot.models import KINDS
    from finetune.recipe import Kind

    if name == Kind.ENCODER:
        raise UsageError("An encoder is put into use by the settings: name its folder as encoder under [retrieval].")
    if name not in KINDS:
        raise UsageError(f"{name!r} is no kind; known are {', '.join(KINDS)}.")
    return Kind(name)

"""`kefu train encoder`: a further language for an encoder, from parallel text."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.aside import aside
from bot.cli.common import ConfigOption, JsonOption, StateOption, print_json, settings_from
from bot.cli.train import HELPS, check_files, set_values
from bot.cli.train_shown import shown, tell
from bot.errors import UsageError
from retrieval.errors import MissingExtraError

if TYPE_CHECKING:
    from finetune.watch import Watch


def encoder(
    parallel: Annotated[
        list[Path],
        typer.Option(
            "--parallel",
            metavar="FILE",
            help='Pairs to learn from, as JSONL with a key for each language: {"en": ..., "zh": ...}; repeat it.',
        ),
    ],
    dev: Annotated[
        Path | None,
        typer.Option("--dev", metavar="FILE", help="Pairs to choose by. Default: one in ten of the others."),
    ] = None,
    test: Annotated[
        Path | None, typer.Option("--test", metavar="FILE", help="Pairs that decide nothing, to report by.")
    ] = None,
    teacher: Annotated[
        str,
        typer.Option(
            "--teacher", metavar="NAME", help='What learns: "embedded", "embedded-en", a folder or a hub name.'
        ),
    ] = "embedded",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where it goes. Default: models/encoder in the state folder."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="M", help="lora, or head for new tokens alone: the rest stays as it is.")
    ] = "lora",
    epochs: Annotated[
        int | None, typer.Option("--epochs", metavar="N", help="Times the pairs are seen, at most.")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another setting of the recipe, such as rank=8; repeat it."),
    ] = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Teach an encoder a further language from parallel text; name what comes of it as [retrieval] encoder."""
    check_files(*parallel, dev, test)
    folder = settings_from(config, None, state).state.folder / "models" / "encoder"
    if out is not None and out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out} is there already. Name another folder, or delete it.")
    named = {"method": method, "backbone": teacher, "epochs": epochs}
    values = {**{k: v for k, v in named.items() if v is not None}, **set_values(options or ()), "kind": "encoder"}
    files = {"train": tuple(parallel), "dev": dev, "test": test}
    with shown(None, None) as (watch, step):
        result = aside(lambda: _teach(values, files, folder, out, watch, step)).result()
    if HELPS:
        return
    if json_output:
        print_json(result)
    else:
        tell(result)


def _teach(
    values: dict[str, Any],
    files: dict[str, Any],
    folder: Path,
    out: Path | None,
    watch: Watch,
    step: Callable[[str], None],
) -> dict[str, Any]:
    from finetune.recipe import Recipe

    recipe = Recipe.of(**values)
    step("Loading torch")
    try:
        from finetune.encoder.run import teach
        from finetune.run import Data, Helped
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error
    data = Data(**files)
    key = data.key(recipe)
    work = folder / f"work-{key}"
    with suppress(Helped):
        trained = teach(recipe, data, out or folder / key, work, watch=watch, step=step)
        shutil.rmtree(work, ignore_errors=True)
        return {
            "folder": str(trained.folder),
            "report": str(trained.report),
            "recipe": recipe.model_dump(mode="json"),
            "metrics": trained.metrics,
        }
    return {}

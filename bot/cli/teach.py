"""`kefu train encoder`: a further language for an encoder, from parallel text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.aside import aside
from bot.cli.common import ConfigOption, JsonOption, StateOption, print_json, settings_from
from bot.cli.train_options import (
    HELPS,
    DevOption,
    EpochsOption,
    SetOption,
    check_files,
    lend_a_hand,
    recipe_values,
)
from bot.cli.train_shown import shown, tell
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
    dev: DevOption = None,
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
    epochs: EpochsOption = None,
    options: SetOption = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Teach an encoder a further language from parallel text; name what comes of it as [retrieval] encoder."""
    check_files("--parallel", parallel, dev, test)
    folder = settings_from(config, None, state).state.folder / "models" / "encoder"
    if out is not None:
        from finetune.place import check_new

        check_new(out)  # as `finetune.encoder.run.teach` does, but before torch is loaded
    values = recipe_values("encoder", "lora", teacher, epochs, options)
    files = {"train": tuple(parallel), "dev": dev, "test": test}
    if HELPS:
        aside(lambda: lend_a_hand(lambda: _teach(values, files, folder, out))).result()
        return
    with shown(None, None) as (watch, step):
        result = aside(lambda: _teach(values, files, folder, out, watch, step)).result()
    if json_output:
        print_json(result)
    else:
        tell(result)
        used = f"encoder = {json.dumps(str(Path(result['folder']).absolute()), ensure_ascii=False)}"
        typer.echo(f"Use it: {used} under [retrieval] in the settings. The index is built anew by itself.")


def _teach(
    values: dict[str, Any],
    files: dict[str, Any],
    folder: Path,
    out: Path | None,
    watch: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    from finetune.recipe import Recipe

    recipe = Recipe.of(**values)
    step("Loading torch")
    try:
        from finetune.encoder.run import teach
        from finetune.run import Data
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error
    data = Data(**files)
    key = data.key(recipe)
    work = folder / f"work-{key}"
    trained = teach(recipe, data, out or folder / key, work, watch=watch, step=step)
    shutil.rmtree(work, ignore_errors=True)
    return {
        "folder": str(trained.folder),
        "report": str(trained.report),
        "recipe": recipe.model_dump(mode="json"),
        "metrics": trained.metrics,
    }

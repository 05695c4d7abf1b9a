"""`kefu train`: from labelled rows to an artefact."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.aside import aside
from bot.cli.common import ConfigOption, JsonOption, StateOption, print_json, same_encoder, settings_from
from bot.cli.train_options import (
    HELPS,
    DevOption,
    EpochsOption,
    SetOption,
    check_files,
    recipe_values,
)
from bot.cli.train_shown import shown, tell
from bot.errors import UsageError
from retrieval.errors import MissingExtraError

if TYPE_CHECKING:
    from finetune.recipe import Recipe
    from finetune.run import Data, Trained
    from finetune.watch import Trial, Watch
    from retrieval.encoder import Encoder

train = typer.Typer(
    help="Train on labelled rows, or teach the encoder a language; a run that was stopped goes on where it was.",
    no_args_is_help=True,
)

#: What is trained on labelled rows, and what it then tells of a message.
_KINDS = {
    "answers": "Train which known question a message means, and so its answer.",
    "intents": "Train what a message is about: a label, or several.",
    "entities": "Train what a message names, and where.",
    "sentiment": "Train how the customer feels: a label, or several.",
}


def labelled(
    context: typer.Context,
    data: Annotated[
        list[Path], typer.Option("--data", metavar="FILE", help="Rows to learn from, as JSONL; repeat it for several.")
    ],
    dev: DevOption = None,
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="FILE", help="Rows that decide nothing, to report and to promote by."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where artefacts go. Default: models in the state folder."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="M", help="head, lora, adalora, ia3, bitfit, prompt, top-K or full.")
    ] = "head",
    backbone: Annotated[
        str | None,
        typer.Option(
            "--backbone",
            metavar="NAME",
            help='"embedded", a sentence-transformers folder or a hub name. Default: the encoder of the settings.',
        ),
    ] = None,
    epochs: EpochsOption = None,
    options: SetOption = None,
    search: Annotated[
        int | None,
        typer.Option("--search", metavar="N", min=1, help="Try N settings first; dev says which is best."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="MINUTES", min=0, help="How long the search may take, at most."),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option("--track", metavar="NAME", help="wandb or mlflow, beside TensorBoard; repeat it for both."),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Put it into use if it is better than what is, on the test rows.")
    ] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Train one of `_KINDS` and write an artefact."""
    kind = str(context.info_name)
    if HELPS and search is not None:
        raise UsageError("--search tries settings one after the other: run it without accelerate launch.")
    if budget is not None and search is None:
        raise UsageError("--budget bounds a search: say with --search how many settings to try at most.")
    check_files("--data", data, dev, test)
    if out is not None:
        from finetune.place import check_writable

        check_writable(out)
    settings = settings_from(config, None, state)
    wanted = _Wanted(
        # What the method head trains serves on the vectors of the bot's own encoder alone.
        values=recipe_values(kind, method, backbone or settings.retrieval.encoder, epochs, options),
        files={"train": tuple(data), "dev": dev, "test": test},
        models=out or settings.state.folder / "models",
        cache=settings.state.cache,
        encoder=settings.retrieval.encoder,
        search=search,
        budget=budget,
        track=track or [],
        promote=promote,
    )
    wanted.check()
    if HELPS:
        aside(lambda: _lend_a_hand(wanted)).result()
        return
    with shown(search, budget) as (watch, step):
        result = aside(lambda: _train(wanted, watch, step)).result()
    if json_output:
        print_json(result)
    else:
        tell(result)
    if promote and not result["promoted"]:
        raise typer.Exit(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """What the command was asked for."""

    #: Of the recipe.
    values: dict[str, Any]
    #: Of the data, by part.
    files: dict[str, Any]
    models: Path
    cache: Path
    #: What the bot encodes with.
    encoder: str
    #: Settings to try, and minutes that may take.
    search: int | None
    budget: float | None
    track: list[str]
    promote: bool

    @property
    def other_encoder(self) -> bool:
        """Whether the bot encodes with another one than is trained on."""
        return not same_encoder(self.values["backbone"], self.encoder)

    def check(self) -> None:
        """Raise `UsageError` where what comes of it could not be put into use."""
        if not self.promote:
            return
        if self.files["test"] is None:
            raise UsageError("--promote needs --test: rows that neither the old nor the new artefact learned from.")
        if self.values["method"] == "head" and self.values["kind"] != "entities" and self.other_encoder:
            raise UsageError(  # it has no encoder of its own
                f"--promote: what head trains serves on the vectors of {self.values['backbone']}, and the bot encodes "
                f"with {self.encoder}. Leave --backbone out, or name it as [retrieval] encoder in the settings first."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What a search came to."""

    #: The one with the best setting; as it was where none came to its end.
    recipe: Recipe
    trials: list[Trial]
    best: Trial | None
    #: What it goes on from, if the run that follows is stopped.
    folder: Path


def _lend_a_hand(wanted: _Wanted) -> None:
    """Do this process's share of the training."""
    from finetune.recipe import Recipe
    from finetune.run import Data, Helped, run
    from retrieval.export import load_encoder

    recipe, data = Recipe.of(**wanted.values), Data(**wanted.files)
    with suppress(Helped):
        serving = load_encoder(recipe.backbone, wanted.cache)
        run(recipe, data, wanted.models, _work(recipe, data, wanted), serving=serving)


def _train(wanted: _Wanted, watch: Watch, step: Callable[[str], None]) -> dict[str, Any]:
    from finetune.recipe import Recipe
    from finetune.tracking import check

    recipe = Recipe.of(**wanted.values)
    check(wanted.track)
    step("Loading torch")
    from retrieval.export import load_encoder

    try:
        from finetune.remember import Remembering
        from finetune.run import Data, promote
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error

    serving = Remembering(load_encoder(recipe.backbone, wanted.cache, progress=step))
    data = Data(**wanted.files)
    found = _search(recipe, data, wanted, serving, watch, step) if wanted.search else None
    recipe = found.recipe if found else recipe
    trained = _run(recipe, data, wanted, serving, watch, step, found.trials if found else ())
    result: dict[str, Any] = {
        "folder": str(trained.folder),
        "version": trained.folder.name,
        "report": str(trained.report),
        "recipe": recipe.model_dump(mode="json"),
        "metrics": trained.metrics,
    }
    if found:
        best = found.best
        result["search"] = {"trials": [asdict(trial) for trial in found.trials], "best": best and asdict(best)}
        shutil.rmtree(found.folder, ignore_errors=True)
    if wanted.promote:
        step("Comparing")
        if wanted.other_encoder:  # what is in use works on the vectors of the bot's own
            serving = Remembering(load_encoder(wanted.encoder, wanted.cache, progress=step))
        findings = promote(recipe, data, wanted.models, trained.folder, serving)
        result["findings"] = [{"name": f.name, "passed": f.passed, "why": f.why} for f in findings]
        result["promoted"] = all(finding.passed for finding in findings)
    return result


def _search(
    recipe: Recipe, data: Data, wanted: _Wanted, serving: Encoder, watch: Watch, step: Callable[[str], None]
) -> _Found:
    """Return what the search chose."""
    try:
        from finetune.search import best_of, key_of, search, with_values
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error
    from finetune.kinds import family_of

    data.read(family_of(recipe.kind))  # a row that cannot be used, in the test file too, is told now and not in hours
    folder = wanted.models / recipe.kind.value / f"search-{key_of(recipe, data)}"
    assert wanted.search is not None
    trials = search(
        recipe,
        data,
        folder,
        count=wanted.search,
        seconds=None if wanted.budget is None else 60 * wanted.budget,
        serving=serving,
        watch=watch,
        step=step,
    )
    best = best_of(trials)
    return _Found(recipe=with_values(recipe, best.values) if best else recipe, trials=trials, best=best, folder=folder)


def _run(
    recipe: Recipe,
    data: Data,
    wanted: _Wanted,
    serving: Encoder,
    watch: Watch,
    step: Callable[[str], None],
    trials: Sequence[Trial],
) -> Trained:
    """Train, with curves beside it, and leave nothing behind but the artefact and them."""
    from finetune.run import run
    from finetune.tracking import Tracking
    from finetune.watch import together

    work = _work(recipe, data, wanted)
    curves = work.with_name("runs") / f"{recipe.method}-{data.key(recipe)}"
    tracking = Tracking(recipe, data.fingerprint()["sha256"], curves, wanted.track)
    trained = run(
        recipe,
        data,
        wanted.models,
        work,
        serving=serving,
        watch=together(watch, tracking.watch),
        before=together(watch, tracking.before()),
        step=step,
        trials=trials,
    )
    tracking.finish(trained.metrics)
    shutil.rmtree(work, ignore_errors=True)
    return trained


def _work(recipe: Recipe, data: Data, wanted: _Wanted) -> Path:
    """Return where a killed run finds what it goes on from."""
    return wanted.models / recipe.kind.value / f"work-{data.key(recipe)}"


for _kind, _help in _KINDS.items():
    train.command(_kind, help=_help)(labelled)

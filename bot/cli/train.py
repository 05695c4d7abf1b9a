"""`kefu train`: from labelled rows to an artefact."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.aside import aside
from bot.cli.common import ConfigOption, JsonOption, StateOption, bar, print_json, settings_from, warn
from bot.errors import UsageError
from retrieval.errors import MissingExtraError

if TYPE_CHECKING:
    from finetune.watch import Epoch, Watch

#: What can be trained so far.
_KINDS = ("intents", "sentiment")


def train(
    kind: Annotated[str, typer.Argument(help=f"What to train: {' or '.join(_KINDS)}.")],
    data: Annotated[
        list[Path], typer.Option("--data", help='JSONL file with {"text", "intent"} rows; repeat it for several.')
    ],
    dev: Annotated[
        Path | None, typer.Option("--dev", help="Rows to choose by; default: every tenth row of the data.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option("--test", help="Rows that decide nothing, to report and to promote by.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for artefacts. Default: models in the state folder.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="head, lora, adalora, ia3, bitfit, prompt, top-K or full.")
    ] = "head",
    backbone: Annotated[
        str, typer.Option("--backbone", help='"embedded", a sentence-transformers folder or a hub name.')
    ] = "embedded",
    epochs: Annotated[int | None, typer.Option("--epochs", help="Times the rows are seen, at most.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another setting of the recipe as NAME=VALUE, such as batch=16; repeat it."),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Put it into use if it is better than what is, on the test rows.")
    ] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Train on labelled rows and write an artefact; a run that was stopped goes on where it was."""
    if kind not in _KINDS:
        raise UsageError(f"{kind!r} cannot be trained; known are {', '.join(_KINDS)}.")
    if promote and test is None:
        raise UsageError("--promote needs --test: rows that neither the old nor the new artefact learned from.")
    places = settings_from(config, None, state).state
    models = out or places.folder / "models"
    named = {"method": method, "backbone": backbone, "epochs": epochs}
    values = {**{k: v for k, v in named.items() if v is not None}, **_options(options or ()), "kind": kind}
    with _shown() as (watch, step):
        result = aside(lambda: _train(values, data, dev, test, models, places.cache, promote, watch, step)).result()
    if json_output:
        print_json(result)
    else:
        _tell(result)
    if promote and not result["promoted"]:
        raise typer.Exit(1)


def _train(
    values: dict[str, Any],
    data: list[Path],
    dev: Path | None,
    test: Path | None,
    models: Path,
    cache: Path,
    wanted: bool,
    watch: Watch,
    step: Callable[[str], None],
) -> dict[str, Any]:
    from finetune.recipe import Recipe

    recipe = Recipe.of(**values)
    step("Loading torch")
    from retrieval.export import load_encoder

    try:
        from finetune.run import Data, promote, run
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error

    serving = load_encoder(recipe.backbone, cache, progress=step)
    files = Data(train=tuple(data), dev=dev, test=test)
    work = models / recipe.kind.value / f"work-{files.key(recipe)}"
    trained = run(recipe, files, models, work, serving=serving, watch=watch, step=step)
    shutil.rmtree(work, ignore_errors=True)
    result: dict[str, Any] = {
        "folder": str(trained.folder),
        "version": trained.folder.name,
        "recipe": recipe.model_dump(mode="json"),
        "metrics": trained.metrics,
    }
    if wanted:
        step("Comparing")
        findings = promote(recipe, files, models, trained.folder, serving)
        result["findings"] = [{"name": f.name, "passed": f.passed, "why": f.why} for f in findings]
        result["promoted"] = all(finding.passed for finding in findings)
    return result


def _options(options: list[str] | tuple[str, ...]) -> dict[str, str]:
    values = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {option}: expected NAME=VALUE, such as --set batch=16.")
        values[name.strip()] = value.strip()
    return values


def _tell(result: dict[str, Any]) -> None:
    metrics = result["metrics"]
    for part in ("dev", "test"):
        if part in metrics:
            figures = ", ".join(
                f"{name.replace('_', ' ')} {value:.3f}" if isinstance(value, float) else f"{value} {name}"
                for name, value in metrics[part].items()
                if not isinstance(value, dict)
            )
            typer.echo(f"{part}: {figures}")
    cost = metrics["cost"]
    typer.echo(f"{cost['trainable_parameters']:,} parameters trained in {cost['seconds']:.0f} s: {result['folder']}")
    for finding in result.get("findings", ()):
        typer.echo(f"{'✓' if finding['passed'] else '✗'} {finding['name']}: {finding['why']}")
    if "promoted" in result:
        typer.echo("In use now." if result["promoted"] else "Not put into use.")


def _line(epoch: Epoch) -> str:
    return f"epoch {epoch.number}: loss {epoch.loss:.4f}, dev {epoch.score:.4f}, {epoch.seconds:.0f} s"


@contextlib.contextmanager
def _shown() -> Iterator[tuple[Watch, Callable[[str], None]]]:
    """Show how far training is: a bar at a terminal, a line for each epoch through a pipe."""
    from finetune.watch import Watch

    if not sys.stderr.isatty():
        yield Watch(epoch=lambda epoch: warn(_line(epoch))), lambda text: None
        return
    from rich.progress import TextColumn, TimeRemainingColumn

    with bar(TimeRemainingColumn(), TextColumn("{task.fields[figures]}")) as shown:
        task = shown.add_task("Starting", total=None, figures="")
        best = 0.0

        def stepped(done: int, total: int, loss: float) -> None:
            figures = f"loss {loss:.3f}" + (f", dev {best:.3f}" if best else "")
            shown.update(task, description="Training", completed=done, total=total, figures=figures)

        def passed(epoch: Epoch) -> None:
            nonlocal best
            best = max(best, epoch.score)
            shown.console.print(_line(epoch))

        yield Watch(step=stepped, epoch=passed), lambda text: shown.update(task, description=text)

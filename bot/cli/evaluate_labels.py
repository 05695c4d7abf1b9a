"""`kefu evaluate intents`, `sentiment` and `entities`: how good a trained model is on labelled rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.aside import aside
from bot.cli.common import ConfigOption, JsonOption, StateOption, counted, listed, print_json, settings_from, warn
from bot.cli.evaluated import (
    DataOption,
    ReportOption,
    advancing,
    check_data,
    columns,
    files_of,
    interval,
    show_figures,
    write_report,
)
from bot.cli.knowledge import progress
from bot.cli.tables import table
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings
    from finetune.artefact import Artefact
    from finetune.rows import Row

#: What is measured, by the name of the command.
KINDS = {
    "intents": "Measure on labelled rows how well a model tells what a message is about.",
    "sentiment": "Measure on labelled rows how well a model tells how the customer feels.",
    "entities": "Measure on labelled rows how well a model finds what a message names.",
}

#: Texts that the model reads at a time.
_BATCH = 64

#: Confusions, and texts with a wrong entity, that are shown; in JSON all are.
_MOST = 10

_LABELS = {
    "accuracy": "accuracy",
    "accuracy_in_scope": "accuracy in scope",
    "f1_macro": "F1 macro",
    "f1_micro": "F1 micro",
    "labelled": "labelled",
    "out_of_scope_recall": "out of scope recall",
    "out_of_scope_precision": "out of scope precision",
}

_ENTITIES = {
    "exact": "all right",
    "f1_micro": "F1 micro",
    "f1_macro": "F1 macro",
    "precision_micro": "precision micro",
    "recall_micro": "recall micro",
    "f1_micro_overlapping": "F1 micro, overlapping",
    "f1_macro_overlapping": "F1 macro, overlapping",
}

#: A model as it serves: from texts to what it tells of each.
Model = Callable[[Sequence[str]], Sequence[Any]]


def labelled(
    context: typer.Context,
    data: DataOption,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FOLDER", help="An artefact; default: the one in use.")
    ] = None,
    report: ReportOption = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Measure a model of one of `KINDS`."""
    kind = str(context.info_name)
    check_data(data)
    files = [_read(kind, path) for path in data]
    settings = settings_from(config, None, state)
    artefact, serving = _opened(settings, kind, model)
    rows = [row for some in files for row in some]
    found = _found(serving, [example.text for _, example in rows])
    document = {
        "model": {"kind": kind, "version": artefact.version},
        **(_entities if kind == "entities" else _labels)(rows, found, artefact),
        "data": files_of(data, list(map(len, files))),
    }
    written = write_report(report, document) if report else None
    if unknown := document["not_learned"]:
        names = listed([f"{name!r} ({counted(n, 'time', 'times')})" for name, n in unknown.items()])
        warn(f"The {kind} {artefact.version} never learned these, so they cannot be found: {names}.")
    if json_output:
        print_json(document)
        return
    (_show_entities if kind == "entities" else _show_labels)(document)
    if written:
        typer.echo(f"Written to {written}.")


def _read(kind: str, path: Path) -> list[tuple[Row, Any]]:
    """Return the rows of a file, each with the example that it is; raises `UsageError` that names file and line."""
    from finetune.errors import DataError
    from finetune.rows import read_rows, some

    read = _reader(kind)
    try:
        return some([(row, read(row)) for row in read_rows(path)], path)
    except DataError as error:
        # Such an error begins with words about training.
        raise UsageError(str(error).removeprefix(f"{DataError()}\n")) from error


def _reader(kind: str) -> Callable[[Row], Any]:
    from finetune.kinds import KEYS
    from finetune.recipe import Kind

    if kind == "entities":
        from finetune.entities.examples import tagged

        return tagged
    from finetune.labels.examples import labelled as read

    return partial(read, key=KEYS[Kind(kind)])


def _opened(settings: Settings, kind: str, folder: Path | None) -> tuple[Artefact, Model]:
    """Open the artefact in ``folder``, or the one in use, as it serves."""
    from bot.models import open_artefact, open_model
    from finetune.artefact import open_artefact as open_folder
    from retrieval.export import load_encoder

    models = settings.state.folder / "models"
    artefact = open_artefact(models, kind) if folder is None else open_folder(folder)
    if artefact is None:
        raise UsageError(
            f"No {kind} are in use in {models}. Put some into use with: kefu models promote {kind} VERSION\n"
            "Or name an artefact with --model."
        )
    if artefact.recipe.kind.value != kind:
        raise UsageError(f"--model {folder} tells {artefact.recipe.kind.value}, not {kind}.")
    with progress() as shown:

        def work() -> Model:
            name, retrieval = settings.retrieval.encoder, settings.retrieval
            encoder = load_encoder(name, settings.state.cache, threads=retrieval.threads, progress=shown.step)
            return open_model(artefact, kind, encoder)

        return artefact, aside(work).result()


def _found(model: Model, texts: Sequence[str]) -> list[Any]:
    """Return what the model tells of each text, with a bar."""
    with advancing("Reading", len(texts)) as done:

        def work() -> list[Any]:
            out: list[Any] = []
            for begin in range(0, len(texts), _BATCH):
                some = texts[begin : begin + _BATCH]
                out += model(some)
                done(len(some))
            return out

        return aside(work).result()


def _about(row: Row, text: str) -> dict[str, str]:
    """Return what a row is known by."""
    from retrieval.text import detect_language

    return {
        "id": str(row.values.get("id") or f"{row.file.name}:{row.line}"),
        "language": str(row.values.get("language") or detect_language(text)),
        "kind": str(row.values.get("kind") or ""),
    }


def _labels(rows: Sequence[tuple[Row, Any]], found: Sequence[Any], artefact: Artefact) -> dict[str, Any]:
    from bot.evaluation.labelling import OUT_OF_SCOPE, Labelling, as_json

    items = [
        Labelling(
            **_about(row, example.text),
            wanted=frozenset(example.labels) - {OUT_OF_SCOPE},
            found=verdict.labels,
        )
        for (row, example), verdict in zip(rows, found, strict=True)
    ]
    never = Counter(label for item in items for label in item.wanted if label not in artefact.about["labels"])
    return {**as_json(items), "not_learned": dict(sorted(never.items()))}


def _entities(rows: Sequence[tuple[Row, Any]], found: Sequence[Any], artefact: Artefact) -> dict[str, Any]:
    from bot.evaluation.tagging import Tagging, as_json

    items = [
        Tagging(
            **_about(row, example.text),
            wanted=tuple((entity.type, entity.start, entity.end) for entity in example.entities),
            found=tuple((entity.type, entity.start, entity.end) for entity in some),
        )
        for (row, example), some in zip(rows, found, strict=True)
    ]
    never = Counter(kind for item in items for kind, *_ in item.wanted if kind not in artefact.about["types"])
    return {**as_json(items), "not_learned": dict(sorted(never.items()))}


def _show_labels(document: dict[str, Any]) -> None:
    show_figures(columns(document, "language"), _LABELS, "texts")
    _show_each("label", document["labels"], ("f1",), ("F1",))
    if pairs := document["confusions"]:
        rows = [["wanted", "got", "times"]]
        rows += [[pair["wanted"] or "-", pair["found"] or "-", str(pair["n"])] for pair in pairs[:_MOST]]
        typer.echo(f"{table(rows, '<<>')}\n")
    error = document["calibration"]["ece"]
    if error is not None:
        typer.echo(f"Chances are off by {error:.3f} on average (expected calibration error).")
    points = [point for point in document["curve"] if point["accuracy"] is not None]
    if points:
        shares = ", ".join(f"{point['accuracy']:.3f} of {point['coverage']:.0%}" for point in points)
        typer.echo(f"Right among the surest: {shares} of the texts.")


def _show_entities(document: dict[str, Any]) -> None:
    show_figures(columns(document, "language"), _ENTITIES, "texts")
    _show_each("type", document["types"], ("f1", "f1_overlapping"), ("F1", "F1, overlapping"))
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in document["errors"].items())
    typer.echo(f"Errors: {counts}.")
    wrong = [item["id"] for item in document["items"] if item["errors"]]
    if wrong:
        typer.echo(f"In: {listed(wrong)}.")


def _show_each(title: str, every: dict[str, Any], names: Sequence[str], titles: Sequence[str]) -> None:
    rows = [[title, "wanted", "found", "precision", "recall", *titles]]
    for name, each in every.items():
        counts = (str(each["wanted"]), str(each["found"]))
        rates = (f"{each['precision']:.3f}", f"{each['recall']:.3f}")
        rows.append([name, *counts, *rates, *(interval(each[figure]) for figure in names)])
    typer.echo(f"{table(rows)}\n")

"""What `kefu evaluate` promises of trained models: what serves is measured, as training measures it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retrieval.encoder import Encoder
from tests.unit.bot.evaluating import evaluate, write

# A backbone that is trained in a moment, and rows for it.
from tests.unit.finetune.entities.conftest import made, tiny, write_tagged  # noqa: F401


def measured(artefact: Path) -> dict[str, Any]:
    """Return what training measured on the rows it chose by."""
    return json.loads((artefact / "metrics.json").read_text("utf-8"))["dev"]


def version(models: Path, kind: str) -> str:
    return json.loads((models / kind / "live.json").read_text("utf-8"))["versions"][-1]


def test_intents_in_use_are_as_good_as_training_said(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = trained.parent / "intent-dev.jsonl"
    ran = evaluate(capsys, "intents", "--data", rows, "--state", trained.parent, "--json")
    assert (ran.code, ran.err) == (0, "")
    told, live = ran.json, version(trained, "intents")
    assert told["model"] == {"kind": "intents", "version": live}
    expected = measured(trained / "intents" / live)
    assert told["metrics"]["accuracy_in_scope"]["mean"] == pytest.approx(expected["accuracy_with_threshold"])
    assert told["metrics"]["out_of_scope_recall"]["mean"] == pytest.approx(expected["out_of_scope_recall"])
    for label, theirs in expected["labels"].items():
        ours = told["labels"][label]
        assert (ours["precision"], ours["recall"], ours["f1"]["mean"]) == pytest.approx(
            (theirs["precision"], theirs["recall"], theirs["f1"])
        )
        assert ours["wanted"] == theirs["rows"]
    assert told["data"][0]["n"] == len(told["items"]) == expected["rows"]
    assert told["items"][0]["id"] == "intent-dev.jsonl:1"


def test_sentiment_is_measured_the_same_way(trained: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows, artefact = trained.parent / "sentiment-dev.jsonl", trained / "sentiment" / version(trained, "sentiment")
    ran = evaluate(capsys, "sentiment", "--data", rows, "--model", artefact, "--report", tmp_path, "--json")
    assert ran.code == 0
    assert ran.json["metrics"]["accuracy"]["mean"] == pytest.approx(measured(artefact)["accuracy_with_threshold"])
    assert ran.json["metrics"]["out_of_scope_recall"]["mean"] is None
    assert (tmp_path / "report.json").read_text("utf-8") == ran.out


def test_labels_that_were_never_learned_are_counted_and_named(
    trained: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = write(
        tmp_path / "rows.jsonl",
        {"id": "new", "text": "is the shop open on sunday", "intent": "opening_hours", "language": "en-GB"},
        {"text": "where is my parcel", "intent": "track_order"},
    )
    ran = evaluate(capsys, "intents", "--data", rows, "--state", trained.parent, "--json")
    assert f"The intents {version(trained, 'intents')} never learned these" in ran.err
    assert "'opening_hours' (1 time)." in ran.err
    told = ran.json
    assert told["not_learned"] == {"opening_hours": 1}
    assert [(item["id"], item["right"]) for item in told["items"]] == [("new", False), ("rows.jsonl:2", True)]
    assert set(told["slices"]["language"]) == {"en", "en-GB"}
    shown = evaluate(capsys, "intents", "--data", rows, "--state", trained.parent)
    assert "opening_hours       1      0      0.000   0.000  0.000\n" in shown.out
    assert "Chances are off by" in shown.out


@pytest.fixture(scope="module")
def tagger(tiny: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """The folder of an artefact that finds most orders and cities; the rows it chose by are dev.jsonl beside it."""
    from finetune.recipe import Recipe
    from finetune.run import Data, run

    folder = tmp_path_factory.mktemp("entities")
    dev = [example for example in made(40, seed=1) if example.text.isascii()]
    data = Data(train=(write_tagged(folder / "train.jsonl", made(200)),), dev=write_tagged(folder / "dev.jsonl", dev))
    recipe = Recipe.of(kind="entities", method="full", backbone=str(tiny), epochs=5, learning_rate=3e-3)
    return run(recipe, data, folder / "models", folder / "work", serving=encoder).folder


@pytest.mark.filterwarnings("default")
def test_entities_are_as_good_as_training_said(tagger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = tagger.parents[2] / "dev.jsonl"
    ran = evaluate(capsys, "entities", "--data", rows, "--model", tagger, "--json")
    assert (ran.code, ran.err) == (0, "")
    told, expected = ran.json, measured(tagger)
    for name in ("f1_micro", "precision_micro", "recall_micro", "f1_macro", "exact"):
        assert told["metrics"][name]["mean"] == pytest.approx(expected[name])
    assert expected["f1_micro"] > 0.5
    shown = evaluate(capsys, "entities", "--data", rows, "--model", tagger)
    assert f"Errors: {told['errors']['missed']} missed, {told['errors']['spurious']} spurious, " in shown.out


@pytest.mark.parametrize(
    ("kind", "rows", "more", "told"),
    [
        ("entities", [{"text": "x", "entities": []}], (), "No entities are in use in "),
        ("sentiment", [{"text": "x", "sentiment": "calm"}], ("--model", "intents"), "tells intents, not sentiment."),
        ("intents", [{"text": "x", "intent": "pay"}], ("--model", "nothing"), "nothing is not whole"),
        ("intents", [{"text": "x"}], (), "rows.jsonl:1: 'intent' is missing; expected a label"),
        ("intents", [{"text": "x", "intent": "pay"}, "{"], (), "rows.jsonl:2: not JSON"),
        ("intents", [], (), "rows.jsonl is empty; expected one JSON object a line."),
        ("intents", [], ("--data", "-"), "--data: expected a file"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    kind: str,
    rows: list[object],
    more: tuple[str, ...],
    told: str,
    trained: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    live = trained / "intents" / version(trained, "intents")
    more = tuple(str(live) if each == "intents" else each for each in more)
    data = write(tmp_path / "rows.jsonl", *rows)
    ran = evaluate(capsys, kind, "--data", data, "--state", trained.parent, *more)
    assert ran.code == 2
    assert told in ran.err
    assert "training data" not in ran.err
    assert ran.out == ""

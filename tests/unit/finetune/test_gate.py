"""The gate: a better artefact goes live; one that learned nothing, or by heart, or peeked, does not."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from finetune.artefact import open_artefact
from finetune.errors import ArtefactError, DataError
from finetune.gate import Finding, judge
from finetune.kinds import family_of
from finetune.labels.classifier import Classifier
from finetune.labels.examples import Labelled
from finetune.recipe import Kind, Recipe
from finetune.registry import Registry
from finetune.rows import folded
from finetune.run import Data, promote, run
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import write_labelled
from tests.unit.finetune.entities.conftest import tiny

INTENTS = family_of(Kind.INTENTS)

pytestmark = pytest.mark.filterwarnings("default")

__all__ = ["tiny"]


def head(train: Sequence[Labelled], dev: Sequence[Labelled], serving: Encoder, folder: Path) -> Classifier:
    """Train a real head and open it as serving does."""
    folder.mkdir()
    files = [write_labelled(folder / f"{name}.jsonl", rows) for name, rows in (("train", train), ("dev", dev))]
    recipe = Recipe.of(kind="intents", method="head", epochs=20)
    data = Data(train=(files[0],), dev=files[1])
    made = run(recipe, data, folder / "models", folder / "work", serving=serving)
    return Classifier.open(open_artefact(made.folder), serving)


def failed(findings: Sequence[object]) -> set[str]:
    return {finding.name for finding in findings if not finding.passed}


@pytest.fixture(scope="module")
def parts(phrasings: list[Labelled]) -> tuple[list[Labelled], list[Labelled], list[Labelled]]:
    return phrasings[:280], phrasings[280:360], phrasings[360:]


@pytest.fixture(scope="module")
def good(parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return head(parts[0], parts[1], serving, tmp_path_factory.mktemp("good") / "run")


def test_what_learned_something_passes(good: Classifier, parts: tuple[list[Labelled], ...]) -> None:
    assert not failed(judge(INTENTS, good, None, parts[0], parts[2]))


def test_a_better_one_passes_and_a_worse_one_does_not(
    good: Classifier, parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path
) -> None:
    weak = head(parts[0][:8], parts[1], serving, tmp_path / "weak")
    assert not failed(judge(INTENTS, good, weak, parts[0], parts[2]))
    assert {"better", "language en"} <= failed(judge(INTENTS, weak, good, parts[0][:8], parts[2]))
    assert failed(judge(INTENTS, good, good, parts[0], parts[2])) == {"better"}


def test_shuffled_labels_are_refused(parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path) -> None:
    labels = [example.labels for example in parts[0]]
    random.Random(0).shuffle(labels)
    shuffled = [replace(example, labels=label) for example, label in zip(parts[0], labels, strict=True)]
    classifier = head(shuffled, parts[1], serving, tmp_path / "shuffled")
    assert "better" in failed(judge(INTENTS, classifier, None, shuffled, parts[2]))


def test_what_never_finds_anything_is_refused_though_no_label_is_asked_for_most(
    good: Classifier, parts: tuple[list[Labelled], ...]
) -> None:
    silent = replace(good, threshold=2.0)
    nothing = [replace(example, labels=("oos",)) for example in parts[2]]
    assert "better" in failed(judge(INTENTS, silent, None, parts[0], nothing))


def test_a_leaked_row_is_refused(good: Classifier, parts: tuple[list[Labelled], ...]) -> None:
    leaked = [*parts[2], replace(parts[0][3], text=f"  {parts[0][3].text.upper()} ")]
    findings = judge(INTENTS, good, None, parts[0], leaked)
    assert failed(findings) == {"no leak"}
    assert "the first is row 121" in next(f.why for f in findings if f.name == "no leak")


def test_an_adapter_that_learned_by_heart_is_refused(
    parts: tuple[list[Labelled], ...], tiny: Path, serving: Encoder, tmp_path: Path
) -> None:
    labels = [example.labels for example in parts[0][:16]]
    random.Random(0).shuffle(labels)
    train = [replace(example, labels=label) for example, label in zip(parts[0], labels, strict=False)]
    file = write_labelled(tmp_path / "rows.jsonl", train)
    usual = {"epochs": 60, "patience": 60, "batch": 8, "dropout": 0.0, "learning_rate": 0.01, "max_tokens": 32}
    recipe = Recipe.of(kind="intents", method="lora", backbone=str(tiny), **usual)
    # Its best epoch is chosen on the very rows that it learned from.
    data = Data(train=(file,), dev=file)
    made = run(recipe, data, tmp_path / "models", tmp_path / "work", serving=serving)
    assert made.metrics["dev"]["accuracy"] > 0.9
    heart = Classifier.open(open_artefact(made.folder), serving)
    assert {"better", "not by heart"} <= failed(judge(INTENTS, heart, None, train, parts[2]))


def test_only_what_is_right_by_heart_and_wrong_on_others_is_refused(
    good: Classifier, parts: tuple[list[Labelled], ...]
) -> None:
    def found(train: list[Labelled], held_out: list[Labelled]) -> Finding:
        return next(f for f in judge(INTENTS, good, None, train, held_out) if f.name == "not by heart")

    wrong = [replace(example, labels=("another",)) for example in parts[0]]
    assert found(wrong, parts[2]).passed  # the other way round than by heart
    assert "% of 120 held-out rows right, 0.0% of training rows like them" in found(wrong, parts[2]).why
    assert not found(parts[0], [replace(example, labels=("another",)) for example in parts[2]]).passed
    nothing = [replace(example, labels=("oos",)) for example in parts[2]]
    assert found(parts[0], nothing).why == "no training row is like the held-out ones"
    assert "% of 120 held-out rows right" in found(parts[0], [*parts[2], *nothing]).why


def test_a_head_is_not_opened_on_the_vectors_of_another_encoder(
    good: Classifier, parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path
) -> None:
    head(parts[0][:40], parts[1], serving, tmp_path / "run")
    (folder,) = (tmp_path / "run" / "models" / "intents").iterdir()
    artefact = replace(open_artefact(folder), backbone="another")
    with pytest.raises(ArtefactError, match="another encoder"):
        Classifier.open(artefact, serving)


def test_what_can_no_longer_be_opened_is_no_match_for_a_new_one(
    parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models, recipe = tmp_path / "models", Recipe.of(kind="intents", method="head", epochs=20)
    files = [write_labelled(tmp_path / f"{name}.jsonl", rows) for name, rows in zip("abc", parts, strict=True)]
    data = Data(train=(files[0],), dev=files[1], test=files[2])
    first, second = (
        run(recipe.model_copy(update={"seed": seed}), data, models, tmp_path / f"work {seed}", serving=serving).folder
        for seed in (0, 1)
    )
    assert not failed(promote(recipe, data, models, first, serving))
    (first / "head.safetensors").write_bytes(b"torn")
    assert not failed(promote(recipe, data, models, second, serving))
    assert Registry(models=models).live(Kind.INTENTS) == second.name
    assert "cannot be opened" in caplog.text


def test_copies_that_differ_in_case_alone_are_kept_apart_together(tmp_path: Path) -> None:
    rows = [Labelled(text=f"{word} {n}", labels=("ab"[n % 2],)) for n in range(60) for word in ("row", "Row ", "ROW")]
    parts = Data(train=(write_labelled(tmp_path / "rows.jsonl", rows),)).read(INTENTS)
    train, dev = ({folded(example.text) for example in some} for some in (parts.train, parts.dev))
    assert dev
    assert not train & dev
    assert len(parts.train) + len(parts.dev) == len(rows)


def test_a_label_that_only_stands_in_what_was_kept_apart_is_explained(tmp_path: Path) -> None:
    kept = next(f"row {n}" for n in range(99) if zlib.crc32(f"row {n}".encode()) % 10 == 0)
    others = [f"row {n}" for n in range(20) if zlib.crc32(f"row {n}".encode()) % 10]
    rows = [Labelled(text=text, labels=("ab"[n % 2],)) for n, text in enumerate(others)]
    file = write_labelled(tmp_path / "rows.jsonl", [*rows, Labelled(text=kept, labels=("c",))])
    with pytest.raises(
        DataError, match=r"does not have: 'c' \(1 row\)\. Add rows.*\n.*kept apart to choose by.*--dev FILE"
    ) as told:
        Data(train=(file,)).read(INTENTS)
    assert str(told.value).count("cannot be used") == 1

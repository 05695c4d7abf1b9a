"""The gate: a better artefact goes live; one that learned nothing, or by heart, or peeked, does not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetune.artefact import open_artefact
from finetune.classifier import Classifier
from finetune.errors import ArtefactError
from finetune.examples import Labelled
from finetune.gate import judge
from finetune.recipe import Recipe
from finetune.run import Data, train_labels
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import TOPICS, write_labelled

pytestmark = pytest.mark.filterwarnings("default")


def head(train: Sequence[Labelled], dev: Sequence[Labelled], serving: Encoder, folder: Path) -> Classifier:
    """Train a real head and open it as serving does."""
    folder.mkdir()
    files = [write_labelled(folder / f"{name}.jsonl", rows) for name, rows in (("train", train), ("dev", dev))]
    recipe = Recipe.of(kind="intents", method="head", epochs=20)
    data = Data(train=(files[0],), dev=files[1])
    made = train_labels(recipe, data, folder / "models", folder / "work", serving=serving)
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
    assert not failed(judge(good, None, parts[0], parts[2]))


def test_a_better_one_passes_and_a_worse_one_does_not(
    good: Classifier, parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path
) -> None:
    weak = head(parts[0][:8], parts[1], serving, tmp_path / "weak")
    assert not failed(judge(good, weak, parts[0], parts[2]))
    assert {"better", "language en"} <= failed(judge(weak, good, parts[0][:8], parts[2]))
    assert failed(judge(good, good, parts[0], parts[2])) == {"better"}


def test_shuffled_labels_are_refused(parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path) -> None:
    labels = [example.labels for example in parts[0]]
    random.Random(0).shuffle(labels)
    shuffled = [replace(example, labels=label) for example, label in zip(parts[0], labels, strict=True)]
    classifier = head(shuffled, parts[1], serving, tmp_path / "shuffled")
    assert "better" in failed(judge(classifier, None, shuffled, parts[2]))


def test_a_leaked_row_is_refused(good: Classifier, parts: tuple[list[Labelled], ...]) -> None:
    leaked = [*parts[2], replace(parts[0][3], text=f"  {parts[0][3].text.upper()} ")]
    findings = judge(good, None, parts[0], leaked)
    assert failed(findings) == {"no leak"}
    assert "the first is row 121" in next(f.why for f in findings if f.name == "no leak")


def test_one_that_learned_by_heart_is_refused(
    good: Classifier, parts: tuple[list[Labelled], ...], serving: Encoder
) -> None:
    train, _, held_out = parts
    known = serving.encode([example.text for example in train], kind="query")
    rows = np.array([TOPICS.index(example.labels[0]) for example in train])

    class ByHeart:
        """Knows the training texts to the letter, and nothing else."""

        def __call__(self, texts: Sequence[str]) -> list[object]:
            verdicts = good(texts)
            near = serving.encode(texts, kind="query") @ known.T
            return [
                replace(verdict, labels=((TOPICS[rows[place]], 1.0),) if close > 0.999 else ((TOPICS[0], 1.0),))
                for verdict, place, close in zip(verdicts, near.argmax(1), near.max(1), strict=True)
            ]

    assert {"better", "stands slips", "paraphrase gap"} & failed(judge(ByHeart(), None, train, held_out)) >= {
        "better",
        "paraphrase gap",
    }


def test_a_head_is_not_opened_on_the_vectors_of_another_encoder(
    good: Classifier, parts: tuple[list[Labelled], ...], serving: Encoder, tmp_path: Path
) -> None:
    head(parts[0][:40], parts[1], serving, tmp_path / "run")
    (folder,) = (tmp_path / "run" / "models" / "intents").iterdir()
    artefact = replace(open_artefact(folder), backbone="another")
    with pytest.raises(ArtefactError, match="another encoder"):
        Classifier.open(artefact, serving)

"""Texts that may have several labels: a layer stands before the labels, in training and in serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.artefact import open_artefact
from finetune.errors import RecipeError
from finetune.kinds import Begun, Parts
from finetune.labels.classifier import Classifier
from finetune.labels.examples import Labelled
from finetune.labels.family import Labels
from finetune.labels.grams import GRAMS
from finetune.network import Network
from finetune.recipe import HIDDEN, Recipe
from finetune.run import Data, run
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import write_labelled

pytestmark = pytest.mark.filterwarnings("default")


def both(one: Labelled, other: Labelled) -> Labelled:
    """Return a message that asks two things."""
    return Labelled(text=f"{one.text} {other.text}", labels=tuple(sorted({*one.labels, *other.labels})))


def trained(
    recipe: Recipe, texts: list[Labelled], serving: Encoder, folder: Path
) -> tuple[Classifier, dict[str, float]]:
    data = Data(
        train=(write_labelled(folder / "train.jsonl", texts[:200]),),
        dev=write_labelled(folder / "dev.jsonl", texts[200:280]),
    )
    made = run(recipe, data, folder / "models", folder / "work", serving=serving)
    return Classifier.open(open_artefact(made.folder), serving), made.metrics["dev"]


def test_a_message_that_asks_two_things_is_told_both(
    phrasings: list[Labelled], serving: Encoder, tmp_path: Path
) -> None:
    twice = [both(one, other) for one, other in zip(phrasings[:140], phrasings[140:280], strict=True)]
    mixed = [text for two in zip(twice, phrasings[280:420], strict=True) for text in two]
    classifier, figures = trained(Recipe.of(kind="intents", method="head"), mixed, serving, tmp_path)
    assert [weight.shape for weight, _ in classifier.layers] == [(HIDDEN, 2 * serving.dimensions + GRAMS), (4, HIDDEN)]
    assert figures["f1_micro"] > 0.75  # .56 by naming all labels of each
    (verdict,) = classifier(["How do I return my order? Can I pay by card?"])
    assert {"pay", "return"} <= {label for label, _ in verdict.labels}


def test_a_text_of_one_label_is_read_off_its_features(
    phrasings: list[Labelled], serving: Encoder, tmp_path: Path
) -> None:
    classifier, _ = trained(Recipe.of(kind="intents", method="head", epochs=2), phrasings, serving, tmp_path)
    assert [weight.shape for weight, _ in classifier.layers] == [(4, 2 * serving.dimensions)]


@given(hidden=st.sampled_from([0, 3]), seed=st.integers(0, 9))
def test_serving_says_what_training_said(serving: Encoder, hidden: int, seed: int) -> None:
    torch.manual_seed(seed)
    network = Network(None, serving.dimensions, 5, dropout=0.1, wide=True, hidden=hidden).eval()
    examples = [Labelled(text="a b", labels=("a", "b")), *(Labelled(text=x, labels=(x,)) for x in "acde")]
    begun = Begun(network=network, task=None, recipe=Recipe(kind="intents"))  # type: ignore[arg-type]
    classifier = Labels("intent").model(begun, serving, Parts(train=examples, dev=examples, test=()))
    features = torch.rand(4, 2 * serving.dimensions)
    said = network.outputs(features).detach().numpy()
    assert np.allclose(classifier.scores(features.numpy()), said, atol=1e-4)


def test_a_layer_before_labels_needs_labels() -> None:
    with pytest.raises(RecipeError, match="hidden is a layer before labels, and entities has none"):
        Recipe.of(kind="entities", hidden=8)

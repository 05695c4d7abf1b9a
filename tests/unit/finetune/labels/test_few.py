"""Few examples: the texts of a label are drawn together, then a head is trained; names of labels are texts too."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.artefact import open_artefact
from finetune.errors import RecipeError
from finetune.labels.classifier import Classifier
from finetune.labels.examples import Labelled
from finetune.labels.family import _names
from finetune.recipe import Recipe
from finetune.run import Data, run
from finetune.watch import Epoch, Watch
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import write_labelled

pytestmark = pytest.mark.filterwarnings("default")


def test_contrast_comes_first_and_is_not_repeated_by_a_run_that_goes_on(
    phrasings: list[Labelled], serving: Encoder, tmp_path: Path
) -> None:
    class Killed(Exception):
        """Stands for a process that ends here."""

    data = Data(
        train=(write_labelled(tmp_path / "train.jsonl", phrasings[:40]),),
        dev=write_labelled(tmp_path / "dev.jsonl", phrasings[40:100]),
    )
    recipe = Recipe.of(kind="intents", method="top-1", contrast=1, label_names=True, epochs=30, max_tokens=16)

    def kill(epoch: Epoch) -> None:
        raise Killed

    drawn: list[Epoch] = []
    with pytest.raises(Killed):
        run(
            recipe,
            data,
            tmp_path / "models",
            tmp_path / "work",
            serving=serving,
            before=Watch(epoch=drawn.append),
            watch=Watch(epoch=kill),
        )
    assert len(drawn) == 1
    again: list[Epoch] = []
    made = run(recipe, data, tmp_path / "models", tmp_path / "work", serving=serving, before=Watch(epoch=again.append))
    assert not again
    assert made.metrics["dev"]["accuracy"] > 0.6  # one in four by chance
    artefact = open_artefact(made.folder)
    classifier = Classifier.open(artefact, serving)
    assert artefact.encoder is not None
    assert len(classifier([example.text for example in phrasings[100:110]])) == 10


def test_a_name_is_read_as_words() -> None:
    assert _names(["track_order", "card-lost", "refund"]) == [
        Labelled(text="track order", labels=("track_order",)),
        Labelled(text="card lost", labels=("card-lost",)),
        Labelled(text="refund", labels=("refund",)),
    ]


@pytest.mark.parametrize("values", [{"method": "head"}, {"kind": "answers", "method": "lora"}])
def test_contrast_needs_an_encoder_that_learns_and_labels(values: dict[str, str]) -> None:
    with pytest.raises(RecipeError, match="contrast trains the encoder for labels"):
        Recipe.of(**{"kind": "intents", "contrast": 2, **values})

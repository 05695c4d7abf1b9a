"""The kind entities from files to an artefact that serves: real runs, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finetune.artefact import open_artefact
from finetune.entities.examples import Entity, Tagged
from finetune.entities.family import Entities
from finetune.entities.tagger import Tagger
from finetune.errors import ArtefactError, DataError
from finetune.export import export_encoder
from finetune.gate import judge
from finetune.kinds import Begun, Parts, Surroundings
from finetune.loop import train
from finetune.network import padded
from finetune.recipe import Recipe
from finetune.run import Data, run
from finetune.watch import Watch
from retrieval.encoder import Encoder
from tests.unit.finetune.entities.conftest import made, tagged, write_tagged

pytestmark = pytest.mark.filterwarnings("default")


def data_of(folder: Path, rows: int) -> Data:
    return Data(
        train=(write_tagged(folder / "train.jsonl", made(rows)),),
        dev=write_tagged(folder / "dev.jsonl", made(30, seed=1)),
        test=write_tagged(folder / "test.jsonl", made(30, seed=2)),
    )


@pytest.fixture(scope="module")
def artefact(tiny: Path, serving: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an artefact whose tagger finds most."""
    folder = tmp_path_factory.mktemp("run")
    recipe = Recipe.of(kind="entities", method="full", backbone=str(tiny), epochs=6, learning_rate=3e-3)
    return run(recipe, data_of(folder, 300), folder / "models", folder / "work", serving=serving).folder


@pytest.fixture(scope="module")
def tagger(artefact: Path, serving: Encoder) -> Tagger:
    """Return that tagger."""
    return Tagger.open(open_artefact(artefact), serving)


def test_what_was_trained_serves(tagger: Tagger, artefact: Path) -> None:
    examples = made(40, seed=3)
    found = tagger([example.text for example in examples])
    right = [entity in some for example, some in zip(examples, found, strict=True) for entity in example.entities]
    assert np.mean(right) > 0.7
    told = json.loads((artefact / "metrics.json").read_text("utf-8"))
    assert set(told["test"]["labels"]) == {"city", "order"}
    assert told["test"]["f1_micro"] > 0.7
    assert not list(artefact.rglob("*.pkl"))


def test_a_text_is_read_the_same_alone_and_among_others(tagger: Tagger) -> None:
    texts = [example.text for example in made(20, seed=4)]
    assert tagger(texts) == [tagger([text])[0] for text in texts]
    assert tagger([]) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    text=st.text(max_size=60) | st.lists(st.sampled_from("order 4711 Paris 在 ，😀 é \t ２".split(" "))).map(" ".join)
)
def test_whatever_is_written_entities_are_side_by_side_within_it(tagger: Tagger, text: str) -> None:
    (found,) = tagger.found([text])
    assert 0.0 <= found.sure <= 1.0 + 1e-5
    for entity in found.entities:
        assert 0 <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == text[entity.start : entity.end].strip()
    assert all(one.end <= other.start for one, other in pairwise(found.entities))


def test_what_is_beyond_the_tokens_that_are_read_is_not_tagged(tagger: Tagger) -> None:
    text = "i moved to paris " + "please " * 200 + "i moved to paris"
    assert all(entity.end < 100 for entity in tagger([text])[0])


def test_it_needs_no_torch(artefact: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from finetune.artefact import open_artefact\n"
        "from finetune.entities.tagger import Tagger\n"
        "from types import SimpleNamespace\n"
        "serving = SimpleNamespace(threads=1)  # nothing else of it is asked\n"
        "print(Tagger.open(open_artefact(Path(sys.argv[1])), serving)(['i moved to Paris']))\n"
        "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(artefact)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "city" in done.stdout


def test_an_artefact_that_lost_its_encoder_is_refused(artefact: Path, serving: Encoder) -> None:
    opened = open_artefact(artefact)
    assert opened.encoder is not None
    hidden = opened.encoder.with_name("hidden")
    opened.encoder.rename(hidden)
    try:
        with pytest.raises(ArtefactError, match="Train it again"):
            Tagger.open(opened, serving)
    finally:
        hidden.rename(artefact / "encoder")


def begun_of(recipe: Recipe, rows: int, folder: Path) -> tuple[Begun, Parts[Tagged]]:
    """Return a trained network and its rows."""
    parts = Parts(train=made(rows), dev=made(30, seed=1), test=[])
    around = Surroundings(serving=None, work=folder, watch=Watch(), step=lambda text: None)  # type: ignore[arg-type]
    begun = Entities().begin(recipe, parts, around)
    train(begun.network, begun.task, begun.recipe, folder / "work")
    return begun, parts


@pytest.mark.parametrize("method", ["head", "lora", "adalora", "ia3", "bitfit", "prompt", "top-1", "full"])
def test_every_method_leaves_an_encoder_that_says_what_torch_says(method: str, tiny: Path, tmp_path: Path) -> None:
    recipe = Recipe.of(kind="entities", method=method, backbone=str(tiny), epochs=1, batch=16, rank=4)
    begun, parts = begun_of(recipe, 32, tmp_path)
    assert begun.backbone is not None
    texts = [example.text for example in parts.dev]
    encoder = export_encoder(begun.network, begun.backbone, tmp_path / "encoder", texts)
    assert Entities().figures(Entities().model(begun, encoder, parts), parts.dev)["rows"] == 30
    for pieces, states in encoder.states(texts[:5]):
        with torch.inference_mode():
            wanted = begun.network.features(*padded([pieces.ids], 0))[0, pieces.kept].numpy()
        assert states.shape == wanted.shape
        assert (states * wanted).sum(axis=1) == pytest.approx(1.0, abs=0.05)


def test_the_embedded_backbone_learns_entities_from_a_few_rows(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="entities", method="top-2", epochs=3, batch=8, learning_rate=1e-3)
    begun, _ = begun_of(recipe, 64, tmp_path)
    assert begun.task.score(begun.network) > 0.6


def test_outcomes_name_types_and_places(tagger: Tagger) -> None:
    example = tagged("i moved to {city}", city="Paris")
    family = Entities()
    found = tagger.found([example.text])[0]
    (outcome,) = family.outcomes(tagger, [example])
    assert outcome.wanted == ("city 11-16",)
    assert outcome.right == outcome.best == (outcome.found == outcome.wanted)
    assert outcome.sure == found.sure
    assert family.usual([*made(10), *[Tagged(text="hello", entities=())] * 10])(Tagged(text="x", entities=()))


def test_the_gate_judges_taggers_as_it_does_others(tagger: Tagger) -> None:
    rows = {part: made(60, seed=seed) for part, seed in (("train", 0), ("test", 5))}
    known = {example.text for example in rows["train"]}
    fresh = [example for example in rows["test"] if example.text not in known]
    findings = {finding.name: finding for finding in judge(Entities(), tagger, None, rows["train"], fresh)}
    assert findings["no leak"].passed
    assert findings["better"].passed
    assert findings["not by heart"].passed


@pytest.mark.parametrize(
    ("train", "dev", "told"),
    [
        ([Tagged(text="hello", entities=())], made(3), r"train\.jsonl: no entity at all"),
        (
            [Tagged(text="to Rome", entities=(Entity(type="city", start=3, end=7),))],
            [tagged("on {day}", day="Monday"), tagged("{day}", day="Monday")],
            r"dev\.jsonl: types that the training data does not have: 'day' \(2 times\)",
        ),
    ],
)
def test_rows_that_cannot_be_learned_from_are_refused(
    tmp_path: Path, train: list[Tagged], dev: list[Tagged], told: str
) -> None:
    data = Data(train=(write_tagged(tmp_path / "train.jsonl", train),), dev=write_tagged(tmp_path / "dev.jsonl", dev))
    with pytest.raises(DataError, match=told):
        data.read(Entities())


def test_one_row_is_too_few_to_choose_by_but_enough_to_learn_from(tiny: Path, serving: Encoder, tmp_path: Path) -> None:
    row = [tagged("i moved to {city}", city="Paris")]
    file = write_tagged(tmp_path / "one.jsonl", row)
    with pytest.raises(DataError, match="too few rows"):
        Data(train=(file,)).read(Entities())
    recipe = Recipe.of(kind="entities", method="full", backbone=str(tiny), epochs=1)
    dev = write_tagged(tmp_path / "dev.jsonl", [*row, tagged("{city}", city="Rome")])
    done = run(recipe, Data(train=(file,), dev=dev), tmp_path / "models", tmp_path / "work", serving=serving)
    assert done.metrics["dev"]["rows"] == 2

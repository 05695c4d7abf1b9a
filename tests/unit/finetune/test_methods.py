"""Each method trains what it says, leaves the rest as it was, and is exported to say the same without torch."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.errors import ArtefactError, BackboneError
from finetune.export import export_encoder
from finetune.labels.examples import Labelled
from finetune.labels.task import LabelTask
from finetune.loop import train, trained
from finetune.methods import prepare
from finetune.network import Backbone, Network, padded
from finetune.recipe import Recipe
from finetune.texts import cutting
from retrieval.extension import open_extension
from retrieval.source import EMBEDDED_EXTENSION, Source
from tests.unit.finetune.conftest import TOPICS
from tests.unit.retrieval.conftest import tiny_model

pytestmark = pytest.mark.filterwarnings("default")

__all__ = ["tiny_model"]

#: How many of the encoder's parameters each method trains, in thousands.
LEARN = {"lora": 147, "adalora": 221, "ia3": 16, "bitfit": 25, "prompt": 6, "top-2": 3548, "full": 22565}
#: Where a token was taught there are two rows for it.
TAUGHT = 2 * len(open_extension(EMBEDDED_EXTENSION).tokens) * 384 / 1000

TEXTS = ["where is my parcel", "refund?", "我的快递到哪里了", "I want to return the lamp because it is broken"]


@pytest.fixture(scope="module")
def before(loaded: Backbone) -> np.ndarray:
    """Return what the embedded backbone says without training."""
    return vectors(Network(loaded, loaded.size, 0, dropout=0.0, wide=True), loaded)


def tuned(method: str, backbone: Backbone, phrasings: list[Labelled], folder: Path) -> Network:
    """Return a network after two real steps."""
    recipe = Recipe.of(kind="intents", method=method, epochs=1, batch=16, max_tokens=16, warmup=0.0)
    network = Network(backbone, backbone.size, len(TOPICS), dropout=recipe.dropout, wide=True)
    prepare(network, recipe, 2)
    task = LabelTask(phrasings[:32], phrasings[32:48], list(TOPICS), recipe, cutting(backbone, recipe))
    train(network, task, recipe, folder)
    return network


def vectors(network: Network, backbone: Backbone) -> np.ndarray:
    ids, mask = padded(backbone.tokenizer(TEXTS)["input_ids"], backbone.tokenizer.pad_token_id)
    network.eval()
    with torch.inference_mode():
        return network.features(ids, mask).numpy()


@pytest.mark.parametrize("method", LEARN)
def test_a_method_trains_its_share_and_that_changes_what_the_encoder_says(
    method: str, embedded: Backbone, before: np.ndarray, phrasings: list[Labelled], tmp_path: Path
) -> None:
    network = tuned(method, embedded, phrasings, tmp_path / "work")
    learning = {name: weight for name, weight in trained(network).items() if not name.startswith("head.")}
    more = TAUGHT if method == "full" else 0.0
    assert sum(weight.numel() for weight in learning.values()) / 1000 == pytest.approx(LEARN[method] + more, abs=1)
    assert np.abs(vectors(network, embedded) - before).max() > 1e-5


@pytest.mark.parametrize(("method", "tiny"), [("lora", False), ("prompt", True), ("full", True)])
def test_serving_says_what_training_learned(
    method: str, tiny: bool, embedded: Backbone, tiny_model: Path, phrasings: list[Labelled], tmp_path: Path
) -> None:
    backbone = Backbone.load(str(tiny_model)) if tiny else embedded
    network = tuned(method, backbone, phrasings, tmp_path / "work")
    after = vectors(network, backbone)
    served = export_encoder(network, backbone, tmp_path / "encoder", TEXTS)
    for layer in (slice(backbone.size), slice(backbone.size, None)):
        assert (served.features(TEXTS)[:, layer] * after[:, layer]).sum(axis=1) == pytest.approx(1.0, abs=0.05)
    assert not list(tmp_path.rglob("*.pkl"))


def test_an_export_that_says_something_else_is_refused(
    tiny_model: Path, phrasings: list[Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finetune.export.TOLERANCE", 1e-12)
    backbone = Backbone.load(str(tiny_model))
    network = tuned("bitfit", backbone, phrasings, tmp_path / "work")
    with pytest.raises(ArtefactError, match="something else than in torch"):
        export_encoder(network, backbone, tmp_path / "encoder", TEXTS)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "optimizer.pt", "data.pkl"])
def test_a_folder_with_a_pickle_is_refused(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(Source.find("embedded-en").folder, tmp_path / "model")
    (folder / name).write_bytes(b"\x80\x04.")
    with pytest.raises(BackboneError, match=f"{name} is a pickle"):
        Backbone.load(str(folder))


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(Source.find("embedded-en").folder, tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(BackboneError, match="does not hold a whole model"):
        Backbone.load(str(folder))

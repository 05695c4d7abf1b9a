"""Texts that are learned from are what serving encodes, token by token."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from finetune.network import Backbone, Network
from finetune.recipe import Recipe
from finetune.texts import cutting
from retrieval.export import load_encoder
from tests.unit.retrieval.test_encoder import tiny_model

pytestmark = pytest.mark.filterwarnings("default")

__all__ = ["tiny_model"]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_prompt_stands_before_texts_as_it_does_where_they_are_served(
    tiny_model: Path, tmp_path: Path, pooling: str
) -> None:
    source = shutil.copytree(tiny_model, tmp_path / "model")
    prompts = json.dumps({"prompts": {"query": "where is ", "document": "card "}})
    (source / "config_sentence_transformers.json").write_text(prompts)
    (source / "1_Pooling").mkdir()
    (source / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": pooling}))
    backbone, texts = Backbone.load(str(source)), ["my parcel ?", "refund"]
    read = cutting(backbone, Recipe.of(kind="intents"))(texts)
    network = Network(backbone, backbone.size, 0, dropout=0.0, wide=True)
    learned, served = read.features(network).numpy(), load_encoder(str(source), tmp_path / "cache").features(texts)
    for layer in (slice(backbone.size), slice(backbone.size, None)):
        assert np.sum(learned[:, layer] * served[:, layer], axis=1) == pytest.approx(1.0, abs=0.01)

"""Texts that are learned from are what serving encodes, token by token."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from finetune.network import Backbone, Network
from finetune.recipe import Recipe
from finetune.texts import Spelling, cutting
from retrieval.export import load_encoder
from tests.unit.retrieval.conftest import tiny_model

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


def test_words_are_spelled_as_often_as_asked_unless_a_text_grew_too_long() -> None:
    random = np.random.default_rng(0)
    spelling = Spelling(characters={7: [1, 2]}, share=0.5, at_most=60)
    read = [spelling.read([7, 5, 7], random) for _ in range(200)]
    assert {tuple(ids) for ids in read} == {(7, 5, 7), (1, 2, 5, 7), (7, 5, 1, 2), (1, 2, 5, 1, 2)}
    assert 0.4 < np.mean([len(ids) - 3 for ids in read]) / 2 < 0.6
    assert spelling.read([7] * 59, random) == [7] * 59

"""A tiny model, as a folder and as its export."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.export import load_encoder

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] where is my parcel refund lamp card ? .".split()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder with a BERT of two layers and random weights."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-model")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=64, **shape)).save_pretrained(folder)
    BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)}).save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    return folder


@pytest.fixture(scope="session")
def tiny_cache(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the export of the tiny model."""
    cache = tmp_path_factory.mktemp("tiny-cache")
    load_encoder(str(tiny_model), cache)
    return cache

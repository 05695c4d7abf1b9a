"""Small data with entities, and a backbone so small that training it takes no time."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from finetune.entities.examples import Entity, Tagged

CITIES = "Paris London Tokyo Oslo Madrid Berlin Cairo Lima Dublin Vienna".split()
FRAMES = (
    "please send order {order} to {city}",
    "i moved to {city}",
    "where is {order}",
    "is there a shop in {city} that has {order}",
    "hello, can you help me?",
    "我在{city}，订单{order}还没到",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = "please send order to i moved where is there a shop in that has hello can you help me city paris".split()


def tagged(frame: str, **named: str) -> Tagged:
    """Return ``frame`` with what is ``named`` put in, each an entity of that type."""
    text, entities = "", []
    for place, part in enumerate(frame.replace("}", "{").split("{")):
        if place % 2:
            entities.append(Entity(type=part, start=len(text), end=len(text) + len(named[part])))
            part = named[part]
        text += part
    return Tagged(text=text, entities=tuple(entities))


def made(count: int, seed: int = 0) -> list[Tagged]:
    """Return messages about orders and cities."""
    chance = random.Random(seed)
    return [
        tagged(chance.choice(FRAMES), city=chance.choice(CITIES), order=f"{chance.randrange(1000, 9999)}")
        for _ in range(count)
    ]


def write_tagged(path: Path, examples: Sequence[Tagged]) -> Path:
    """Write examples as `kefu train` reads them."""
    rows = [
        {"text": e.text, "entities": [{"type": s.type, "start": s.start, "end": s.end} for s in e.entities]}
        for e in examples
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model folder: a BERT of two layers, random weights, and a vocabulary of letters and a few words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *",.?我在单"]
    vocabulary += [piece for letter in LETTERS for piece in (letter, f"##{letter}") if piece not in vocabulary]
    shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **shape)).save_pretrained(folder)
    BertTokenizerFast(vocab={piece: place for place, piece in enumerate(vocabulary)}).save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32}')
    return folder

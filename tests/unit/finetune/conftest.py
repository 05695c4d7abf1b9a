"""Small real data and the real embedded backbone: what is trained here takes seconds."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from bot.settings import State
from finetune.labels.examples import Labelled
from finetune.network import Backbone
from retrieval.encoder import Encoder
from retrieval.export import load_encoder
from retrieval.ingest import read_sources

FAQ = Path(__file__).parents[3] / "faq_data"

#: What an entry is about stands before the first hyphen of its id.
TOPICS = ("order", "pay", "return", "ship")


@pytest.fixture(scope="session")
def serving() -> Encoder:
    """Return the embedded encoder, as serving has it."""
    return load_encoder("embedded", State().cache)


@pytest.fixture(scope="session")
def loaded() -> Backbone:
    """Return the embedded backbone, which stays as it is."""
    return Backbone.load("embedded")


@pytest.fixture
def embedded(loaded: Backbone) -> Backbone:
    """Return a copy of it, to be trained."""
    return replace(loaded, model=deepcopy(loaded.model))


@pytest.fixture(scope="session")
def phrasings() -> list[Labelled]:
    """Return 480 English phrasings of four topics, in a fixed order that mixes topics and entries."""
    entries = [p for p in read_sources([FAQ]).passages if p.language == "en"]
    by_topic = {
        topic: [text for p in entries if p.id.startswith(f"{topic}-") for text in (p.question, *p.alternatives)][:120]
        for topic in TOPICS
    }
    examples = [Labelled(text=text, labels=(topic,)) for topic, texts in by_topic.items() for text in texts]
    random.Random(0).shuffle(examples)
    return examples


def write_labelled(path: Path, examples: Sequence[Labelled], key: str = "intent") -> Path:
    """Write examples as `kefu train` reads them."""
    rows = [
        {"text": e.text, key: e.labels[0]} if len(e.labels) == 1 else {"text": e.text, f"{key}s": list(e.labels)}
        for e in examples
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path

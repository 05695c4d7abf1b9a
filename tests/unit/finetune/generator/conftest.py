"""A small language model and the demo company's entries: what is trained here takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.generator.pairs import Pair
from finetune.generator.prompt import PLAIN
from finetune.generator.small import write_small
from finetune.generator.template import Cut, Template
from finetune.generator.writer import load
from retrieval.ingest import read_sources

FAQ = Path(__file__).parents[4] / "faq_data"


@pytest.fixture(scope="session")
def pairs() -> list[Pair]:
    """Return 120 questions with the answers of their entries, in English and Chinese."""
    entries = [p for p in read_sources([FAQ]).passages if len(p.answer) < 300 and p.alternatives]
    some = [p for language in ("en", "zh") for p in [p for p in entries if p.language == language][:30]]
    return [
        Pair(text=text, answer=p.answer, language=p.language, passages=(p,))
        for p in some
        for text in (p.question, p.alternatives[0])
    ]


@pytest.fixture(scope="session")
def small(pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of two layers that has learned nothing."""
    texts = [text for pair in pairs for text in (pair.text, pair.answer)]
    return write_small(tmp_path_factory.mktemp("small"), texts, vocabulary=1200, size=64, layers=2, positions=512)


@pytest.fixture(scope="session")
def template(small: Path) -> Template:
    return load(str(small)).template


@pytest.fixture(scope="session")
def cuts(pairs: list[Pair], template: Template) -> list[Cut]:
    """Return examples as tokens, long ones with passages and short ones without."""
    return [
        template.cut(PLAIN.messages(pair.text, pair.passages * (number % 3), pair.language), pair.answer)
        for number, pair in enumerate(pairs[:6])
    ]

"""The encoder that ships reads English and Chinese: what it holds, and how well it finds on the demo company."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.common import FAQ, TODAY, labelled, mean
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.disk import sha256
from retrieval.encoder import Encoder
from retrieval.extension import open_extension
from retrieval.ingest import read_sources
from retrieval.source import EMBEDDED_EXTENSION, Source
from retrieval.types import Query

#: Licences that ask for no more than to be named.
PERMISSIVE = {"Apache-2.0", "BSD-3-Clause", "CC-BY-2.0-FR", "CC-BY-4.0", "MIT"}


def test_what_ships_is_whole_and_small() -> None:
    extension = open_extension(EMBEDDED_EXTENSION)
    assert {name: sha256(EMBEDDED_EXTENSION / name) for name in extension.files} == extension.files
    assert sum(path.stat().st_size for path in EMBEDDED_EXTENSION.rglob("*") if path.is_file()) <= 12_000_000
    assert extension.base == "embedded-en"
    assert extension.base_sha256 == Source.find("embedded-en").weights_sha256()


def test_hardly_a_word_of_the_knowledge_is_unknown(encoder: Encoder) -> None:
    texts = [text for p in read_sources([FAQ]).passages for text in (p.question, *p.alternatives, p.answer)]
    assert mean(encoder.unknown_share(text) for text in texts) < 0.002


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where indices are built, each of what the one before has encoded."""
    return tmp_path_factory.mktemp("index")


@pytest.mark.parametrize(
    ("known", "dense", "both"),
    [(("en", "zh"), 0.80, 0.89), (("en",), 0.71, 0.75)],
    ids=["entries in both languages", "entries in English alone"],
)
def test_chinese_questions_find_their_entries(
    folder: Path, encoder: Encoder, analyzer: Analyzer, known: tuple[str, ...], dense: float, both: float
) -> None:
    """On the half to choose by; what is reported stands in the benchmarks."""
    passages = [p for p in read_sources([FAQ]).passages if p.language in known]
    index = build_index(folder, passages, encoder, analyzer)
    asked = [q for q in labelled("zh") if q.answers and q.split == "dev"]
    hits = index.search([Query(text=q.text, context=q.context) for q in asked], 60, day=TODAY)
    for side, least in (("dense", dense), ("odds", both)):
        best = [max(found, key=lambda hit: float(getattr(hit, side))).passage.id for found in hits]
        assert mean(q.right([entry]) for q, entry in zip(asked, best, strict=True)) >= least


def test_the_card_names_every_source_with_its_licence() -> None:
    card = Path(EMBEDDED_EXTENSION, "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\S+) \| (\S+) \| [\d,]+ \|$", card, re.MULTILINE)
    assert len(rows) > 10
    assert {licence for _, licence in rows} <= PERMISSIVE
    for source, _ in rows:
        assert re.search(rf"`{source.split('-')[0]}[-*]?", card.split("## Licences")[1])

"""Knowledge as files, read, indexed and linted as the command does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.ingest import read_sources
from retrieval.lint import Channel, Finding, lint

DAY = date(2026, 11, 25)

#: A file by its name: its text, or rows that become lines of JSON.
Files = dict[str, str | list[dict[str, object]]]
Linted = Callable[..., list[Finding]]


@pytest.fixture
def linted(encoder: Encoder, analyzer: Analyzer, tmp_path: Path) -> Linted:
    """Write files to a folder and lint them; the places that are told are names in it."""

    def run(files: Files, channels: tuple[Channel, ...] = ()) -> list[Finding]:
        folder = tmp_path / "faq"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not isinstance(content, str):
                content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
            path.write_text(content, "utf-8")
        ingestion = read_sources([folder])
        index = build_index(tmp_path / "index", ingestion.passages, encoder, analyzer)
        return lint(ingestion, index, day=DAY, channels=channels)

    return run


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    """Return the code of each finding and where it is, as ``name:line``."""
    return [(f.code, f"{Path(f.place.file).name}:{f.place.line}") for f in findings]

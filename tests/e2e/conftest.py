"""What the tests of the command share: working directories, and the demo company's knowledge ingested once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ROOT, Desk, Ran


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A working directory of its own, with a small FAQ folder and no index yet."""
    return Desk.with_entries(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The same for tests that change nothing in it."""
    return Desk.with_entries(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The demo company's knowledge as the sources of the settings."""
    return Desk(tmp_path_factory.mktemp("demo"), env={"KEFU_KNOWLEDGE__SOURCES": str(ROOT / "faq_data")})


@pytest.fixture(scope="session")
def ingested(demo: Desk) -> Ran:
    """How the first `kefu ingest --json` of ``demo`` ended."""
    return demo.run("ingest", "--json")

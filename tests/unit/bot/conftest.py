"""What the tests of the service share: the small knowledge base as an index."""

from __future__ import annotations

import pytest

from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.index import KnowledgeIndex
from retrieval.types import Passage


@pytest.fixture(scope="session")
def index(
    tmp_path_factory: pytest.TempPathFactory, knowledge: tuple[Passage, ...], encoder: Encoder, analyzer: Analyzer
) -> KnowledgeIndex:
    """The index of `knowledge`."""
    return build_index(tmp_path_factory.mktemp("index"), knowledge, encoder, analyzer)

"""What the tests of the service share: the small knowledge base as an index, and conversations about it."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.calibration import Calibration
from bot.knowledge import KnowledgeSource
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.index import KnowledgeIndex
from retrieval.types import Passage
from tests.unit.bot.talk import ALWAYS_ASKS_BACK, Talk


@pytest.fixture(scope="session")
def index(
    tmp_path_factory: pytest.TempPathFactory, knowledge: tuple[Passage, ...], encoder: Encoder, analyzer: Analyzer
) -> KnowledgeIndex:
    """The index of `knowledge`."""
    return build_index(tmp_path_factory.mktemp("index"), knowledge, encoder, analyzer)


@pytest.fixture
def knowledge_source(index: KnowledgeIndex) -> KnowledgeSource:
    """The source over `index`."""
    return KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC"))


@pytest.fixture
def talk(knowledge_source: KnowledgeSource) -> Talk:
    """A conversation about `knowledge`."""
    return Talk(knowledge_source)


@pytest.fixture
def asking(knowledge_source: KnowledgeSource) -> Talk:
    """The same with a bot that asks back whatever it is asked."""
    return Talk(knowledge_source, thresholds=ALWAYS_ASKS_BACK)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A folder of artefacts: intents and sentiment, learned from a few rows and in use."""
    from finetune.recipe import Kind
    from tests.unit.bot.trained import INTENTS, SENTIMENT, rows_of, train

    folder = tmp_path_factory.mktemp("trained")
    train(folder / "models", Kind.INTENTS, rows_of(INTENTS, "intent", folder), encoder)
    train(folder / "models", Kind.SENTIMENT, rows_of(SENTIMENT, "sentiment", folder), encoder)
    return folder / "models"

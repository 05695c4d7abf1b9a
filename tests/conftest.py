"""What several suites share: the real encoder, the analyser, and a small knowledge base in two languages."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from bot.settings import State
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder
from retrieval.export import load_encoder
from retrieval.types import Passage
from tests.unit.copying import Copying


def pytest_collection_finish() -> None:
    """Have the collector pass over what is there already, which stays: an export, for one, collects all garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def encoder_cache() -> Path:
    """Where the service keeps exported encoders: what one run exported, the next ones load."""
    return State().cache


@pytest.fixture(scope="session")
def encoder(encoder_cache: Path) -> Encoder:
    """The embedded encoder."""
    return load_encoder("embedded", encoder_cache)


@pytest.fixture(scope="session")
def english_encoder(encoder_cache: Path) -> Encoder:
    """The embedded encoder without its extension: it reads no Chinese."""
    return load_encoder("embedded-en", encoder_cache)


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    """An analyser without a user dictionary."""
    return Analyzer()


@pytest.fixture(scope="session")
def today() -> date:
    """The day on which `knowledge` is searched."""
    return date(2025, 6, 15)


def _entry(entry: str, language: str, question: str, answer: str, *alternatives: str, **more: object) -> Passage:
    return Passage(id=entry, language=language, question=question, answer=answer, alternatives=alternatives, **more)


@pytest.fixture(scope="session")
def knowledge() -> tuple[Passage, ...]:
    """Entries with and without a twin; some may not be served on the day of `today`, as their ids say."""
    past, future = date(2025, 5, 31), date(2025, 7, 1)
    return (
        _entry(
            "track",
            "en",
            "How do I track my order?",
            "Open the tracking link in your dispatch e-mail.",
            "where is my parcel",
        ),
        _entry("track", "zh", "如何查询订单物流？", "请点击发货邮件中的物流链接。", "我的快递到哪儿了"),
        _entry(
            "refund",
            "en",
            "How long does a refund take?",
            "We refund within 14 days of the return.",
            "when do I get my money back",
        ),
        _entry("refund", "zh", "退款需要多久？", "我们在收到退货后 14 天内退款。", "钱什么时候退给我"),
        _entry(
            "pay",
            "en",
            "Which payment methods do you accept?",
            "Visa, Mastercard and PayPal.",
            "can I pay by credit card",
        ),
        _entry("pay", "zh", "支持哪些付款方式？", "支持支付宝、微信和信用卡。", "可以用支付宝吗"),
        _entry(
            "warranty",
            "en",
            "How long is the warranty on a lamp?",
            "Lamps have a warranty of two years.",
            "guarantee period of lamps",
        ),
        _entry("warranty", "zh", "台灯保修多久？", "台灯保修两年。", "灯的质保期"),
        _entry(
            "password",
            "en",
            "How do I reset my password?",
            "Choose 'Forgot password' and follow the e-mail.",
            "I cannot log in",
        ),
        _entry("invoice", "zh", "怎么开发票？", "在订单页面点击“申请发票”。", "需要增值税发票"),
        _entry("gift-expired", "en", "Do you wrap gifts?", "Gift wrapping is free in May.", valid_until=past),
        _entry("sale-future", "en", "When is the summer sale?", "The summer sale starts in July.", valid_from=future),
        _entry("discount-staff", "en", "What discount do employees get?", "Employees get 30%.", audience="staff"),
        # Its Chinese twin is over: Chinese customers get the English one.
        _entry("pickup", "en", "Can I pick up my order in the store?", "Yes, at the service desk."),
        _entry("pickup", "zh", "可以到店自提吗？", "五月底前可以自提。", valid_until=past),
    )


#: The server that tests use, and a database there in which new ones can be made.
NAMED = os.environ.get("KEFU_TEST_POSTGRES")
SERVER = NAMED or "postgresql://127.0.0.1:5432/test"


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_the_suite() -> None:
    """Hide what is named for the suite: the service takes every variable that begins like it for a setting."""
    os.environ.pop("KEFU_TEST_POSTGRES", None)


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The address of a PostgreSQL database of this process alone; skips where there is no server."""
    name = f"kefu_test_{os.getpid()}"

    try:
        server = psycopg.connect(SERVER, autocommit=True)
    except psycopg.OperationalError as error:
        if NAMED:
            raise
        pytest.skip(f"no PostgreSQL at {SERVER} ({error}); KEFU_TEST_POSTGRES names another")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{SERVER.rsplit('/', 1)[0]}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[str]:
    """The same, empty."""
    yield postgres_database
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture(scope="session")
def copying(tmp_path_factory: pytest.TempPathFactory) -> Copying:
    """Language models that write what two entries say; not to be changed."""
    from tests.unit import copying

    return copying.copying(tmp_path_factory.mktemp("copying"))

"""What the source "knowledge" promises: few searches for many questions, each asker his own, entries of the day."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.calibration import Calibration
from bot.knowledge import BATCH, CANDIDATES, KnowledgeSource, Searcher
from bot.types import Candidate, Question
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.index import KnowledgeIndex
from retrieval.types import Hit, Passage, Query

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


def asked(text: str, language: str = "en", at: datetime = NOON) -> Question:
    return Question(text=text, language=language, at=at)


def source_of(index: Searcher, time_zone: str = "UTC") -> KnowledgeSource:
    return KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=ZoneInfo(time_zone))


def ids(candidates: Sequence[Candidate]) -> set[str]:
    return {candidate.id for candidate in candidates}


class Watched:
    """The real index; counts the searches, and holds each until it may go on."""

    def __init__(self, index: KnowledgeIndex, *, held: bool = True) -> None:
        self.index = index
        self.sizes: list[int] = []
        self.fails = False
        self._begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._go_on = threading.Event()
        if not held:
            self.let_go()

    @property
    def version(self) -> str:
        return self.index.version

    async def begun(self) -> None:
        await self._begun.wait()

    def let_go(self) -> None:
        self._go_on.set()

    def search(self, queries: Sequence[Query], k: int, *, day: date) -> list[list[Hit]]:
        fails = self.fails
        self.sizes.append(len(queries))
        self._loop.call_soon_threadsafe(self._begun.set)
        self._go_on.wait(30)
        if fails:
            raise OSError("disk gone")
        return self.index.search(queries, k, day=day)

    def passage(self, entry: str, language: str) -> Passage | None:
        return self.index.passage(entry, language)


async def under_way(searcher: Watched, source: KnowledgeSource, *texts: str) -> list[asyncio.Task[list[Candidate]]]:
    """Ask while a first search is held, so that the others have to wait; the first task is the one of that search."""

    async def one(text: str) -> list[Candidate]:
        return (await source.candidates([asked(text)]))[0]

    tasks = [asyncio.create_task(one("How do I track my order?"))]
    await searcher.begun()
    tasks += [asyncio.create_task(one(text)) for text in texts]
    await asyncio.sleep(0)
    return tasks


async def test_a_question_brings_its_entry_first_with_all_that_a_reply_needs(index: KnowledgeIndex) -> None:
    (found,) = await source_of(index).candidates([asked("How do I track my order?")])
    assert 1 < len(found) <= CANDIDATES
    best = found[0]
    assert (best.id, best.source, best.language) == ("track", "knowledge", "en")
    assert (best.question, best.answer) == (
        "How do I track my order?",
        "Open the tracking link in your dispatch e-mail.",
    )
    assert set(best.details) == {"score", "dense", "keyword", "coverage"}
    assert [c.confidence for c in found] == sorted((c.confidence for c in found), reverse=True)
    assert len(ids(found)) == len(found)


async def test_questions_asked_together_come_back_in_their_order(index: KnowledgeIndex) -> None:
    searcher = Watched(index, held=False)
    texts = ["How long does a refund take?", "How do I reset my password?", "怎么开发票？"]
    found = await source_of(searcher).candidates([asked(text) for text in texts])
    assert [candidates[0].id for candidates in found] == ["refund", "password", "invoice"]
    assert searcher.sizes == [3]


async def test_nothing_asked_is_nothing_found(index: KnowledgeIndex) -> None:
    assert await source_of(index).candidates([]) == []


async def test_questions_that_wait_go_into_one_search_and_find_what_they_would_alone(index: KnowledgeIndex) -> None:
    texts = [
        "How long does a refund take?",
        "怎么开发票？",
        "guarantee period of lamps",
        "How long does a refund take?",
    ]
    searcher = Watched(index)
    source = source_of(searcher)
    tasks = await under_way(searcher, source, *texts)
    searcher.let_go()
    _, *together = await asyncio.gather(*tasks)
    assert searcher.sizes == [1, len(texts)]
    alone = [(await source_of(index).candidates([asked(text)]))[0] for text in texts]
    assert together == alone


async def test_a_crowd_is_searched_for_in_bounded_batches(index: KnowledgeIndex) -> None:
    searcher = Watched(index)
    tasks = await under_way(searcher, source_of(searcher), *(f"question {n} about a lamp" for n in range(BATCH + 3)))
    searcher.let_go()
    await asyncio.gather(*tasks)
    assert searcher.sizes == [1, BATCH, 3]


async def test_an_error_reaches_those_who_asked_and_nobody_else(index: KnowledgeIndex) -> None:
    searcher = Watched(index)
    searcher.fails = True
    source = source_of(searcher)
    tasks = await under_way(searcher, source, "How long does a refund take?", "怎么开发票？")
    searcher.fails = False
    searcher.let_go()
    first, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(first, OSError)
    assert [found[0].id for found in others if isinstance(found, list)] == ["refund", "invoice"]
    assert (await source.candidates([asked("How do I track my order?")]))[0][0].id == "track", "it goes on afterwards"


async def test_who_does_not_wait_any_more_takes_nothing_from_the_others(index: KnowledgeIndex) -> None:
    searcher = Watched(index)
    tasks = await under_way(searcher, source_of(searcher), "How long does a refund take?", "怎么开发票？")
    tasks[0].cancel()
    tasks[1].cancel()
    searcher.let_go()
    assert (await tasks[2])[0].id == "invoice"
    gone = await asyncio.gather(*tasks[:2], return_exceptions=True)
    assert [type(error) for error in gone] == [asyncio.CancelledError] * 2


async def test_a_new_index_serves_the_next_question_and_not_the_one_under_way(
    index: KnowledgeIndex, knowledge: tuple[Passage, ...], analyzer: Analyzer, tmp_path: Path
) -> None:
    edited = [replace(p, answer="Ask the courier.") if p.key == ("track", "en") else p for p in knowledge]
    other = build_index(tmp_path, edited, index.encoder, analyzer)
    searcher = Watched(index)
    source = source_of(searcher)
    tasks = await under_way(searcher, source, "How do I track my order?")
    source.index = other
    searcher.let_go()
    before, after = await asyncio.gather(*tasks)
    assert before[0].answer == "Open the tracking link in your dispatch e-mail."
    assert after[0].answer == "Ask the courier."


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("Do you wrap gifts?", "gift-expired"),
        ("When is the summer sale?", "sale-future"),
        ("What discount do employees get?", "discount-staff"),
    ],
)
async def test_what_may_not_be_served_is_never_proposed(index: KnowledgeIndex, text: str, entry: str) -> None:
    (found,) = await source_of(index).candidates([asked(text)])
    assert entry not in ids(found)


async def test_the_day_is_the_one_where_the_operator_is(index: KnowledgeIndex) -> None:
    # The last evening of May in London is the first morning of June in Shanghai.
    evening = asked("Do you wrap gifts?", at=datetime(2025, 5, 31, 22, tzinfo=UTC))
    assert "gift-expired" in ids((await source_of(index).candidates([evening]))[0])
    assert "gift-expired" not in ids((await source_of(index, "Asia/Shanghai").candidates([evening]))[0])


async def test_questions_on_both_sides_of_midnight_have_each_their_day(index: KnowledgeIndex) -> None:
    before, after = (datetime(2025, 5, 31, 23, 59, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC))
    found = await source_of(index).candidates([asked("Do you wrap gifts?", at=at) for at in (after, before)])
    assert ["gift-expired" in ids(candidates) for candidates in found] == [False, True]


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        ("How do I track my order?", "zh", "请点击发货邮件中的物流链接。"),
        ("我的快递到哪儿了", "en", "Open the tracking link in your dispatch e-mail."),
        ("怎么开发票？", "en", "在订单页面点击“申请发票”。"),
        ("Can I pick up my order in the store?", "zh", "Yes, at the service desk."),
    ],
    ids=["Chinese twin", "English twin", "no twin", "twin is over"],
)
async def test_an_entry_is_quoted_in_the_language_of_the_reply_where_it_may_be(
    index: KnowledgeIndex, text: str, language: str, answer: str
) -> None:
    (found,) = await source_of(index).candidates([asked(text, language)])
    assert found[0].answer == answer


@pytest.mark.parametrize("text", ["track", "快递"])
async def test_how_likely_an_entry_is_right_does_not_depend_on_the_language_of_the_reply(
    index: KnowledgeIndex, text: str
) -> None:
    english, chinese = await source_of(index).candidates([asked(text, "en"), asked(text, "zh")])
    assert [(c.id, c.confidence) for c in english] == [(c.id, c.confidence) for c in chinese]

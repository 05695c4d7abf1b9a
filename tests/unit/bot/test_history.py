"""What the source "history" promises: entries as they stand today, and nothing that is unfit to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from bot.history import HistorySource
from bot.knowledge import CANDIDATES, KnowledgeSource
from bot.learned import Learned, Models
from bot.types import Candidate, Question
from tests.unit.bot.talk import NOON, Talk


@dataclass(frozen=True)
class Known:
    """An answer that was given before."""

    id: str
    answer: str = "As we said."
    question: str = "What did you say?"
    language: str = "en"
    confidence: float = 0.9
    score: float = 0.8


class Remembers:
    """A matcher that knows a few answers to whatever it is asked; keeps what it was asked."""

    def __init__(self, *known: Known) -> None:
        self.known = known
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> list[list[Known]]:
        self.asked.append(list(texts))
        return [list(self.known) for _ in texts]


def asked(text: str = "What was that?", language: str = "en") -> Question:
    return Question(text=text, language=language, at=NOON)


async def found(entries: KnowledgeSource, *known: Known, question: Question | None = None) -> list[Candidate]:
    source = HistorySource(Learned(Models(answers=Remembers(*known))), entries)
    return (await source.candidates([question or asked()]))[0]


async def test_an_answer_that_is_no_entry_is_quoted_from_history(knowledge_source: KnowledgeSource) -> None:
    (candidate,) = await found(knowledge_source, Known("answer-1a2b3c4d5e6f"))
    assert candidate == Candidate(
        id="answer-1a2b3c4d5e6f",
        confidence=0.9,
        source="history",
        question="What did you say?",
        answer="As we said.",
        language="en",
        details={"score": 0.8},
    )


async def test_an_entry_is_quoted_as_it_stands_today(knowledge_source: KnowledgeSource) -> None:
    (candidate,) = await found(knowledge_source, Known("refund", answer="Thirty days, as it was once."))
    assert (candidate.answer, candidate.question) == (
        "We refund within 14 days of the return.",
        "How long does a refund take?",
    )
    assert (candidate.confidence, candidate.source, candidate.details) == (0.9, "history", {"score": 0.8})


async def test_an_entry_is_quoted_in_the_language_of_the_customer(knowledge_source: KnowledgeSource) -> None:
    (candidate,) = await found(knowledge_source, Known("refund"), question=asked("退款", "zh"))
    assert (candidate.answer, candidate.language) == ("我们在收到退货后 14 天内退款。", "zh")
    (candidate,) = await found(knowledge_source, Known("invoice"))
    assert candidate.language == "zh", "there is no English twin"


@pytest.mark.parametrize("entry", ["gift-expired", "sale-future", "discount-staff"])
async def test_an_entry_that_may_not_be_served_is_not_quoted_from_history_either(
    knowledge_source: KnowledgeSource, entry: str
) -> None:
    assert await found(knowledge_source, Known(entry, answer="It was so.")) == []


async def test_a_twin_that_is_over_is_not_quoted(knowledge_source: KnowledgeSource) -> None:
    (candidate,) = await found(knowledge_source, Known("pickup"), question=asked("自提", "zh"))
    assert (candidate.language, candidate.answer) == ("en", "Yes, at the service desk.")


@pytest.mark.parametrize("token", ["<name>", "<email>", "<order>", "<id_number>", "<url>", "<phone>"])
async def test_an_answer_with_a_token_for_personal_data_is_not_sent(
    knowledge_source: KnowledgeSource, token: str
) -> None:
    assert await found(knowledge_source, Known("answer-1", answer=f"Dear {token}, it is done.")) == []


async def test_a_question_is_offered_without_tokens_and_places(knowledge_source: KnowledgeSource) -> None:
    asks = "Where is <order> of <name>, {{Order Number}} or {order}?"
    (candidate,) = await found(knowledge_source, Known("answer-1", question=asks))
    assert candidate.question == "Where is … of …, … or …?"


async def test_there_are_ten_at_most(knowledge_source: KnowledgeSource) -> None:
    assert len(await found(knowledge_source, *[Known(f"answer-{n}") for n in range(20)])) == CANDIDATES


async def test_questions_go_to_the_matcher_together_and_none_goes_where_none_is_in_use(
    knowledge_source: KnowledgeSource,
) -> None:
    matcher = Remembers(Known("answer-1"))
    learned = Learned(Models(answers=matcher))
    source = HistorySource(learned, knowledge_source)
    assert [len(found) for found in await source.candidates([asked("one"), asked("two")])] == [1, 1]
    assert matcher.asked == [["one", "two"]]
    learned.models = Models()
    assert await source.candidates([asked("one"), asked("two")]) == [[], []]


# --- with the knowledge beside it


def talk_with(knowledge_source: KnowledgeSource, *known: Known) -> Talk:
    learned = Learned(Models(answers=Remembers(*known)))
    return Talk(knowledge_source, HistorySource(learned, knowledge_source), learned=learned, entries=knowledge_source)


async def test_what_only_history_knows_is_answered(knowledge_source: KnowledgeSource) -> None:
    talk = talk_with(knowledge_source, Known("answer-1", answer="Magnus Carlsen."))
    reply = await talk.says("Who won the chess championship in Reykjavik?")
    assert (reply.text, [c.id for c in reply.citations]) == ("Magnus Carlsen.", ["answer-1"])
    assert reply.candidates[0].source == "history"


async def test_an_entry_that_both_propose_stands_once_with_the_higher_confidence(
    knowledge_source: KnowledgeSource,
) -> None:
    reply = await talk_with(knowledge_source, Known("refund", confidence=0.999)).says("How long does a refund take?")
    assert [c.id for c in reply.candidates].count("refund") == 1
    assert (reply.confidence, reply.candidates[0].source) == (0.999, "history")


async def test_an_answer_with_a_place_that_nothing_fills_is_not_sent(knowledge_source: KnowledgeSource) -> None:
    for answer in ("Your order {order_number} is on its way.", "Dear {{Name}}, it is on its way."):
        reply = await talk_with(knowledge_source, Known("answer-1", answer=answer)).says("Who won in Reykjavik?")
        assert "answer-1" not in {c.id for c in reply.candidates}
        assert "{" not in reply.text


async def test_what_history_offers_can_be_picked(knowledge_source: KnowledgeSource) -> None:
    first, second = Known("answer-1", question="Is <order> late?", confidence=0.28), Known("answer-2", question="Lost?")
    talk = talk_with(knowledge_source, first, replace(second, confidence=0.27, answer="We look for it."))
    asks_back = await talk.says("Who won the chess championship in Reykjavik?")
    assert [c.question for c in asks_back.citations][:2] == ["Is … late?", "Lost?"]
    assert (await talk.says("2")).text == "We look for it."

"""What thresholds for a language or a topic promise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.policy import Finding, Rules, Situation, Thresholds, decide, topic_of
from bot.types import Action, Candidate, Question

RULES = Rules(
    thresholds=Thresholds(answer_from=0.7, clarify_from=0.3, choices=3),
    answer_from_in={"zh": 0.9, "zh/payment": 0.5, "en/returns": 1.0, "en/shipping": 0.2},
)


def situation(language: str, confidence: float, *tags: str) -> Situation:
    candidate = Candidate(
        id="a", confidence=confidence, source="knowledge", question="a?", answer="a.", language=language, tags=tags
    )
    question = Question(text="a?", language=language, at=datetime(2025, 6, 15, tzinfo=UTC))
    return Situation(question=question, whole=Finding(text="a?", candidates=[candidate]))


@pytest.mark.parametrize(
    ("language", "tags", "answer_from"),
    [
        ("en", (), 0.7),
        ("en", ("payment",), 0.7),
        ("fr", ("payment",), 0.7),
        ("zh", (), 0.9),
        ("zh", ("returns",), 0.9),
        ("zh", ("payment", "returns"), 0.5),
        ("zh", ("returns", "payment"), 0.9),
        ("en", ("returns",), 1.0),
        ("en", ("shipping",), 0.2),
    ],
)
def test_the_narrowest_slice_of_a_message_decides(language: str, tags: tuple[str, ...], answer_from: float) -> None:
    at, below = (decide(situation(language, sure, *tags), RULES) for sure in (answer_from, answer_from - 0.001))
    assert at.action is Action.ANSWER
    assert below.action is not Action.ANSWER


def test_a_question_is_not_asked_back_where_it_would_be_answered() -> None:
    assert RULES.thresholds_for("en", "shipping") == Thresholds(answer_from=0.2, clarify_from=0.2, choices=3)
    assert RULES.thresholds_for("zh", "") == Thresholds(answer_from=0.9, clarify_from=0.3, choices=3)


def test_the_topic_is_the_first_tag_of_the_likeliest_entry() -> None:
    assert topic_of(situation("en", 0.5, "payment", "cards").whole.candidates) == "payment"
    assert topic_of(situation("en", 0.5).whole.candidates) == ""
    assert topic_of([]) == ""

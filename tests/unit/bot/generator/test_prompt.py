"""What a model is asked: everything that others wrote is data between marks that it cannot end."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generator.prompt import ENTRY, QUESTION, TURN, TURNS, messages
from bot.types import Candidate, Speaker, Turn

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)
MARKS = ["<passages>", "<passage>", "</passage>", "</passages>", "<conversation>", "</conversation>"]
MARKS += ["<question>", "</question>"]


def prompt(question: str, *turns: str, answer: str = "Within 14 days.", language: str = "en") -> tuple[str, str]:
    chosen = Candidate(
        id="refund", confidence=0.9, source="knowledge", question="Refunds?", answer=answer, language=language
    )
    earlier = [Turn(speaker=Speaker.CUSTOMER, text=text, at=NOON) for text in turns]
    system, user = messages(question, [chosen], language, earlier)
    assert (system["role"], user["role"]) == ("system", "user")
    return system["content"], user["content"]


def test_it_holds_the_entry_the_conversation_and_the_question_in_this_order() -> None:
    assert prompt("how long?", "hello", answer="Within 14 days.\nTo your card.")[1] == (
        "<passages>\n<passage>\nRefunds?\nWithin 14 days.\nTo your card.\n</passage>\n</passages>\n"
        "<conversation>\ncustomer: hello\n</conversation>\n<question>\nhow long?\n</question>"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_system_text_is_the_same_whatever_is_asked(language: str) -> None:
    texts = {prompt(question, language=language)[0] for question in ("how long?", "ignore all", "</question>")}
    assert len(texts) == 1
    assert "<passages>" in texts.pop()


@given(st.lists(st.sampled_from([*MARKS, "<|im_end|>", "[INST]", "[/INST]", "</s>", "\n", "\r", "bot: yes", "a"])))
def test_no_text_can_end_the_marks_it_stands_between(parts: list[str]) -> None:
    text = "".join(parts)
    user = prompt(text, text, answer=text)[1]
    marks = re.findall("<[^>]*>", user)
    assert [mark for mark in marks if mark not in MARKS] == []
    assert all(marks.count(mark) == 1 for mark in marks)
    assert "[INST]" not in user
    conversation = user.partition("<conversation>")[2].partition("</conversation>")[0]
    assert len(re.findall("^(customer|bot|agent): ", conversation, re.MULTILINE)) <= 1


@given(st.text(max_size=200))
def test_control_characters_do_not_reach_the_model(text: str) -> None:
    user = prompt(text, text, answer=text)[1]
    assert user.replace("\n", "").isprintable()
    user.encode()


def test_its_size_is_bounded() -> None:
    long = "<" * 100_000
    user = prompt(long, *[long] * 50, answer=long)[1]
    assert user.count("customer: ") == TURNS
    assert len(user) < len("&lt;") * (ENTRY + 2 * QUESTION + TURNS * TURN) + 500

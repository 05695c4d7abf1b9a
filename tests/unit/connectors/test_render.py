"""How replies and their reasons look on screens of different widths."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from bot.generator.failure import Why
from bot.lock.objection import Code
from bot.types import (
    Action,
    Author,
    Candidate,
    ConversationKey,
    Entity,
    Reason,
    Removed,
    Reply,
    Sourced,
    Understanding,
    Writing,
)
from connectors.terminal.render import explained, welcome
from connectors.terminal.words import words

DETAILS = {"score": 0.868, "dense": 0.9434, "keyword": 6.81}
REPLY = Reply(
    id="r",
    conversation=ConversationKey(channel="terminal", thread="1"),
    in_reply_to="1",
    text="",
    action=Action.ANSWER,
    reason=Reason.CONFIDENT,
    confidence=0.916,
    language="en",
    candidates=tuple(
        Candidate(id=id_, confidence=c, source="faq", question=q, answer="", language="en", details=DETAILS)
        for id_, c, q in (
            ("ship-cost", 0.916, "How much does standard shipping cost?"),
            ("ship-cost-to-islands", 0.31, "What does shipping to the islands cost?"),
            ("ship-zh", 0.02, "运费多少钱，偏远地区要加钱吗？"),
        )
    ),
    timings_ms={"search": 1.94},
)


def lines(width: int, language: str = "en", reply: Reply = REPLY) -> list[str]:
    """What `/why` shows of ``reply`` on a screen of ``width`` columns."""
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(explained(reply, words(language)))
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_why_stays_readable_on_a_narrow_screen(language: str) -> None:
    shown = lines(40, language)
    assert all(cell_len(line) <= 40 for line in shown)
    assert len(shown) < 20
    assert shown[:2] == ["1 ship-cost  92 %", "  How much does standard shipping cost?"]
    assert "2 ship-cost-to-islands  31 %" in shown
    assert "3 ship-zh  2 %" in shown
    text = " ".join(line.strip() for line in shown)
    assert text.count("faq · score 0.868 · dense 0.943 · keyword 6.81") == 3
    assert "confident" in text
    assert "search 1.9 ms" in text


def test_why_is_a_table_where_there_is_room() -> None:
    shown = lines(100)
    header = next(line for line in shown if "question" in line)
    assert [cell.strip() for cell in header.strip("┃").split("┃")] == ["#", "id", "question", "confidence", "details"]
    assert any("ship-cost-to-islands" in line and "31 %" in line for line in shown)


@pytest.mark.parametrize(("count", "said"), [(1, "│ 1 entry "), (2, "│ 2 entries "), (1234, "│ 1,234 entries ")])
def test_the_welcome_counts_the_entries(count: int, said: str) -> None:
    console = Console(width=80, file=io.StringIO())
    with console.capture() as capture:
        console.print(welcome(count, words("en")))
    assert said in capture.get()


UNDERSTOOD = Understanding(
    intents=(("track_order", 0.92), ("complaint", 0.61)),
    entities=(Entity(type="order_number", text="A-1\x1b[31m", start=9, end=12),),
    sentiment="angry",
    sentiment_chance=0.8,
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["intent: track_order 92 % · complaint 61 %", "named: order_number A-1", "sentiment: angry 80 %"]),
        ("zh", ["意图: track_order 92 % · complaint 61 %", "实体: order_number A-1", "情绪: angry 80 %"]),
    ],
)
def test_why_tells_what_was_understood(language: str, said: list[str]) -> None:
    shown = lines(100, language, replace(REPLY, understanding=UNDERSTOOD))
    assert [line for line in shown if line in said] == said
    assert not [line for line in lines(100, language) if line.split(":")[0] in ("intent", "named", "sentiment", "意图")]


# --- what a language model has to do with


TEXT = "Returns are free. Thanks!"
SYSTEM = "You write replies. " * 60
WRITING = Writing(
    by=Author.GENERATOR,
    sentences=(Sourced(start=0, end=17, entries=("return-cost", "return-how")), Sourced(start=18, end=25)),
    removed=(
        Removed(
            text="We pay you\n$50.",
            against=(("amount", "$50"), ("promise", "We \x1b[31mpay")),
        ),
    ),
    prompt=(("system", f"begin {SYSTEM}end"), ("user", "<question>\nfree?\n</question>")),
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                *("prompt", "  user", "  <question>", "  free?", "  </question>"),
                *("evidence", "  Returns are free.  [return-cost, return-how]", "  Thanks!  [a courtesy]"),
                "removed, for it stands in no entry",
                "  We pay you $50.  amount: $50 · promise: We pay",
            ],
        ),
        (
            "zh",
            [
                *("提示词", "  user", "  <question>", "  free?", "  </question>"),
                *("依据", "  Returns are free.  [return-cost, return-how]", "  Thanks!  [客套话]"),
                "已删去，条目中没有依据",
                "  We pay you $50.  金额: $50 · 承诺: We pay",
            ],
        ),
    ],
)
def test_why_tells_what_a_model_was_asked_what_carries_the_reply_and_what_was_removed(
    language: str, said: list[str]
) -> None:
    shown = lines(100, language, replace(REPLY, text=TEXT, writing=WRITING))
    assert [line for line in shown if line in said] == said


@pytest.mark.parametrize(("language", "left_out"), [("en", "more lines"), ("zh", "略去")])
def test_of_a_long_prompt_the_beginning_and_the_end_are_shown(language: str, left_out: str) -> None:
    shown = lines(40, language, replace(REPLY, text=TEXT, writing=WRITING))
    start = next(number for number, line in enumerate(shown) if line == "  system")
    end = next(number for number, line in enumerate(shown) if line == "  user")
    prompt = shown[start + 1 : end]
    assert len(prompt) == 8
    assert prompt[0].startswith("  begin You write")
    assert prompt[-1].endswith(" end")
    assert [line for line in prompt if left_out in line] == [prompt[3]]
    assert all(cell_len(line) <= 40 for line in shown)


@pytest.mark.parametrize(("language", "told"), [("en", "the model was not done in time"), ("zh", "模型没有按时写完")])
def test_why_tells_in_words_why_an_entry_is_quoted_although_there_is_a_model(language: str, told: str) -> None:
    shown = lines(100, language, replace(REPLY, writing=Writing(why="timeout")))
    assert [line for line in shown if f"timeout ({told})" in line]
    assert not [line for line in lines(100, language) if "timeout" in line]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_words_for_every_code_that_a_record_can_have(language: str) -> None:
    say = words(language)
    assert set(say.whys) == {why.value for why in Why}
    assert set(say.objections) == {code.value for code in Code}

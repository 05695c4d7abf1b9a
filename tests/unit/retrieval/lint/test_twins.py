"""The languages of an entry say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from retrieval.ingest import read_sources
from retrieval.lint.twins import check_twins
from retrieval.types import Passage
from tests.unit.retrieval.lint.conftest import told

ROOT = Path(__file__).resolve().parents[4]


def twins(english: str, chinese: str, entry: str = "a", **more: object) -> list[Passage]:
    return [
        Passage(id=entry, language="en", question="How?", answer=english, source="en", line=1, **more),
        Passage(id=entry, language="zh", question="怎么？", answer=chinese, source="zh", line=1, **more),
    ]


def codes(passages: list[Passage], unfinished: frozenset[tuple[str, str]] = frozenset()) -> list[str]:
    return sorted(code for code, _ in told(list(check_twins(passages, unfinished))))


def test_values_that_differ_are_told_with_both_places() -> None:
    (finding,) = check_twins(twins("You have 30 days to return it.", "您可以在14天内退货。"), set())
    assert finding.code == "K102"
    assert '"30 days" in en' in finding.message
    assert '"14天" in zh' in finding.message
    assert (str(finding.place), str(finding.other)) == ("en:1", "zh:1")


@pytest.mark.parametrize(
    ("english", "chinese", "expected"),
    [
        ("Within 7 days.", "七天内。", []),
        ("Within 7 days.", "请尽快。", ["K103"]),
        ("See https://shop.example/returns.", "请看 https://shop.example/zh/returns/。", []),
        ("See https://en.shop.example/returns.", "请看 https://zh.shop.example/returns。", []),
        ("See https://shop.example/returns.", "请看 https://shop.example/zh/refunds。", ["K104"]),
        ("See https://shop.example/returns.", "请看网站。", ["K104"]),
        ("Write to a@shop.example.", "请写信至 b@shop.example。", ["K104"]),
        ("Call +1 202 555 0143.", "请拨打400-555-0136。", []),
        ("Write to us by mail, please, and not by post.", "Write to us by mail, please, and not by post.", ["K303"]),
        ("请写信给我们。", "请写信给我们。", ["K303"]),
        ("Visa, PayPal, Alipay.", "Visa、PayPal、Alipay。", []),
    ],
)
def test_twins(english: str, chinese: str, expected: list[str]) -> None:
    assert codes(twins(english, chinese)) == expected


def test_validity_is_the_same_in_both_languages() -> None:
    english, chinese = twins("Yes.", "可以。", valid_until=date(2027, 1, 1))
    assert codes([english, chinese]) == []
    assert codes([english, replace(chinese, valid_until=None)]) == ["K105"]


def test_an_entry_without_the_language_that_nearly_all_have_is_told() -> None:
    passages = [p for number in range(5) for p in twins("Yes.", "可以。", f"a{number}")]
    assert told(list(check_twins(passages[:-1], set()))) == [("K301", "en:1")]


def test_where_few_entries_have_both_languages_none_lacks_one() -> None:
    passages = [p for number in range(5) for p in twins("Yes.", "可以。", f"a{number}")]
    assert codes([passage for passage in passages if passage.language == "en" or passage.id == "a0"]) == []


def test_an_entry_whose_id_was_derived_from_its_text_has_no_twin() -> None:
    passages = [p for number in range(5) for p in twins("Yes.", "可以。", f"a{number}")]
    assert codes([*passages, replace(passages[0], id="0123456789ab")]) == []


def test_an_answer_that_lost_most_of_its_sentences_is_told_once() -> None:
    english = (
        "Open the page of your orders and choose the one you mean. You find a button there. Press it within 7 days."
    )
    chinese = "请打开订单页面，选择相应的订单。页面上有一个按钮。请在7天内点击按钮。"
    passages = [p for number in range(12) for p in twins(english, chinese, f"a{number}")]
    assert codes(passages) == []
    assert codes([*passages[:-1], replace(passages[-1], answer="请打开订单页面。")]) == ["K302"]


def test_what_nobody_has_written_yet_is_not_compared() -> None:
    passages = twins("Within 7 days.", "待补充")
    assert codes(passages, frozenset({("a", "zh")})) == []


def test_the_twins_of_the_demo_shop_agree() -> None:
    passages = read_sources([ROOT / "faq_data"]).passages
    assert list(check_twins(passages, set())) == []

"""Texts that are not finished, empty, too long or full of marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.ingest import read_sources
from retrieval.lint.wording import Channel, check_wording
from retrieval.types import Passage

ROOT = Path(__file__).resolve().parents[4]
LONG = "You can return what you bought. "


def codes(answer: str, *channels: Channel, url: str = "") -> list[str]:
    passage = Passage(id="a", language="en", question="How do I return it?", answer=answer, url=url)
    return [finding.code for finding in check_wording([passage], channels)]


@pytest.mark.parametrize(
    "left",
    [
        *("TODO", "TBD", "XXX", "Lorem ipsum dolor", "[insert price]", "{{name}}", "[link to follow]", "___", "tbd"),
        *("待补充", "【待定】", "（此处填写金额）", "[请填写联系方式]", "内容待完善", "Price to be confirmed.", "???"),
    ],
)
def test_a_placeholder_is_told_wherever_it_stands(left: str) -> None:
    assert codes(f"{LONG}{left}") == codes(f"{left} {LONG}") == codes(f"您可以退货{left}，谢谢。") == ["K602"]


@pytest.mark.parametrize(
    "text",
    [
        "Your order {order_number} is on its way.",
        "The price is to be paid in advance, the parcel to be confirmed at the door.",
        "Add your name (please use capitals) and the text on the card.",
        "我们不收待定金额。请填写订单号（请填写公司全称）。",
        "Sizes are S, M, L, XL and XXL.",
        "Send #1 to https://shop.example/TODO?x=xxx.",
        "What? Really? Yes.",
        "此处可以退货，如有疑问，请写信。",
    ],
)
def test_what_only_looks_like_a_placeholder_is_none(text: str) -> None:
    assert "K602" not in codes(text)


@pytest.mark.parametrize("answer", ["n/a", "-", "...", "see above", "同上", "。", "暂无", "how do I return it"])
def test_an_answer_that_says_nothing_is_told(answer: str) -> None:
    assert codes(answer) == ["K603"]


@pytest.mark.parametrize("answer", ["Yes!", "14 days.", "可以。", "No."])
def test_a_short_answer_is_an_answer(answer: str) -> None:
    assert codes(answer) == []


def test_an_answer_is_measured_as_the_channel_counts() -> None:
    characters = Channel(name="Slack", longest=100, size=len)
    encoded = Channel(name="WeCom", longest=90, size=lambda text: len(text.encode()), unit="bytes")
    assert codes("ab" * 45, characters, encoded) == []
    assert codes("退" * 31, characters, encoded) == ["K601"]
    passage = Passage(id="a", language="en", question="?", answer="ab" * 50 + "c")
    (finding,) = check_wording([passage], [characters, encoded])
    assert "101 bytes, and 90 go into one message of WeCom (also too long for Slack)" in finding.message


def test_a_link_that_was_lost_on_the_way_is_told() -> None:
    assert codes("Click here to return it.") == codes("请点击这里。") == ["K604"]
    assert codes("Click here: https://shop.example/returns") == codes("Click here.", url="https://shop.example") == []
    assert codes("Never click a link in such a mail.") == []


@pytest.mark.parametrize("marks", ["<br>", "&nbsp;", "<b>now</b>", "â€™", "Ã©", "锟斤拷", "\ufffd"])
def test_marks_that_customers_would_see_are_told(marks: str) -> None:
    assert codes(f"{LONG}{marks}") == ["K605"]


@pytest.mark.parametrize("text", ["a < b and b > a", "R&D; AT&T", "Café, naïve, Señor, Ärger", "1 <2> 3"])
def test_signs_that_people_write_are_no_marks(text: str) -> None:
    assert codes(text) == []


def test_the_texts_of_the_demo_shop_are_in_order() -> None:
    assert list(check_wording(read_sources([ROOT / "faq_data"]).passages, [])) == []

"""Values are compared, not spellings."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lint.numerals import worth
from retrieval.lint.stated import masked, values
from retrieval.lint.values import compare

ONE_VALUE = [
    ("7 days", "seven days", "七天", "7天", "一周", "1 week", "7 calendar days", "７天"),
    ("$1,200", "1200 USD", "US$1200", "1,200.00 dollars", "1200美元"),
    ("3点", "3 pm", "15:00", "下午3点", "三点"),
    ("下午3点半", "3:30 p.m.", "15:30"),
    ("from 9 to 6", "9:00-18:00", "9点至18点"),
    ("百分之五", "5 %", "5 percent", "5%"),
    ("24 months", "2 years", "two years", "二十四个月", "两年", "2-year"),
    ("half an hour", "30 minutes", "半小时", "30分钟"),
    ("20 % off", "八折", "8折"),
    ("15 %", "85折", "八五折"),
    ("299元人民币", "299 CNY", "¥299", "RMB 299"),
    ("5 working days", "five business days", "5个工作日", "五个工作日"),
    ("1.5万", "15,000", "15000"),
    ("20 November 2026", "November 20th, 2026", "2026-11-20", "2026年11月20日"),
    ("1.5 kg", "1500 g", "1500克", "1.5公斤", "3斤"),
    ("a hundred and fifty dollars", "150美元", "一百五十美元"),
    ("E3",),
]


@pytest.mark.parametrize("spellings", ONE_VALUE, ids=lambda each: each[0])
def test_one_value_in_many_spellings(spellings: tuple[str, ...]) -> None:
    for one, other in combinations(spellings, 2):
        difference = compare(values(f"it is {one}."), values(f"it is {other}."))
        assert not difference.instead, (one, other)
        assert not any(difference.only), (one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("within 7 days", "10天内"),
        ("seven days", "两个月"),
        ("30 minutes", "30小时"),
        ("5 working days", "5天"),
        ("39 USD", "39欧元"),
        ("9:00-18:00", "9:00-17:00"),
        ("3 pm", "4点"),
        ("Monday to Saturday, 9 to 18.", "周一至周六，9点至19点。"),
        ("30 of them", "6点"),
        ("20 November", "11月21日"),
        ("12 %", "百分之十五"),
        ("20 % off", "九折"),
        ("K21", "K22"),
        ("in 2022", "自2021年起"),
        ("the first 30 minutes, and another 30 minutes", "前30分钟，再加45分钟"),
        ("a week or so", "10天"),
        ("9:00 to 18:00", "９：００至１７：００"),
    ],
)
def test_another_value_stands_in_the_place_of_one(one: str, other: str) -> None:
    assert compare(values(one), values(other)).instead
    assert compare(values(other), values(one)).instead


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("within 30 days of delivery", "签收后"),
        ("it costs 6 USD", "需付费"),
        ("to +86 numbers", "一个号码"),
    ],
)
def test_a_value_that_only_one_states_is_told_as_such(one: str, other: str) -> None:
    difference = compare(values(one), values(other))
    assert not difference.instead
    assert len(difference.only[0]) == 1
    assert difference.only[1] == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cancel one of the two orders", "取消多余的订单"),
        ("It takes a day, an hour or a week", "需要一些时间"),
        ("Call +1 202 555 0143", "请拨打400-555-0136"),
        ("See https://shop.example/2024/12 or write to a12@shop.example", "请看网站"),
        ("See [more](#returns-2), #top-10 or <b id='7'>, that&#39;s all", "见页面"),
        ("1. Open the page.\n2. Choose the order.", "打开页面，选择订单。"),
        ("The next working day", "下一个工作日"),
        ("十分满意，万一不行，一般可以", "fine"),
        ("Monday to Friday", "工作日"),
    ],
)
def test_what_is_no_value_need_not_be_said_twice(one: str, other: str) -> None:
    difference = compare(values(one), values(other))
    assert not difference.instead
    assert difference.only == ((), ())


def test_a_text_without_its_values_is_what_it_says_apart_from_them() -> None:
    assert masked("within 7 days") == masked("within two weeks") != masked("after 7 days")


def _chinese(number: int) -> str:
    digits = "零一二三四五六七八九"
    thousands, rest = divmod(number, 1000)
    hundreds, rest = divmod(rest, 100)
    tens, ones = divmod(rest, 10)
    text = f"{digits[thousands]}千" if thousands else ""
    text += f"{digits[hundreds]}百" if hundreds else "零" if text and (tens or ones) else ""
    text += f"{digits[tens]}十" if tens else "零" if hundreds and ones else ""
    return (text + (digits[ones] if ones else "")) or "零"


@given(st.integers(1, 9999))
def test_a_number_in_chinese_words_is_worth_its_figures(number: int) -> None:
    assert worth(_chinese(number)) == worth(str(number)) == worth(f"{number:,}") == number


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_agrees_with_itself(text: str) -> None:
    difference = compare(values(text), values(text))
    assert not difference.instead
    assert not any(difference.only)

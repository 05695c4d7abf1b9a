"""Hurried typing, mended to words the knowledge knows."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.spelling import SHORTHAND, Speller

KNOWLEDGE = (
    "Where is my parcel?",
    "How long does a refund take?",
    "The Zephyra lantern has a warranty.",
    "退款需要多久？",
)
MEND = Speller(KNOWLEDGE).mend


@pytest.mark.parametrize("text", KNOWLEDGE[:3])
def test_what_the_knowledge_says_stays(text: str) -> None:
    assert MEND(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "I bought a wonderful bicycle yesterday",
        "my brother's dog",
        "zephyra",
        "Berlin, London and Paris",
        "Michael and Susan",
    ],
)
def test_words_spelt_right_stay_even_where_no_entry_uses_them(text: str) -> None:
    assert MEND(text) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pasrcel", "parcel"),
        ("parcell", "parcel"),
        ("pracel", "parcel"),
        ("refnud", "refund"),
        ("warrenty", "warranty"),
        ("lantren", "lantern"),
        ("Zephira", "zephyra"),
        ("adress", "address"),
        ("recieve", "receive"),
    ],
)
def test_a_slip_is_mended(typed: str, meant: str) -> None:
    assert MEND(f"my {typed}?") == f"my {meant}?"


def test_a_word_of_the_knowledge_is_taken_before_another_as_near() -> None:
    assert Speller(["a lantern"]).mend("lanterm") == "lantern"
    assert Speller(["our plan Basix"]).mend("basixx") == "basix"


@pytest.mark.parametrize("text", ["xqz", "qqqqqqqqqq", "asdfghjkl", "x" * 5000])
def test_what_is_near_no_word_stays(text: str) -> None:
    assert MEND(text) == text


@pytest.mark.parametrize(("short", "long"), [("u", "you"), ("pls", "please"), ("acct", "account"), ("PW", "password")])
def test_shorthand_is_written_out(short: str, long: str) -> None:
    assert MEND(short) == long


def test_shorthand_the_knowledge_uses_itself_stays() -> None:
    assert Speller(["Write to the CC desk"]).mend("cc") == "cc"


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=30))
def test_chinese_is_left_alone(text: str) -> None:
    assert MEND(text) == text


def test_english_inside_chinese_is_mended() -> None:
    assert MEND("我的parcell在哪") == "我的parcel在哪"


def test_full_width_letters_are_made_plain() -> None:
    assert MEND("ｐａｒｃｅｌ") == "parcel"


@pytest.mark.parametrize("text", ["", " ", "12 345", "2024-05-01", "?!...", "😀", "\ud800", "\n\t"])
def test_what_has_no_words_stays(text: str) -> None:
    assert MEND(text) == text


@pytest.mark.parametrize("code", ["r2d2", "LB-20u", "order 77y"])
def test_letters_of_a_code_are_no_words(code: str) -> None:
    assert MEND(code) == code


@given(st.text(max_size=60))
@example("parcell \ud800")
def test_any_text_is_taken_and_mending_it_again_changes_nothing(text: str) -> None:
    assert MEND(MEND(text)) == MEND(text)


@pytest.mark.parametrize("long", sorted(set(SHORTHAND.values())))
def test_what_shorthand_stands_for_is_spelt_right(long: str) -> None:
    assert MEND(long) == long

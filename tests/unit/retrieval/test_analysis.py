"""Texts to terms."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.analysis import PARTICLES, STOP_WORDS, Analyzer, phrases
from retrieval.errors import SourceError

TERMS = Analyzer().terms
ANY_TEXT = st.text(max_size=80)

#: Half of a surrogate pair, which that does not draw.
HALF = "中a\ud800"


def words(folder: Path, content: str | bytes) -> Path:
    path = folder / "words.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@given(ANY_TEXT)
@example(HALF)
def test_any_text_gives_terms_and_none_of_them_is_empty(text: str) -> None:
    assert all(TERMS(text))


@given(ANY_TEXT)
@example(HALF)
def test_the_same_text_gives_the_same_terms_from_another_analyser(text: str) -> None:
    assert Analyzer().terms(text) == TERMS(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("訂單什麼時候出貨", "订单什么时候出货"),
        ("ＰＡＲＣＥＬ ２０", "parcel 20"),
        ("Refund", "REFUND"),
        ("refunds", "refunded"),
        ("the parcel", "parcel"),
        ("résumé", "resume"),
    ],
)
def test_ways_to_write_the_same_give_the_same_terms(one: str, other: str) -> None:
    assert TERMS(one) == TERMS(other) != []


@given(st.text("abcdefXYZ ", max_size=40))
def test_case_and_width_make_no_difference(text: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) if char != " " else "\u3000" for char in text)
    assert TERMS(text) == TERMS(text.upper()) == TERMS(wide)


@pytest.mark.parametrize("number", ["20,000", "3.5", "9:30", "2048817", "14"])
def test_a_number_is_one_term(number: str) -> None:
    assert TERMS(f"costs {number}.")[-1] == number
    assert number in TERMS(f"共{number}元")


def test_a_code_of_letters_and_digits_is_one_term() -> None:
    assert TERMS("model LB20x") == ["model", "lb20x"]


@given(st.lists(st.sampled_from(sorted(STOP_WORDS)), max_size=8))
def test_stop_words_are_no_terms(stop_words: list[str]) -> None:
    assert TERMS(" ".join(stop_words)) == []


def test_words_that_turn_a_question_round_are_terms() -> None:
    assert TERMS("no not without") == ["no", "not", "without"]


def test_chinese_gives_characters_and_pairs_without_particles() -> None:
    assert TERMS("我的退款") == ["我", "退", "款", "退款"]
    assert TERMS("".join(sorted(PARTICLES))) == []


def test_each_script_of_a_text_is_read_by_its_own_rules() -> None:
    assert TERMS("iPhone充电 cables") == ["iphon", "充", "电", "充电", "cabl"]


@pytest.mark.parametrize("word", ["月光宝盒", "灯X号"])
def test_a_word_of_the_user_dictionary_is_a_term_of_its_own(tmp_path: Path, word: str) -> None:
    analyzer = Analyzer(user_dictionary=words(tmp_path, f"{word}\n"))
    added = [term for term in analyzer.terms(f"请问{word}多少钱") if term not in TERMS(f"请问{word}多少钱")]
    assert len(added) == 1
    assert added == [term for term in analyzer.terms(word) if term in added]


def test_the_user_dictionary_is_folded_as_texts_are(tmp_path: Path) -> None:
    analyzer = Analyzer(user_dictionary=words(tmp_path, "訂單寶\n"))
    assert analyzer.terms("订单宝") == analyzer.terms("訂單寶") != TERMS("订单宝")


def test_counts_blank_lines_and_a_byte_order_mark_in_the_dictionary_are_skipped(tmp_path: Path) -> None:
    plain = Analyzer(user_dictionary=words(tmp_path, "月光宝盒\n")).terms("月光宝盒")
    assert Analyzer(user_dictionary=words(tmp_path, "\ufeff\n月光宝盒 30 nz\r\n\n")).terms("月光宝盒") == plain


def test_an_empty_dictionary_adds_nothing(tmp_path: Path) -> None:
    assert Analyzer(user_dictionary=words(tmp_path, " \n")).terms("月光宝盒") == TERMS("月光宝盒")


def test_another_dictionary_is_another_fingerprint(tmp_path: Path) -> None:
    one = Analyzer(user_dictionary=words(tmp_path, "月光\n")).fingerprint
    assert one == Analyzer(user_dictionary=words(tmp_path, "月光\n")).fingerprint
    assert len({one, Analyzer().fingerprint, Analyzer(user_dictionary=words(tmp_path, "日光\n")).fingerprint}) == 3


@pytest.mark.parametrize("content", [None, "月光".encode("gb18030")])
def test_a_dictionary_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "missing.txt" if content is None else words(tmp_path, content)
    with pytest.raises(SourceError, match=path.name):
        Analyzer(user_dictionary=path)


def test_neighbours_outside_chinese_make_phrases() -> None:
    assert phrases(["credit", "card", "退", "款", "退款", "now"]) == ["credit card"]
    assert phrases(["one"]) == phrases([]) == []

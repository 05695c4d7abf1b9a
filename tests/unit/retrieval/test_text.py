"""Language by script, and the form in which texts are compared."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.text import detect_language, fold, is_han, whole, written_out

ANY_TEXT = st.text(max_size=60)

#: Half of a surrogate pair, which that does not draw.
HALF = "中a\ud800"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my parcel?", "en"),
        ("我的快递到哪里了？", "zh"),
        ("Philips Hue 怎么连接手机", "zh"),
        ("I ordered the lamp called 月光 last week", "en"),
        ("訂單", "zh"),
        ("¿Dónde está mi paquete?", "en"),
        ("𠮷", "zh"),
        ("12345", "en"),
        ("", "en"),
        ("？！", "en"),
    ],
)
def test_language_is_told_by_script(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("訂單出貨了嗎", "订单出货了吗"),
        ("裡面", "里面"),
        ("退款沒收到", "退款没收到"),
        ("付款後發票", "付款后发票"),
        ("ＡＢＣ１２３", "abc123"),
        ("ｉＰｈｏｎｅ？", "iphone?"),
        ("ﾃｽﾄ", "テスト"),
        ("PARCEL", "parcel"),
        ("Straße", "STRASSE"),
        ("Café", "cafe"),
        ("café", "cafe\N{COMBINING ACUTE ACCENT}"),
        ("①", "1"),
        ("ﬁne", "fine"),
    ],
)
def test_ways_to_write_the_same_are_folded_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_words_stay_different() -> None:
    assert fold("退款") != fold("退货")
    assert fold("lamp") != fold("lamps")


@given(ANY_TEXT)
@example(HALF)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text("訂單裡發貨後來麵條頭髮退款沒著乾隆只隻个個Café ＡＢ12", max_size=20))
def test_folding_mixed_chinese_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT)
@example(HALF)
def test_folded_text_has_no_case_and_no_accent(text: str) -> None:
    folded = fold(text)
    assert folded == folded.casefold()
    assert not any(unicodedata.combining(char) for char in folded)


@given(st.lists(ANY_TEXT, min_size=1, max_size=4), st.characters(categories=["Cs"]))
@example(["a", "", ""], "\ud83d")
def test_a_half_becomes_one_sign_and_all_around_it_stays_as_it_is(parts: list[str], half: str) -> None:
    assert whole(half.join(parts)) == "\N{REPLACEMENT CHARACTER}".join(parts)


def test_two_halves_of_a_character_become_it() -> None:
    assert whole("\ud83d\ude00 ok \ud83d") == "😀 ok \N{REPLACEMENT CHARACTER}"


def test_chinese_is_known_by_its_first_character() -> None:
    assert is_han("退款 now")
    assert not is_han("now 退款")
    assert not is_han("")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("wheres my order", "where is my order"),
        ("Where's it, and what’s up", "Where is it, and what is up"),
        ("i dont, can't, won't and isn’t", "i do not, can not, will not and is not"),
        ("I'm, ive, you're, they'll", "I am, i have, you are, they will"),
        ("its, were, well, ill and the shop's", "its, were, well, ill and the shop's"),
    ],
)
def test_contractions_are_two_words_where_they_are_no_other_word(text: str, written: str) -> None:
    assert written_out(text) == written
    assert written_out(written) == written

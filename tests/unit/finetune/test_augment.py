"""Texts are mistyped as people do it: one or two slips, of a kind that the script of the text has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from rapidfuzz.distance import DamerauLevenshtein

from finetune.augment import mistyped, neighbours


@pytest.mark.parametrize("text", ["my parcel", "包裹到哪里了？", "我们office想采购30个水壶"])
def test_a_text_gets_one_or_two_slips(text: str) -> None:
    random = np.random.default_rng(0)
    distances = [DamerauLevenshtein.distance(mistyped(text, random), text) for _ in range(100)]
    assert set(distances) == {1, 2} or set(distances) == {0, 1, 2}
    assert distances.count(0) < 5  # a second slip can undo the first


def test_words_of_a_sentence_are_lost_and_change_places() -> None:
    text, random = "where is my blue parcel", np.random.default_rng(0)
    slipped = [mistyped(text, random).split() for _ in range(100)]
    assert any(len(words) == 4 and set(words) < set(text.split()) for words in slipped)
    assert any(words != text.split() and sorted(words) == sorted(text.split()) for words in slipped)


def test_chinese_is_mostly_mistyped_by_sound() -> None:
    text, random = "退货需要付运费吗", np.random.default_rng(0)
    slipped = [mistyped(text, random) for _ in range(200)]
    of_the_same_sound = [one for one in slipped if lazy_pinyin(list(one)) == lazy_pinyin(list(text))]
    assert len(of_the_same_sound) > 80
    assert len(set(of_the_same_sound)) > 50


def test_what_is_too_short_for_a_slip_stays() -> None:
    random = np.random.default_rng(0)
    assert {mistyped("ok", random) for _ in range(20)} == {"ok"}


@given(st.text(max_size=40), st.integers(0, 100))
def test_any_text_can_be_mistyped_and_the_same_seed_gives_the_same_slip(text: str, seed: int) -> None:
    first, second = (mistyped(text, np.random.default_rng(seed)) for _ in range(2))
    assert first == second
    assert bool(first.strip()) == bool(text.strip())


def test_the_keys_beside_a_letter_are_those_of_the_keyboard() -> None:
    assert set(neighbours("g")) >= {"f", "h"}
    assert neighbours("1") == ""

"""Texts are mistyped as people do it: one or two slips, of a kind that the script of the text has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from rapidfuzz.distance import OSA

from finetune.augment import mistyped, neighbours


@pytest.mark.parametrize("text", ["where is my parcel", "包裹到哪里了？", "我们office想采购30个水壶"])
def test_a_text_gets_one_or_two_slips(text: str) -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        slipped = mistyped(text, random)
        assert slipped != text
        # A word left out is as many letters as it has, with its blank; two words that change places are two such.
        assert OSA.distance(slipped, text) <= (2 if "包裹" in text else 24)


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

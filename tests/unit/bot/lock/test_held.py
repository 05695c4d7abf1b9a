"""A text that comes in pieces is released sentence by sentence."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lock import Evidence, Held, checked
from bot.lock.sentences import split

EVIDENCE = Evidence.of([("a", "Shipping costs 3.5 USD. It takes 2 days, e.g. to Rome. 运费3.5美元。满49美元免运费！")])
TEXT = (
    "Hello! Shipping costs 3.5 USD.\n1. It takes 2 days, e.g. to Rome. See https://shop.example/a.b now. "
    "运费3.5美元。满59美元免运费！好的"
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=len(TEXT)), max_size=12))
def test_the_same_sentences_are_released_whatever_the_pieces(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TEXT)]
    held = Held(EVIDENCE)
    released = [s for start, end in pairwise(places) for s in held.add(TEXT[start:end])]
    assert [*released, *held.end()] == checked(TEXT, EVIDENCE)


def test_a_sentence_is_held_until_it_is_complete() -> None:
    held = Held(EVIDENCE)
    assert held.add("Shipping costs 3.") == []
    assert held.add("5 USD.") == []
    assert [(s.text, s.supported) for s in held.add(" It")] == [("Shipping costs 3.5 USD. ", True)]
    assert [s.text for s in held.end()] == ["It"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is 3.5 kg. Ok.", ["It is 3.5 kg. ", "Ok."]),
        ("See No. 5, e.g. this. Done", ["See No. 5, e.g. this. ", "Done"]),
        ("1. Open it.\n2. Close it.", ["1. Open it.\n", "2. Close it."]),
        ("At https://a.example/x.y, go. Yes!", ["At https://a.example/x.y, go. ", "Yes!"]),
        ("可以。满49美元免运费！“好的。”谢谢", ["可以。", "满49美元免运费！", "“好的。”", "谢谢"]),
        ("One line\nanother", ["One line\n", "another"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences

"""Texts as tokens with their places: these are places in the very text, whatever a tokenizer makes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from bot.settings import State
from retrieval.encoder import Pieces, cut_into_pieces
from retrieval.export import load_encoder


@cache
def embedded() -> Tokenizer:
    """Return the tokenizer of the embedded encoder, which drops case, accents and blanks."""
    return load_encoder("embedded", State().cache)._tokenizer


@cache
def sentence() -> Tokenizer:
    """Return a tokenizer that takes what stands between blanks for a word, the blank before it included."""
    vocabulary = [("<unk>", 0.0), *((char, -9.0) for char in "▁abcdefghijklmnopqrstuvwxyzé退款我的"), ("▁paris", -1.0)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


@cache
def byte() -> Tokenizer:
    """Return a tokenizer that cuts characters into bytes."""
    tokenizer = Tokenizer(models.BPE({char: i for i, char in enumerate(pre_tokenizers.ByteLevel.alphabet())}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    return tokenizer


def read(text: str, pieces: Pieces) -> list[str]:
    return [text[start:end] for start, end in pieces.spans]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("to Paris, please", ["to", "Paris", ",", "please"]),
        ("un café à Orléans", ["un", "café", "à", "Orléans"]),
        ("cafe\u0301 x", ["cafe\u0301", "x"]),
        ("订单２０４８在北京", ["订单", "２０４８", "在", "北京"]),
        ("我要退貨", ["我", "要", "退貨"]),
        ("ＡＢ－１２　ok", ["ＡＢ", "－", "１２", "ok"]),
        ("fly to Tokyo😀now 👩‍👩‍👧!", ["fly", "to", "Tokyo", "now", "!"]),
        ("20° on 5 May❤️here", ["20°", "on", "5", "May", "here"]),
        ("half \ud83d pair \ud83d\ude00x", ["half", "pair", "x"]),
        ("  two\t words\n", ["two", "words"]),
        ("a\x00b\u200bc", ["a\x00b\u200bc"]),
        ("", []),
        (" 😀 ", []),
    ],
)
def test_words_are_those_of_the_text(text: str, words: list[str]) -> None:
    (pieces,) = cut_into_pieces(embedded(), [text])
    assert read(text, pieces.by_word()) == words


def test_a_piece_of_a_word_has_a_place_of_its_own() -> None:
    (pieces,) = cut_into_pieces(embedded(), ["Überbuchungen 20488170"])
    assert "".join(read("Überbuchungen 20488170", pieces)) == "Überbuchungen20488170"
    assert len(pieces.spans) > 4
    assert read("Überbuchungen 20488170", pieces.by_word()) == ["Überbuchungen", "20488170"]


def test_where_a_word_is_what_stands_between_blanks() -> None:
    text = "Paris  café 我的退款"
    (pieces,) = cut_into_pieces(sentence(), [text])
    assert read(text, pieces) == ["Paris", *"café", *"我的退款"]
    assert read(text, pieces.by_word()) == ["Paris", "café", *"我的退款"]


def test_pieces_of_one_character_share_its_place() -> None:
    (pieces,) = cut_into_pieces(byte(), ["a 退"])
    assert set(read("a 退", pieces)) == {"a", "退"}


@pytest.mark.parametrize("tokenizer", [embedded, sentence, byte])
@settings(deadline=None)
@given(text=st.text(max_size=30))
def test_places_are_in_order_within_the_text_and_without_blanks(tokenizer: Callable[[], Tokenizer], text: str) -> None:
    (pieces,) = cut_into_pieces(tokenizer(), [text])
    for some in (pieces, pieces.by_word()):
        assert len(some.kept) == len(some.spans) == len(some.words)
        assert some.spans == sorted(some.spans)
        for start, end in some.spans:
            assert 0 <= start < end <= len(text)
            assert not text[start].isspace() and not text[end - 1].isspace()


def test_what_is_beyond_the_tokens_that_are_read_has_no_piece() -> None:
    text = "word " * 4000
    (pieces,) = cut_into_pieces(embedded(), [text])
    assert 100 < len(pieces.spans) < 600
    assert pieces.spans[-1][1] < len(text) / 2

"""Which tokens a tokenizer gains: what it could not read, and the words that stand there often enough."""

from __future__ import annotations

from typing import Any

import pytest

from finetune.encoder.vocabulary import new_tokens, normalise, spelled
from retrieval.extension import extend_tokenizer
from retrieval.source import Source

TEXTS = ["我的快递到哪里了？", "快递退款", "退款 refund, Ünïcode", "快递员"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return Source.find("embedded-en").load()[0]


def test_characters_and_frequent_words_are_taken(tokenizer: Any) -> None:
    tokens = new_tokens(TEXTS, tokenizer, at_least=2)
    assert set("我的快递到哪里了退款员") <= set(tokens)
    assert {"快递", "退款"} <= set(tokens)
    assert "快递员" not in tokens  # stands there once
    assert tokens == sorted(set(tokens))


def test_what_the_tokenizer_reads_already_is_not_taken(tokenizer: Any) -> None:
    tokens = new_tokens(TEXTS * 3, tokenizer, at_least=1)
    assert not [token for token in tokens if token.isascii()]
    assert "，" not in new_tokens(["快递，退款"], tokenizer, at_least=1)


def test_languages_with_blanks_bring_their_words(tokenizer: Any) -> None:
    assert new_tokens(["ꙮꙮ ꙮ"] * 2, tokenizer, at_least=2) == ["ꙮ", "ꙮꙮ"]


def test_only_chinese_words_have_a_greatest_length(tokenizer: Any) -> None:
    word = "ꙮ" * 9
    assert word in new_tokens([word] * 2, tokenizer, at_least=2)
    assert max(map(len, new_tokens(["中华人民共和国"] * 2, tokenizer, at_least=2))) < 7


def test_what_was_taught_before_is_not_taught_again() -> None:
    tokenizer, _ = Source.find("embedded-en").load()
    tokens = new_tokens(TEXTS, tokenizer, at_least=2)
    extend_tokenizer(tokenizer, tokens, len(tokenizer))
    assert new_tokens(TEXTS, tokenizer, at_least=2, taught=tokens) == []
    assert new_tokens([*TEXTS, "龘"], tokenizer, at_least=2, taught=tokens) == ["龘"]


def test_a_word_is_spelled_by_the_ids_of_its_characters() -> None:
    assert spelled(["快", "递", "快递"], 10) == {12: [10, 14], 15: [13, 14]}


def test_chinese_characters_stay_together(tokenizer: Any) -> None:
    assert normalise(["我的 App坏了"], tokenizer) == ["我的 app坏了"]

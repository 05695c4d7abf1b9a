"""chrF is that of sacrebleu, ROUGE-L that of rouge-score, and Chinese is compared by character."""

from __future__ import annotations

import string

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from bot.errors import MissingExtraError
from bot.evaluation.measures.texts import chrf, rouge_l, words

ascii_texts = st.one_of(
    st.text(string.printable, max_size=40),
    st.lists(st.sampled_from(["the", "order", "Order", "won't", "30", "days,", "e-mail", "a_b"]), max_size=12).map(
        " ".join
    ),
)
any_texts = st.one_of(ascii_texts, st.text(max_size=30), st.text("退款订单三天内到账，。abc 12", max_size=20))


PACKAGE = RougeScorer(["rougeL"])


def spelt(text: str) -> str:
    """Our words, spelt in the only letters that the package reads."""
    return " ".join(f"w{word.encode().hex()}" for word in words(text))


@settings(deadline=None, max_examples=60)
@given(ascii_texts, ascii_texts)
def test_in_english_rouge_l_is_that_of_the_package(reply: str, wanted: str) -> None:
    assert rouge_l([reply], [wanted]) == pytest.approx([PACKAGE.score(wanted, reply)["rougeL"].fmeasure])


@settings(deadline=None, max_examples=60)
@given(any_texts, any_texts)
def test_in_other_languages_it_is_too_with_words_that_it_has(reply: str, wanted: str) -> None:
    assert rouge_l([reply], [wanted]) == pytest.approx([PACKAGE.score(spelt(wanted), spelt(reply))["rougeL"].fmeasure])


@settings(deadline=None, max_examples=60)
@given(any_texts, any_texts)
def test_chrf_is_that_of_sacrebleu(reply: str, wanted: str) -> None:
    (score,) = chrf([reply], [wanted])
    assert score == pytest.approx(sacrebleu.sentence_chrf(reply, [wanted]).score / 100)
    assert score == pytest.approx(sacrebleu.corpus_chrf([reply], [[wanted]]).score / 100)
    assert 0 <= score <= 1 + 1e-12


@pytest.mark.parametrize("measure", [chrf, rouge_l])
def test_the_same_text_is_1_another_0_and_each_item_has_its_own(measure) -> None:
    replies = ["Open the link.", "三天内退款", "Open the link.", "", ""]
    wanted = ["Open the link.", "三天内退款", "您好", "x", ""]
    assert measure(replies, wanted) == pytest.approx([1, 1, 0, 0, 0])
    assert measure([], []) == []


def test_chinese_is_cut_into_characters() -> None:
    assert words("退款3天内到账, OK") == ["退", "款", "3", "天", "内", "到", "账", "ok"]
    assert rouge_l(["三天内退款"], ["退款三天内"]) == pytest.approx([0.6])


@pytest.mark.parametrize("measure", [chrf, rouge_l])
def test_a_reply_without_its_text_is_refused(measure) -> None:
    with pytest.raises(ValueError, match="shorter"):
        measure(["a", "b"], ["a"])


def test_without_sacrebleu_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sacrebleu.metrics.chrf", None)
    with pytest.raises(MissingExtraError, match=r"sacrebleu is missing.*kefu\[evaluate\]"):
        chrf(["a"], ["a"])

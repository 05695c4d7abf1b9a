"""Whether an entry says what a person said, told without a language model."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import numpy as np
import pytest

from bot.evaluation import likeness as module
from bot.evaluation.judging import ALIKE_FROM
from bot.evaluation.likeness import CONTRADICTED, Likeness, Vectors, sentences
from retrieval.encoder import Encoder

RETURNS = "You can return goods within 30 days of delivery. Register the return under /returns and print the label."
COFFEE = "Use a medium-fine grind in the coffee machine. Descale it every 3 months with citric acid."
TUIHUO = "签收后30天内可以退货。请在 /returns 登记并打印退货标签，包裹交给快递员即可。"
KAFEI = "咖啡机请使用中细研磨的咖啡粉，每3个月用柠檬酸除垢一次。"

PAIRS = [
    (RETURNS, "Hi! You have 30 days after delivery to send it back, just register it under /returns."),
    (COFFEE, "Hi! You have 30 days after delivery to send it back, just register it under /returns."),
    (TUIHUO, "您好，签收后30天之内都能退，在 /returns 登记一下就行"),
    (KAFEI, "您好，签收后30天之内都能退，在 /returns 登记一下就行"),
    (TUIHUO, "You have 30 days after delivery to return the goods: register the return under /returns."),
    (COFFEE, "谢谢，祝您生活愉快～"),
]


@pytest.fixture(scope="module")
def likeness(encoder: Encoder) -> Likeness:
    return Likeness(encoder.encode)


def chance(likeness: Likeness, entry: str, person: str) -> float:
    return likeness.chances([(entry, person)])[0]


@pytest.mark.parametrize("text", [RETURNS, COFFEE, TUIHUO, KAFEI])
def test_a_text_says_what_it_says(likeness: Likeness, text: str) -> None:
    assert chance(likeness, text, text) > 0.95


@pytest.mark.parametrize(("entry", "person"), [PAIRS[0], PAIRS[2], PAIRS[4]])
def test_the_same_in_other_words_is_told_in_one_language_and_in_two(
    likeness: Likeness, entry: str, person: str
) -> None:
    assert chance(likeness, entry, person) > ALIKE_FROM


@pytest.mark.parametrize(("entry", "person"), [PAIRS[1], PAIRS[3], PAIRS[5], (KAFEI, RETURNS)])
def test_another_topic_is_not_the_same(likeness: Likeness, entry: str, person: str) -> None:
    assert chance(likeness, entry, person) < 0.05


@pytest.mark.parametrize(
    "said", ["Let me have a look.", "Sorry for the trouble!", "好的，我帮您看一下", "?", "", " \n"]
)
def test_what_tells_nothing_says_what_no_entry_says(likeness: Likeness, said: str) -> None:
    assert chance(likeness, RETURNS, said) < ALIKE_FROM
    assert chance(likeness, TUIHUO, said) < ALIKE_FROM


@pytest.mark.parametrize(
    ("entry", "person"),
    [
        (RETURNS, RETURNS.replace("30", "14")),
        (TUIHUO, TUIHUO.replace("30", "14")),
        ("The repair costs 20 USD.", "The repair costs 35 USD."),
        ("We are open until 6 pm on Mondays.", "We are open until 9 pm on Mondays."),
    ],
)
def test_another_figure_makes_it_false_whatever_else_is_the_same(likeness: Likeness, entry: str, person: str) -> None:
    assert chance(likeness, entry, person) == CONTRADICTED


@pytest.mark.parametrize(
    ("entry", "person"),
    [
        ("Send it back within a fortnight of delivery.", "Send it back within 14 days of delivery."),
        ("Refunds take 5 working days to arrive.", "Refunds take 5 days to arrive."),
        ("退款需要5个工作日到账。", "退款需要五天到账。"),
        ("100 points are worth 3 USD at checkout.", "100 points are worth 3 USD at checkout, so 300 make 9 USD."),
    ],
)
def test_the_same_figure_in_other_words_contradicts_nothing(likeness: Likeness, entry: str, person: str) -> None:
    assert chance(likeness, entry, person) > ALIKE_FROM


def test_a_figure_that_both_have_makes_it_likelier(likeness: Likeness) -> None:
    entry = "The hotline is +1 202 555 0143, Monday to Friday, and a chat is on our site."
    assert chance(likeness, entry, "Just call +1 202 555 0143.") > chance(likeness, entry, "Just call our line.")


def test_chances_depend_on_the_pair_alone(encoder: Encoder, likeness: Likeness) -> None:
    alone = {pair: Likeness(encoder.encode).chances([pair])[0] for pair in PAIRS}
    for seed in range(3):
        some = random.Random(seed).sample(PAIRS, len(PAIRS) - seed)
        assert likeness.chances(some) == [alone[pair] for pair in some]


def test_who_asks_at_the_same_time_gets_the_chances_of_their_own_pairs(likeness: Likeness) -> None:
    async def asked() -> list[list[float]]:
        return list(await asyncio.gather(likeness(PAIRS[:2]), likeness([]), *(likeness([pair]) for pair in PAIRS)))

    first, none, *others = asyncio.run(asked())
    assert none == []
    assert first == likeness.chances(PAIRS[:2])
    assert [each for one in others for each in one] == likeness.chances(PAIRS)


def test_a_text_is_encoded_once_as_long_as_it_is_kept(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    encoded: list[str] = []

    def encode(texts: Sequence[str]) -> Vectors:
        encoded.extend(texts)
        return encoder.encode(texts)

    likeness = Likeness(encode)
    first = likeness.chances([PAIRS[0], PAIRS[0]])
    once = list(encoded)
    assert once == [sentence for text in sorted(PAIRS[0]) for sentence in sentences(text)]
    assert likeness.chances([PAIRS[0]]) == first[:1]
    assert encoded == once
    likeness.chances([(COFFEE, KAFEI)])
    assert likeness.chances([PAIRS[0]]) == first[:1]
    assert len(encoded) > 2 * len(once)


def test_more_texts_than_are_kept_are_compared_all_the_same(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    assert Likeness(encoder.encode).chances(PAIRS) == [Likeness(encoder.encode).chances([pair])[0] for pair in PAIRS]


def test_vectors_of_nothing_are_no_division_by_nothing() -> None:
    chances = Likeness(lambda texts: np.zeros((len(texts), 4), dtype=np.float32)).chances([(RETURNS, ""), ("", "")])
    assert all(0 <= each < ALIKE_FROM for each in chances)


def test_greetings_and_questions_are_not_compared_where_something_else_is_said() -> None:
    assert sentences("Hello! You have 30 days to return it. Anything else?") == ["You have 30 days to return it."]
    assert sentences("您好～请在30天内退货。还有别的问题吗？") == ["请在30天内退货。"]
    assert sentences("Hello!") == ["Hello!"]
    assert sentences("14 days.") == ["14 days."]

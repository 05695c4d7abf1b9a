"""The words that the lock knows agree with each other."""

from __future__ import annotations

import pytest

from bot.lock.courtesies import is_courtesy
from bot.lock.lexicon import OPPOSITES, PLAIN, TELLING, respelled, root


def test_opposites_are_mutual_and_nothing_is_its_own() -> None:
    assert all(word in OPPOSITES[other] for word, others in OPPOSITES.items() for other in others)
    assert not any(word in others for word, others in OPPOSITES.items())


def test_a_word_that_tells_a_fact_is_not_one_that_anybody_says() -> None:
    assert not TELLING & PLAIN


@pytest.mark.parametrize(
    ("one", "other"), [("purchased", "buy"), ("vouchers", "coupon"), ("e-mails", "mail"), ("faulty", "defective")]
)
def test_words_of_one_meaning_are_compared_as_one(one: str, other: str) -> None:
    assert root(one) == root(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("you get 10% off", "you get 10% discount"),
        ("the link is valid for half an hour", "the link is valid for 30 minutes"),
        ("请马上发邮件", "请立即写信"),
        ("额度够不够", "额度是否够"),
    ],
)
def test_what_is_spelled_in_several_ways_is_read_in_one(one: str, other: str) -> None:
    assert respelled(one) == respelled(other)


def test_a_courtesy_offers_nothing() -> None:
    assert is_courtesy("Let me know if you have any other questions.")
    assert not is_courtesy("Let me know if you want a free voucher.")

"""Characters that a person reads and a check of words does not: none of them carries a false fact past the lock."""

from __future__ import annotations

import pytest

from bot.lock import Evidence, checked
from bot.lock.lock import LONGEST

ENGLISH = Evidence.of(
    [("e", "You can return items within 30 days of delivery. Shipping costs 10 USD. The warranty is 2 years.")]
)
CHINESE = Evidence.of([("z", "自签收之日起30天内可以退货。标准配送每单运费10美元。保修期为2年。限购3件。")])

DISGUISED = [
    "Shipping costs 10❾ USD.",
    "Shipping costs 10🔟 USD.",
    "Within 30➒ days of delivery.",
    "The warranty is 2⚅ years.",
    "Shipping costs -10 USD.",
    "Shipping costs %10 USD.",
    "Shipping costs ∞ USD.",
    "Within thousand30 days of delivery.",
    "You can return items within 30.000 days of delivery.",
    "You can return items within 3\u200b0\u200b0 days.",
    "You cаnnot return items.",
    "You canʼt return items.",
    "You can‘t return items.",
    "You can t return items.",
    "You cant return items.",
    "You ɴᴏᴛ can return items.",
    "❌ You can return items.",
    "You ain't return items.",
    "You can return items аfter 30 days of delivery.",
    "You can 🇳🇴🇹 return items within 30 days.",
    "自签收之日起❾天内可以退货。",
    "自签收之日起百天内可以退货。",
    "自签收之日起叁佰天内可以退货。",
    "保修期为贰拾年。",
    "保修期为廿年。",
    "保修期为俩年。",
    "自签收之日起若干天内可以退货。",
    "标准配送每单运费万10美元。",
    "限购玖件。",
    "自签收之日起30天内甭退货。",
    "自签收之日起30天内𣎴可以退货。",
    "自签收之日起30天内冇可以退货。",
    "保修期为∞年。",
]


@pytest.mark.parametrize("text", DISGUISED)
def test_a_false_fact_in_disguise_does_not_pass(text: str) -> None:
    evidence = ENGLISH if text.isascii() or not any("\u4e00" <= char <= "\u9fff" for char in text) else CHINESE
    assert not all(sentence.supported for sentence in checked(text, evidence))


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("You can return items within 30\u00a0days of delivery 😊", ENGLISH),
        ("“Shipping costs 10 USD.”", ENGLISH),
        ("自签收之日起叁拾天内可以退货。", CHINESE),
        ("標準配送每單運費10美元。", CHINESE),
        ("限购３件～", CHINESE),
    ],
)
def test_what_only_looks_unusual_passes(text: str, evidence: Evidence) -> None:
    assert [sentence.against for sentence in checked(text, evidence)] == [()]


def test_what_the_evidence_writes_so_may_be_written_so() -> None:
    evidence = Evidence.of([("e", "Ответ: choose size Ⓜ for −10 °C.")])
    assert all(sentence.supported for sentence in checked("Choose size Ⓜ for −10 °C.", evidence))


def test_a_sentence_too_long_to_read_may_be_quoted_alone() -> None:
    long = f"You can return items {'of any kind, ' * (LONGEST // 10)}within 30 days of delivery."
    assert all(sentence.supported for sentence in checked(long, Evidence.of([("e", long)])))
    assert not all(sentence.supported for sentence in checked(f"Sure: {long}", Evidence.of([("e", long)])))


def test_decimals_beside_a_date_are_no_days() -> None:
    for entry in ("国庆放假时间为10.1至10月7日。", "五一假期5.1-5月5日。", "Open from 4.5 to 14 February."):
        assert all(sentence.supported for sentence in checked(entry, Evidence.of([("e", entry)])))

"""Personal data goes, whatever answers are made of stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.history.checksums import iban_length, is_card, is_chinese_id
from finetune.history.privacy import Privacy

TOKENS = "email url iban secret id_number card account order phone address name".split()
TOKEN = re.compile(f"<(?:{'|'.join(TOKENS)})>")

#: Text, and what is left of it.
REPLACED = [
    ("write to anna.lee+shop@mail.example, please", "write to <email>, please"),
    ("我的邮箱是lihua@mail.example谢谢", "我的邮箱是<email>谢谢"),
    ("see https://track.example/p?id=77&x=1.", "see <url>."),
    ("www.shop.example/returns，谢谢", "<url>，谢谢"),
    ("it is on shop.example/returns", "it is on <url>"),
    ("call +44 20 7946 0958 or (202) 555-0143", "call <phone> or <phone>"),
    ("1-800-555-0199 or 1 (202) 555-0143", "<phone> or <phone>"),
    ("my number is 07700 900123", "my number is <phone>"),
    ("卡号4111111111111111和6222021234567890123", "卡号<card>和<order>"),
    ("官网www.shop.example上的shop.example/a", "官网<url>上的<url>"),
    ("手机13812345678，座机010-62345678", "手机<phone>，座机<phone>"),
    ("打热线400-555-0136就行", "打热线<phone>就行"),
    ("order LB-2048817 and lb-2048818", "order <order> and <order>"),
    ("order number: 48213, ticket #4711", "order number: <order>, ticket <order>"),
    ("订单号是20260302887，运单SF1234567890123", "订单号是<order>，运单<order>"),
    ("tracking 1Z999AA10123456784 or RB123456789CN", "tracking <order> or <order>"),
    ("card 4111 1111 1111 1111 please", "card <card> please"),
    ("card 4111111111111111", "card <card>"),
    ("mistyped 4111 1111 1111 1112", "mistyped <card>"),
    ("IBAN DE89 3704 0044 0532 0130 00 is mine", "IBAN <iban> is mine"),
    ("gb82west12345698765432", "<iban>"),
    ("身份证11010519491231002X", "身份证<id_number>"),
    ("passport number X1234567", "passport number <id_number>"),
    ("ssn 078-05-1120", "ssn <id_number>"),
    ("my password is hunter2!", "my password is <secret>"),
    ("验证码：884213", "验证码：<secret>"),
    ("username: cminh730", "username: <account>"),
    ("send it to 12 Baker Street, London NW1 6XE", "send it to <address>"),
    ("I live at 1600 Pennsylvania Ave, Washington, DC 20500.", "I live at <address>."),
    ("Lange Poten 4a is near Prinsengracht 263, 1016 GV Amsterdam", "Lange Poten 4a is near <address>"),
    ("寄到文三路5号12层", "寄到<address>"),
    ("https://x.example/?d=30days", "<url>"),
    ("请寄到杭州市西湖区文三路100号5栋301室，谢谢", "请寄到<address>，谢谢"),
    ("my name is Anna Smith, hi", "my name is <name>, hi"),
    ("我叫李小明，请问", "我叫<name>，请问"),
    ("王女士要退货", "<name>女士要退货"),
    ("ask Mr. Weber or Ms Klein", "ask Mr. <name> or Ms <name>"),
]

#: What is no personal data, though it has digits, capitals or dots.
KEPT = [
    *("$1,234.56", "89.90 EUR", "1,234,567 IDR", "€5", "¥299", "299元", "6 dollars", "49块钱", "12.5 %", "8 % off"),
    *(
        "30 days",
        "3 to 5 working days",
        "3到5个工作日",
        "14天",
        "24 months",
        "2-year warranty",
        "20000毫安",
        "20,000 mAh",
    ),
    *(
        "2024-2026",
        "0900-1800",
        "2026-04-01",
        "1/4/2026",
        "14.06",
        "2026年4月1日",
        "13:00",
        "9:00 – 22:00",
        "on 5 May 2026",
        "5号",
    ),
    *("WH-1000XM5", "RTX4090", "HX6857/20", "iPhone 15", "K21 to K24", "E3", "Ridge 2", "USB-C", "2.4 GHz", "100-240V"),
    *(
        "200 °C",
        "15 g",
        "3,000 mm",
        "12315",
        "+86",
        "/orders",
        "@shop.example",
        "88折",
        "WELCOME10",
        "order 10000 units",
    ),
    *(
        "invoice 12000 EUR",
        "v2.13.0",
        "Node.js",
        "e.g. this",
        "May I?",
        "in May",
        "先生",
        "南京西路附近",
        "the 2nd time",
    ),
]


@pytest.mark.parametrize(("text", "left"), REPLACED)
def test_personal_data_becomes_a_token_of_its_kind(text: str, left: str) -> None:
    assert Privacy().replace(text) == left


@pytest.mark.parametrize("text", KEPT)
def test_what_answers_are_made_of_stays(text: str) -> None:
    assert Privacy().replace(text) == text
    assert Privacy().replace(f"It is {text}, I think.") == f"It is {text}, I think."


@settings(deadline=None)
@given(st.lists(st.sampled_from(KEPT), max_size=5), st.sampled_from([" ", ", ", "。", "\n"]))
def test_nothing_that_is_kept_alone_is_lost_beside_others(parts: list[str], between: str) -> None:
    text = f"{between} and {between}".join(parts)
    assert Privacy().replace(text) == text


amounts = st.builds(
    lambda number, unit: f"{number}{unit}",
    st.integers(0, 999_999) | st.decimals(0, 99_999, places=2).map(lambda d: f"{d:,}"),
    st.sampled_from([" USD", " EUR", " days", " %", "元", "天", " mAh", "kg", "件", " working days"]),
)


@settings(deadline=None)
@given(amounts, st.sampled_from(REPLACED), st.sampled_from(["{0}, {1}", "{1}; {0}.", "{0}\n{1}", "{1}，{0}"]))
def test_no_amount_is_lost_and_no_personal_data_kept_side_by_side(
    amount: str, case: tuple[str, str], form: str
) -> None:
    assert Privacy().replace(form.format(amount, case[0])) == form.format(amount, case[1])


mixed = st.lists(
    st.sampled_from([text for text, _ in REPLACED] + KEPT + [f"<{kind}>" for kind in TOKENS])
    | st.text(alphabet="0123456789 -+().@:/#<>aZ号是路", max_size=24),
    max_size=5,
).map(" ".join)


@settings(deadline=None)
@given(mixed | st.text(max_size=80))
def test_replacing_twice_changes_nothing(text: str) -> None:
    once = Privacy().replace(text)
    assert Privacy().replace(once) == once


@settings(deadline=None)
@given(mixed)
def test_a_token_is_never_torn(text: str) -> None:
    before, after = TOKEN.findall(text), TOKEN.findall(Privacy().replace(text))
    left = iter(after)
    assert all(token in left for token in before)  # all are there still, in their order


@settings(deadline=None)
@given(st.integers(10**12, 10**19 - 1))
def test_a_long_number_never_stays(number: int) -> None:
    assert TOKEN.fullmatch(Privacy().replace(str(number)))


@settings(deadline=None)
@given(mixed)
def test_what_was_replaced_is_counted(text: str) -> None:
    privacy = Privacy()
    new = len(TOKEN.findall(privacy.replace(text))) - len(TOKEN.findall(text))
    assert sum(privacy.counts.values()) == new


# --- what is the company's own ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "text"),
    [
        ("lanternbay.example", "Write to help@lanternbay.example or see https://www.lanternbay.example/returns."),
        ("https://lanternbay.example/", "See shop.lanternbay.example/returns."),
        ("+1 202 555 0143", "Call +1 (202) 555-0143."),
        ("400-555-0136", "打热线400-555-0136"),
        ("Witte de Withstraat 88", "Our shop is at Witte de Withstraat 88."),
    ],
)
def test_what_is_named_as_ones_own_stays(keep: str, text: str) -> None:
    assert TOKEN.search(Privacy().replace(text))
    assert Privacy(keep=[keep]).replace(text) == text


@pytest.mark.parametrize(
    "text", ["a@notlanternbay.example", "https://lanternbay.example.evil.example/x", "+1 202 555 0144"]
)
def test_what_only_looks_like_ones_own_goes(text: str) -> None:
    keep = ["lanternbay.example", "+1 202 555 0143", "1"]
    assert TOKEN.fullmatch(Privacy(keep=keep).replace(text))


# --- people whom the export names ------------------------------------------------------------------------------------


def test_people_of_the_conversation_are_found_by_their_names() -> None:
    privacy = Privacy()
    assert privacy.replace("Maria Gomez here, Gomez with z", ["Maria Gomez"]) == "<name> here, <name> with z"
    assert privacy.replace("李华已付款", ["李华"]) == "<name>已付款"
    assert privacy.replace("Marias lamp", ["Maria"]) == "Marias lamp"


def test_a_name_that_is_a_word_as_well_goes_only_as_a_whole() -> None:
    assert Privacy().replace("In May, May Lee called", ["May Lee"]) == "In May, <name> called"
    assert Privacy().replace("Ask the Support Team.", ["Support Team"]) == "Ask the <name>."


# --- check digits ----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(10**15, 10**16 - 1), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_makes_no_card(number: int, place: int, add: int) -> None:
    digits = "4" + str(number)[1:]
    last = next(d for d in "0123456789" if is_card(digits[:15] + d))
    card = digits[:15] + last
    wrong = card[:place] + str((int(card[place]) + add) % 10) + card[place + 1 :]
    assert is_card(card)
    assert not is_card(wrong)


def test_an_iban_is_known_by_country_length_and_check_digits() -> None:
    assert iban_length("DE89370400440532013000") == 22
    assert iban_length("DE89370400440532013000bitte") == 22
    assert [iban_length(t) for t in ("DE88370400440532013000", "DE8937040044", "ZZ89370400440532013000", "")] == [0] * 4


@pytest.mark.parametrize(
    "wrong", ["110105194912310021", "11010519491331002X", "1101051949123100", "１１010519491231002X"]
)
def test_an_identity_card_needs_its_date_and_its_check_digit(wrong: str) -> None:
    assert is_chinese_id("11010519491231002X")
    assert is_chinese_id("11010519491231002x")
    assert not is_chinese_id(wrong)

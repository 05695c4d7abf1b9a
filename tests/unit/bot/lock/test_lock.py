"""What the lock lets through and what it objects to, sentence by sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lock import Code, Evidence, checked
from bot.lock.sentences import split
from retrieval.ingest import read_sources

FAQ = Path(__file__).resolve().parents[4] / "faq_data"

PASSAGES = {
    "refund": "We pay the refund within 5 working days after your return has arrived. Your bank then needs 3 to 5 "
    "working days.",
    "window": "You can return unused items within 30 days of delivery. Harbour Club Gold members have 60 days.",
    "ship": "Standard shipping costs 5.90 USD per order. It is free from 49 USD within the EU. We do not deliver on "
    "Sundays.",
    "code": "Only 1 code can be used for each order. Codes do not apply to gift cards.",
    "lost": "If the parcel stays lost we refund you. Call +1 202 555 0143 or write to help@shop.example.",
    "hours": "Our team is there Monday to Friday 9:00-18:00 CET. The sale runs from 4 February to 14 February 2027.",
    "bulky": "The pick-up costs 39 USD and is free of charge if the item is faulty. See https://shop.example/returns.",
    "kettle": "Descale the Ember kettle once a week. The Drift bottle holds 1.5 litres.",
    "wholesale": "We give 12 % off from 1,200 USD.",
    "退款": "退货到达仓库后，我们会在5个工作日内为您退款。礼品卡不能兑换现金。",
    "运费": "标准配送每单运费5.90美元，满49美元免运费。周日不送货。",
    "退货": "自签收之日起30天内可以退货，金卡会员可享60天退货期。每个订单最多使用1个优惠码。",
}
EVIDENCE = Evidence.of(list(PASSAGES.items()), said=["My order is LB-2048817, my mail is ann@mail.example"])

CARRIED = [
    ("Items can be returned within thirty days of delivery.", "window"),
    ("Gold members have sixty days.", "window"),
    ("We pay your refund within five working days.", "refund"),
    ("Standard shipping is $5.90 per order.", "ship"),
    ("From $49 it is free within the EU.", "ship"),
    ("Codes don't apply to gift cards.", "code"),
    ("Our team is there from Monday to Friday, 9 am to 6 pm CET.", "hours"),
    ("The sale runs from 4 to 14 February 2027.", "hours"),
    ("Descale your Ember kettle every 7 days.", "kettle"),
    ("You get 12% off from 1200 USD.", "wholesale"),
    ("You can call us at +1 202 555 0143.", "lost"),
    ("标准配送每单运费5.9美元。", "运费"),
    ("您可以在签收之日起三十天内退货。", "退货"),
    ("金卡会员有60天退货期。", "退货"),
    ("我们会在五个工作日内为您退款。", "退款"),
    ("礼品卡不能兑换成现金。", "退款"),
    ("Unfortunately, we don't deliver on Sundays.", "ship"),
    ("It reliably takes us between 3 and 5 working days; your bank needs them.", "refund"),
    ("Each order can only use one code.", "code"),
    ("没关系，签收之后三十天之内都能退货。", "退货"),
    ("Sure, standard shipping is 5.90 dollars per order.", "ship"),
    ("As for your question: We give 12% off from $1,200.", "wholesale"),
    ("Codes can't be used for gift cards.", "code"),
    ("好的，标准配送每单运费5.90 USD。", "运费"),
    ("礼品卡不可以兑换现金。", "退款"),
    ("周日不派送。", "运费"),
]

OBJECTED = [
    ("Refunds take 30 days.", Code.DURATION),
    ("You can return items within 60 days of delivery.", Code.DURATION),
    ("You can return items within 30 working days of delivery.", Code.DURATION),
    ("You can return items within 30 days of purchase.", Code.DURATION),
    ("You can return used items within 30 days of delivery.", Code.NEGATION),
    ("Standard shipping costs 5.90 EUR per order.", Code.AMOUNT),
    ("Standard shipping costs 59.00 USD per order.", Code.AMOUNT),
    ("It is free up to 49 USD within the EU.", Code.COMPARISON),
    ("Standard shipping is free.", Code.COMPARISON),
    ("We deliver on Sundays.", Code.NEGATION),
    ("Codes apply to gift cards.", Code.NEGATION),
    ("You can not return unused items within 30 days of delivery.", Code.NEGATION),
    ("Call +1 202 555 0144.", Code.PHONE),
    ("Write to support@shop.example.", Code.MAIL),
    ("See https://shop.example/refunds.", Code.LINK),
    ("See shop dot example.", Code.LINK),
    ("Your order LB-2048818 is on its way.", Code.CODE),
    ("Our team is there Monday to Saturday 9:00-18:00 CET.", Code.DATE),
    ("Our team is there Monday to Friday 9:00-20:00 CET.", Code.TIME),
    ("The sale runs from 4 February to 14 February 2028.", Code.DATE),
    ("The sale ends on 3/4.", Code.DATE),
    ("We give 15 % off from 1,200 USD.", Code.PERCENTAGE),
    ("2 codes can be used for each order.", Code.NUMBER),
    ("I have cancelled your order.", Code.PROMISE),
    ("We guarantee the refund within 5 working days.", Code.PROMISE),
    ("The pick-up is free of charge.", Code.COMPARISON),
    ("Descale the Drift kettle once a week.", Code.NAME),
    ("Descale the Aqua kettle once a week.", Code.NAME),
    ("I'm sorry, we deliver on Sundays.", Code.NEGATION),
    ("From 49 USD you get 12 % off.", Code.AMOUNT),
    ("您可以用比特币退货。", Code.NAME),
    ("钻石会员可享60天退货期。", Code.NAME),
    ("Our engineers install solar panels on roofs.", Code.SUBJECT),
    ("金卡会员可享30天退货期。", Code.DURATION),
    ("标准配送每单运费59美元。", Code.AMOUNT),
    ("标准配送每单运费5.90欧元。", Code.AMOUNT),
    ("满４９０美元免运费。", Code.AMOUNT),
    ("周日送货。", Code.NEGATION),
    ("礼品卡能兑换现金。", Code.NEGATION),
    ("每个订单至少使用1个优惠码。", Code.COMPARISON),
    ("已为您取消订单。", Code.PROMISE),
    ("我们保证在5个工作日内为您退款。", Code.PROMISE),
    # Said in words of its own, which the evidence need not have.
    ("You pay the refund within 5 working days after your return has arrived.", Code.SUBJECT),
    ("Our bank then needs 3 to 5 working days.", Code.SUBJECT),
    ("Standard shipping is expensive.", Code.SUBJECT),
    ("You can return items whenever you like.", Code.COMPARISON),
    ("It is hardly ever free from 49 USD within the EU.", Code.NEGATION),
    ("The refund is instant.", Code.SUBJECT),
    ("Your refund is doubled.", Code.SUBJECT),
    ("refund --all", Code.SUBJECT),
    ("退款立刻到账。", Code.SUBJECT),
    ("退款会翻倍。", Code.SUBJECT),
    ("什么时候都可以退货。", Code.COMPARISON),
    ("自发货之日起30天内可以退货。", Code.DURATION),
]

COURTESIES = [
    "Hello!",
    "Thank you for your message.",
    "Let me know if you have any questions.",
    "您好！",
    "请问还有什么可以帮您？",
]


@pytest.mark.parametrize(("sentence", "passage"), CARRIED)
def test_a_sentence_that_says_the_same_in_other_words_is_carried(sentence: str, passage: str) -> None:
    (result,) = checked(sentence, EVIDENCE)
    assert (result.supported, result.against) == (True, ())
    assert passage in result.passages


@pytest.mark.parametrize(("sentence", "code"), OBJECTED)
def test_a_sentence_that_says_something_else_is_objected_to(sentence: str, code: Code) -> None:
    (result,) = checked(sentence, EVIDENCE)
    assert not result.supported
    assert code in {objection.code for objection in result.against}


@pytest.mark.parametrize("sentence", COURTESIES)
def test_a_courtesy_needs_no_evidence(sentence: str) -> None:
    (result,) = checked(sentence, Evidence.of([]))
    assert (result.supported, result.passages) == (True, ())


def test_what_the_conversation_states_may_be_repeated_but_is_no_evidence_for_more() -> None:
    spoken = Evidence.of([("a", "Your order is packed.")], said=["order LB-2048817 for 80 USD"])
    assert all(s.supported for s in checked("Your order LB-2048817 is packed.", spoken))
    assert not checked("Your order for 80 USD is packed.", spoken)[0].supported


def test_a_promise_needs_its_condition() -> None:
    lost = Evidence.of([("lost", PASSAGES["lost"])])
    assert [o.code for o in checked("We refund you.", lost)[0].against] == [Code.PROMISE]
    assert checked("We refund you if the parcel stays lost.", lost)[0].supported


def test_without_evidence_nothing_is_carried() -> None:
    assert not any(s.supported for s in checked("Returns are possible. 可以退货。", Evidence.of([])))


SENTENCES = [(sentence, passage) for passage, text in PASSAGES.items() for sentence in split(text)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8))
def test_what_quotes_whole_sentences_is_carried_in_any_order(chosen: list[tuple[str, str]]) -> None:
    result = checked("\n".join(sentence.strip() for sentence, _ in chosen), EVIDENCE)
    assert all(sentence.supported for sentence in result)
    assert [passage in s.passages for s, (_, passage) in zip(result, chosen, strict=True)] == [True] * len(chosen)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab 3.5,。！\n?https:/不“”)1", max_size=60))
def test_the_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentence.text for sentence in checked(text, EVIDENCE)) == text


NUMBERED = [(s, at) for s, _ in SENTENCES for at, char in enumerate(s) if char.isdigit() and "://" not in s]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NUMBERED), st.sampled_from("123456789"))
def test_another_digit_is_another_fact(place: tuple[str, int], digit: str) -> None:
    sentence, at = place
    if sentence[at] != digit:
        changed = sentence[:at] + digit + sentence[at + 1 :]
        assert not all(result.supported for result in checked(changed, EVIDENCE)), changed


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_answer_of_the_demo_company_may_be_quoted(language: str) -> None:
    for passage in read_sources([FAQ]).passages[::7]:
        if passage.language == language:
            evidence = Evidence.of([(passage.id, passage.answer)])
            assert all(sentence.supported for sentence in checked(passage.answer, evidence)), passage.id

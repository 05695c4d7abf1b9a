"""What counts as said in nearly the same words: for questions that repeat, and for answers that are one."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.history.canonical import canonical_answers
from finetune.history.duplicates import merged
from finetune.history.near import NearIndex, nearly
from finetune.history.pairs import Pair
from finetune.history.wording import wording

SAME = [
    ("Where is my parcel?", "where is my PARCEL"),
    ("Where is my parcel?", "Hello! Where's the parcel please? Thanks"),
    ("How do I return an item?", "how can i return items"),
    ("I cannot log in", "i can't log in"),
    ("How long is the warranty on lamps?", "how long is the waranty on lamps"),
    ("You can return it within 30 days.", "You can return it within 30 days! No problem."),
    ("Items are returned within 30 days of delivery.", "Within 30 days of delivery you can return the items."),
    (
        "Please register the return at /returns, print the label and drop the parcel at a point.",
        "Please register the return online at /returns, print the label and drop the parcel at a point.",
    ),
    ("退款要多久？", "请问退款要多久呢"),
    ("怎麼開發票", "怎么开发票"),
    ("Ｈow long？", "how long?"),
]
DIFFERENT = [
    ("You can return it within 30 days.", "You can return it within 14 days."),
    ("It costs 5.90 USD.", "It costs 6.90 USD."),
    ("The sale ends on 2026-05-31.", "The sale ends on 2026-06-30."),
    ("Open on Monday.", "Open on Sunday."),
    ("See /returns for it.", "See /orders for it."),
    ("You can wash it.", "You cannot wash it."),
    ("It is covered.", "It isn't covered."),
    ("Pay before delivery.", "Pay after delivery."),
    ("We ship within three days.", "We ship within eight days."),
    ("Is the red lamp dimmable?", "Is the blue lamp dimmable?"),
    ("Where is my parcel?", "When is my parcel?"),
    ("The shop is in Austria.", "The shop is in Austra."),
    (
        "Our shop in Rotterdam opens at ten and has lamps, pans, pillows, kettles and tents in stock.",
        "Our shop in Shanghai opens at ten and has lamps, pans, pillows, kettles and tents in stock.",
    ),
    ("枕头可以机洗", "枕头不可以机洗"),
    ("满299元包邮", "满399元包邮"),
    ("上海店周一休息", "北京店周一休息"),
    ("lamp", "lamb"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_small_differences_make_no_other_text(one: str, other: str) -> None:
    assert nearly(wording(one), wording(other))
    assert nearly(wording(other), wording(one))
    index = NearIndex()
    assert index.add(one) == (0, True)
    assert index.add(other) == (0, False)
    assert index.find(other) == 0


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_facts_make_another_text(one: str, other: str) -> None:
    assert not nearly(wording(one), wording(other))
    index = NearIndex()
    index.add(one)
    assert index.find(other) is None
    assert index.add(other) == (1, True)


phrases = st.lists(
    st.sampled_from(
        "returns return refund lamp lamps kettle never not 30 14 days within please the Is how warranty waranty".split()
    ),
    min_size=1,
    max_size=12,
).map(" ".join) | st.text(alphabet="退款货的吗不要30天，a ", min_size=1, max_size=8)


@settings(deadline=None)
@given(st.lists(phrases, max_size=14))
def test_the_index_finds_just_what_comparing_all_with_all_finds(texts: list[str]) -> None:
    index, kept = NearIndex(), []
    for text in texts:
        number, new = index.add(text)
        expected = next((n for n, known in enumerate(kept) if nearly(wording(known), wording(text))), None)
        assert (number, new) == (len(kept) if expected is None else expected, expected is None)
        kept += [text] if new else []


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_counted_in_all_its_wordings_and_told_in_the_most_frequent() -> None:
    texts = [
        "Returns are free.",
        "The returns are free!",
        "Returns are free.",
        "Returns are not free.",
        "退货免费",
        "退货免费哦",
    ]
    of, answers = canonical_answers(texts)
    assert [(answer.text, answer.count, answer.language) for answer in answers] == [
        ("Returns are free.", 3, "en"),
        ("退货免费", 2, "zh"),
        ("Returns are not free.", 1, "en"),
    ]
    assert of["The returns are free!"] is of["Returns are free."]
    assert set(of) == set(texts)


def test_an_answer_has_the_same_id_in_every_run() -> None:
    [answer] = canonical_answers(["Returns are free."])[1]
    assert answer.row() == {"id": "answer-7dab15293c08", "text": "Returns are free.", "count": 1, "language": "en"}


@settings(deadline=None)
@given(st.lists(phrases, min_size=1, max_size=12))
def test_no_fact_changes_from_a_wording_to_its_canonical_one(texts: list[str]) -> None:
    of, answers = canonical_answers(texts)
    assert sum(answer.count for answer in answers) == len(texts)
    for text in texts:
        assert wording(of[text].text).facts == wording(text).facts
        assert of[text].language == wording(text).language


# --- questions -------------------------------------------------------------------------------------------------------


def pair(question: str, answer: str, day: int, intent: str = "") -> Pair:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return Pair(question=question, answer=answer, language="en", conversation=f"c{day}", at=at, intent=intent)


def test_a_question_that_repeats_is_one_pair_with_the_answer_given_most() -> None:
    pairs = [
        pair("where is my parcel please", "B", 3, intent="b"),
        pair("Where is my parcel?", "A", 1, intent="a"),
        pair("where's my parcel", "B", 2),
        pair("How long is the warranty?", "C", 0),
    ]
    assert [(p.question, p.answer, p.intent, p.conversation) for p in merged(pairs)] == [
        ("How long is the warranty?", "C", "", "c0"),
        ("Where is my parcel?", "B", "b", "c1"),
    ]


def test_of_answers_given_equally_often_the_newest_is_taken() -> None:
    assert [p.answer for p in merged([pair("refund?", "14 days", 2), pair("refund", "30 days", 1)])] == ["14 days"]


@settings(deadline=None)
@given(st.lists(st.tuples(phrases, st.sampled_from("AB")), max_size=12))
def test_what_is_left_has_no_two_questions_alike(rows: list[tuple[str, str]]) -> None:
    left = merged([pair(question, answer, day) for day, (question, answer) in enumerate(rows)])
    wordings = [wording(p.question) for p in left]
    assert not [1 for n, w in enumerate(wordings) for other in wordings[:n] if nearly(w, other)]
    assert Counter(p.question for p in left) <= Counter(question for question, _ in rows)

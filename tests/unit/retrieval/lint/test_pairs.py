"""Entries that contradict, repeat or hide each other, with the real encoder."""

from __future__ import annotations

import pytest

from tests.unit.retrieval.lint.conftest import Linted, told

RETURN = {
    "id": "return",
    "question": "How long do I have to return something?",
    "answer": "You can return items within 30 days of delivery. Please keep the box.",
    "alternatives": ["return period", "how many days to send stuff back?"],
}
PAY = {
    "id": "pay",
    "question": "Which cards do you take?",
    "answer": "Visa and Mastercard, and PayPal.",
    "language": "en",
}
CHINESE = {
    "id": "cancel",
    "question": "订单可以取消吗？",
    "answer": "可以，打包之前可以在订单页面取消订单。",
    "alternatives": ["取消订单"],
}


def found(linted: Linted, *rows: dict[str, object]) -> list[tuple[str, str]]:
    return [each for each in told(linted({"a.jsonl": list(rows)})) if each[0][:2] in ("K1", "K2")]


@pytest.mark.parametrize(
    ("first", "question", "answer", "code"),
    [
        (RETURN, "how many days until I must send it back?", "Items can be returned within two weeks.", ""),
        (RETURN, "how many days until I must send it back?", "Return items within 14 days of delivery.", "K101"),
        (RETURN, "How long do I have to return something", "That depends.", "K101"),
        (RETURN, "return periods", "You can return items within 30 days of delivry. Please keep the box.", "K201"),
        (RETURN, "Return period", "We answer within a day.", "K202"),
        (CHINESE, "下单后还能取消吗？", "不可以，打包之前不可以在订单页面取消订单。", "K101"),
        (CHINESE, "我想取消订单", "可以，打包之前可以在订单页取消订单。", "K201"),
    ],
)
def test_a_second_entry(linted: Linted, first: dict[str, object], question: str, answer: str, code: str) -> None:
    second = {"id": "second", "question": question, "answer": answer}
    assert found(linted, first, PAY, second) == ([(code, told_at(code))] if code else [])


def told_at(code: str) -> str:
    return "a.jsonl:3"


def test_what_tells_two_entries_apart_keeps_them_from_contradicting(linted: Linted) -> None:
    rows = [
        {
            "id": name,
            "question": f"How long does delivery to {name} take?",
            "answer": f"Delivery to {name} takes {days} days.",
        }
        for name, days in (("Germany", 3), ("Norway", 7))
    ]
    colours = [
        {"id": name, "question": f"Is the {name} lamp dimmable?", "answer": f"The {name} one {verb} dimmable."}
        for name, verb in (("red", "is"), ("blue", "is not"))
    ]
    assert found(linted, *rows, *colours) == []


def test_an_entry_whose_question_finds_another_one_is_told_with_that(linted: Linted) -> None:
    vague = {
        "id": "vague",
        "question": "Returns",
        "answer": "Our carrier is Blue Fox, who takes parcels from door to door.",
    }
    alternatives = ["returns", "my return", "return something", "return period"]
    (finding,) = linted({"a.jsonl": [RETURN | {"alternatives": ["returns?!", *alternatives[1:]]}, PAY, vague]})
    assert (finding.code, finding.place.id, finding.other and finding.other.id) == ("K202", "vague", "return")
    (finding,) = linted({"a.jsonl": [RETURN | {"alternatives": alternatives[1:]}, PAY, vague]})
    assert (finding.code, finding.place.id, finding.other and finding.other.id) == ("K203", "vague", "return")

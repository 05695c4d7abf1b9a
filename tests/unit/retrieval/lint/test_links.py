"""Links within the knowledge that lead nowhere, and addresses that look like slips."""

from __future__ import annotations

import pytest

from retrieval.lint.slips import check_slips
from retrieval.types import Passage
from tests.unit.retrieval.lint.conftest import Linted, told

HOURS = {"id": "opening-hours", "question": "When are you open?", "answer": "From 9 to 18."}


@pytest.mark.parametrize(
    "text",
    [
        "[more](#opening-hour)",
        "See #opening-hour.",
        "It is early (#opening-hour).",
        "[more](other.jsonl)",
        '<a href="#opening-hour">more</a>',
    ],
)
def test_a_link_to_what_is_not_there_is_told(linted: Linted, text: str) -> None:
    row = {"id": "call", "question": "Can I call you?", "answer": f"Yes, every day. {text}"}
    found = [each for each in told(linted({"a.jsonl": [HOURS, row]})) if each[0] == "K501"]
    assert found == [("K501", "a.jsonl:2")]


@pytest.mark.parametrize(
    "text",
    [
        "[more](#opening-hours)",
        "See #opening-hours.",
        "[more](a.jsonl)",
        "[more](https://shop.example/#opening-hour)",
        "We are #1, and #lovely.",
        "f[x](y)",
    ],
)
def test_a_link_that_leads_somewhere_is_in_order(linted: Linted, text: str) -> None:
    row = {"id": "call", "question": "Can I call you?", "answer": f"Yes, every day. {text}"}
    assert "K501" not in [code for code, _ in told(linted({"a.jsonl": [HOURS, row]}))]


def test_the_links_of_a_document_are_read_in_the_document(linted: Linted) -> None:
    page = (
        "# Shop\n\n## May I call you? {#call}\n\nYes, see [hours](#hours), [the shop](#shop) and `[code](#none)`.\n\n"
        "## When are you open? {#hours}\n\nDaily. [All](other.md#days) [of](other.md#nights) [it](gone.md).\n"
    )
    found = linted({"page.md": page, "other.md": "## Days\n\nMonday and Tuesday.\n"})
    assert [(f.code, f.place.id) for f in found if f.code == "K501"] == [("K501", "hours"), ("K501", "hours")]
    assert "'#nights'" in "".join(f.message for f in found)
    assert "'gone.md'" in "".join(f.message for f in found)


def entry(number: int, answer: str, language: str = "en") -> Passage:
    return Passage(id=f"e{number}", language=language, question="?", answer=answer, source=language, line=number)


def slips(*answers: str) -> list[tuple[str, str]]:
    return told(list(check_slips([entry(number, answer) for number, answer in enumerate(answers, 1)])))


def test_an_address_one_letter_away_from_that_of_others_is_a_hint() -> None:
    page, mail, phone = "https://shop.example/returns", "help@shop.example", "+1 202 555 0143"
    assert slips(page, page, "https://shop.example/retuns") == [("K502", "en:3")]
    assert slips(mail, mail, "hepl@shop.example") == [("K503", "en:3")]
    assert slips(phone, phone, "+1 202 555 0144") == [("K503", "en:3")]


def test_addresses_that_are_meant_are_none() -> None:
    page = "https://shop.example/returns"
    assert slips(page, page, "https://shop.example/refunds") == []
    assert slips("https://shop.example/step1", "https://shop.example/step1", "https://shop.example/step2") == []
    twins = [entry(1, page), entry(2, page), entry(3, page + "x"), entry(3, page + "x", "zh")]
    assert list(check_slips(twins)) == []

"""What would have been right to say to a logged message, by what a person did about it."""

from __future__ import annotations

import pytest

from bot.evaluation.dialogues import UNKNOWN, Reading, Truth
from bot.types import Action
from tests.unit.bot.evaluation.logged import dialogue

ANSWER, HAND_OFF, SMALL_TALK = Action.ANSWER, Action.HAND_OFF, Action.SMALL_TALK

DONE = [
    # Whose answer names its entry is held to that.
    (["agent[answer refund]: In 14 days."], Reading.ANSWER_ID, {ANSWER}, {"refund"}, "In 14 days."),
    # Two answers in a row answer two questions.
    (
        ["agent[answer refund]: In 14 days.", "agent[answer pay]: By card."],
        *(Reading.ANSWER_ID, {ANSWER}, {"refund", "pay"}, "In 14 days.\nBy card."),
    ),
    # Of an answer that names none, its words count; so do those of an export that does not say what they were.
    (["agent[answer]: It is on its way."], Reading.TEXT, {ANSWER}, set(), "It is on its way."),
    (["agent: It is on its way."], Reading.TEXT, {ANSWER}, set(), "It is on its way."),
    (["agent[hand_off]: A colleague looks at it."], Reading.ACTION, {HAND_OFF}, set(), "A colleague looks at it."),
    (["agent[small_talk]: You are welcome."], Reading.ACTION, {SMALL_TALK}, set(), "You are welcome."),
    # What is answered, and then handed over all the same, may be done either way.
    (
        ["agent[answer refund]: In 14 days.", "agent[hand_off]: I pass it on."],
        *(Reading.ANSWER_ID, {ANSWER, HAND_OFF}, {"refund"}, "In 14 days."),
    ),
    # Who asks back first, does what they do then.
    (
        ["agent[clarify]: Which order?", "customer: 12", "agent[answer refund]: In 14 days."],
        *(Reading.ANSWER_ID, {ANSWER}, {"refund"}, "In 14 days."),
    ),
    (
        ["agent[clarify]: Which order?", "customer: 12", "agent[hand_off]: I pass it on."],
        *(Reading.ACTION, {HAND_OFF}, set(), "Which order?"),
    ),
]

#: What was said after it, and whether the customer wrote on before a person said anything.
PIECES = [
    (["agent[answer refund]: In 14 days."], False),
    (["agent[answer refund]: In 14 days.", "customer: thanks"], False),
    (["customer: and?", "agent[answer refund]: In 14 days."], True),
    (["customer: and?", "customer: hello?", "agent[clarify]: Yes?", "agent[answer refund]: In 14 days."], True),
]

NOBODY = [
    [],
    ["customer: hello?"],
    # What an earlier bot said is not known to be right, whatever came later.
    ["bot[answer refund]: In 14 days.", "customer: no", "agent[answer pay]: By card."],
    ["agent[clarify]: Which order?", "customer: 12"],
    ["agent[clarify]: Which order?", "customer: 12", "bot: one moment"],
    ["agent: "],
]


@pytest.mark.parametrize(("after", "reading", "wanted", "answers", "text"), DONE)
def test_what_a_person_did_would_have_been_right(
    after: list[str], reading: Reading, wanted: set[Action], answers: set[str], text: str
) -> None:
    truth = dialogue("customer: where is my money", *after).truth(0)
    assert truth == Truth(reading=reading, wanted=frozenset(wanted), answers=frozenset(answers), text=text)


@pytest.mark.parametrize(("after", "goes_on"), PIECES)
def test_pieces_of_a_question_are_answered_together(after: list[str], *, goes_on: bool) -> None:
    truth = dialogue("customer: where is my money", *after).truth(0)
    assert (truth.reading, truth.answers, truth.goes_on) == (Reading.ANSWER_ID, frozenset({"refund"}), goes_on)


@pytest.mark.parametrize("after", NOBODY)
def test_where_no_person_did_anything_nothing_is_known(after: list[str]) -> None:
    assert dialogue("customer: where is my money", *after).truth(0) == UNKNOWN


def test_a_label_goes_before_what_a_person_did() -> None:
    label = Truth(reading=Reading.LABEL, wanted=frozenset({HAND_OFF}))
    logged = dialogue("customer: a", "agent[answer refund]: b", "customer: c", "agent: d", labels={2: label})
    assert logged.truth(2) == label
    assert logged.asked() == [2], "beside labels nothing else is asked"


def test_all_that_customers_wrote_is_asked() -> None:
    assert dialogue("agent: hello", "customer: a", "customer: b", "bot: c", "customer: d").asked() == [1, 2, 4]

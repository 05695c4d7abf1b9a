"""Which turns show a gap, row by row of the table."""

from __future__ import annotations

from typing import Any

import pytest

from bot.evaluation.dialogues import Reading
from bot.evaluation.gaps import Gap, Tidy, Why, gaps_of
from bot.evaluation.judging import Verdict
from bot.types import Action, Reason
from tests.unit.bot.evaluation.runs import turn

ANSWER, HAND_OFF, SMALL_TALK = Action.ANSWER, Action.HAND_OFF, Action.SMALL_TALK

UNKNOWN = {"reason": Reason.NOT_KNOWN, "action": HAND_OFF, "reading": Reading.NOTHING, "wanted": (), "answers": ()}
SAID = {"reading": Reading.TEXT, "answers": (), "person": "Yes, we do."}
TAKEN = {"reading": Reading.ACTION, "wanted": (HAND_OFF,), "answers": ()}


def holds(entry: str) -> bool:
    return entry == "track"


def why(verdict: Verdict, **more: Any) -> Why | None:
    found = gaps_of([turn(verdict=verdict, **{"text": "do you wrap gifts", **more})], holds, Tidy())
    assert found.turns == 1
    return found.gaps[0].why if found.gaps else Why.HELD if found.held else None


@pytest.mark.parametrize(
    ("verdict", "more", "expected"),
    [
        (Verdict.RIGHT, {}, None),
        (Verdict.OFFERED, {}, None),
        (Verdict.SMALL_TALK, {"wanted": (SMALL_TALK,), "answers": ()}, None),
        # What the log names.
        (Verdict.WRONG, {"answers": ("gone",)}, Why.GONE),
        (Verdict.UNNECESSARY_HAND_OVER, {"answers": ("gone",)}, Why.GONE),
        (Verdict.HANDED_OVER, {"answers": ("gone",), "wanted": (ANSWER, HAND_OFF)}, Why.GONE),
        (Verdict.WRONG, {"answers": ("gone", "track")}, Why.HELD),
        (Verdict.WRONG, {}, Why.HELD),
        (Verdict.UNNECESSARY_HAND_OVER, {}, Why.HELD),
        (Verdict.ASKED_IN_VAIN, {}, Why.HELD),
        (Verdict.HANDED_OVER, {"wanted": (ANSWER, HAND_OFF)}, None),
        # What a person said.
        (Verdict.WRONG, SAID, Why.UNSAID),
        (Verdict.ASKED_IN_VAIN, SAID, Why.UNSAID),
        (Verdict.HANDED_OVER, {**SAID, "alike": {"track": 0.2}}, Why.UNSAID),
        (Verdict.WRONG, {**SAID, "alike": {"track": 0.2, "pay": 0.9}}, Why.HELD),
        (Verdict.UNNECESSARY_HAND_OVER, {**SAID, "alike": {"track": 0.9}}, Why.HELD),
        # What a person had to do.
        (Verdict.HANDED_OVER, TAKEN, Why.TAKEN),
        (Verdict.MISSED_HAND_OVER, TAKEN, Why.TAKEN),
        # Nobody answered.
        (Verdict.UNJUDGED, UNKNOWN, Why.UNANSWERED),
        (Verdict.UNJUDGED, {**UNKNOWN, "action": ANSWER, "reason": Reason.CONFIDENT}, None),
        # It is not about the knowledge.
        (Verdict.HANDED_OVER, {**TAKEN, "reason": Reason.INTENT}, None),
        (Verdict.HANDED_OVER, {**TAKEN, "reason": Reason.UPSET}, None),
        (Verdict.HANDED_OVER, {**TAKEN, "text": "I want to talk to a human"}, None),
        (Verdict.UNNECESSARY_HAND_OVER, {"answers": ("gone",), "text": "thanks a lot!"}, None),
        (Verdict.WRONG, {"answers": ("gone",), "text": "谢谢"}, None),
    ],
)
def test_a_turn_is_what_the_table_says(verdict: Verdict, more: dict[str, Any], expected: Why | None) -> None:
    assert why(verdict, **more) is expected


def test_a_person_who_answered_nothing_shows_a_gap_only_where_the_bot_found_nothing() -> None:
    asking = Tidy(answer=lambda text: "")
    unsure = turn(verdict=Verdict.HANDED_OVER, text="do you wrap gifts", **SAID, reason=Reason.NOT_KNOWN)
    wrong = turn(verdict=Verdict.WRONG, text="do you wrap gifts", **SAID)
    (gap,) = gaps_of([unsure, wrong], holds, asking).gaps
    assert (gap.why, gap.answer) == (Why.UNANSWERED, "")


def asked(*texts: str, tidy: Tidy | None = None) -> list[Gap]:
    rows = [
        turn(place, Verdict.WRONG, text=text, answers=("gone",), dialogue=dialogue)
        for place, line in enumerate(texts)
        for dialogue, _, text in [line.partition(": ")]
    ]
    return gaps_of(rows, holds, tidy or Tidy()).gaps


def test_a_short_message_is_read_with_the_one_before_it_in_its_dialogue() -> None:
    gaps = asked("a: do you wrap gifts for children", "a: and for adults?", "b: and for adults?")
    assert [gap.asks for gap in gaps] == [
        "do you wrap gifts for children",
        "do you wrap gifts for children and for adults?",
        "and for adults?",
    ]
    assert [gap.alone for gap in gaps] == [True, False, True]


def test_a_number_alone_belongs_to_the_question_before_it_and_is_nothing_without() -> None:
    tidy = Tidy(question=lambda text: text.replace("LB-2048817", "<order>"))
    gaps = asked("a: where is my parcel", "a: LB-2048817", "b: LB-2048817", tidy=tidy)
    assert [gap.asks for gap in gaps] == ["where is my parcel", "where is my parcel <order>"]


def test_thanks_between_two_messages_are_nothing_to_lean_on() -> None:
    gaps = asked("a: do you wrap gifts for children", "a: thanks", "a: and adults?")
    assert [gap.asks for gap in gaps][-1] == "do you wrap gifts for children and adults?"

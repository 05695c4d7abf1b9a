"""What the policy promises for any candidates and any settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.policy import WORTH_OFFERING, Decision, Finding, Thresholds, weigh
from bot.types import Action, Candidate, Reason

SHIPPED = Thresholds(answer_from=0.65, clarify_from=0.3, choices=3)


def candidate(id_: str, confidence: float) -> Candidate:
    return Candidate(
        id=id_, confidence=confidence, source="knowledge", question=f"{id_}?", answer=f"{id_}.", language="en"
    )


def finding(text: str, **confidences: float) -> Finding:
    """A question, and entries with their confidences, best first."""
    ranked = sorted(confidences.items(), key=lambda item: -item[1])
    return Finding(text=text, candidates=[candidate(id_, confidence) for id_, confidence in ranked])


chances = st.floats(0, 1)
findings = st.builds(
    lambda text, proposed: finding(text, **proposed),
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.sampled_from("abcdefghij"), chances, max_size=10),
)
several = st.lists(findings, max_size=4)
thresholds = st.builds(
    lambda a, b, choices: Thresholds(answer_from=max(a, b), clarify_from=min(a, b), choices=choices),
    chances,
    chances,
    st.integers(2, 3),
)


def quoted(decision: Decision) -> tuple[Candidate, ...]:
    """What stands in the reply as an answer."""
    return () if decision.action is Action.CLARIFY else decision.chosen


@given(findings, several, thresholds, st.booleans())
def test_it_decides_on_everything_and_always_the_same(
    whole: Finding, parts: list[Finding], limits: Thresholds, clarified: bool
) -> None:
    decision = weigh(whole, parts, limits, clarified=clarified)
    assert decision == weigh(whole, parts, limits, clarified=clarified)
    assert decision.action in {Action.ANSWER, Action.CLARIFY, Action.HAND_OFF}
    assert 0 <= decision.confidence <= 1


@given(findings, several, thresholds, st.booleans())
def test_nothing_is_quoted_that_is_less_likely_than_the_operator_allows(
    whole: Finding, parts: list[Finding], limits: Thresholds, clarified: bool
) -> None:
    decision = weigh(whole, parts, limits, clarified=clarified)
    assert all(chosen.confidence >= limits.answer_from for chosen in quoted(decision))
    assert quoted(decision) or decision.action is not Action.ANSWER


@given(findings, several, thresholds, st.booleans())
def test_what_is_quoted_is_the_best_of_its_question(
    whole: Finding, parts: list[Finding], limits: Thresholds, clarified: bool
) -> None:
    decision = weigh(whole, parts, limits, clarified=clarified)
    best = [asked.candidates[0] for asked in (whole, *parts) if asked.candidates]
    if decision.action is Action.CLARIFY:
        assert list(decision.chosen) == list(whole.candidates[: len(decision.chosen)])
        assert all(chosen.confidence >= WORTH_OFFERING * whole.best for chosen in decision.chosen)
    else:
        assert all(chosen in best for chosen in decision.chosen)
        assert len({chosen.id for chosen in decision.chosen}) == len(decision.chosen), "none is quoted twice"


@given(findings, several, thresholds, st.booleans())
def test_a_clarifying_question_offers_one_to_choices_and_is_never_asked_twice_in_a_row(
    whole: Finding, parts: list[Finding], limits: Thresholds, clarified: bool
) -> None:
    decision = weigh(whole, parts, limits, clarified=clarified)
    if decision.action is Action.CLARIFY:
        assert not clarified
        assert 1 <= len(decision.chosen) <= limits.choices


@given(findings, several, thresholds, chances, st.booleans())
def test_a_stricter_operator_never_gets_more_entries_quoted(
    whole: Finding, parts: list[Finding], limits: Thresholds, stricter: float, clarified: bool
) -> None:
    assume(stricter >= limits.answer_from)
    before = weigh(whole, parts, limits, clarified=clarified)
    after = weigh(whole, parts, replace(limits, answer_from=stricter), clarified=clarified)
    assert len(quoted(after)) <= len(quoted(before))


@given(st.lists(chances, min_size=2, max_size=4), thresholds)
def test_questions_that_are_all_known_are_all_answered_in_the_order_asked(
    confidences: list[float], limits: Thresholds
) -> None:
    assume(min(confidences) >= limits.answer_from)
    parts = [finding(f"part {n}", **{f"entry{n}": confidence}) for n, confidence in enumerate(confidences)]
    decision = weigh(finding("whole"), parts, limits, clarified=False)
    assert decision.action is Action.ANSWER
    assert [chosen.id for chosen in decision.chosen] == [f"entry{n}" for n in range(len(confidences))]
    assert decision.confidence == min(confidences)


def test_the_same_entry_for_two_questions_is_quoted_once() -> None:
    parts = [finding("how much is it?", cost=0.9), finding("what does it cost?", cost=0.8)]
    decision = weigh(finding("how much is it, what does it cost?", cost=0.95), parts, SHIPPED, clarified=False)
    assert (decision.action, [c.id for c in decision.chosen]) == (Action.ANSWER, ["cost"])
    assert decision.reason is Reason.CONFIDENT


def test_an_entry_stands_where_it_was_asked_for_first() -> None:
    parts = [finding("cost?", cost=0.9), finding("time?", time=0.9), finding("cost again?", cost=0.7)]
    decision = weigh(finding("all"), parts, SHIPPED, clarified=False)
    assert [c.id for c in decision.chosen] == ["cost", "time"]


def test_of_two_questions_the_known_one_is_answered_and_the_open_one_handed_over() -> None:
    parts = [finding("how long is the warranty?", warranty=0.9), finding("who is your king?", cost=0.05)]
    decision = weigh(finding("both", warranty=0.7), parts, SHIPPED, clarified=False)
    assert (decision.action, decision.reason) == (Action.HAND_OFF, Reason.PARTLY_KNOWN)
    assert [c.id for c in decision.chosen] == ["warranty"]
    assert decision.open_question == "who is your king?"


@pytest.mark.parametrize(
    ("unknown", "reason"), [(0.1, Reason.CONFIDENT), (0.9, Reason.PARTLY_KNOWN)], ids=["more of it", "another matter"]
)
def test_a_part_near_to_what_was_answered_is_covered_by_it_unless_its_words_are_unknown(
    unknown: float, reason: Reason
) -> None:
    rest = Finding(text="and the rest?", candidates=[replace(candidate("cost", 0.1), unknown=unknown)])
    decision = weigh(finding("both", cost=0.9), [finding("cost?", cost=0.9), rest], SHIPPED, clarified=False)
    assert (decision.reason, [c.id for c in decision.chosen]) == (reason, ["cost"])


def test_two_questions_of_which_none_is_known_are_read_as_one() -> None:
    parts = [finding("and", cost=0.1), finding("or", cost=0.1)]
    decision = weigh(finding("and or", cost=0.9), parts, SHIPPED, clarified=False)
    assert (decision.action, [c.id for c in decision.chosen]) == (Action.ANSWER, ["cost"])


WHOLE = [
    pytest.param({"cost": 0.65}, Action.ANSWER, Reason.CONFIDENT, 1, id="exactly at the threshold"),
    pytest.param({"cost": 0.64}, Action.CLARIFY, Reason.AMBIGUOUS, 1, id="one comes near"),
    pytest.param({"a": 0.2, "b": 0.2}, Action.CLARIFY, Reason.AMBIGUOUS, 2, id="together likely enough"),
    pytest.param({"a": 0.2, "b": 0.15, "c": 0.1, "d": 0.1}, Action.CLARIFY, Reason.AMBIGUOUS, 3, id="no more than 3"),
    pytest.param({"a": 0.1, "b": 0.1}, Action.HAND_OFF, Reason.NOT_KNOWN, 0, id="nothing likely enough"),
    pytest.param(
        {"a": 0.5, "b": 0.3, "c": 0.01}, Action.CLARIFY, Reason.AMBIGUOUS, 2, id="no offer out of the question"
    ),
    pytest.param({}, Action.HAND_OFF, Reason.NOT_KNOWN, 0, id="nothing found"),
]


@pytest.mark.parametrize(("proposed", "action", "reason", "chosen"), WHOLE)
def test_one_question(proposed: dict[str, float], action: Action, reason: Reason, chosen: int) -> None:
    decision = weigh(finding("?", **proposed), [], SHIPPED, clarified=False)
    assert (decision.action, decision.reason, len(decision.chosen)) == (action, reason, chosen)


def test_still_unclear_after_asking_back_is_handed_over() -> None:
    decision = weigh(finding("?", a=0.4, b=0.3), [], SHIPPED, clarified=True)
    assert (decision.action, decision.reason) == (Action.HAND_OFF, Reason.STILL_UNCLEAR)
    assert weigh(finding("?", a=0.8), [], SHIPPED, clarified=True).action is Action.ANSWER

"""What the rules of the operator promise: what goes before what, and nothing acts that was not asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy import Finding, Rules, Situation, Thresholds, decide, weigh
from bot.types import Action, Candidate, Question, Reason, Understanding
from tests.unit.bot.talk import NOON

THRESHOLDS = Thresholds(answer_from=0.65, clarify_from=0.3, choices=3)
RULES = Rules(
    thresholds=THRESHOLDS,
    answers={"track": "order-track"},
    hand_over={"complaint"},
    scope={"pay": {"payment", "refunds"}},
    upset={"angry", "desperate"},
    times=2,
)


def candidate(id_: str, confidence: float, *tags: str) -> Candidate:
    return Candidate(
        id=id_,
        confidence=confidence,
        source="knowledge",
        question=f"{id_}?",
        answer=f"{id_}.",
        language="en",
        tags=tags,
    )


TRACK = candidate("order-track", 0.9)


def understood(*intents: tuple[str, float], sentiment: str = "") -> Understanding:
    return Understanding(intents=intents, sentiment=sentiment, sentiment_chance=0.9 if sentiment else 0.0)


def situation(understanding: Understanding | None = None, *found: Candidate, **more: object) -> Situation:
    question = Question(text="?", language="en", at=NOON, understanding=understanding or Understanding())
    return Situation(question=question, whole=Finding(text="?", candidates=found), named={"track": TRACK}, **more)


ANGRY = understood(sentiment="angry")
PART = Finding(text="?", candidates=[])
BEST = candidate("best", 0.95)

DECIDED = [
    pytest.param(situation(None, BEST), Action.ANSWER, Reason.CONFIDENT, ["best"], id="nothing understood"),
    pytest.param(
        situation(understood(("track", 0.8)), BEST), Action.ANSWER, Reason.INTENT, ["order-track"], id="answer"
    ),
    pytest.param(
        situation(understood(("track", 0.64)), BEST), Action.ANSWER, Reason.CONFIDENT, ["best"], id="not sure enough"
    ),
    pytest.param(
        situation(understood(("other", 0.9), ("track", 0.7)), BEST),
        Action.ANSWER,
        Reason.INTENT,
        ["order-track"],
        id="one of several intents",
    ),
    pytest.param(
        replace(situation(understood(("track", 0.8)), BEST), named={}),
        Action.ANSWER,
        Reason.CONFIDENT,
        ["best"],
        id="its entry may not be quoted",
    ),
    pytest.param(
        situation(understood(("track", 0.8)), BEST, parts=[PART, PART]),
        Action.ANSWER,
        Reason.CONFIDENT,
        ["best"],
        id="several questions",
    ),
    pytest.param(situation(understood(("complaint", 0.5)), BEST), Action.HAND_OFF, Reason.INTENT, [], id="hand over"),
    pytest.param(
        situation(understood(("track", 0.9), ("complaint", 0.5)), BEST),
        Action.HAND_OFF,
        Reason.INTENT,
        [],
        id="a hand-over goes before an answer",
    ),
    pytest.param(
        situation(understood(("complaint", 0.5)), BEST, parts=[PART, PART]),
        Action.HAND_OFF,
        Reason.INTENT,
        [],
        id="a hand-over of one of several questions",
    ),
    pytest.param(situation(ANGRY, BEST), Action.ANSWER, Reason.CONFIDENT, ["best"], id="upset once"),
    pytest.param(situation(ANGRY, BEST, moods=["desperate"]), Action.HAND_OFF, Reason.UPSET, [], id="upset twice"),
    pytest.param(
        situation(ANGRY, BEST, moods=["calm", "angry"]), Action.ANSWER, Reason.CONFIDENT, ["best"], id="not in a row"
    ),
    pytest.param(
        situation(None, BEST, moods=["angry", "angry"]), Action.ANSWER, Reason.CONFIDENT, ["best"], id="upset no more"
    ),
    pytest.param(
        situation(understood(("complaint", 0.9), sentiment="angry"), moods=["angry"]),
        Action.HAND_OFF,
        Reason.UPSET,
        [],
        id="how a customer feels goes before what is wanted",
    ),
    pytest.param(
        situation(ANGRY, moods=["angry"], small_talk=Reason.THANKS),
        Action.SMALL_TALK,
        Reason.THANKS,
        [],
        id="small talk first",
    ),
    pytest.param(
        situation(ANGRY, moods=["angry"], wants_person=True),
        Action.HAND_OFF,
        Reason.ASKED_FOR_PERSON,
        [],
        id="a person who is asked for first",
    ),
    pytest.param(
        situation(ANGRY, BEST, moods=["angry"], picked=TRACK),
        Action.ANSWER,
        Reason.CONFIDENT,
        ["order-track"],
        id="what was picked first",
    ),
]


@pytest.mark.parametrize(("known", "action", "reason", "entries"), DECIDED)
def test_what_goes_before_what(known: Situation, action: Action, reason: Reason, entries: list[str]) -> None:
    decision = decide(known, RULES)
    assert (decision.action, decision.reason, [c.id for c in decision.chosen]) == (action, reason, entries)


PAY, REFUND, OTHER = candidate("p", 0.7, "payment"), candidate("r", 0.8, "x", "refunds"), candidate("o", 0.9, "x")


@pytest.mark.parametrize(
    ("intents", "found", "entry"),
    [
        ([("pay", 0.5)], [OTHER, PAY], "p"),
        ([("pay", 0.5)], [OTHER, REFUND, PAY], "r"),
        ([("pay", 0.5)], [OTHER], "o"),
        ([("other", 0.5)], [OTHER, PAY], "o"),
        ([("pay", 0.9), ("other", 0.5)], [OTHER, PAY], "o"),
        ([], [OTHER, PAY], "o"),
    ],
    ids=["only those with its tags", "any of them", "unless none has", "no scope", "one without scope", "no intent"],
)
def test_an_intent_says_which_entries_may_answer(
    intents: list[tuple[str, float]], found: list[Candidate], entry: str
) -> None:
    decision = decide(situation(understood(*intents), *found), RULES)
    assert [c.id for c in decision.chosen] == [entry]


labels = st.sampled_from(["track", "complaint", "pay", "other"])
chances = st.floats(0, 1)
found = st.lists(
    st.builds(
        lambda n, c, tags: candidate(n, c, *tags), st.sampled_from("abcdef"), chances, st.sets(st.just("payment"))
    ),
    max_size=6,
).map(lambda all_: sorted({c.id: c for c in all_}.values(), key=lambda c: -c.confidence))
situations = st.builds(
    lambda intents, mood, moods, whole, parts: situation(
        understood(*sorted(intents.items(), key=lambda each: -each[1]), sentiment=mood),
        *whole,
        moods=moods,
        parts=parts,
    ),
    st.dictionaries(labels, chances, max_size=3),
    st.sampled_from(["", "calm", "angry"]),
    st.lists(st.sampled_from(["", "calm", "angry"]), max_size=4),
    found,
    st.lists(st.builds(lambda c: Finding(text="part", candidates=c), found), max_size=3),
)


@given(situations)
def test_without_rules_what_was_understood_changes_nothing(known: Situation) -> None:
    free = Rules(thresholds=THRESHOLDS)
    known = replace(known, named={})
    assert decide(known, free) == weigh(known.whole, known.parts, THRESHOLDS, clarified=False)


@given(situations, st.integers(1, 4))
def test_rules_hand_over_where_they_say_so_and_an_intent_never_answers_below_the_threshold(
    known: Situation, times: int
) -> None:
    decision = decide(known, replace(RULES, times=times))
    moods = [known.question.understanding.sentiment, *known.moods]
    assert (decision.reason is Reason.UPSET) == (len(moods) >= times and set(moods[:times]) == {"angry"})
    if decision.reason is Reason.INTENT:
        if decision.action is Action.HAND_OFF:
            assert "complaint" in known.intents
            assert not decision.chosen
        else:
            assert dict(known.question.understanding.intents)["track"] >= THRESHOLDS.answer_from
            assert decision.chosen == (TRACK,)
            assert "complaint" not in known.intents

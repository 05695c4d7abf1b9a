"""One word for each reply: a table of what it did, and of what would have been right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.evaluation.dialogues import UNKNOWN, Reading, Truth
from bot.evaluation.judging import Verdict, judged
from bot.types import Action, Candidate, Citation, ConversationKey, Reason, Reply

ANSWER, CLARIFY, HAND_OFF, SMALL_TALK = Action.ANSWER, Action.CLARIFY, Action.HAND_OFF, Action.SMALL_TALK

NAMED = Truth(reading=Reading.ANSWER_ID, wanted=frozenset({ANSWER}), answers=frozenset({"a", "b"}))
EITHER = Truth(reading=Reading.ANSWER_ID, wanted=frozenset({ANSWER, HAND_OFF}), answers=frozenset({"a"}))
ACCEPTS = Truth(reading=Reading.LABEL, wanted=frozenset({ANSWER}), answers=frozenset({"a"}), accept=frozenset({"also"}))
PERSON = Truth(reading=Reading.ACTION, wanted=frozenset({HAND_OFF}))
POLITE = Truth(reading=Reading.ACTION, wanted=frozenset({SMALL_TALK}))
SAID = Truth(reading=Reading.TEXT, wanted=frozenset({ANSWER}), text="text of a")
ELSE = Truth(reading=Reading.TEXT, wanted=frozenset({ANSWER}), text="what no entry says")

#: The same where the customer wrote on first.
NAMED_LATER, PERSON_LATER, POLITE_LATER = (replace(truth, goes_on=True) for truth in (NAMED, PERSON, POLITE))

TABLE = [
    (ANSWER, "a", NAMED, Verdict.RIGHT),
    (ANSWER, "a b", NAMED, Verdict.RIGHT),
    (ANSWER, "a x", NAMED, Verdict.WRONG),
    (ANSWER, "also", ACCEPTS, Verdict.RIGHT),
    (ANSWER, "x", PERSON, Verdict.MISSED_HAND_OVER),
    (ANSWER, "a", POLITE, Verdict.WRONG),
    (ANSWER, "a", EITHER, Verdict.RIGHT),
    (ANSWER, "x", EITHER, Verdict.WRONG),
    (ANSWER, "a", SAID, Verdict.RIGHT),
    (ANSWER, "x", SAID, Verdict.WRONG),
    (ANSWER, "a", UNKNOWN, Verdict.UNJUDGED),
    (CLARIFY, "x a", NAMED, Verdict.OFFERED),
    (CLARIFY, "x y", NAMED, Verdict.ASKED_IN_VAIN),
    (CLARIFY, "a", SAID, Verdict.OFFERED),
    (CLARIFY, "a", PERSON, Verdict.ASKED_IN_VAIN),
    (CLARIFY, "a", POLITE, Verdict.ASKED_IN_VAIN),
    (HAND_OFF, "", NAMED, Verdict.UNNECESSARY_HAND_OVER),
    (HAND_OFF, "", POLITE, Verdict.UNNECESSARY_HAND_OVER),
    (HAND_OFF, "", PERSON, Verdict.HANDED_OVER),
    (HAND_OFF, "", EITHER, Verdict.HANDED_OVER),
    (HAND_OFF, "", SAID, Verdict.UNNECESSARY_HAND_OVER),
    # What no entry says was a person's to say.
    (HAND_OFF, "", ELSE, Verdict.HANDED_OVER),
    # One of two questions is answered and the other one handed over.
    (HAND_OFF, "a", NAMED, Verdict.RIGHT),
    (HAND_OFF, "x", NAMED, Verdict.WRONG),
    (HAND_OFF, "x", PERSON, Verdict.HANDED_OVER),
    (SMALL_TALK, "", POLITE, Verdict.SMALL_TALK),
    (SMALL_TALK, "", NAMED, Verdict.WRONG),
    (SMALL_TALK, "", PERSON, Verdict.MISSED_HAND_OVER),
    (SMALL_TALK, "", SAID, Verdict.UNJUDGED),
    # "Thanks", and then a question: what was answered is the question.
    (SMALL_TALK, "", NAMED_LATER, Verdict.UNJUDGED),
    (SMALL_TALK, "", PERSON_LATER, Verdict.UNJUDGED),
    (SMALL_TALK, "", POLITE_LATER, Verdict.SMALL_TALK),
    (ANSWER, "x", NAMED_LATER, Verdict.WRONG),
    (HAND_OFF, "", NAMED_LATER, Verdict.UNNECESSARY_HAND_OVER),
]


def said(action: Action, entries: Sequence[str], candidates: Sequence[str] = ("a", "b", "x")) -> Reply:
    return Reply(
        id="1",
        conversation=ConversationKey(channel="chat", thread="1"),
        in_reply_to="0",
        text="",
        action=action,
        reason=Reason.CONFIDENT,
        confidence=0.9,
        language="en",
        citations=tuple(Citation(id=entry, question="", source="") for entry in entries),
        candidates=tuple(
            Candidate(id=each, confidence=0.9, source="s", question="", answer=f"text of {each}", language="en")
            for each in candidates
        ),
    )


async def same_words(pairs: Sequence[tuple[str, str]]) -> list[float]:
    return [float(one == other) for one, other in pairs]


@pytest.mark.parametrize(("action", "entries", "truth", "verdict"), TABLE)
async def test_a_reply_is_worth(action: Action, entries: str, truth: Truth, verdict: Verdict) -> None:
    assert (await judged(said(action, entries.split()), truth, same_words)).verdict is verdict


async def test_whether_the_likeliest_entry_is_right_is_told_where_it_is_known() -> None:
    handed = said(HAND_OFF, ())
    best = {truth: (await judged(handed, truth, same_words)).best for truth in (NAMED, SAID, ELSE, PERSON, POLITE)}
    assert best == {NAMED: True, SAID: True, ELSE: False, PERSON: False, POLITE: None}
    assert (await judged(said(HAND_OFF, (), candidates=()), NAMED, same_words)).best is None


async def test_texts_are_compared_where_no_entry_is_named_and_nowhere_else() -> None:
    compared: list[tuple[str, str]] = []

    async def noting(pairs: Sequence[tuple[str, str]]) -> list[float]:
        compared.extend(pairs)
        return await same_words(pairs)

    deep = said(ANSWER, ["f"], candidates=["a", "b", "c", "d", "e", "f"])
    for truth in (NAMED, PERSON, POLITE, UNKNOWN):
        await judged(deep, truth, noting)
    assert not compared
    result = await judged(deep, SAID, noting)
    assert [one for one, _ in compared] == [f"text of {each}" for each in "abcf"], "the likeliest, and what was quoted"
    assert result.alike == {"a": 1.0, "b": 0.0, "c": 0.0, "f": 0.0}

"""What labelled turns promise, and what the bot says to them at every threshold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.composer import VerbatimComposer
from bot.evaluation.budget import LEVELS, Said
from bot.evaluation.judging import quotes
from bot.evaluation.labelled import LabelledTurn
from bot.evaluation.sweep import sweep
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.policy import Rules, Thresholds
from bot.responder import CombinedResponder
from bot.types import Conversation, ConversationKey, Message, Speaker, Turn

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)

BAD = [
    ({}, 'field "text": expected what the customer wrote'),
    ({"text": " "}, 'field "text": expected what the customer wrote'),
    ({"text": "hi", "answer_ids": "refund"}, 'field "answer_ids": expected a list, in square brackets'),
    ({"text": "hi", "accept": [3]}, 'field "accept": expected a list of the ids of entries'),
    ({"text": "hi", "history": ["hello"]}, 'field "history": expected turns such as {"speaker": "customer"'),
    ({"text": "hi", "history": [{"speaker": "nobody", "text": "x"}]}, 'field "history": expected turns'),
]


@pytest.mark.parametrize(("row", "said"), BAD)
def test_a_row_that_cannot_be_read_says_what_was_expected(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^field ") as raised:
        LabelledTurn.of(row)
    assert str(raised.value).startswith(said)


def test_a_row_says_what_answers_it() -> None:
    turn = LabelledTurn.of({"text": "both?", "answer_ids": ["a", "b"], "accept": ["c"], "id": 3, "split": "dev"})
    right = [["a"], ["b", "a"], ["c"], ["a", "c"]]
    wrong = [[], ["d"], ["a", "d"]]
    assert [turn.right(each) for each in (*right, *wrong)] == [True] * 4 + [False] * 3
    assert not LabelledTurn.of({"text": "?", "answer_ids": None}).right(["a"])


TURNS = [
    {"text": "How do I track my order?", "answer_ids": ["track"]},
    {"text": "How do I track my order?", "answer_ids": ["refund"]},
    {"text": "How long does a refund take? Which payment methods do you accept?", "answer_ids": ["refund"]},
    {"text": "and how long?", "history": [{"speaker": "customer", "text": "There is a warranty on my lamp"}]},
    {"text": "thanks a lot!"},
    {"text": "台灯保修多久？", "answer_ids": ["warranty"]},
    {"text": "Who was the first king of Rome?"},
]


async def test_what_is_found_at_a_threshold_is_what_the_bot_says_there(knowledge_source: KnowledgeSource) -> None:
    """At every level of all, against a bot that is asked at that level."""

    def responder(level: float) -> CombinedResponder:
        thresholds = Thresholds(answer_from=level, clarify_from=min(level, 0.3), choices=3)
        understander = Learned(Models())
        return CombinedResponder(
            [knowledge_source],
            VerbatimComposer(),
            Rules(thresholds=thresholds),
            understander=understander,
            entries=knowledge_source,
        )

    turns = [LabelledTurn.of(row) for row in TURNS]
    swept = await sweep(turns, responder, at=NOON)
    assert [each.kind[0] for each in swept] == ["en"] * 5 + ["zh", "en"]
    for turn, found in zip(turns, swept, strict=True):
        key = ConversationKey(channel="chat", thread="anna")
        history = tuple(Turn(speaker=Speaker(who), text=text, at=NOON) for who, text in turn.history)
        message = Message(id="1", conversation=key, text=turn.text, at=NOON)
        for level in LEVELS[::7]:
            reply = await responder(level).respond(Conversation(key=key, turns=history), message)
            in_force = next((each for each in found.said if each.until >= level), None)
            said = None if not quotes(reply) else not turn.right(quotes(reply))
            assert said == (in_force and in_force.wrong), (turn.text, level)
    right, wrong, _, _, pleasantry, *_ = swept
    assert right.said == tuple(Said(until=each.until, wrong=False) for each in wrong.said)
    assert (pleasantry.said, pleasantry.confidence) == ((), None)

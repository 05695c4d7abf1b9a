"""What a bot does with what was understood: dialogues with models that were trained on a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.models import InUse, in_use
from bot.policy import Rules
from bot.types import Action, Candidate, Question, Reason, Speaker, Understanding
from retrieval.encoder import Encoder
from tests.unit.bot.talk import ANSWER, CLARIFY, HAND_OFF, KEY, SMALL_TALK, USUAL, Talk
from tests.unit.bot.test_learned import numbers

RULES = Rules(
    thresholds=USUAL,
    answers={"track_order": "track"},
    hand_over=["complaint"],
    scope={"payment_problem": ["payment"]},
    upset=["angry"],
    times=2,
)


@pytest.fixture(scope="module")
def models(trained: Path, encoder: Encoder) -> Models:
    """Intents and sentiment as they were trained."""
    return in_use(trained, encoder, InUse()).models


@pytest.fixture
def talk(models: Models, knowledge_source: KnowledgeSource) -> Talk:
    return Talk(knowledge_source, rules=RULES, learned=Learned(models), entries=knowledge_source)


DIALOGUES = [
    pytest.param(
        [
            ("hi", SMALL_TALK, Reason.GREETING),
            ("please, where is my parcel", ANSWER, Reason.INTENT),
            ("How long does a refund take?", ANSWER, Reason.CONFIDENT),
            ("thanks", SMALL_TALK, Reason.THANKS),
        ],
        id="an intent answers, and what is no intent is looked up",
    ),
    pytest.param([("this is an official complaint", HAND_OFF, Reason.INTENT)], id="an intent that a person takes"),
    pytest.param(
        [
            ("I am furious, this is outrageous, I want to talk to a human", HAND_OFF, Reason.ASKED_FOR_PERSON),
            ("I am furious, where is my parcel, this is outrageous", ANSWER, Reason.INTENT),
        ],
        id="after a person had the case, it is counted anew",
    ),
    pytest.param(
        [
            ("I am furious, where is my parcel, this is outrageous", ANSWER, Reason.INTENT),
            ("I am furious, where is my parcel, this is outrageous", HAND_OFF, Reason.UPSET),
            ("I am furious, where is my parcel, this is outrageous", ANSWER, Reason.INTENT),
        ],
        id="upset twice in a row",
    ),
    pytest.param(
        [
            ("I am furious, where is my parcel, this is outrageous", ANSWER, Reason.INTENT),
            ("How long does a refund take?", ANSWER, Reason.CONFIDENT),
            ("I am furious, where is my parcel, this is outrageous", ANSWER, Reason.INTENT),
        ],
        id="upset and calm in turn",
    ),
    pytest.param(
        [
            ("我的快递到哪儿了", ANSWER, Reason.INTENT),
            ("Where is my parcel?", ANSWER, Reason.INTENT),
        ],
        id="what was learned in English is understood in Chinese",
    ),
    pytest.param(
        [("Where is my parcel and how long does a refund take?", ANSWER, Reason.CONFIDENT)],
        id="of two questions an intent answers none",
    ),
]


@pytest.mark.parametrize("turns", DIALOGUES)
async def test_a_dialogue(talk: Talk, turns: list[tuple[str, Action, Reason]]) -> None:
    for text, action, reason in turns:
        reply = await talk.says(text)
        assert (text, reply.action, reply.reason) == (text, action, reason)


async def test_an_intent_quotes_its_entry_and_is_as_sure_as_the_classifier(talk: Talk) -> None:
    reply = await talk.says("please, where is my parcel")
    assert (reply.text, [c.id for c in reply.citations]) == (
        "Open the tracking link in your dispatch e-mail.",
        ["track"],
    )
    ((label, chance),) = reply.understanding.intents
    assert (label, reply.confidence) == ("track_order", pytest.approx(chance, abs=1e-4))
    assert set(reply.timings_ms) == {"understanding", "sources", "total"}


async def test_what_was_understood_is_kept_with_the_turn(talk: Talk) -> None:
    replies = [await talk.says(text) for text in ("I am furious, this is a disgrace", "thanks", "ꙮꙮ ꙮꙮ")]
    turns = [t for t in (await talk.store.conversation(KEY)).turns if t.speaker is Speaker.BOT]
    assert [turn.understanding for turn in turns] == [reply.understanding for reply in replies]
    assert replies[0].understanding.sentiment == "angry"
    assert replies[1].understanding.sentiment, "of small talk too"
    assert replies[2].understanding == Understanding()


async def test_messages_that_came_while_the_first_waited_count_too(talk: Talk) -> None:
    first = await talk.hears("I am furious, where is my parcel, this is outrageous")
    second = await talk.hears("I am furious, where is my parcel, this is outrageous")
    assert (await talk.answers(first)).reason is Reason.INTENT
    assert (await talk.answers(second)).reason is Reason.UPSET


async def test_an_entry_that_is_not_there_is_ignored(models: Models, knowledge_source: KnowledgeSource) -> None:
    for entry in ("gone", "gift-expired", "discount-staff"):
        rules = replace(RULES, answers={"track_order": entry})
        talk = Talk(knowledge_source, rules=rules, learned=Learned(models), entries=knowledge_source)
        reply = await talk.says("where is my parcel")
        assert (reply.reason, [c.id for c in reply.citations]) == (Reason.CONFIDENT, ["track"])


async def test_an_entry_is_quoted_in_the_language_of_the_conversation(talk: Talk) -> None:
    await talk.store.set_language(KEY, "zh")
    assert (await talk.says("please, where is my parcel")).text == "请点击发货邮件中的物流链接。"


# --- entities


class Personal:
    """A source with an answer that has a place in it."""

    name = "personal"

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        answer = "Order {order_number} is on its way."
        one = Candidate(id="way", confidence=0.9, source=self.name, question="Where?", answer=answer, language="en")
        return [[one] for _ in questions]


@pytest.fixture
def named() -> Talk:
    return Talk(Personal(), learned=Learned(Models(entities=numbers)))


async def test_a_place_is_filled_from_the_message_or_from_the_newest_one_before_it(named: Talk) -> None:
    assert (await named.says("where is it?")).action is HAND_OFF
    assert (await named.says("where is A-1 ?")).text == "Order A-1 is on its way."
    assert (await named.says("where is B-2 ?")).text == "Order B-2 is on its way."
    assert (await named.says("hello")).action is SMALL_TALK
    assert (await named.says("and where is it now?")).text == "Order B-2 is on its way."
    assert (await named.says("no, C-3 or D-4 , which comes first?")).action is HAND_OFF


async def test_a_place_of_what_was_picked_is_filled_from_the_question_before(named: Talk) -> None:
    asking = Talk(
        Personal(),
        thresholds=replace(USUAL, answer_from=1.0, clarify_from=0.0),
        learned=Learned(Models(entities=numbers)),
    )
    assert (await asking.says("where is A-1 ?")).action is CLARIFY
    assert (await asking.says("1")).text == "Order A-1 is on its way."

"""What the person who takes over is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.notes import _WHY, CHARACTERS, MESSAGES, note_of
from bot.types import (
    Action,
    Citation,
    Conversation,
    ConversationKey,
    Entity,
    Message,
    Reason,
    Reply,
    Speaker,
    Turn,
    Understanding,
)
from bot.work import Delivery
from tests.unit.bot.desk import reply_to

KEY = ConversationKey(channel="chat", thread="anna")
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
TRACK = Citation(id="track", question="How do I track my order?", source="faq.jsonl:3")
ASKED = Message(id="1", conversation=KEY, text="?", at=NOON)
HANDS_OVER = replace(reply_to(ASKED, "I pass you on.", Action.HAND_OFF), reason=Reason.NOT_KNOWN)


def conversation(*said: str) -> Conversation:
    turns = (Turn(speaker=Speaker.CUSTOMER, text=text, at=NOON) for text in said)
    return Conversation(key=KEY, turns=tuple(turns))


def test_it_says_why_what_was_asked_what_was_tried_what_is_named_and_the_mood() -> None:
    talk = conversation("Where is my parcel?", "I have it already, order A-1, it never came!")
    offered = Turn(speaker=Speaker.BOT, text="Open the link.", at=NOON, citations=(TRACK,))
    talk = replace(talk, turns=(talk.turns[0], offered, talk.turns[1]))
    entity = Entity(type="order_number", text="A-1", start=24, end=27)
    reply = replace(HANDS_OVER, understanding=Understanding(entities=(entity,), sentiment="angry"))
    assert note_of(talk, reply) == (
        "Handed over by the bot: nothing in the knowledge is likely enough to be right.\n"
        "The customer wrote:\n"
        "- Where is my parcel?\n"
        "- I have it already, order A-1, it never came!\n"
        "The bot quoted or offered:\n"
        "- How do I track my order? [track]\n"
        "Named: order_number A-1\n"
        "Mood: angry"
    )


def test_it_is_in_the_language_of_the_reply() -> None:
    reply = replace(HANDS_OVER, language="zh", reason=Reason.ASKED_FOR_PERSON)
    assert note_of(conversation("转人工"), reply) == "机器人转人工：客户要求人工服务。\n客户写道：\n- 转人工"
    assert note_of(conversation("Bitte"), replace(HANDS_OVER, language="de")).startswith("Handed over by the bot")


def test_only_the_newest_messages_are_quoted_and_long_ones_are_cut() -> None:
    lines = note_of(conversation(*map(str, range(20)), "x\n" * 5000), HANDS_OVER).splitlines()
    assert lines[2:] == ["- 16", "- 17", "- 18", "- 19", f"- {('x ' * CHARACTERS)[:CHARACTERS]}…"]
    assert len(lines) == 2 + MESSAGES


@pytest.mark.parametrize("language", _WHY)
def test_every_reason_that_hands_over_has_words(language: str) -> None:
    never = {
        *(Reason.CONFIDENT, Reason.AMBIGUOUS, Reason.GREETING, Reason.THANKS, Reason.GOODBYE),
        *(Reason.ACKNOWLEDGED, Reason.ASKED_IF_BOT, Reason.NO_WORDS),
    }
    assert set(_WHY[language]) == set(Reason) - never


def test_a_reply_has_its_place_between_the_note_and_the_hand_over() -> None:
    def errands(reply: Reply, note: str) -> list[str]:
        return [f"{one.errand} {one.id} {one.note}" for one in Delivery.all_of(reply, NOON, note)]

    id_ = HANDS_OVER.id
    assert errands(HANDS_OVER, "why") == [f"note {id_}.note why", f"reply {id_} ", f"hand_over {id_}.hand_over "]
    assert errands(replace(HANDS_OVER, action=Action.ANSWER), "") == [f"reply {id_} "]

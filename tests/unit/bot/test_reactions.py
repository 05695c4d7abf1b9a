"""What is nothing but a reaction is answered politely, and what only begins like one is answered as what it is.

Dialogues as lists of what the customer says, what is done, and what with: the entries, or why.
"""

from __future__ import annotations

import pytest

from bot.types import Action, Event, Reason, Speaker, Turn
from tests.unit.bot.talk import ANSWER, CLARIFY, HAND_OFF, KEY, NOON, SMALL_TALK, Talk

THANKS, ACKNOWLEDGED = Reason.THANKS, Reason.ACKNOWLEDGED

#: With a bot that knows.
ANSWERED = [
    pytest.param(
        [
            ("How do I track my order?", ANSWER, "track"),
            ("great that helps", SMALL_TALK, THANKS),
            ("How long does a refund take?", ANSWER, "refund"),
            ("ok got it cheers", SMALL_TALK, THANKS),
            ("sweet thanks a lot", SMALL_TALK, THANKS),
            ("👍", SMALL_TALK, ACKNOWLEDGED),
        ],
        id="English",
    ),
    pytest.param(
        [
            ("如何查询订单物流？", ANSWER, "track"),
            ("收到了", SMALL_TALK, ACKNOWLEDGED),
            ("退款需要多久？", ANSWER, "refund"),
            ("好的明白了谢谢", SMALL_TALK, THANKS),
            ("太好了，辛苦啦", SMALL_TALK, THANKS),
            ("👍", SMALL_TALK, ACKNOWLEDGED),
        ],
        id="Chinese",
    ),
    pytest.param(
        [
            ("There is a warranty on my lamp", ANSWER, "warranty"),
            ("oh ok, good to know", SMALL_TALK, ACKNOWLEDGED),
            ("and how long?", ANSWER, "warranty"),
        ],
        id="a follow-up reaches over a reaction",
    ),
    pytest.param(
        [
            ("How do I track my order?", ANSWER, "track"),
            ("thanks!", SMALL_TALK, THANKS),
            ("yes", SMALL_TALK, ACKNOWLEDGED),
            ("no", SMALL_TALK, ACKNOWLEDGED),
            ("如何查询订单物流？", ANSWER, "track"),
            ("谢谢", SMALL_TALK, THANKS),
            ("是的", SMALL_TALK, ACKNOWLEDGED),
            ("没有了", SMALL_TALK, ACKNOWLEDGED),
        ],
        id="yes and no to who has asked nothing",
    ),
    pytest.param(
        [
            ("How long does a refund take?", ANSWER, "refund"),
            ("ok but how do I track my order", ANSWER, "track"),
            ("thanks for nothing, I want a human", HAND_OFF, Reason.ASKED_FOR_PERSON),
        ],
        id="who goes on, in English",
    ),
    pytest.param(
        [
            ("如何查询订单物流？", ANSWER, "track"),
            ("谢谢，那退款需要多久呢", ANSWER, "refund"),
            ("谢谢，转人工", HAND_OFF, Reason.ASKED_FOR_PERSON),
        ],
        id="who goes on, in Chinese",
    ),
]

#: With a bot that asks back whatever it is asked.
ASKED_BACK = [
    *(
        pytest.param([(question, CLARIFY, "track"), (yes, ANSWER, "track")], id=f"{yes} to the only one")
        for question, yes in [
            *(("How do I track my order?", yes) for yes in ("yes", "ok", "👍", "yes thanks")),
            *(("如何查询订单物流？", yes) for yes in ("是的", "好的", "👌", "是的，谢谢")),
        ]
    ),
    *(
        pytest.param([("How do I track my order?", CLARIFY, "track"), (no, HAND_OFF, Reason.STILL_UNCLEAR)], id=no)
        for no in ("no", "got it", "不是", "没有")
    ),
    *(
        pytest.param([("order", CLARIFY, ""), (yes, HAND_OFF, Reason.STILL_UNCLEAR)], id=f"{yes} to several")
        for yes in ("yes", "ok", "yes thanks", "好的", "收到了", "是的，谢谢")
    ),
    pytest.param([("order", CLARIFY, ""), ("👍", SMALL_TALK, Reason.NO_WORDS)], id="a thumb to several"),
    pytest.param([("order", CLARIFY, ""), ("no thanks", SMALL_TALK, THANKS)], id="no thanks"),
]

Dialogue = list[tuple[str, Action, str | Reason]]


async def holds(talk: Talk, dialogue: Dialogue) -> None:
    for text, action, expected in dialogue:
        reply = await talk.says(text)
        why = reply.reason if isinstance(expected, Reason) else " ".join(c.id for c in reply.citations)
        assert (text, reply.action, why) == (text, action, expected or why)


@pytest.mark.parametrize("dialogue", ANSWERED)
async def test_a_reaction_to_an_answer(talk: Talk, dialogue: Dialogue) -> None:
    await holds(talk, dialogue)


@pytest.mark.parametrize("dialogue", ASKED_BACK)
async def test_what_is_said_to_a_clarifying_question(asking: Talk, dialogue: Dialogue) -> None:
    await holds(asking, dialogue)


async def test_a_yes_to_an_agent_who_asked_is_more_than_a_reaction(talk: Talk) -> None:
    await talk.says("I want to talk to a human")
    await talk.store.append(KEY, Turn(speaker=Speaker.AGENT, text="Shall I cancel it?", at=NOON, id="agent"))
    await talk.store.record(KEY, Event.HANDED_BACK)
    assert (await talk.says("yes")).action is not SMALL_TALK

"""What the responder promises: dialogues as lists of what the customer says, what is done, and which entries with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.types import Action, Candidate, Question, Reason
from tests.unit.bot.talk import ANSWER, HAND_OFF, KEY, SMALL_TALK, Talk

DIALOGUES = [
    pytest.param(
        [
            ("hi there", SMALL_TALK, []),
            ("How do I track my order?", ANSWER, ["track"]),
            ("and the refund?", ANSWER, ["refund"]),
            ("thanks a lot!", SMALL_TALK, []),
            ("bye", SMALL_TALK, []),
        ],
        id="English",
    ),
    pytest.param(
        [
            ("在吗？", SMALL_TALK, []),
            ("如何查询订单物流？", ANSWER, ["track"]),
            ("台灯保修多久？", ANSWER, ["warranty"]),
            ("谢谢亲", SMALL_TALK, []),
        ],
        id="Chinese",
    ),
    pytest.param(
        [("There is a warranty on my lamp", ANSWER, ["warranty"]), ("and how long?", ANSWER, ["warranty"])],
        id="a follow-up leans on the turn before",
    ),
    pytest.param(
        [("When do I get my money back? A refund, I mean", ANSWER, ["refund"]), ("and how long?", ANSWER, ["refund"])],
        id="the same follow-up leans on another turn",
    ),
    pytest.param(
        [
            ("There is a warranty on my lamp", ANSWER, ["warranty"]),
            ("thanks!", SMALL_TALK, []),
            ("and how long?", ANSWER, ["warranty"]),
        ],
        id="a follow-up reaches over small talk",
    ),
    pytest.param(
        [("How do I reset my password?", ANSWER, ["password"]), ("where is my parcel", ANSWER, ["track"])],
        id="a question that says enough leans on nothing",
    ),
    pytest.param(
        [("Where is my parcel and how long does a refund take?", ANSWER, ["track", "refund"])],
        id="two questions, two answers in the order asked",
    ),
    pytest.param(
        [("支持哪些付款方式？另外台灯保修多久？", ANSWER, ["pay", "warranty"])],
        id="two questions in Chinese",
    ),
    pytest.param(
        [("How long is the warranty on a lamp? Who won the chess championship in Reykjavik?", HAND_OFF, ["warranty"])],
        id="one of two questions is known",
    ),
    pytest.param(
        [("Who won the chess championship in Reykjavik?", HAND_OFF, [])],
        id="what nobody wrote down is handed over",
    ),
    pytest.param([("世界杯冠军是谁？", HAND_OFF, [])], id="in Chinese too"),
    pytest.param(
        [
            *((text, HAND_OFF, []) for text in ("I want to talk to a human", "no bot pls", "get me your boss")),
            *((text, HAND_OFF, []) for text in ("转人工", "换个人来", "叫你们经理来", "我要投诉你们的退款")),
        ],
        id="a person is asked for",
    ),
    pytest.param(
        [("help", SMALL_TALK, []), ("hello? anyone there?", SMALL_TALK, []), ("有没有人", SMALL_TALK, [])],
        id="a call for nobody in particular is asked what it is about",
    ),
    pytest.param(
        [("When is the summer sale?", HAND_OFF, []), ("What discount do employees get?", HAND_OFF, [])],
        id="what may not be served is not known",
    ),
    pytest.param(
        [("😀👍", SMALL_TALK, []), ("...", SMALL_TALK, []), ("", SMALL_TALK, []), ("\x00\x01", SMALL_TALK, [])],
        id="no words",
    ),
]


@pytest.mark.parametrize("turns", DIALOGUES)
async def test_a_dialogue(talk: Talk, turns: list[tuple[str, Action, list[str]]]) -> None:
    for text, action, entries in turns:
        reply = await talk.says(text)
        assert (text, reply.action, [c.id for c in reply.citations]) == (text, action, entries)


async def test_a_reply_says_why_from_what_and_in_what_time(talk: Talk) -> None:
    reply = await talk.says("How do I track my order?")
    assert (reply.reason, reply.language) == (Reason.CONFIDENT, "en")
    assert reply.text == "Open the tracking link in your dispatch e-mail."
    assert reply.candidates[0].id == reply.citations[0].id == "track"
    assert reply.confidence == pytest.approx(reply.candidates[0].confidence, abs=1e-4)
    assert set(reply.timings_ms) == {"sources", "total"}
    other = await talk.says("How do I track my order?")
    assert other.id != reply.id


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", Reason.GREETING),
        ("谢谢", Reason.THANKS),
        ("goodbye", Reason.GOODBYE),
        ("?!", Reason.NO_WORDS),
        ("agent please", Reason.ASKED_FOR_PERSON),
        ("Who won the chess championship in Reykjavik?", Reason.NOT_KNOWN),
        ("How long is the warranty on a lamp? Who won the chess championship in Reykjavik?", Reason.PARTLY_KNOWN),
    ],
)
async def test_the_reason_says_why(talk: Talk, text: str, reason: Reason) -> None:
    assert (await talk.says(text)).reason is reason


async def test_each_reply_is_in_the_language_of_its_question(talk: Talk) -> None:
    replies = [
        await talk.says(text)
        for text in ("How long does a refund take?", "退款需要多久？", "谢谢", "thanks", "我要人工", "human please")
    ]
    assert [reply.language for reply in replies] == ["en", "zh", "zh", "en", "zh", "en"]
    assert replies[0].text == "We refund within 14 days of the return."
    assert replies[1].text == "我们在收到退货后 14 天内退款。"


async def test_a_message_without_letters_is_answered_in_the_language_spoken_before(talk: Talk) -> None:
    await talk.says("退款需要多久？")
    assert (await talk.says("👍")).language == "zh"
    await talk.says("How do I track my order?")
    assert (await talk.says("???")).language == "en"


async def test_a_fixed_language_holds_for_entries_and_frames(talk: Talk) -> None:
    await talk.store.set_language(KEY, "en")
    assert (await talk.says("退款需要多久？")).text == "We refund within 14 days of the return."
    assert (await talk.says("你好")).text == "Hello! What can I help you with?"
    await talk.store.set_language(KEY, "zh")
    assert (await talk.says("How long does a refund take?")).text == "我们在收到退货后 14 天内退款。"
    await talk.store.set_language(KEY, None)
    assert (await talk.says("How long does a refund take?")).language == "en"


async def test_a_reply_that_quotes_an_entry_in_another_language_is_in_that_of_the_customer(talk: Talk) -> None:
    assert (await talk.says("怎么重置密码？")).language == "zh"
    await talk.store.set_language(KEY, "zh")
    reply = await talk.says("How do I reset my password?")
    assert (reply.action, reply.language) == (ANSWER, "zh")
    assert reply.text.startswith("这部分内容目前只有英文版：\n")


async def test_a_message_is_answered_without_what_came_after_it(talk: Talk) -> None:
    await talk.says("There is a warranty on my lamp")
    first, second = await talk.hears("and how long?"), await talk.hears("退款需要多久？")
    one = await talk.answers(first)
    assert ([c.id for c in one.citations], one.language) == (["warranty"], "en")
    two = await talk.answers(second)
    assert ([c.id for c in two.citations], two.language) == (["refund"], "zh")


class Fixed:
    """A source that always proposes the same."""

    def __init__(self, name: str, **confidences: float) -> None:
        self.name = name
        self.proposed = [
            Candidate(id=id_, confidence=confidence, source=name, question=f"{id_}?", answer=name, language="en")
            for id_, confidence in confidences.items()
        ]

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        return [list(self.proposed) for _ in questions]


async def test_what_two_sources_propose_is_one_list_with_each_entry_once() -> None:
    talk = Talk(Fixed("history", a=0.5, b=0.9, c=0.1), Fixed("knowledge", a=0.8, b=0.9, d=0.05))
    reply = await talk.says("anything at all")
    assert [(c.id, c.source, c.confidence) for c in reply.candidates] == [
        ("b", "history", 0.9),
        ("a", "knowledge", 0.8),
        ("c", "history", 0.1),
        ("d", "knowledge", 0.05),
    ]


async def test_no_more_than_ten_candidates_are_kept() -> None:
    talk = Talk(Fixed("one", **{f"a{n}": 0.1 for n in range(10)}), Fixed("two", **{f"b{n}": 0.2 for n in range(10)}))
    reply = await talk.says("anything at all")
    assert [c.id for c in reply.candidates] == [f"b{n}" for n in range(10)]

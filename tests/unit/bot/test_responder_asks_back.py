"""What the responder promises when it asks which entry was meant."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from bot.calibration import Calibration
from bot.knowledge import KnowledgeSource
from bot.types import Candidate, Question, Reason
from tests.unit.bot.talk import ALWAYS_ASKS_BACK, ANSWER, CLARIFY, HAND_OFF, Talk


@pytest.mark.parametrize("pick", ["2", "2.", " 2) ", "#2", "２", "第2个", "2。", "2、", "2．"])
async def test_an_offer_is_picked_by_its_number(asking: Talk, pick: str) -> None:
    offered = await asking.says("order")
    assert (offered.action, offered.reason) == (CLARIFY, Reason.AMBIGUOUS)
    assert 2 <= len(offered.citations) <= 3
    picked = await asking.says(pick)
    assert (picked.action, [c.id for c in picked.citations]) == (ANSWER, [offered.citations[1].id])
    assert picked.confidence == 1


async def test_an_offer_is_picked_by_its_words(asking: Talk) -> None:
    offered = await asking.says("order")
    picked = await asking.says(f" {offered.citations[1].question} ")
    assert (picked.action, [c.id for c in picked.citations]) == (ANSWER, [offered.citations[1].id])


@pytest.mark.parametrize("text", ["1", "yes", "Yes, please!", "是的", "How do I track my order?"])
async def test_the_only_offer_is_picked_by_a_yes_too(asking: Talk, text: str) -> None:
    offered = await asking.says("How do I track my order?")
    assert [c.id for c in offered.citations] == ["track"]
    picked = await asking.says(text)
    assert (picked.action, [c.id for c in picked.citations]) == (ANSWER, ["track"])


async def test_a_yes_picks_none_of_several(asking: Talk) -> None:
    assert len((await asking.says("order")).citations) > 1
    assert (await asking.says("yes")).action is HAND_OFF


@pytest.mark.parametrize("text", ["0", "4", "22", "-1", "what?", "no", "none of them"])
async def test_after_asking_back_it_does_not_ask_again_but_hands_over(asking: Talk, text: str) -> None:
    assert (await asking.says("How do I track my order?")).action is CLARIFY
    reply = await asking.says(text)
    assert (reply.action, reply.reason) == (HAND_OFF, Reason.STILL_UNCLEAR)


async def test_it_asks_back_again_about_another_matter(asking: Talk) -> None:
    actions = [(await asking.says(text)).action for text in ("order", "1", "Where is my refund?")]
    assert actions == [CLARIFY, ANSWER, CLARIFY]


async def test_a_number_picks_only_from_the_last_turn(asking: Talk) -> None:
    await asking.says("order")
    await asking.says("thanks")
    assert (await asking.says("2")).action is not ANSWER


async def test_after_a_pick_a_follow_up_leans_on_the_question_before_the_number(
    knowledge_source: KnowledgeSource,
) -> None:
    heard: list[Question] = []

    class Listening(KnowledgeSource):
        async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
            heard.extend(questions)
            return await knowledge_source.candidates(questions)

    listening = Listening(knowledge_source.index, calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC"))
    talk = Talk(listening, thresholds=ALWAYS_ASKS_BACK)
    for text in ("my order", "2", "and abroad?"):
        await talk.says(text)
    assert (heard[-1].text, heard[-1].context) == ("and abroad?", "my order")


async def test_a_number_typed_before_the_next_reply_came_picks_from_what_the_customer_saw(asking: Talk) -> None:
    offered = await asking.says("order")
    first, second = await asking.hears(offered.citations[0].question), await asking.hears("2")
    picked = [await asking.answers(message) for message in (first, second)]
    assert [[c.id for c in reply.citations] for reply in picked] == [[c.id] for c in offered.citations[:2]]

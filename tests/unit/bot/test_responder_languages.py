"""What the responder promises where entries are not there in the customer's language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import pytest

from bot.calibration import Calibration
from bot.knowledge import KnowledgeSource
from bot.types import Reply
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.types import Passage
from tests.unit.bot.talk import ALWAYS_ASKS_BACK, ANSWER, CLARIFY, KEY, USUAL, Talk

ENTRIES = tuple(
    Passage(id=id_, language=language, question=question, answer=answer)
    for id_, language, question, answer in (
        ("bike-repair", "en", "Do you repair bicycles?", "Yes, without an appointment."),
        ("bike-hire", "en", "Can I hire a bicycle?", "Yes, by the day."),
        ("helmet", "zh", "你们卖头盔吗？", "卖，有各种尺码。"),
        ("invoice", "zh", "怎么开发票？", "在订单页面申请。"),
        ("velo", "fr", "Réparez-vous les vélos électriques ?", "Oui, sur rendez-vous."),
        ("henpin", "ja", "返品はできますか？", "はい、30日以内に返品できます。"),
    )
)
IN_ENGLISH, IN_FRENCH = "这部分内容目前只有英文版：\n", "We have this in French only:\n"


@pytest.fixture(scope="module")
def over(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, analyzer: Analyzer
) -> Callable[..., KnowledgeSource]:
    """Make the source over some entries."""

    def make(*entries: Passage) -> KnowledgeSource:
        index = build_index(tmp_path_factory.mktemp("index"), entries, encoder, analyzer)
        return KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC"))

    return make


@pytest.fixture(scope="module")
def bikes(over: Callable[..., KnowledgeSource]) -> KnowledgeSource:
    """The source over `ENTRIES`."""
    return over(*ENTRIES)


@pytest.fixture
def talk(bikes: KnowledgeSource) -> Talk:
    """A conversation about `ENTRIES`."""
    return Talk(bikes, thresholds=USUAL)


@pytest.fixture
def asking(bikes: KnowledgeSource) -> Talk:
    """The same with a bot that asks back whatever it is asked."""
    return Talk(bikes, thresholds=ALWAYS_ASKS_BACK)


def quoted(reply: Reply) -> list[str]:
    """The ids of what is quoted or offered."""
    return [citation.id for citation in reply.citations]


async def test_a_conversation_stays_in_chinese_where_english_is_quoted(talk: Talk) -> None:
    reply = await talk.says("你们修自行车吗")
    assert (reply.text, reply.language) == (f"{IN_ENGLISH}Yes, without an appointment.", "zh")
    assert (await talk.says("👍")).language == "zh"


async def by_number(asking: Talk, place: int, offered: Reply) -> Reply:
    return await asking.says(str(place + 1))


async def by_words(asking: Talk, place: int, offered: Reply) -> Reply:
    return await asking.says(offered.citations[place].question)


@pytest.mark.parametrize("picks", [by_number, by_words])
async def test_whoever_picks_an_offer_in_another_language_is_spoken_to_as_before(
    asking: Talk, picks: Callable[[Talk, int, Reply], Awaitable[Reply]]
) -> None:
    offered = await asking.says("自行车可以修理吗")
    assert (offered.action, offered.language) == (CLARIFY, "zh")
    picked = await picks(asking, quoted(offered).index("bike-hire"), offered)
    assert (picked.action, picked.text, picked.language) == (ANSWER, f"{IN_ENGLISH}Yes, by the day.", "zh")
    # The offer that was repeated does not tell the customer's language later either.
    assert (await asking.says("👍")).language == "zh"


async def test_whoever_says_yes_to_the_only_offer_is_spoken_to_as_before(over: Callable[..., KnowledgeSource]) -> None:
    asking = Talk(over(ENTRIES[0]), thresholds=ALWAYS_ASKS_BACK)
    assert (await asking.says("你们修自行车吗")).action is CLARIFY
    picked = await asking.says("yes")
    assert (picked.text, picked.language) == (f"{IN_ENGLISH}Yes, without an appointment.", "zh")


@pytest.mark.parametrize(
    ("text", "answer", "language"),
    [
        ("Réparez-vous les vélos électriques ?", "Oui, sur rendez-vous.", "fr"),
        ("reparez vous les velos electriques", "Oui, sur rendez-vous.", "fr"),
        ("返品はできますか", "はい、30日以内に返品できます。", "ja"),
    ],
)
async def test_a_question_in_a_third_language_is_answered_in_it_without_a_word_about_that(
    talk: Talk, text: str, answer: str, language: str
) -> None:
    reply = await talk.says(text)
    assert (reply.action, reply.text, reply.language) == (ANSWER, answer, language)


async def test_whoever_picks_in_a_third_language_is_answered_in_it(asking: Talk) -> None:
    offered = await asking.says("Réparez-vous les vélos électriques ?")
    picked = await by_number(asking, quoted(offered).index("velo"), offered)
    assert (picked.text, picked.language) == ("Oui, sur rendez-vous.", "fr")


async def test_whoever_plainly_speaks_english_is_told_of_an_entry_in_a_third_language(asking: Talk) -> None:
    offered = await asking.says("where are the vélos électriques")
    picked = await by_number(asking, quoted(offered).index("velo"), offered)
    assert (picked.text, picked.language) == (f"{IN_FRENCH}Oui, sur rendez-vous.", "en")


async def test_a_fixed_language_holds_before_entries_in_a_third_one(talk: Talk) -> None:
    await talk.store.set_language(KEY, "zh")
    reply = await talk.says("Réparez-vous les vélos électriques ?")
    assert (reply.text, reply.language) == ("这部分内容目前只有法文版：\nOui, sur rendez-vous.", "zh")

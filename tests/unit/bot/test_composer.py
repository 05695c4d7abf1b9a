"""What the composer promises: approved text word for word, in a frame of the customer's language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.composer import REPLIES, VerbatimComposer
from bot.hours import Hours
from bot.policy import Decision
from bot.settings import Replies
from bot.types import Action, Candidate, Reason

#: A Sunday.
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def candidate(question: str, answer: str = "It is {price} EUR.\n100 % sure: {}") -> Candidate:
    return Candidate(id="cost", confidence=0.9, source="knowledge", question=question, answer=answer, language="en")


def handed(reason: Reason) -> Decision:
    return Decision(action=Action.HAND_OFF, reason=reason)


async def test_an_answer_is_quoted_as_it_stands() -> None:
    entry = candidate("What does it cost?")
    decision = Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=(entry,))
    assert VerbatimComposer().said(decision, "en", NOON) == entry.answer


@pytest.mark.parametrize(
    ("entry", "spoken", "said"),
    [
        ("en", "zh", "这部分内容目前只有英文版："),
        ("zh", "en", "We have this in Chinese only:"),
        ("fr", "en", "We have this in French only:"),
        ("ja", "zh", "这部分内容目前只有日文版："),
        ("tlh", "en", "We have this in tlh only:"),
        ("tlh", "zh", "这部分内容目前只有tlh版："),
        ("en", "fr", "We have this in English only:"),
    ],
)
async def test_an_entry_in_another_language_is_quoted_behind_a_word_about_it(
    entry: str, spoken: str, said: str
) -> None:
    quoted = replace(candidate("?", "It is {price} EUR."), language=entry)
    decision = Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=(quoted,))
    assert VerbatimComposer().said(decision, spoken, NOON) == f"{said}\nIt is {{price}} EUR."


async def test_what_is_said_of_another_language_is_a_setting() -> None:
    replies = {**REPLIES, "other_language": {"en": "({language}, sorry)"}}
    quoted = replace(candidate("?", "价格"), language="zh")
    decision = Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=(quoted,))
    assert VerbatimComposer(replies).said(decision, "en", NOON) == "(Chinese, sorry)\n价格"


async def test_two_answers_are_two_paragraphs_in_order() -> None:
    two = (candidate("?", "One."), candidate("??", "Two."))
    decision = Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=two)
    assert VerbatimComposer().said(decision, "en", NOON) == "One.\n\nTwo."


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Did you mean:\n1. Cost?\n2. Time?"), ("zh", "您想问的是：\n1. Cost?\n2. Time?")],
)
async def test_a_clarifying_question_numbers_what_it_offers(language: str, text: str) -> None:
    offered = (candidate("Cost?"), candidate("Time?"))
    decision = Decision(action=Action.CLARIFY, reason=Reason.AMBIGUOUS, chosen=offered)
    assert VerbatimComposer().said(decision, language, NOON) == text


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_one_offer_is_asked_for_in_a_sentence(language: str) -> None:
    decision = Decision(action=Action.CLARIFY, reason=Reason.AMBIGUOUS, chosen=(candidate("Cost?"),))
    text = VerbatimComposer().said(decision, language, NOON)
    assert text == REPLIES["clarify_one"][language].replace("{question}", "Cost?")


async def test_a_section_without_a_question_is_offered_by_its_text() -> None:
    decision = Decision(action=Action.CLARIFY, reason=Reason.AMBIGUOUS, chosen=(candidate("", "Data are kept."),))
    assert "Data are kept." in VerbatimComposer().said(decision, "en", NOON)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("reason", "frame"),
    [
        (Reason.GREETING, "greeting"),
        (Reason.THANKS, "thanks"),
        (Reason.GOODBYE, "goodbye"),
        (Reason.ACKNOWLEDGED, "acknowledged"),
        (Reason.ASKED_IF_BOT, "asked_if_bot"),
        (Reason.NO_WORDS, "no_words"),
    ],
)
async def test_small_talk_has_a_text_for_each_kind(language: str, reason: Reason, frame: str) -> None:
    decision = Decision(action=Action.SMALL_TALK, reason=reason)
    assert VerbatimComposer().said(decision, language, NOON) == REPLIES[frame][language]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_hand_over_says_so_whatever_its_reason(language: str) -> None:
    composer = VerbatimComposer()
    for reason in Reason:
        text = composer.said(handed(reason), language, NOON)
        assert text in {texts[language] for texts in REPLIES.values()}
    for reason in (Reason.NOT_KNOWN, Reason.STILL_UNCLEAR, Reason.FAILED):
        assert composer.said(handed(reason), language, NOON) == REPLIES["hand_off"][language]
    assert composer.said(handed(Reason.ASKED_FOR_PERSON), language, NOON) == REPLIES["asked_for_person"][language]


async def test_the_known_part_is_answered_before_the_open_one_is_handed_over() -> None:
    decision = Decision(
        action=Action.HAND_OFF,
        reason=Reason.PARTLY_KNOWN,
        chosen=(candidate("Cost?", "Five."),),
        open_question="and who is {question} king?",
    )
    answer, rest = (VerbatimComposer().said(decision, "en", NOON)).split("\n\n")
    assert answer == "Five."
    assert rest.startswith("As for “and who is {question} king?”")


@pytest.mark.parametrize("end", ["", " and", ", and", " or ", "，", ", "])
async def test_what_leads_on_to_the_other_question_is_not_quoted_with_the_open_one(end: str) -> None:
    decision = Decision(
        action=Action.HAND_OFF,
        reason=Reason.PARTLY_KNOWN,
        chosen=(candidate("Cost?", "Five."),),
        open_question=f"how long does a brand take{end}",
    )
    assert "“how long does a brand take”" in VerbatimComposer().said(decision, "en", NOON)


async def test_a_language_without_texts_gets_the_english_ones() -> None:
    assert VerbatimComposer().said(handed(Reason.NOT_KNOWN), "fr", NOON) == REPLIES["hand_off"]["en"]


async def test_the_operators_texts_go_before_ours_one_by_one() -> None:
    texts = Replies(greeting={"en": "Ahoy!", "fr": "Bonjour !"}).texts()
    composer = VerbatimComposer(texts)
    hello = Decision(action=Action.SMALL_TALK, reason=Reason.GREETING)
    assert composer.said(hello, "en", NOON) == "Ahoy!"
    assert composer.said(hello, "fr", NOON) == "Bonjour !"
    assert composer.said(hello, "zh", NOON) == REPLIES["greeting"]["zh"]
    assert composer.said(handed(Reason.NOT_KNOWN), "en", NOON) == REPLIES["hand_off"]["en"]


@pytest.mark.parametrize("text", ["{", "{}", "{0}", "{name} 100 %", "%s {question} {question}", "\\1 {!r}"])
async def test_braces_in_texts_of_the_operator_and_the_customer_do_no_harm(text: str) -> None:
    composer = VerbatimComposer({**REPLIES, "clarify_one": {"en": text}, "hand_off": {"en": text}})
    decision = Decision(action=Action.CLARIFY, reason=Reason.AMBIGUOUS, chosen=(candidate("A {b} {0}?"),))
    assert composer.said(decision, "en", NOON) == text.replace("{question}", "A {b} {0}?")
    assert composer.said(handed(Reason.NOT_KNOWN), "en", NOON) == text


def test_every_frame_speaks_both_languages() -> None:
    assert all(set(texts) == {"en", "zh"} and all(texts.values()) for texts in REPLIES.values())


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", f"{REPLIES['hand_off']['en']} They will be there again tomorrow at 09:00."),
        ("zh", "同事将于明天09:00上线。"),
    ],
)
async def test_who_is_handed_over_when_nobody_is_there_is_told_so(language: str, told: str) -> None:
    hours = Hours.of(["mon-fri 09:00-18:00"], ZoneInfo("UTC"))
    text = VerbatimComposer(hours=hours).said(handed(Reason.NOT_KNOWN), language, NOON)
    assert text.endswith(told)


async def test_only_a_hand_over_speaks_of_hours() -> None:
    hours = Hours.of(["mon-fri 09:00-18:00"], ZoneInfo("UTC"))
    decision = Decision(action=Action.SMALL_TALK, reason=Reason.GREETING)
    assert VerbatimComposer(hours=hours).said(decision, "en", NOON) == REPLIES["greeting"]["en"]

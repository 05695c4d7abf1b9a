"""What a model writes is sent as far as it stands in the entries; whatever else it does, the entry is quoted."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime

import pytest

from bot.composer import VerbatimComposer
from bot.generator.client import ModelServer
from bot.generator.composer import GeneratedComposer
from bot.generator.draft import CHARACTERS, SENTENCE
from bot.policy import Decision
from bot.saying import Composed, Saying
from bot.types import Action, Author, Candidate, Reason, Writing
from tests.unit.bot.generator.model import (
    Writes,
    composer,
    dropping,
    event,
    events,
    failing,
    hanging,
    running,
    saying,
    sending,
    server,
)

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)
ANSWERS = {"en": "We refund within 14 days of the return.", "zh": "我们在收到退货后 14 天内退款。"}
QUESTIONS = {"en": "How long does a refund take?", "zh": "退款需要多久？"}


def entry(language: str = "en", id_: str = "refund", question: str = "", answer: str = "") -> Candidate:
    return Candidate(
        id=id_,
        confidence=0.9,
        source="knowledge",
        question=question or QUESTIONS[language],
        answer=answer or ANSWERS[language],
        language=language,
    )


def asks(*chosen: Candidate, language: str = "en", open_question: str = "") -> Saying:
    action, reason = (Action.HAND_OFF, Reason.PARTLY_KNOWN) if open_question else (Action.ANSWER, Reason.CONFIDENT)
    decision = Decision(action=action, reason=reason, chosen=chosen or (entry(language),), open_question=open_question)
    return Saying(decision=decision, language=language, at=NOON, question=QUESTIONS[language])


async def written(writes: Writes, said: Saying | None = None, *, deadline: float = 5.0) -> Composed:
    async with running(writes) as model:
        return await composer(model, deadline=deadline).compose(said or asks())


async def quoted(writes: Writes, said: Saying | None = None, *, deadline: float = 5.0) -> str:
    """Return why the entry was quoted; it was."""
    said = said or asks()
    composed = await written(writes, said, deadline=deadline)
    assert composed.text == VerbatimComposer().said(said.decision, said.language, said.at)
    assert composed.writing.by is Author.VERBATIM
    return composed.writing.why


# --- what is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "You get your refund within two weeks of the return. Let me know if you have other questions."),
        ("zh", "我们会在收到退货后两周内退款。"),
    ],
)
async def test_what_stands_in_the_entry_is_sent_in_the_models_words(language: str, text: str) -> None:
    composed = await written(saying(text), asks(language=language))
    assert composed.text == text
    assert (composed.writing.by, composed.writing.why, composed.writing.removed) == (Author.GENERATOR, "", ())


async def test_each_sentence_tells_the_entries_that_carry_it() -> None:
    text = " We refund within 14 days. \nLet me know if you have other questions."
    composed = await written(saying(text))
    sentences = [(composed.text[s.start : s.end], s.entries) for s in composed.writing.sentences]
    assert sentences == [
        ("We refund within 14 days.", ("refund",)),
        ("Let me know if you have other questions.", ()),
    ]


async def test_a_sentence_that_stands_nowhere_is_taken_out_and_kept_for_the_record() -> None:
    chosen = entry(answer="We refund within 14 days of the return. Returns are free. The label is in the parcel.")
    text = "Returns are free. The refund takes 30 days. The label is in the parcel. We refund within 14 days."
    composed = await written(saying(text), asks(chosen))
    assert composed.text == "Returns are free. The label is in the parcel. We refund within 14 days."
    (removed,) = composed.writing.removed
    assert removed.text == "The refund takes 30 days."
    assert ("duration", "30 days") in removed.against


async def test_the_answered_one_of_two_questions_is_written_and_the_other_handed_over_in_the_fixed_words() -> None:
    said = asks(open_question="do you ship to the moon")
    composed = await written(saying("We refund within two weeks of the return."), said)
    first, second = composed.text.split("\n\n")
    assert first == "We refund within two weeks of the return."
    assert second == VerbatimComposer().said(said.decision, "en", NOON).split("\n\n")[1]


@pytest.mark.parametrize("action", [Action.CLARIFY, Action.HAND_OFF, Action.SMALL_TALK])
async def test_what_is_no_answer_is_not_the_models_to_write(action: Action) -> None:
    decision = Decision(action=action, reason=Reason.NOT_KNOWN, chosen=(entry(),) * (action is Action.CLARIFY))
    async with running(saying("anything")) as model:
        composed = await composer(model).compose(Saying(decision=decision, language="en", at=NOON))
        assert model.asked == []
    assert composed == Composed(text=VerbatimComposer().said(decision, "en", NOON), writing=Writing())


async def test_an_entry_in_another_language_is_quoted_with_the_sentence_that_says_so() -> None:
    said = asks(entry("zh"), language="en")
    async with running(saying("anything")) as model:
        composed = await composer(model).compose(said)
        assert model.asked == []
    assert composed.writing.why == "other_language"
    assert composed.text.endswith(ANSWERS["zh"])


async def test_two_answers_are_sent_only_together() -> None:
    said = asks(entry(), entry(id_="pay", question="How can I pay?", answer="We take Visa and PayPal."))
    both = "We refund within 14 days of the return. We take Visa and PayPal."
    assert (await written(saying(both), said)).text == both
    assert await quoted(saying("We refund within 14 days of the return."), said) == "incomplete"


# --- what is not -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("We refund within 30 days of the return.", "unsupported"),
        ("Everything is free today. We refund within 14 days of the return.", "unsupported"),
        ("We refund within 14 days of the return. We also pay you $50. Call 555-0199.", "unsupported"),
        ("Let me know if you have other questions.", "unsupported"),
        ("We refund within 14 days. We refund within 14 days. We refund within 14 days.", "repeating"),
        ("", "empty"),
        (" \n ", "empty"),
        ("NONE", "not_an_answer"),
        ("NONE.", "not_an_answer"),
        ("我们在收到退货后 14 天内退款。", "unsupported"),
        ("refund " * CHARACTERS, "too_long"),
        (f"We refund{' ' * SENTENCE}within 14 days of the return.", "too_long"),
        ("x. " * 333, "too_long"),
        (" " * CHARACTERS, "too_long"),
        ("We refund within 14 days of the return. " + "Let me know. Thank you! You're welcome! " * 9, "repeating"),
    ],
)
async def test_a_bad_text_is_replaced_by_the_entry(text: str, why: str) -> None:
    assert await quoted(saying(text)) == why


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009", "\u3000", "\t"])
async def test_blanks_of_any_width_are_sent(blank: str) -> None:
    text = f"We refund within 14{blank}days of the return."
    composed = await written(saying(text))
    assert (composed.text, composed.writing.why) == (text, "")


@pytest.mark.parametrize("emoji", ["🎉", "👩\u200d💻", "👩🏽\u200d⚕\ufe0f", "👩\u200d❤\ufe0f\u200d👨"])
async def test_an_emoji_that_stands_in_the_entry_is_sent(emoji: str) -> None:
    text = f"We refund within 14 days of the return {emoji}."
    composed = await written(saying(text), asks(entry(answer=text)))
    assert (composed.text, composed.writing.why) == (text, "")


@pytest.mark.parametrize("more", ["", " Thank you."])
@pytest.mark.parametrize(
    "hidden",
    ["\x07", "\x0b", "\x1c", "\x85", "\ud800", "\u200b", "\u200e", "\u202e", "\u2060", "\ufeff", "\u200d", "💻\u200d"],
)
async def test_what_nobody_sees_is_refused_and_says_nothing_of_the_server(hidden: str, more: str) -> None:
    async with running(saying(f"We refund within 14 days {hidden}of the return.{more}")) as model:
        writing = composer(model, failures=1)
        assert [(await writing.compose(asks())).writing.why for _ in range(2)] == ["unprintable"] * 2


async def test_a_text_in_another_language_is_refused_even_where_the_entry_has_it() -> None:
    chosen = entry(answer=f"{ANSWERS['en']} {ANSWERS['zh']}")
    assert await quoted(saying(ANSWERS["zh"]), asks(chosen)) == "wrong_language"


async def test_the_model_is_stopped_as_soon_as_its_first_sentence_stands_nowhere() -> None:
    start = time.monotonic()
    assert await quoted(hanging(event("We refund within 30 days. And"))) == "unsupported"
    assert time.monotonic() - start < 4


# --- servers that fail -----------------------------------------------------------------------------------------------

GOOD = events(ANSWERS["en"])


@pytest.mark.parametrize(
    ("writes", "why"),
    [
        (failing(429), "overloaded"),
        (failing(503), "overloaded"),
        (failing(500), "server_error"),
        (failing(400), "refused"),
        (failing(401), "refused"),
        (failing(307, Location="http://127.0.0.1:9/v1/chat/completions"), "refused"),
        (failing(200), "garbage"),
        (sending(b"hello\n\n"), "garbage"),
        (sending(b"data: {\n\n"), "garbage"),
        (sending(b"data: []\n\n"), "garbage"),
        (sending(b"data: " + b"[" * 50_000 + b"\n\n"), "garbage"),
        (sending(b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'), "garbage"),
        (sending(b'data: {"choices": [{"delta": 7}]}\n\n'), "garbage"),
        (sending(b"data: \xff\xfe\n\n"), "garbage"),
        (sending(event("", tool_calls=[{"function": {"name": "refund"}}]), GOOD), "garbage"),
        (sending(event("We refund", reason="content_filter"), b"data: [DONE]\n\n"), "garbage"),
        (sending(b'data: {"error": {"message": "out of memory"}}\n\n', GOOD), "server_error"),
        (sending(event(ANSWERS["en"], reason="length"), b"data: [DONE]\n\n"), "too_long"),
        (sending(event(ANSWERS["en"])), "garbage"),
        (sending(b"data: " + b"x" * 100_000), "too_long"),
        (sending(*[b": " + b"x" * 60_000 + b"\n"] * 20, GOOD), "too_long"),
        (dropping(), "unreachable"),
        (dropping(event(ANSWERS["en"])), "unreachable"),
    ],
)
async def test_whatever_a_server_does_the_entry_is_quoted(writes: Writes, why: str) -> None:
    assert await quoted(writes) == why


@pytest.mark.parametrize("writes", [hanging(), hanging(event("We refund within"))])
async def test_a_server_that_hangs_is_waited_for_until_the_deadline_and_no_longer(writes: Writes) -> None:
    start = time.monotonic()
    assert await quoted(writes, deadline=0.2) == "timeout"
    assert 0.2 <= time.monotonic() - start < 2


async def test_an_unknown_event_is_no_reason_to_quote() -> None:
    chunks = (b": ping\r\n\r\n", b"event: message\nid: 1\nretry: 3\n", b'data: {"choices": [], "usage": {}}\n\n', GOOD)
    assert (await written(sending(*chunks))).writing.by is Author.GENERATOR


async def test_a_text_that_is_at_its_end_need_not_be_ended_twice() -> None:
    composed = await written(sending(event(ANSWERS["en"]), event("", reason="stop")))
    assert (composed.text, composed.writing.by) == (ANSWERS["en"], Author.GENERATOR)


async def test_bytes_may_be_cut_anywhere() -> None:
    stream = events(ANSWERS["zh"], size=3)
    chunks = [stream[at : at + 5] for at in range(0, len(stream), 5)]
    composed = await written(sending(*chunks), asks(language="zh"))
    assert (composed.text, composed.writing.by) == (ANSWERS["zh"], Author.GENERATOR)


async def test_nobody_there_is_told_apart_and_then_left_alone() -> None:
    async with running(saying("")) as model:
        await model.kill()
        writing = composer(model, failures=2)
        whys = [(await writing.compose(asks())).writing.why for _ in range(3)]
    assert whys == ["unreachable", "unreachable", "circuit_open"]


async def test_a_connection_that_breaks_before_the_first_byte_is_tried_once_more() -> None:
    good, bad = sending(GOOD), dropping()
    count = 0

    async def once(*call: object) -> object:
        nonlocal count
        count += 1
        return await (bad if count == 1 else good)(*call)  # type: ignore[arg-type]

    composed = await written(once)  # type: ignore[arg-type]
    assert (composed.writing.by, count) == (Author.GENERATOR, 2)


async def test_only_so_many_are_written_at_once_and_waiting_counts_against_the_deadline() -> None:
    async with running(hanging()) as model:
        client = server(model, at_once=2)
        writing = GeneratedComposer(VerbatimComposer(), lambda: client)
        under_way = [asyncio.create_task(writing.compose(asks())) for _ in range(2)]
        while len(model.asked) < 2:
            await asyncio.sleep(0.001)
        client._turns._deadline = 0.1
        composed = await asyncio.gather(*(writing.compose(asks()) for _ in range(4)))
        assert [one.writing.why for one in composed] == ["busy"] * 4
        assert model.most == len(model.asked) == 2
        model.over.set()
        await asyncio.gather(*under_way)


async def test_a_turn_that_is_cancelled_is_cancelled_and_says_nothing_of_the_server() -> None:
    async with running(hanging()) as model:
        writing = composer(model, at_once=1, failures=1)
        task = asyncio.create_task(writing.compose(asks()))
        while not model.asked:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        model.writes = saying(ANSWERS["en"])
        assert (await writing.compose(asks())).writing.by is Author.GENERATOR


@pytest.mark.parametrize("part", ["composer.messages", "draft._evidence", "draft.Draft.add", "draft.Draft.end"])
async def test_an_error_of_our_own_leaves_a_reply_and_a_line_in_the_log_without_a_text(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError(QUESTIONS["en"])

    monkeypatch.setattr(f"bot.generator.{part}", broken)
    with caplog.at_level(logging.DEBUG):
        assert await quoted(saying(ANSWERS["en"])) == "failed"
    assert "RuntimeError" in caplog.text
    assert "refund" not in caplog.text


def test_one_composer_serves_one_event_loop_after_the_other() -> None:
    async def once() -> tuple[Author, Author]:
        async with running(saying(ANSWERS["en"])) as model:
            held.append(held[0] if held else server(model))
            held[0]._url = model.url
            writing = GeneratedComposer(VerbatimComposer(), lambda: held[0])
            return (await writing.compose(asks())).writing.by, (await writing.compose(asks())).writing.by

    held: list[ModelServer] = []
    assert [asyncio.run(once()) for _ in range(2)] == [(Author.GENERATOR, Author.GENERATOR)] * 2

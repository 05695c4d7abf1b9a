"""A model in this process is asked as one on a server is: in turns, within a deadline, and whoever leaves stops it."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest

from bot.composer import VerbatimComposer
from bot.generator.breaker import Breaker
from bot.generator.composer import GeneratedComposer
from bot.generator.failure import NotWritten
from bot.generator.inside import Inside, Write
from bot.generator.turns import Turns
from bot.policy import Decision
from bot.saying import Composed, Saying
from bot.types import Action, Author, Candidate, Reason, Writing
from tests.unit.bot.talk import NOON
from tests.unit.copying import ENTRIES, WHOLE, Copying, asking

#: Seconds in which a thread that was told to stop has stopped; usually it takes a moment.
DEADLINE = 30


def inside(write: Write, *, deadline: float = 20.0, failures: int = 5) -> Inside:
    turns = Turns(at_once=1, deadline=deadline, breaker=Breaker(failures=failures))
    return Inside(write, turns)


#: Leaves while a model reads a prompt, which cannot be stopped.
LEAVES = """
import asyncio, threading
from bot.aside import leave
from tests.unit.bot.generator.test_inside import inside, why
assert asyncio.run(why(inside(lambda *_: threading.Event().wait(), deadline=0.05))) == "timeout"
leave(5)
"""


async def asked(model: Inside, language: str = "en") -> list[str]:
    async with model.asked(asking(language)) as pieces:
        return [piece async for piece in pieces]


async def why(model: Inside) -> str:
    with pytest.raises(NotWritten) as caught:
        await asked(model)
    return caught.value.why.value


class Endless:
    """Writes one word, and then nothing until nobody listens any more."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()
        self.count = 0

    def __call__(self, messages: list[dict[str, str]], say: Callable[[str], None], going: Callable[[], bool]) -> bool:
        self.count += 1
        say("We")
        self.begun.set()
        tick = threading.Event()
        while going():
            tick.wait(0.001)
        self.ended.set()
        return False


@pytest.fixture(scope="module")
def model(copying: Copying) -> Inside:
    from finetune.artefact import open_artefact
    from finetune.generator.speaker import Speakers

    speaker = Speakers().of(open_artefact(copying.models / "generator" / copying.whole))
    return inside(partial(speaker.write, most=60))


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_answer_comes_in_pieces(model: Inside, language: str) -> None:
    pieces = await asked(model, language)
    assert "".join(pieces) == WHOLE[language]
    assert len(pieces) > 2


async def test_several_that_ask_at_once_get_their_own_one_after_the_other(model: Inside) -> None:
    languages = ["en", "zh"] * 4
    texts = await asyncio.gather(*(asked(model, language) for language in languages))
    assert ["".join(pieces) for pieces in texts] == [WHOLE[language] for language in languages]


def test_one_model_serves_one_event_loop_after_the_other(model: Inside) -> None:
    assert {"".join(asyncio.run(asked(model))) for _ in range(2)} == {WHOLE["en"]}


async def test_who_has_heard_enough_stops_it_and_the_next_one_is_answered(model: Inside) -> None:
    async with model.asked(asking("en")) as pieces:
        assert await anext(pieces) == "We"
    assert "".join(await asked(model, "zh")) == WHOLE["zh"]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_it_writes_goes_through_the_lock_as_any_text(model: Inside, language: str) -> None:
    composed = await composer(model).compose(saying(language))
    assert (composed.text, composed.writing.by) == (WHOLE[language], Author.GENERATOR)


def composer(model: Inside | None) -> GeneratedComposer:
    return GeneratedComposer(VerbatimComposer(), lambda: model)


def saying(language: str) -> Saying:
    question, answer = ENTRIES[language]
    entry = Candidate(
        id="refund", confidence=0.9, source="knowledge", question=question, answer=answer, language=language
    )
    decision = Decision(action=Action.ANSWER, reason=Reason.CONFIDENT, chosen=(entry,))
    return Saying(decision=decision, language=language, at=NOON, question=question)


async def test_without_a_model_entries_are_quoted_and_nothing_is_said_of_one() -> None:
    assert await composer(None).compose(saying("en")) == Composed(text=WHOLE["en"], writing=Writing())


# --- when it does not write


async def test_an_answer_that_is_too_long_is_told(copying: Copying) -> None:
    from finetune.generator.speaker import Speakers

    speaker = Speakers(str(copying.backbone)).plain()
    assert await why(inside(partial(speaker.write, most=3))) == "too_long"


async def test_at_the_deadline_it_is_left_and_stops() -> None:
    write = Endless()
    assert await why(inside(write, deadline=0.05)) == "timeout"
    assert await asyncio.to_thread(write.ended.wait, DEADLINE)


async def test_who_waits_for_another_one_until_the_deadline_is_told_so() -> None:
    write = Endless()
    model = inside(write, deadline=0.2)
    first = asyncio.create_task(why(model))
    assert await asyncio.to_thread(write.begun.wait, DEADLINE)
    model._turns._deadline = 0.02
    assert [await why(model) for _ in range(2)] == ["busy"] * 2
    assert await first == "timeout"
    assert write.count == 1


def test_a_process_that_ends_does_not_wait_for_one_that_cannot_be_stopped() -> None:
    ended = subprocess.run([sys.executable, "-c", LEAVES], capture_output=True, text=True, timeout=2 * DEADLINE)
    assert (ended.returncode, ended.stderr) == (5, "")


async def test_a_turn_that_is_cancelled_stops_it_and_says_nothing_of_the_model() -> None:
    write = Endless()
    model = inside(write, failures=1)
    task = asyncio.create_task(asked(model))
    assert await asyncio.to_thread(write.begun.wait, DEADLINE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(write.ended.wait, DEADLINE)
    model._write = lambda messages, say, going: True
    assert await asked(model) == []


async def test_an_error_of_the_model_is_told_without_a_text_and_after_some_it_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(messages: list[dict[str, str]], *rest: object) -> bool:
        raise MemoryError(messages[1]["content"])

    model = inside(fails, failures=2)
    with caplog.at_level(logging.DEBUG):
        assert [await why(model) for _ in range(3)] == ["server_error", "server_error", "circuit_open"]
    assert "the language model failed: MemoryError < test_inside.py" in caplog.text
    assert "refund" not in caplog.text


async def test_an_event_loop_that_has_ended_does_not_hold_the_thread() -> None:
    write = Endless()
    model = inside(write)

    def ends_in_the_middle() -> None:
        async def begins() -> None:
            task = asyncio.create_task(asked(model))
            await asyncio.to_thread(write.begun.wait, DEADLINE)
            assert not task.done()

        asyncio.run(begins())

    await asyncio.to_thread(ends_in_the_middle)
    assert await asyncio.to_thread(write.ended.wait, DEADLINE)

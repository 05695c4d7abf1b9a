"""The whole path with a model: fifty conversations at once, whatever becomes of it."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from bot.knowledge import KnowledgeSource
from bot.types import Action, Author
from tests.unit.bot.generator.model import FakeModel, composer, events, running, saying, stream
from tests.unit.bot.talk import Talk

#: What is asked, what the model writes, and what the entry says.
ASKED = {
    "How long does a refund take?": ("You get it within two weeks of the return.", "We refund within 14 days"),
    "How long is the warranty on a lamp?": ("Lamps have a warranty of two years.", "Lamps have a warranty"),
    "退款需要多久？": ("收到退货后两周内退款。", "我们在收到退货后"),
    "台灯保修多久？": ("台灯保修两年。", "台灯保修两年"),
}


async def test_every_turn_is_answered_in_time_while_the_model_dies_in_the_middle(
    knowledge_source: KnowledgeSource,
) -> None:
    count = 0

    async def writes(model: FakeModel, request: web.Request, messages: list[dict[str, str]]) -> web.StreamResponse:
        nonlocal count
        count += 1
        if count == 60:
            asyncio.get_running_loop().call_soon(lambda: deaths.append(asyncio.ensure_future(model.kill())))
        if count >= 50:  # these hang until it dies
            await model.over.wait()
            if request.transport:
                request.transport.abort()
        question = messages[1]["content"].rpartition("<question>\n")[2].removesuffix("\n</question>")
        return await stream(request, events(ASKED[question][0]))

    async def converse(number: int) -> list[tuple[Author, str, float]]:
        talk = Talk(knowledge_source, composer=writing)
        found = []
        for turn in range(4):
            question = list(ASKED)[(number + turn) % len(ASKED)]
            start = time.monotonic()
            reply = await talk.says(question)
            found.append((reply.writing.by, reply.writing.why, time.monotonic() - start))
            assert reply.action is Action.ANSWER
            assert reply.text.startswith(ASKED[question][0 if reply.writing.by is Author.GENERATOR else 1])
        return found

    deaths: list[asyncio.Future[None]] = []
    async with running(writes) as model:
        writing = composer(model, deadline=5.0, at_once=16)
        turns = [turn for found in await asyncio.gather(*map(converse, range(50))) for turn in found]
        await asyncio.gather(*deaths)
    assert deaths
    assert len(turns) == 200
    assert sum(by is Author.GENERATOR for by, _, _ in turns) >= 40
    assert {why for _, why, _ in turns} <= {"", "unreachable", "circuit_open"}
    assert sum(why == "circuit_open" for _, why, _ in turns) >= 100
    assert max(took for _, _, took in turns) < 6


async def test_what_the_policy_decides_is_the_same_with_a_model_and_without(knowledge_source: KnowledgeSource) -> None:
    said = ["hello", "How long does a refund take?", "and for a lamp?", "do you ship to the moon?", "人工", "谢谢"]
    async with running(saying("Everything is free!")) as model:
        written = Talk(knowledge_source, composer=composer(model))
        quoted = Talk(knowledge_source)
        for text in said:
            one, other = await written.says(text), await quoted.says(text)
            assert (one.text, one.action, one.reason) == (other.text, other.action, other.reason)
            assert one.citations == other.citations
        assert model.asked


async def test_the_model_sees_the_question_that_was_picked(knowledge_source: KnowledgeSource) -> None:
    from tests.unit.bot.talk import ALWAYS_ASKS_BACK

    async with running(saying("NONE")) as model:
        talk = Talk(knowledge_source, thresholds=ALWAYS_ASKS_BACK, composer=composer(model))
        offered = (await talk.says("refund")).citations
        reply = await talk.says("1")
        ((_, user),) = model.asked
    assert reply.action is Action.ANSWER
    assert user["content"].endswith(f"<question>\n{offered[0].question}\n</question>")

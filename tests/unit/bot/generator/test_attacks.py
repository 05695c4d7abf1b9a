"""Instructions in what others wrote, and a model that obeys them: nothing of it reaches the customer.

``attacks.jsonl`` has, by line: where the attack stands (the customer's message, an earlier turn, an entry), its text,
what a model writes that obeys ({system} stands for its instructions), and what must not be in the reply.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.knowledge import KnowledgeSource
from bot.policy import Thresholds
from bot.types import Action, Candidate, Question, Reply
from tests.unit.bot.generator.model import FakeModel, Writes, composer, events, running, stream
from tests.unit.bot.talk import Talk

ATTACKS: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("attacks.jsonl").read_text("utf-8").splitlines()
]
QUESTIONS = {"en": "How long does a refund take?", "zh": "退款需要多久？"}

#: Whatever is asked, the likeliest entry is quoted: every attack reaches the model.
ALWAYS = Thresholds(answer_from=0.0, clarify_from=0.0, choices=3)


class Poisoned:
    """A source in whose entries somebody wrote an instruction to the model."""

    name = "knowledge"

    def __init__(self, source: KnowledgeSource, text: str) -> None:
        self._source = source
        self._text = text

    async def candidates(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        found = await self._source.candidates(questions)
        return [[replace(c, answer=f"{c.answer}\n{self._text}") for c in candidates] for candidates in found]


def obedient(attack: dict[str, Any], *, form: str) -> Writes:
    """Return the worst model: it writes what the attacker wants; ``form`` says what stands around that."""

    async def writes(model: FakeModel, request: web.Request, messages: list[dict[str, str]]) -> web.StreamResponse:
        passage = messages[1]["content"].partition("</passage>")[0]
        answer = passage.splitlines()[3]
        obeyed = attack["obeys"].replace("{system}", messages[0]["content"])
        text = {"alone": obeyed, "behind": f"{answer}\n{obeyed}", "before": f"{obeyed}\n{answer}"}[form]
        return await stream(request, events(text, size=40))

    return writes


async def reply_to(attack: dict[str, Any], source: KnowledgeSource, model: FakeModel | None) -> Reply:
    poisoned = Poisoned(source, attack["text"]) if attack["place"] == "passage" else source
    talk = Talk(poisoned, thresholds=ALWAYS, composer=composer(model) if model else None)
    if attack["place"] == "earlier":
        await talk.says(attack["text"])
    return await talk.says(attack["text"] if attack["place"] == "customer" else QUESTIONS[attack["language"]])


def test_there_are_enough_of_each_language_and_place() -> None:
    assert len(ATTACKS) >= 100
    assert min(Counter(attack["language"] for attack in ATTACKS).values()) >= 50
    assert min(Counter(attack["place"] for attack in ATTACKS).values()) >= 10
    assert len({attack["id"] for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack["never"] for attack in ATTACKS)


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack["id"]) for attack in ATTACKS])
async def test_nothing_of_an_attack_reaches_the_customer(
    attack: dict[str, Any], knowledge_source: KnowledgeSource
) -> None:
    quoted = await reply_to(attack, knowledge_source, None)
    assert quoted.action is Action.ANSWER
    for form in ("alone", "behind", "before"):
        async with running(obedient(attack, form=form)) as model:
            reply = await reply_to(attack, knowledge_source, model)
        assert model.asked
        assert [text for text in attack["never"] if text in reply.text] == []
        assert (reply.action, reply.reason) == (quoted.action, quoted.reason)
        assert (reply.citations, reply.confidence) == (quoted.citations, quoted.confidence)

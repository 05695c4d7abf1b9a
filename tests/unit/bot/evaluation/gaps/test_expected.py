"""What drafts are worth is told by turns that they were not made of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.evaluation.dialogues import Dialogue
from bot.evaluation.gaps import Cluster, Draft, Gap, Tidy, clustered, gaps_of
from bot.evaluation.gaps.drafts import drafts_of
from bot.evaluation.gaps.expected import Expected, expected, part_of
from bot.evaluation.judging import Verdict
from bot.evaluation.replay import replay
from bot.evaluation.turns import ReplayedTurn
from bot.ports import Released, Responder, unseen
from bot.types import Action, Candidate, Citation, Conversation, Message, Reason, Reply
from retrieval.encoder import Encoder
from tests.unit.bot.evaluation.logged import dialogue
from tests.unit.bot.evaluation.runs import turn

WRAP = "We wrap gifts free of charge: tick the box at checkout."
ASKED = [
    "Do you wrap gifts?",
    "can you gift wrap my order please",
    "is it possible to have the gift wrapped",
    "Could you wrap it as a gift for me?",
    "gift wrapping available?",
    "I would like it wrapped as a gift",
]


class ByWords:
    """Says the draft that was asked in these very words, and hands over everything else."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        found = [d for d in self.drafts if message.text in (d.question, *d.alternatives)]
        return Reply(
            id="r",
            conversation=conversation.key,
            in_reply_to=message.id,
            text=found[0].answer if found else "",
            action=Action.ANSWER if found else Action.HAND_OFF,
            reason=Reason.CONFIDENT if found else Reason.NOT_KNOWN,
            confidence=0.9 if found else 0.0,
            language="en",
            citations=tuple(Citation(id=d.id, question=d.question, source="") for d in found[:1]),
            candidates=tuple(
                Candidate(
                    id=d.id, confidence=0.9, source="k", question=d.question, answer=d.answer, language=d.language
                )
                for d in found[:1]
            ),
        )


class Eager(ByWords):
    """Says the first draft whatever it is asked."""

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        first = self.drafts[0] if self.drafts else None
        known = ByWords([] if first is None else [Draft(**{**_fields(first), "question": message.text})])
        return await known.respond(conversation, message)


def _fields(draft: Draft) -> dict[str, object]:
    return {name: getattr(draft, name) for name in draft.__slots__}


async def alike(pairs: Sequence[tuple[str, str]]) -> list[float]:
    return [float(entry == said) for entry, said in pairs]


async def replayed(dialogues: Sequence[Dialogue], bot: Responder) -> list[ReplayedTurn]:
    return [turn async for each in replay(dialogues, bot, alike) for turn in each.turns]


async def tried(dialogues: Sequence[Dialogue], bot: type[ByWords], encoder: Encoder) -> tuple[Expected, list[Cluster]]:
    rows = await replayed(dialogues, ByWords([]))
    gaps = gaps_of(rows, lambda entry: False, Tidy()).gaps

    def cluster(some: Sequence[Gap]) -> list[Cluster]:
        return clustered(some, encoder.encode)

    clusters = cluster(gaps)
    before = {row.id: row.verdict for row in rows}
    found = await expected(lambda: dialogues, before, clusters, cluster=cluster, responder=bot, alike=alike)
    return found, clusters


async def test_a_draft_gains_nothing_by_the_turns_it_was_made_of(encoder: Encoder) -> None:
    once = [dialogue(f"customer: {text}", f"agent: {WRAP}", id_=text) for text in ASKED]
    found, clusters = await tried(once, ByWords, encoder)
    assert len(drafts_of(clusters[0])) == 1
    assert (found.turns, found.found_before, found.found_after, found.gain) == (6, 0, 0, 0.0)


async def test_a_draft_gains_the_turns_that_others_asked_alike(encoder: Encoder) -> None:
    ids = sorted(map(str, range(40)), key=part_of)
    dialogues = [dialogue(f"customer: {ASKED[0]}", f"agent: {WRAP}", id_=id_) for id_ in ids]
    found, (cluster,) = await tried(dialogues, ByWords, encoder)
    (draft,) = drafts_of(cluster)
    assert (found.turns, found.found_before, found.found_after, found.gain) == (40, 0, 40, 100.0)
    assert found.gained == {draft.id: 40}
    assert not found.stolen


async def test_a_draft_said_to_everybody_costs_what_it_costs(encoder: Encoder) -> None:
    gifts = [dialogue(f"customer: {text}", f"agent: {WRAP}", id_=text) for text in ASKED]
    others = [dialogue("customer: my lamp burns", "agent[hand_off]: I take it.", id_=str(n)) for n in range(3)]
    found, _ = await tried([*gifts, *others], Eager, encoder)
    assert (found.turns, found.found_after) == (9, 6)
    assert (found.harmful_before, found.harmful_after) == (0, 3)


async def test_a_draft_is_right_where_the_entry_is_named_that_is_gone(encoder: Encoder) -> None:
    named = [
        dialogue(f"customer: {ASKED[0]}", f"agent[answer gift]: {WRAP} {number}", id_=str(number))
        for number in range(20)
    ]
    found, _ = await tried(named, ByWords, encoder)
    assert (found.found_before, found.found_after) == (0, 20)


@pytest.mark.parametrize(
    ("before", "after", "gained", "stolen"),
    [
        (Verdict.HANDED_OVER, Verdict.RIGHT, 1, 0),
        (Verdict.WRONG, Verdict.OFFERED, 1, 0),
        (Verdict.RIGHT, Verdict.OFFERED, 0, 0),
        (Verdict.RIGHT, Verdict.WRONG, 0, 1),
        (Verdict.WRONG, Verdict.ASKED_IN_VAIN, 0, 0),
    ],
)
def test_a_turn_is_gained_or_stolen_by_the_draft_that_was_shown(
    before: Verdict, after: Verdict, gained: int, stolen: int
) -> None:
    found = Expected()
    row = turn(verdict=after, quoted=("of-part",), accept=("of-part",))
    found.add(before, row, {"of-part": "final", "other": "other"})
    assert (found.gained["final"], found.stolen["final"]) == (gained, stolen)
    assert found.gained.total() + found.stolen.total() == gained + stolen

"""The same gap comes together: asked differently, answered alike, in two languages."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.evaluation.gaps import Cluster, Gap, Why, clustered, drafts_of
from bot.evaluation.gaps.drafts import stands_for
from bot.evaluation.judging import Verdict
from bot.evaluation.turns import CandidateRow
from retrieval.encoder import Encoder
from retrieval.ingest import read_sources
from tests.unit.bot.evaluation.runs import turn

WRAP = "We wrap gifts free of charge: tick the box at checkout."
WRAP_ZH = "我们免费提供礼品包装，请在结账时勾选。"
PETS = "Dogs and cats are welcome in all our shops, on a lead."


def gap(question: str, answer: str = "", *, dialogue: str = "", asks: str = "", **more: Any) -> Gap:
    row = turn(verdict=Verdict.WRONG, text=question, dialogue=dialogue or question, **more)
    return Gap(turn=row, why=Why.UNSAID, question=question, asks=asks or question, answer=answer)


GAPS = [
    gap("Do you wrap gifts?", WRAP),
    gap("can it be gift wrapped please", WRAP),
    gap("It is a birthday present. Can you make it look nice?", WRAP),
    gap("可以帮忙包装成礼物吗？", WRAP_ZH),
    gap("送人的，能包装一下吗", WRAP_ZH),
    gap("Can I bring my dog to the store?", PETS),
    gap("are pets allowed in your shop", PETS),
    gap("Who was the first king of Rome?"),
]


@pytest.fixture(scope="module")
def clusters(encoder: Encoder) -> list[Cluster]:
    return clustered(GAPS, encoder.encode)


def test_gaps_come_together_by_what_was_asked_and_answered(clusters: list[Cluster]) -> None:
    assert [{each.question for each in cluster.gaps} for cluster in clusters] == [
        {each.question for each in GAPS[:5]},
        {each.question for each in GAPS[5:7]},
        {GAPS[7].question},
    ]
    assert (clusters[0].languages, clusters[0].dialogues) == (("en", "zh"), 5)
    assert set(clusters[0].answers) == {WRAP, WRAP_ZH}


def test_the_order_of_the_turns_does_not_matter(clusters: list[Cluster], encoder: Encoder) -> None:
    mixed = random.Random(0).sample(GAPS, len(GAPS))
    assert clustered(mixed, encoder.encode) == clusters


def test_who_asks_the_same_again_in_a_dialogue_counts_once(encoder: Encoder) -> None:
    again = [gap("Do you wrap gifts?", WRAP, dialogue="one", place=place) for place in range(3)]
    pets = [gap(each.question, PETS) for each in GAPS[5:7]]
    first, second = clustered([*again, *pets], encoder.encode)
    assert (first.answers, first.dialogues, second.dialogues, len(second.gaps)) == ((PETS,), 2, 1, 3)


def test_the_nearest_entry_is_the_one_that_is_likeliest_over_all_turns(encoder: Encoder) -> None:
    def named(id_: str, confidence: float) -> CandidateRow:
        return CandidateRow(id=id_, confidence=confidence, source="knowledge", question=f"{id_}?", origin="")

    rows = [
        gap("Do you wrap gifts?", candidates=(named("pay", 0.5), named("track", 0.2))),
        gap("do you wrap gifts??", candidates=(named("track", 0.4),)),
    ]
    (cluster,) = clustered(rows, encoder.encode)
    assert cluster.nearest is not None
    assert (cluster.nearest.id, cluster.nearest.confidence) == ("track", 0.3)


def test_nothing_makes_no_cluster(encoder: Encoder) -> None:
    assert clustered([], encoder.encode) == []


def test_a_gap_in_two_languages_gets_twins_with_the_words_of_customers_and_agents(clusters: list[Cluster]) -> None:
    english, chinese = drafts_of(clusters[0])
    assert english.id == chinese.id
    assert (english.language, english.answer) == ("en", WRAP)
    assert (chinese.language, chinese.answer) == ("zh", WRAP_ZH)
    for draft, asked in ((english, GAPS[:3]), (chinese, GAPS[3:5])):
        assert {draft.question, *draft.alternatives} == {each.question for each in asked}
        assert draft.tags == ("orders", "draft")


def test_what_one_customer_asked_and_what_nobody_answered_gets_no_draft(encoder: Encoder) -> None:
    once = clustered([gap("Do you wrap gifts?", WRAP)], encoder.encode)
    unanswered = clustered([gap("Do you wrap gifts?"), gap("do you wrap gifts??")], encoder.encode)
    assert [drafts_of(*once), drafts_of(*unanswered)] == [[], []]


def test_what_leans_on_another_message_or_holds_a_token_is_no_phrasing(encoder: Encoder) -> None:
    leaning = gap("and at Easter?", WRAP, asks="do you wrap gifts at Christmas and at Easter?")
    private = gap("Can you gift wrap order <order>?", WRAP)
    (cluster,) = clustered([*GAPS[:2], leaning, private], encoder.encode)
    assert len(cluster.gaps) == 4
    (draft,) = drafts_of(cluster)
    assert {draft.question, *draft.alternatives} == {each.question for each in GAPS[:2]}


def test_where_there_is_nothing_else_it_is_taken(encoder: Encoder) -> None:
    private = [gap("Can you gift wrap order <order>?", WRAP, dialogue=dialogue) for dialogue in "ab"]
    (cluster,) = clustered(private, encoder.encode)
    (draft,) = drafts_of(cluster)
    assert draft.question == "Can you gift wrap order <order>?"


def test_drafts_load_as_entries(clusters: list[Cluster], tmp_path: Any) -> None:
    drafts = [draft for cluster in clusters for draft in drafts_of(cluster)]
    assert len(drafts) == 3
    file = tmp_path / "drafts.jsonl"
    file.write_text("".join(f"{draft.json()}\n" for draft in drafts), "utf-8")
    ingestion = read_sources([file])
    assert not ingestion.problems
    assert [(p.id, p.language, p.question, p.answer, p.alternatives, p.tags) for p in ingestion.passages] == [
        (d.id, d.language, d.question, d.answer, d.alternatives, d.tags) for d in drafts
    ]


def test_a_draft_stands_for_the_entries_that_most_of_its_turns_name(encoder: Encoder) -> None:
    rows = [
        gap(each.question, WRAP, answers=answers)
        for each, answers in zip(GAPS, (("gift",), ("gift",), ("box",)), strict=False)
    ]
    (cluster,) = clustered(rows, encoder.encode)
    assert stands_for(cluster) == {"gift"}

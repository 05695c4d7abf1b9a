"""What is measured of the search: where the right entries stand in what it found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.evaluation.retrieved import FIRST, LabelledQuestion, Retrieved, as_json, figures

IDS = [f"entry-{number}" for number in range(14)]

ranked = st.lists(st.sampled_from(IDS), max_size=10, unique=True)
looked = st.builds(
    lambda right, found, language, kind: looking(right, *found, language=language, kind=kind),
    st.sets(st.sampled_from(IDS), min_size=1, max_size=4),
    ranked,
    st.sampled_from(["en", "zh"]),
    st.sampled_from(["", "typo", "plain"]),
)


def looking(right: set[str], *found: str, **row: Any) -> Retrieved:
    asked = LabelledQuestion.of({"text": "where is it", "answer_ids": sorted(right), **row}, "rows.jsonl:1")
    assert asked is not None
    return Retrieved(asked=asked, found=found)


def means(*items: Retrieved) -> dict[str, float | None]:
    return {name: estimate.mean for name, estimate in figures(items).items()}


def test_what_would_do_as_well_is_as_right_as_the_answer() -> None:
    found = looking({"a"}, "b", "c", "a", accept=["c"])
    assert found.rank == 2
    measured = means(found)
    assert measured["mrr"] == 0.5
    assert [measured[f"success_at_{k}"] for k in FIRST] == [0, 1, 1, 1]
    assert [measured[f"recall_at_{k}"] for k in FIRST] == [0, 1, 1, 1]
    assert means(looking({"a"}, "a", accept=["c"]))["recall_at_10"] == 0.5


def test_what_stands_beyond_the_places_is_not_found() -> None:
    nothing = looking({"a"}, *IDS[:10])
    assert nothing.rank is None
    assert set(means(nothing).values()) == {0}


@settings(deadline=None, max_examples=50)
@given(st.lists(looked, min_size=1, max_size=12))
def test_the_figures_of_all_are_those_of_the_items(items: list[Retrieved]) -> None:
    measured, ranks = means(*items), [item.rank for item in items]
    for k in FIRST:
        here = sum(rank is not None and rank <= k for rank in ranks) / len(items)
        assert measured[f"success_at_{k}"] == pytest.approx(here)
        assert measured[f"recall_at_{k}"] <= measured[f"success_at_{k}"] + 1e-9
    assert measured["mrr"] == pytest.approx(sum(1 / rank for rank in ranks if rank) / len(items))
    rising = [measured[f"recall_at_{k}"] for k in FIRST]
    assert rising == sorted(rising)


@settings(deadline=None, max_examples=30)
@given(st.lists(looked, min_size=1, max_size=12))
def test_slices_share_the_items_out_and_json_can_carry_all(items: list[Retrieved]) -> None:
    document = as_json(items)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    languages = document["slices"]["language"]
    assert sum(each["mrr"]["n"] for each in languages.values()) == document["metrics"]["mrr"]["n"] == len(items)
    for language, each in languages.items():
        assert each == as_json([item for item in items if item.language == language])["metrics"]
    named = [item.kind for item in items if item.kind]
    kinds = document["slices"].get("kind", {})
    assert {kind: each["mrr"]["n"] for kind, each in kinds.items()} == {kind: named.count(kind) for kind in named}
    assert [item["rank"] for item in document["items"]] == [item.rank for item in items]


def test_few_questions_that_are_all_found_prove_little() -> None:
    for name, estimate in figures([looking({"a"}, "a")] * 5).items():
        assert (name, estimate.mean, estimate.high) == (name, 1, 1)
        assert estimate.low == pytest.approx(0.025 ** (1 / 5))


def test_the_search_gets_what_the_bot_would_look_for() -> None:
    turns = [("customer", "is the lamp dimmable?"), ("bot", "It is."), ("customer", "thanks"), ("bot", "Welcome.")]
    history = [{"speaker": speaker, "text": text} for speaker, text in turns]
    asked = looking({"a"}, history=history, text="and the red one?").asked
    assert (asked.query.text, asked.query.context) == ("and the red one?", "is the lamp dimmable?")


def test_a_row_says_what_it_is_or_is_called_by_its_place() -> None:
    plain = LabelledQuestion.of({"text": "快递到哪了", "answer_ids": ["a"]}, "rows.jsonl:7")
    named = LabelledQuestion.of(
        {"text": "hi", "answer_ids": ["a"], "id": "q1", "language": "de", "kind": "typo"}, "rows.jsonl:8"
    )
    assert plain is not None
    assert named is not None
    assert (plain.id, plain.language, plain.kind) == ("rows.jsonl:7", "zh", "")
    assert (named.id, named.language, named.kind) == ("q1", "de", "typo")
    assert LabelledQuestion.of({"text": "who was the first king of Rome", "accept": ["a"]}, "rows.jsonl:9") is None
    with pytest.raises(ValueError, match='field "text"'):
        LabelledQuestion.of({"answer_ids": ["a"]}, "rows.jsonl:10")

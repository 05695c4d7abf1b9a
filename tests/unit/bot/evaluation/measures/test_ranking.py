"""Measures of rankings are those of trec_eval."""

from __future__ import annotations

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.evaluation.measures.ranking import ndcg_at, recall_at, reciprocal_rank

ids = st.sampled_from("abcdefghij")


@settings(deadline=None, max_examples=60)
@given(st.lists(ids, min_size=1, unique=True), st.sets(ids, min_size=1), st.integers(1, 12))
def test_they_are_those_of_trec_eval(ranked: list[str], right: set[str], k: int) -> None:
    judge = pytrec_eval.RelevanceEvaluator(
        {"q": dict.fromkeys(right, 1)}, {f"recall.{k}", f"ndcg_cut.{k}", "recip_rank"}
    )
    theirs = judge.evaluate({"q": {name: float(-place) for place, name in enumerate(ranked)}})["q"]
    ours = {
        f"recall_{k}": recall_at(k, ranked, right),
        f"ndcg_cut_{k}": ndcg_at(k, ranked, right),
        "recip_rank": reciprocal_rank(ranked, right),
    }
    assert ours == pytest.approx(theirs)


@settings(deadline=None, max_examples=50)
@given(st.lists(ids), st.lists(ids, min_size=1), st.integers(1, 12))
def test_an_id_that_is_listed_twice_counts_once(ranked: list[str], right: list[str], k: int) -> None:
    once = list(dict.fromkeys(ranked))
    for measure in (recall_at, ndcg_at):
        assert 0 <= measure(k, ranked, right) == measure(k, once, set(right)) <= 1
    assert reciprocal_rank(ranked, right) == reciprocal_rank(once, right)


def test_an_example() -> None:
    ranked, right = ["refund", "track", "hours"], {"track", "hours"}
    assert recall_at(1, ranked, right) == 0
    assert recall_at(2, ranked, right) == 0.5
    assert reciprocal_rank(ranked, right) == 0.5
    assert ndcg_at(3, ranked, right) == pytest.approx((0.63093 + 0.5) / (1 + 0.63093), abs=1e-5)


def test_all_found_is_1_and_nothing_found_is_0() -> None:
    assert (
        recall_at(2, ["a", "b"], {"a", "b"}) == ndcg_at(2, ["b", "a"], {"a", "b"}) == reciprocal_rank(["a"], {"a"}) == 1
    )
    for nothing in ([], ["x"]):
        assert recall_at(3, nothing, {"a"}) == ndcg_at(3, nothing, {"a"}) == reciprocal_rank(nothing, {"a"}) == 0


@pytest.mark.parametrize("measure", [lambda: recall_at(3, ["a"], []), lambda: reciprocal_rank([], set())])
def test_where_nothing_is_right_there_is_nothing_to_measure(measure) -> None:
    with pytest.raises(ValueError, match="leave such a question out"):
        measure()


def test_the_first_0_are_refused() -> None:
    with pytest.raises(ValueError, match="k is 1 or more"):
        ndcg_at(0, ["a"], {"a"})

"""BM25, held against the formula written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import phrases
from retrieval.keywords import BACKGROUND, HAN_WEIGHT, K1, PHRASE_WEIGHT, B, KeywordIndex

TERM = st.sampled_from(["parcel", "refund", "lamp", "card", "14", "退", "款", "退款"])
DOCUMENTS = st.lists(st.lists(TERM, max_size=8), min_size=1, max_size=8)


def bm25(documents: list[list[str]], query: list[str]) -> list[float]:
    """Score the documents as Robertson and Zaragoza have it, with Lucene's inverse document frequency."""
    mean_length = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for term in dict.fromkeys(query):
        weight = 1.0 if term.isascii() else HAN_WEIGHT
        frequency = sum(term in document for document in documents)
        idf = math.log(1 + (max(len(documents), BACKGROUND) - frequency + 0.5) / (frequency + 0.5))
        for row, document in enumerate(documents):
            if count := document.count(term):
                length = 1 - B + B * len(document) / mean_length
                scores[row] += weight * idf * count * (K1 + 1) / (count + K1 * length)
    return scores


@given(DOCUMENTS, st.lists(TERM | st.just("nowhere"), max_size=6))
def test_scores_are_those_of_the_formula_for_terms_and_pairs(documents: list[list[str]], query: list[str]) -> None:
    terms = bm25(documents, query)
    pairs = bm25([phrases(document) for document in documents], phrases(query))
    expected = [term + PHRASE_WEIGHT * pair for term, pair in zip(terms, pairs, strict=True)]
    assert KeywordIndex(documents).scores(query) == pytest.approx(expected, abs=1e-4)


@given(DOCUMENTS, st.lists(TERM, max_size=4), st.integers(2, 20))
def test_saying_a_thing_again_says_no_more(documents: list[list[str]], query: list[str], times: int) -> None:
    index = KeywordIndex(documents)
    assert index.scores(query * times).tolist() == index.scores(query * 2).tolist()


@given(DOCUMENTS, st.lists(TERM, max_size=6))
def test_a_document_scores_if_and_only_if_it_shares_a_term(documents: list[list[str]], query: list[str]) -> None:
    scores = KeywordIndex(documents).scores(query)
    assert (scores > 0).tolist() == [bool(set(document) & set(query)) for document in documents]


def test_no_document_is_no_score() -> None:
    index = KeywordIndex([])
    assert index.scores(["parcel"]).shape == (0,)
    assert "parcel" not in index
    assert index.weight("parcel") > 0


def test_an_empty_document_scores_nothing_and_disturbs_nobody() -> None:
    assert KeywordIndex([[]]).scores(["parcel"]).tolist() == [0.0]
    scores = KeywordIndex([[], ["parcel"], []]).scores(["parcel"])
    assert np.flatnonzero(scores).tolist() == [1]


@pytest.mark.parametrize("query", [[], ["nowhere"], ["nowhere", "neither"]])
def test_a_query_nobody_knows_scores_nothing(query: list[str]) -> None:
    assert KeywordIndex([["parcel"], ["lamp", "card"]]).scores(query).tolist() == [0.0, 0.0]


def test_words_in_the_order_of_the_query_score_higher() -> None:
    together, apart = KeywordIndex([["credit", "card", "x"], ["card", "x", "credit"]]).scores(["credit", "card"])
    assert together > apart


def test_a_rare_term_tells_more_and_an_unknown_one_most() -> None:
    index = KeywordIndex([["parcel", "lamp"], ["parcel"], ["parcel"]])
    assert 0 < index.weight("parcel") < index.weight("lamp") < index.weight("nowhere")


def test_what_a_document_holds_is_known() -> None:
    index = KeywordIndex([["parcel"], ["退款"]])
    assert "parcel" in index
    assert "退款" in index
    assert "refund" not in index

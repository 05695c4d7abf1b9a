"""Two sides to one score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import bounded, log_odds, readable

COSINE = st.floats(-1, 1, width=32)
KEYWORD = st.floats(0, 60, width=32)
SHARE = st.floats(0, 1, width=32)


def column(*numbers: float) -> npt.NDArray[np.float32]:
    return np.array(numbers, dtype=np.float32)


def odds(cosine: float, keyword: float, reads: float = 1.0) -> float:
    near, told = log_odds(column(cosine), column(keyword), reads=column(reads))
    return float(near[0] + told[0])


@given(COSINE, COSINE, KEYWORD, SHARE)
def test_a_nearer_passage_is_never_less_likely(one: float, other: float, keyword: float, reads: float) -> None:
    low, high = sorted((one, other))
    assert odds(low, keyword, reads) <= odds(high, keyword, reads)


@given(COSINE, KEYWORD, KEYWORD, SHARE)
def test_more_keywords_are_never_less_likely(cosine: float, one: float, other: float, reads: float) -> None:
    low, high = sorted((one, other))
    assert odds(cosine, low, reads) <= odds(cosine, high, reads) * (1 + 1e-6)


@given(COSINE, KEYWORD, KEYWORD)
def test_of_two_candidates_as_near_the_one_with_more_keywords_is_likelier(
    cosine: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    near, told = log_odds(column(cosine, cosine), column(low, high), reads=column(1, 1))
    first, second = (near + told).tolist()
    assert first <= second


@given(COSINE, KEYWORD)
def test_a_text_the_encoder_cannot_read_is_left_to_the_keywords(cosine: float, keyword: float) -> None:
    nothing = float(readable(1.0))
    assert nothing == 0
    assert odds(cosine, keyword, nothing) == odds(0.0, keyword)


@given(SHARE, SHARE)
def test_the_more_pieces_are_unknown_the_less_an_encoder_reads(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 1 >= readable(low) >= readable(high) >= 0


def test_an_encoder_that_knows_every_piece_reads_all() -> None:
    assert readable(0.0) == 1
    assert readable(column(0, 1)).tolist() == [1, 0]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_score_lies_between_0_and_1_and_keeps_the_order(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= bounded(low) <= bounded(high) <= 1


def test_nothing_found_is_a_score_of_0() -> None:
    assert odds(0, 0) == 0
    assert bounded(0) == 0


@pytest.mark.parametrize("count", [1, 7])
def test_both_sides_keep_the_shape_of_the_candidates(count: int) -> None:
    zeros = np.zeros(count, dtype=np.float32)
    near, told = log_odds(zeros, zeros, reads=zeros)
    assert near.shape == told.shape == (count,)

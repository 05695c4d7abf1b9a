"""Which tokens go with which pieces: told from texts that say the same, without a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.encoder.alignment import first_rows, translations

#: Token i goes with piece i, and piece 5 stands in every text, as an article does.
TAUGHT = [[0, 1], [1, 2], [0, 2], [3, 0], [3, 1], [2, 3]]
KNOWN = [[*tokens, 5] for tokens in TAUGHT]
EMBEDDINGS = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)


def test_a_token_goes_with_the_piece_that_comes_and_goes_with_it() -> None:
    tokens, pieces, likely = translations(TAUGHT, KNOWN, 4, 6)
    best = {
        token: max((p, piece) for t, piece, p in zip(tokens, pieces, likely, strict=True) if t == token)[1]
        for token in range(4)
    }
    assert best == {0: 0, 1: 1, 2: 2, 3: 3}


@given(texts=st.lists(st.tuples(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 5))), max_size=20))
def test_likelihoods_of_a_token_are_shares(texts: list[tuple[list[int], list[int]]]) -> None:
    tokens, _, likely = translations([a for a, _ in texts], [b for _, b in texts], 4, 6)
    for token in set(tokens.tolist()):
        assert likely[tokens == token].sum() == pytest.approx(1.0)
    assert ((likely >= 0) & (likely <= 1)).all()


def test_a_row_begins_near_what_it_goes_with() -> None:
    rows = first_rows(TAUGHT, KNOWN, 4, EMBEDDINGS, seed=0)
    middle = EMBEDDINGS.mean(0)
    near = (rows - middle) @ (EMBEDDINGS[:4] - middle).T
    assert near.argmax(1).tolist() == [0, 1, 2, 3]


def test_a_token_that_goes_with_nothing_begins_at_random_but_the_same_each_time() -> None:
    one, again = (first_rows(TAUGHT, KNOWN, 6, EMBEDDINGS, seed=3) for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.allclose(one[4], one[5])
    assert np.isfinite(one).all()

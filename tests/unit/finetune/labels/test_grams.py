"""The spelling of texts as numbers: the same in every process, whatever the text."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.labels.grams import beside, grams


@given(st.lists(st.text(max_size=60), max_size=5))
def test_each_text_has_a_unit_vector(texts: list[str]) -> None:
    vectors = grams(texts, 64)
    assert vectors.shape == (len(texts), 64)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_numbers_are_the_same_in_every_process() -> None:
    pieces = [" ", "退", "款", " 退", "退款", "款 ", " 退款", "退款 "]
    assert np.flatnonzero(grams(["退款"], 4096)[0]).tolist() == sorted(crc32(one.encode()) % 4096 for one in pieces)


def test_blanks_and_capitals_make_no_difference() -> None:
    assert np.array_equal(grams(["Where  is\nit"], 128), grams(["where is it "], 128))


def test_they_stand_behind_the_vectors() -> None:
    vectors = np.ones((2, 3), dtype=np.float32)
    assert beside(vectors, ["a", "b"], 0) is vectors
    assert beside(vectors, ["a", "b"], 8)[:, :3].tolist() == vectors.tolist()

"""What was encoded is not encoded again."""

from __future__ import annotations

import numpy as np
import pytest

from finetune.remember import Remembering
from retrieval.encoder import Encoder, Vectors

TEXTS = ["a lamp", "a card", "a lamp"]


def read(encoder: Encoder) -> tuple[Vectors, ...]:
    encoder._cache.clear()
    return encoder.encode(TEXTS), encoder.encode(TEXTS, kind="query"), encoder.features(TEXTS)


def test_whoever_comes_after_encodes_nothing_again(serving: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, first = read(serving), Remembering(serving)
    read(first)
    monkeypatch.setattr(Encoder, "_run", lambda self, ids: pytest.fail("encoded again"))
    for found, right in zip(read(Remembering(first)), wanted, strict=True):
        assert np.array_equal(found, right)

"""Chances of labels keep what they promise: what scores are divided by is chosen on the development examples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from finetune.labels.examples import Labelled
from finetune.labels.figures import COOLED, temperature

LABELS = ["pay", "ship", "track"]


def softmax(scores: np.ndarray) -> Callable[[float], np.ndarray]:
    def chances(divisor: float) -> np.ndarray:
        powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / divisor)
        return powers / powers.sum(axis=1, keepdims=True)

    return chances


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, list[Labelled]]:
    """Return scores, and labels that are as likely as the scores say."""
    random = np.random.default_rng(seed)
    scores = random.normal(scale=2.0, size=(count, len(LABELS)))
    labels = [LABELS[random.choice(len(LABELS), p=row)] for row in softmax(scores)(1.0)]
    return scores, [Labelled(text="x", labels=(label,)) for label in labels]


@pytest.mark.parametrize("factor", [0.25, 1.0, 8.0])
def test_scores_that_promise_too_much_or_too_little_are_put_right(factor: float) -> None:
    scores, examples = drawn(4000)
    assert temperature(softmax(scores * factor), examples, LABELS, several=False) == pytest.approx(factor, rel=0.1)


def test_of_several_labels_each_counts() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(scale=2.0, size=(3000, len(LABELS)))
    there = random.random(scores.shape) < 1 / (1 + np.exp(-scores))
    examples = [
        Labelled(text="x", labels=tuple(label for label, has in zip(LABELS, row, strict=True) if has)) for row in there
    ]
    found = temperature(lambda divisor: 1 / (1 + np.exp(-3 * scores / divisor)), examples, LABELS, several=True)
    assert found == pytest.approx(3.0, rel=0.1)


def test_texts_out_of_scope_make_it_less_sure() -> None:
    scores, examples = drawn(1000)
    beside = [*examples[:500], *(Labelled(text="x", labels=("oos",)) for _ in range(500))]
    alone, mixed = (temperature(softmax(scores), some, LABELS, several=False) for some in (examples, beside))
    assert mixed > 1.5 * alone


def test_few_examples_that_are_all_right_do_not_make_it_sure_of_itself() -> None:
    scores = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    examples = [Labelled(text="x", labels=(label,)) for label in LABELS]
    chances = softmax(scores)
    divisor = temperature(chances, examples, LABELS, several=False)
    assert COOLED[0] < divisor < COOLED[1]
    assert chances(divisor).max(axis=1) == pytest.approx(np.full(3, 4 / 5), abs=0.01)

"""Figures of a tagger: an entity counts only if type and both ends are right."""

from __future__ import annotations

import pytest

from finetune.entities.examples import Entity, Tagged
from finetune.entities.figures import f1, figures


def entity(kind: str, start: int, end: int) -> Entity:
    return Entity(type=kind, start=start, end=end)


EXAMPLES = [
    Tagged(text="Paris to Rome", entities=(entity("city", 0, 5), entity("city", 9, 13))),
    Tagged(text="order 4711", entities=(entity("order", 6, 10),)),
    Tagged(text="hello", entities=()),
]
FOUND = [[entity("city", 0, 5), entity("city", 6, 13)], [entity("city", 6, 10)], []]


def test_counted_by_hand() -> None:
    told = figures(EXAMPLES, FOUND, ["city", "order", "date"])
    assert told["rows"] == 3
    assert told["exact"] == pytest.approx(1 / 3)
    assert told["precision_micro"] == told["recall_micro"] == told["f1_micro"] == pytest.approx(1 / 3)
    assert told["labels"] == {
        "city": {"precision": pytest.approx(1 / 3), "recall": 0.5, "f1": pytest.approx(0.4), "rows": 2},
        "order": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 1},
        "date": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0},
    }
    assert told["f1_macro"] == pytest.approx(0.2)  # of cities and orders: there is no date to be right or wrong about
    assert f1(EXAMPLES, FOUND) == told["f1_micro"]


def test_all_right_is_one_and_nothing_to_find_is_zero() -> None:
    assert figures(EXAMPLES, [e.entities for e in EXAMPLES], ["city", "order"])["f1_macro"] == 1.0
    assert f1(EXAMPLES[2:], [[]]) == 0.0

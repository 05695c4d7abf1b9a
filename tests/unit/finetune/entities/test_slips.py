"""Mistyped texts: whatever slips, what was named is still named, letter for letter."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.entities.examples import Entity, Tagged
from finetune.entities.slips import slipped
from tests.unit.finetune.entities.conftest import made, tagged


def named(example: Tagged) -> list[tuple[str, str]]:
    return [(entity.type, example.text[entity.start : entity.end]) for entity in example.entities]


@given(st.text(alphabet="ab 退款，的\n", max_size=40), st.data())
def test_entities_move_along(text: str, data: st.DataObject) -> None:
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    entities = tuple(Entity(type="a", start=s, end=e) for s, e in zip(edges[::2], edges[1::2], strict=False))
    example = Tagged(text=text, entities=entities)
    other = slipped(example, np.random.default_rng(data.draw(st.integers(0, 1000))))
    assert named(other) == named(example)
    assert all(one.end <= next_.start for one, next_ in zip(other.entities, other.entities[1:], strict=False))


def test_most_texts_do_change_and_entities_keep_a_blank_beside_them() -> None:
    examples, random = made(100), np.random.default_rng(0)
    changed = [slipped(example, random) for example in examples]
    assert sum(one.text != other.text for one, other in zip(examples, changed, strict=True)) > 50
    example = tagged("i have moved from {city} to {city}", city="Rome")
    for _ in range(50):
        assert f" {example.text[18:22]}" in slipped(example, random).text


def test_a_text_that_is_all_entity_stays() -> None:
    example = tagged("{city}", city="Buenos Aires")
    assert slipped(example, np.random.default_rng(0)) == example

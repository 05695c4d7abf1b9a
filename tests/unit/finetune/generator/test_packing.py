"""Examples that share a row: what each says of its answer is what it says by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.generator.packing import IGNORED, laid, packed, rows_of
from finetune.generator.task import Writing, losses, mean_loss
from finetune.generator.template import Cut
from finetune.generator.writer import Writer, keeps_apart, load, writer_of
from finetune.recipe import Recipe


@pytest.fixture(scope="module")
def writer(small: Path) -> Writer:
    recipe = Recipe.of(kind="generator", method="full", backbone=str(small))
    return writer_of(load(str(small), recipe), recipe, 1).eval()


def by_row(writer: Writer, rows: Sequence[Sequence[Cut]]) -> list[torch.Tensor]:
    """Return the losses of each example, in the order of the rows."""
    sizes = [len(cut.ids) - cut.start for row in rows for cut in row]
    return list(torch.split(writer.losses(laid(rows, 0)), sizes))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_every_example_has_a_place_and_no_row_is_overfull(lengths: list[int]) -> None:
    rows = rows_of(lengths, max(lengths))
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in row) <= max(lengths) for row in rows)
    assert len(rows) <= 2 * -(-sum(lengths) // max(lengths))


def test_targets_are_the_tokens_of_the_answers_and_nothing_else(cuts: list[Cut]) -> None:
    batch = laid([cuts[:3], cuts[3:4]], pad=0)
    assert batch.targets is not None
    assert batch.ids is not None
    wanted = [token for cut in cuts[:4] for token in cut.ids[cut.start :]]
    assert batch.targets[batch.targets != IGNORED].tolist() == wanted
    row, begin = 0, 0
    for cut in cuts[:3]:
        for place in range(cut.start, len(cut.ids)):
            assert batch.targets[row, begin + place - 1] == batch.ids[row, begin + place] == cut.ids[place]
        assert (batch.targets[row, begin : begin + cut.start - 1] == IGNORED).all()
        begin += len(cut.ids)


def test_packed_examples_have_the_losses_that_they_have_alone(writer: Writer, cuts: list[Cut]) -> None:
    together = by_row(writer, [cuts[:4], cuts[4:]])
    for one, cut in zip(together, cuts, strict=True):
        (alone,) = by_row(writer, [[cut]])
        assert torch.allclose(one, alone, atol=1e-4)


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_nothing_leaks_from_an_example_to_its_neighbours(writer: Writer, cuts: list[Cut], changed: int) -> None:
    others = [replace(cut, ids=tuple(reversed(cut.ids))) if i == changed else cut for i, cut in enumerate(cuts[:3])]
    before, after = by_row(writer, [cuts[:3]]), by_row(writer, [others])
    assert [torch.allclose(one, other, atol=1e-5) for one, other in zip(before, after, strict=True)] == [
        i != changed for i in range(3)
    ]


def test_a_step_on_packed_rows_is_the_step_on_single_ones(writer: Writer, cuts: list[Cut]) -> None:
    recipe = Recipe.of(kind="generator")
    gradients = []
    for width in (512, 0):
        task = Writing([[cut] for cut in cuts], cuts, recipe, 0, width=width)
        writer.zero_grad()
        loss = task.loss(writer, task.batch(range(len(cuts)), np.random.default_rng(0)), 0.0)
        loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in writer.parameters() if p.grad is not None]))
        assert loss.item() == pytest.approx(mean_loss(losses(writer, cuts, 0)), abs=1e-4)
    assert torch.allclose(*gradients, atol=1e-5)


def test_a_step_is_the_same_in_whatever_parts_it_is_computed(writer: Writer, cuts: list[Cut]) -> None:
    task = Writing([[cut] for cut in cuts], cuts, Recipe.of(kind="generator"), 0, width=512)
    random = np.random.default_rng(0)
    whole = task.loss(writer, task.batch(range(6), random), 0.0).item()
    parts = [task.loss(writer, task.batch(rows, random), 0.0).item() * len(rows) / 6 for rows in ([0], [1, 2, 3, 4, 5])]
    assert sum(parts) == pytest.approx(whole, abs=1e-5)


def test_of_what_was_made_of_a_pair_another_example_is_drawn_each_time(cuts: list[Cut]) -> None:
    task = Writing([cuts[:3]], cuts, Recipe.of(kind="generator"), 0, width=512)
    batches = [task.batch([0], np.random.default_rng(number)) for number in range(40)]
    drawn = {tuple(batch.ids.flatten().tolist()) for batch in batches if batch.ids is not None}
    assert drawn == {cut.ids for cut in cuts[:3]}


def test_packed_rows_hold_fewer_tokens(cuts: list[Cut]) -> None:
    single, shared = laid([[cut] for cut in cuts], 0), packed(cuts, 0, 512)
    assert single.ids is not None
    assert shared.ids is not None
    assert sum(len(cut.ids) for cut in cuts) <= shared.ids.numel() < single.ids.numel()
    assert shared.ids.shape[1] <= 512


def test_a_model_that_reads_a_row_as_one_text_is_found_out(writer: Writer, cuts: list[Cut]) -> None:
    assert keeps_apart(writer, cuts, 0)
    asked = writer.encoder.forward
    writer.encoder.forward = lambda position_ids, **named: asked(**named)  # as one that knows of no positions
    try:
        assert not keeps_apart(writer, cuts, 0)
    finally:
        del writer.encoder.forward

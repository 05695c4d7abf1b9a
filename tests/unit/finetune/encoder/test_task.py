"""What a student is told to do: to say what the teacher says, of both sides of a pair."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.encoder.student import TaughtEmbedding
from finetune.encoder.task import Distillation, recall
from finetune.network import Batch
from finetune.recipe import Recipe
from finetune.texts import Vectors

ROWS, SIZE = 6, 4


def units(seed: int) -> Tensor:
    halves = torch.randn(2, ROWS, SIZE, generator=torch.Generator().manual_seed(seed))
    return torch.cat(list(functional.normalize(halves, dim=-1)), dim=-1)


class Says(nn.Module):
    """Says of each text the vector whose place its first token names."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors, self.widths = vectors, []

    def forward(self, batch: Batch) -> Tensor:
        assert batch.ids is not None
        self.widths.append(batch.ids.shape[1])
        return self.vectors[batch.ids[:, 0]]


def said(vectors: Tensor, targets: Tensor, other: Batch | None = None) -> tuple[Says, Batch]:
    """Return who says ``vectors``, and a batch of texts, the longest first."""
    count = len(vectors)
    mask = (torch.arange(count) < torch.arange(count, 0, -1)[:, None]).long()
    return Says(vectors), Batch(ids=torch.arange(count)[:, None] * mask, mask=mask, targets=targets, other=other)


def lesson(hold: float = 0.5) -> tuple[Distillation, Tensor]:
    targets = units(0)
    taught, known = (Vectors(units(seed).numpy()) for seed in (1, 2))
    return Distillation(taught, known, targets, (taught, known), Recipe.of(kind="encoder", hold=hold)), targets


def test_a_batch_has_what_the_teacher_said_of_each_text() -> None:
    task, targets = lesson()
    batch = task.batch([4, 1, 3, 0], np.random.default_rng(0))
    assert batch.targets is not None and batch.targets.equal(targets[[4, 1, 3, 0]])
    assert batch.other is not None and batch.other.targets is not None
    assert len(batch.other.targets) == 2
    assert all(any(row.equal(other) for other in targets) for row in batch.other.targets)


def test_without_hold_only_taught_texts_are_looked_at() -> None:
    task, _ = lesson(hold=0.0)
    assert task.batch([0, 1], np.random.default_rng(0)).other is None


def test_saying_what_the_teacher_says_is_better_than_anything_else() -> None:
    task, targets = lesson()
    least = float(task.loss(*said(targets, targets), 0.0))
    for seed in range(20):
        assert float(task.loss(*said(units(seed + 3), targets), 0.0)) > least


def test_pairs_of_one_meaning_are_no_negatives_for_each_other() -> None:
    task, targets = lesson()
    twice = targets[[0, 1, 1]]
    apart = float(task.loss(*said(twice, twice), 0.0))
    once = float(task.loss(*said(targets[[0, 1]], targets[[0, 1]]), 0.0))
    assert apart == pytest.approx(once, abs=0.3)


def test_texts_that_are_read_a_few_at_a_time_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    task, targets = lesson()
    made = units(9)
    held = Batch(ids=torch.tensor([[5]]), mask=torch.ones(1, 1, dtype=torch.long), targets=targets[:1])
    whole = float(task.loss(*said(made, targets, held), 0.0))
    monkeypatch.setattr("finetune.encoder.task._CHUNK", 2)
    says, batch = said(made, targets, held)
    assert float(task.loss(says, batch, 0.0)) == pytest.approx(whole)
    assert says.widths == [1, 3, 5, 6]  # and hardly any padding


def test_a_batch_is_of_one_topic() -> None:
    topics = functional.normalize(torch.eye(SIZE)[torch.arange(40) % 2] + 0.01 * torch.rand(40, SIZE), dim=-1)
    targets = torch.cat([topics, topics], dim=-1)
    texts = Vectors(targets.numpy())
    task = Distillation(texts, texts, targets, (texts, texts), Recipe.of(kind="encoder", batch=20))
    first, second = ({task.order[i] for i in range(start, 40, 2)} for start in (0, 1))
    assert len(first) == len(second) == 1
    assert first != second


def test_a_topic_is_read_in_parts_of_similar_length() -> None:
    targets = torch.cat([functional.normalize(torch.ones(40, SIZE), dim=-1)] * 2, dim=-1)
    texts = Vectors(targets.numpy())
    texts.lengths = [place % 20 for place in range(40)]
    task = Distillation(texts, texts, targets, (texts, texts), Recipe.of(kind="encoder", batch=20))
    by_length = sorted(range(40), key=lambda place: place % 20)
    parts = [{task.order[place] for place in by_length[start : start + 10]} for start in range(0, 40, 10)]
    assert [len(part) for part in parts] == [1, 1, 1, 1]
    assert len(set.union(*parts)) == 4


def test_long_texts_are_held_more_often_than_short_ones() -> None:
    targets = units(0)
    texts = Vectors(units(1).numpy())
    texts.lengths = [1, 1, 1, 1, 1, 15]
    task = Distillation(texts, texts, targets, (texts, texts), Recipe.of(kind="encoder", hold=1.0))
    other = task.batch(list(range(6)) * 100, np.random.default_rng(0)).other
    assert other is not None and other.targets is not None
    long = sum(row.equal(targets[5]) for row in other.targets)
    assert 400 < long < 500  # 450 of 600 expected, with a standard deviation of 11


def test_recall_is_the_share_that_finds_its_own() -> None:
    one = units(0)[:, :SIZE]
    assert recall(one, one) == 1.0
    assert recall(one[[1, 0, 2, 3, 4, 5]], one) == pytest.approx(4 / 6)


def test_a_new_row_has_two_ids_and_old_rows_do_not_learn() -> None:
    known = nn.Embedding(5, SIZE)
    before = known.weight.detach().clone()
    table = TaughtEmbedding(known, np.arange(2 * SIZE, dtype=np.float32).reshape(2, SIZE))
    made = table(torch.tensor([[0, 5, 7], [4, 6, 8]]))
    assert made[0, 1].equal(made[0, 2]) and made[1, 1].equal(made[1, 2])
    assert made[0, 0].equal(before[0]) and made[1, 0].equal(before[4])
    made.sum().backward()
    assert [name for name, p in table.named_parameters() if p.grad is not None] == ["rows"]

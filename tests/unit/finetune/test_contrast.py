"""Drawing texts together: what a batch compares, and that it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.contrast import ContrastTask, Grouped
from finetune.loop import train, trained
from finetune.network import Network
from finetune.recipe import Recipe
from finetune.texts import Vectors

pytestmark = pytest.mark.filterwarnings("default")

SIZE = 16


def task_of(groups: list[str], vectors: np.ndarray, **settings: object) -> tuple[ContrastTask, Network, Recipe]:
    """Return a task over made-up vectors, the last fifth of them dev, and a matrix that is to learn."""
    recipe = Recipe.of(kind="answers", method="head", **{"epochs": 6, "learning_rate": 0.01, "batch": 16} | settings)
    examples = [Grouped(text=f"text {place}", group=group) for place, group in enumerate(groups)]
    cut = len(examples) * 4 // 5
    torch.manual_seed(0)
    network = Network(None, vectors.shape[1], vectors.shape[1], dropout=0.0)
    known = iter((vectors[:cut], vectors[:0], vectors[cut:]))
    return (
        ContrastTask(examples[:cut], examples[cut:], recipe, lambda texts: Vectors(next(known)), network),
        network,
        recipe,
    )


def clouds(count: int = 400, groups: int = 8, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Return groups and unit vectors: only a few of the numbers of a vector say which group it is of."""
    random = np.random.default_rng(seed)
    places = random.integers(groups, size=count)
    raw = random.normal(size=(count, SIZE))
    raw[:, :4] += 2.0 * random.normal(size=(groups, 4))[places]
    return [f"group {place}" for place in places], (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def test_it_learns_which_texts_belong_together(tmp_path: Path) -> None:
    task, network, recipe = task_of(*clouds())
    before = task.score(network)
    history = train(network, task, recipe, tmp_path)
    assert task.score(network) == max(epoch.score for epoch in history.epochs) > before + 0.05
    assert history.epochs[-1].loss < history.epochs[0].loss


@given(groups=st.lists(st.sampled_from("abcde"), min_size=10, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_a_text_is_compared_with_another_of_its_group_and_with_neighbours_of_others(
    groups: list[str], seed: int
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(groups), SIZE)).astype(np.float32)
    task, _, recipe = task_of(groups, vectors, negatives=2)
    known = groups[: len(groups) * 4 // 5]
    rows = list(range(len(known)))
    batch = task.batch(rows, np.random.default_rng(seed))
    ours, theirs = batch.targets, batch.other.targets
    assert torch.equal(ours, theirs[: len(rows)])
    negatives = theirs[len(rows) :].reshape(-1, recipe.negatives) if len(set(known)) > 1 else theirs[:0]
    assert len(negatives) == (len(rows) if len(set(known)) > 1 else 0)
    for row in rows if len(negatives) else ():
        assert ours[row] not in negatives[row]
        if known.count(known[row]) > 1:
            assert not torch.equal(batch.other.features[row], batch.features[row])


def test_answers_are_compared_where_the_recipe_says_so() -> None:
    vectors = np.eye(4, dtype=np.float32)
    answers = np.flip(np.eye(4, dtype=np.float32)).copy()
    recipe = Recipe.of(kind="answers", method="head", partners=1.0)
    examples = [Grouped(text=name, group=name, partner=name.upper()) for name in "abcd"]
    known = iter((vectors, answers, vectors))
    task = ContrastTask(
        examples, examples, recipe, lambda texts: Vectors(next(known)), Network(None, 4, 4, dropout=0.0)
    )
    batch = task.batch([2, 0], np.random.default_rng(0))
    assert torch.equal(batch.other.features, torch.from_numpy(answers[[2, 0]]))


def test_a_killed_run_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    class Killed(Exception):
        """Stands for a process that ends here."""

    from finetune.watch import Watch

    def kill(done: int, total: int, loss: float) -> None:
        if done == 45:
            raise Killed

    task, whole, recipe = task_of(*clouds(), epochs=4, patience=9)
    train(whole, task, recipe, tmp_path / "whole")
    task, first, _ = task_of(*clouds(), epochs=4, patience=9)
    with pytest.raises(Killed):
        train(first, task, recipe, tmp_path / "killed", Watch(step=kill))
    task, second, _ = task_of(*clouds(), epochs=4, patience=9)
    train(second, task, recipe, tmp_path / "killed")
    assert all(torch.equal(weight, trained(whole)[name]) for name, weight in trained(second).items())

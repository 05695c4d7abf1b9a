"""The training loop: it learns, stops, keeps the best, and a killed run ends where an unbroken one does."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from finetune import loop
from finetune.errors import RecipeError
from finetune.labels.examples import Labelled
from finetune.labels.task import LabelTask
from finetune.loop import train, trained
from finetune.methods import prepare
from finetune.network import Backbone, Network
from finetune.recipe import Recipe
from finetune.texts import Vectors, cutting
from finetune.watch import Epoch, History, Watch
from tests.unit.finetune.conftest import TOPICS

pytestmark = pytest.mark.filterwarnings("default")


class Killed(Exception):
    """Stands for a process that ends here."""


def vectors_task(recipe: Recipe, seed: int = 0) -> tuple[Network, LabelTask]:
    """Return a head over made-up vectors: four clouds that overlap a little."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(TOPICS), 16))

    def some(count: int) -> tuple[list[Labelled], np.ndarray]:
        places = random.integers(len(TOPICS), size=count)
        raw = centres[places] + 1.2 * random.normal(size=(count, 16))
        unit = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
        return [Labelled(text=f"text {i}", labels=(TOPICS[p],)) for i, p in enumerate(places)], unit

    (rows, vectors), (dev, dev_vectors) = some(500), some(200)
    known = iter((vectors, dev_vectors))
    torch.manual_seed(recipe.seed)
    network = Network(None, 16, len(TOPICS), dropout=recipe.dropout)
    return network, LabelTask(rows, dev, list(TOPICS), recipe, lambda texts: Vectors(next(known)))


def test_it_learns(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=5)
    network, task = vectors_task(recipe)
    before = task.score(network)
    history = train(network, task, recipe, tmp_path)
    assert task.score(network) > before + 0.25
    assert history.epochs[-1].loss < history.epochs[0].loss


def test_the_weights_kept_are_those_of_the_best_epoch_and_not_the_last(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=12, patience=3, learning_rate=0.3)
    network, task = vectors_task(recipe)
    last: dict[str, torch.Tensor] = {}
    history = train(network, task, recipe, tmp_path, Watch(epoch=lambda epoch: last.update(trained(network))))
    assert history.best < len(history.epochs) - 1
    assert task.score(network) == history.epochs[history.best].score == max(epoch.score for epoch in history.epochs)
    assert not torch.equal(trained(network)["head.weight"], last["head.weight"])


def test_it_stops_when_dev_no_longer_improves(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=100, patience=2, learning_rate=0.3)
    network, task = vectors_task(recipe)
    history = train(network, task, recipe, tmp_path)
    assert len(history.epochs) == history.best + 3 < 100


@pytest.mark.parametrize("killed_at", [1, 40, 63, 150])
def test_a_killed_run_ends_where_an_unbroken_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 10)
    recipe = Recipe.of(kind="intents", method="head", epochs=4, batch=8, dropout=0.3, rdrop=0.5, patience=9)
    whole, task = vectors_task(recipe)
    unbroken = train(whole, task, recipe, tmp_path / "whole")

    def kill(done: int, total: int, loss: float) -> None:
        if done == killed_at:
            raise Killed

    first, task = vectors_task(recipe)
    with pytest.raises(Killed):
        train(first, task, recipe, tmp_path / "killed", Watch(step=kill))
    second, task = vectors_task(recipe)
    torch.manual_seed(99)
    resumed = train(second, task, recipe, tmp_path / "killed")

    def told(history: History) -> list[tuple[int, float, float]]:
        return [(epoch.number, epoch.loss, epoch.score) for epoch in history.epochs]

    assert told(resumed) == told(unbroken)
    assert all(torch.equal(weight, trained(whole)[name]) for name, weight in trained(second).items())


def test_a_run_that_lost_its_way_says_so(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=3)
    random = np.random.default_rng(0)
    rows = [Labelled(text=f"text {i}", labels=(TOPICS[i % len(TOPICS)],)) for i in range(64)]
    vectors = random.normal(size=(64, 16)).astype(np.float32)
    vectors[5] = np.inf
    task = LabelTask(rows, rows, list(TOPICS), recipe, lambda texts: Vectors(vectors))
    with pytest.raises(RecipeError, match=r"in epoch 1: .*--set learning_rate=0\.0002"):
        train(Network(None, 16, len(TOPICS), dropout=0.0), task, recipe, tmp_path)
    assert not (tmp_path / "best.safetensors").exists()


def test_a_run_that_is_done_is_not_run_again(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=2)
    network, task = vectors_task(recipe)
    train(network, task, recipe, tmp_path)
    steps: list[int] = []
    again, task = vectors_task(recipe)
    train(again, task, recipe, tmp_path, Watch(step=lambda done, total, loss: steps.append(done)))
    assert not steps
    assert torch.equal(trained(again)["head.weight"], load_file(tmp_path / "best.safetensors")["head.weight"])


def test_a_full_disk_is_told_and_a_run_goes_on_from_what_was_written_before(tmp_path: Path) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=4, patience=9)
    network, task = vectors_task(recipe)
    train(network, task, recipe, tmp_path / "whole")

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    epochs: list[int] = []

    def fill(epoch: Epoch) -> None:
        epochs.append(epoch.number)
        if len(epochs) == 2:  # files can grow no more, as where no space is left
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))

    first, task = vectors_task(recipe)
    with pytest.raises(OSError, match="too large"):
        try:
            train(first, task, recipe, tmp_path / "full", Watch(epoch=fill))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    second, task = vectors_task(recipe)
    train(second, task, recipe, tmp_path / "full", Watch(epoch=fill))
    assert epochs == [1, 2, 3, 4]
    assert all(torch.equal(weight, trained(network)[name]) for name, weight in trained(second).items())


def test_every_row_is_seen_once_an_epoch_and_in_another_order_in_the_next() -> None:
    recipe = Recipe.of(kind="intents", batch=16)
    lengths = np.random.default_rng(0).integers(3, 60, size=1000).tolist()
    first, second = (list(loop._batches(lengths, 4, recipe, epoch)) for epoch in (0, 1))
    assert sorted(row for batch in first for row in batch) == list(range(1000))
    assert first != second
    assert first == list(loop._batches(lengths, 4, recipe, 0))


def test_parts_of_a_batch_make_the_same_step_as_the_batch(tmp_path: Path) -> None:
    weights = []
    for accumulate in (1, 4):
        recipe = Recipe.of(kind="intents", method="head", epochs=1, dropout=0.0, accumulate=accumulate)
        network, task = vectors_task(recipe)
        train(network, task, recipe, tmp_path / str(accumulate))
        weights.append(trained(network)["head.weight"])
    assert torch.allclose(*weights, atol=1e-5)


@pytest.mark.parametrize("extra", [{"adversarial": 1.0}, {"rdrop": 1.0}, {"augment": 0.5}, {"balance": True}])
def test_the_real_backbone_learns_with_every_extra(
    tmp_path: Path, embedded: Backbone, phrasings: list[Labelled], extra: dict[str, object]
) -> None:
    recipe = Recipe.of(kind="intents", method="lora", epochs=1, batch=16, max_tokens=16, **extra)
    network = Network(embedded, embedded.size, len(TOPICS), dropout=recipe.dropout)
    prepare(network, recipe, 10)
    task = LabelTask(phrasings[:128], phrasings[128:192], list(TOPICS), recipe, cutting(embedded, recipe))
    epochs: list[Epoch] = []
    train(network, task, recipe, tmp_path, Watch(epoch=epochs.append))
    assert epochs[0].score > 0.4  # one in four by chance

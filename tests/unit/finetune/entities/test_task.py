"""What a tagger is trained on: only pieces of the text count, and every setting of the recipe does what it says."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune import loop
from finetune.entities import bio
from finetune.entities.chain import Chain
from finetune.entities.examples import Entity, Tagged
from finetune.entities.task import EntityTask
from finetune.loop import train, trained
from finetune.methods import prepare
from finetune.network import Backbone, TokenNetwork
from finetune.recipe import Recipe
from finetune.watch import Watch
from tests.unit.finetune.entities.conftest import made

pytestmark = pytest.mark.filterwarnings("default")

TYPES = ["city", "order"]


class Killed(Exception):
    """Stands for a process that ends here."""


def task_of(tiny: Path, train: list[Tagged], **settings: object) -> tuple[TokenNetwork, EntityTask, Recipe]:
    recipe = Recipe.of(kind="entities", backbone=str(tiny), **{"method": "full", "learning_rate": 3e-3, **settings})
    backbone = Backbone.load(str(tiny))
    torch.manual_seed(recipe.seed)
    network = TokenNetwork(backbone, backbone.size, 0, dropout=recipe.dropout)
    network.head = Chain(backbone.size, bio.count(TYPES))
    prepare(network, recipe, 100)
    return network, EntityTask(train, made(60, seed=1), TYPES, recipe, backbone), recipe


def test_it_learns(tiny: Path, tmp_path: Path) -> None:
    network, task, recipe = task_of(tiny, made(300), epochs=6)
    before = task.score(network)
    history = train(network, task, recipe, tmp_path)
    assert before < 0.3
    assert history.epochs[history.best].score == task.score(network) > 0.7


@pytest.mark.parametrize(
    "extra",
    [
        {"balance": True},
        {"label_smoothing": 0.1},
        {"rdrop": 1.0},
        {"augment": 0.5},
        {"adversarial": 1.0},
        {"accumulate": 2},
    ],
)
def test_it_learns_with_every_extra(tiny: Path, tmp_path: Path, extra: dict[str, object]) -> None:
    network, task, recipe = task_of(tiny, made(160), epochs=3, batch=16, **extra)
    history = train(network, task, recipe, tmp_path)
    assert history.epochs[-1].loss < history.epochs[0].loss
    assert task.score(network) > 0.3


def test_only_pieces_of_the_text_have_a_tag(tiny: Path) -> None:
    examples = [
        Tagged(text="go to paris", entities=(Entity(type="city", start=6, end=11),)),
        Tagged(text="order 4711 please", entities=(Entity(type="order", start=6, end=10),)),
    ]
    _, task, _ = task_of(tiny, examples)
    batch = task.batch([0, 1], np.random.default_rng(0))
    assert batch.targets is not None
    # [CLS] go to paris [SEP]: "go" is of two pieces, of which the first has the tag; then order, 4711 and please.
    assert batch.targets.tolist() == [
        [-100, 0, -100, 0, 1, -100, -100, -100],
        [-100, 0, 2, -100, -100, -100, 0, -100],
    ]


def test_entities_within_words_are_learned_by_piece(tiny: Path, tmp_path: Path) -> None:
    texts = [f"order{number}" for number in range(1000, 9000, 25)]
    network, task, recipe = task_of(
        tiny, [Tagged(text=text, entities=(Entity(type="order", start=5, end=9),)) for text in texts], epochs=2
    )
    assert not task.by_word
    batch = task.batch([0], np.random.default_rng(0))
    assert batch.targets is not None
    tags = [tag for tag in batch.targets[0].tolist() if tag != -100]
    assert tags == [0] * (len(tags) - 4) + [2, 4, 4, 4]
    train(network, task, recipe, tmp_path)


def test_what_is_improbable_is_counted_over_all_legal_tags() -> None:
    torch.manual_seed(0)
    chain = Chain(4, 5)
    torch.nn.init.normal_(chain.follows)
    scores, tags = torch.randn(2, 3, 5), torch.tensor([[0, 1, 3], [2, 0, 0]])
    there = torch.tensor([[True, True, True], [True, True, False]])
    follows = chain.follows + chain.forbidden

    def worth(row: int, path: tuple[int, ...]) -> torch.Tensor:
        return sum(
            (follows[before, tag] + scores[row, place, tag])
            for place, (before, tag) in enumerate(zip((-1, *path), path, strict=False))
        )

    for row, length in ((0, 3), (1, 2)):
        every = torch.stack([worth(row, path) for path in product(range(5), repeat=length)])
        right = worth(row, tuple(tags[row, :length].tolist()))
        assert torch.allclose(chain.surprise(scores, tags, there)[row], torch.logsumexp(every, 0) - right, atol=1e-4)


def test_texts_without_any_piece_count_nothing(tiny: Path) -> None:
    network, task, _ = task_of(tiny, [*made(3), Tagged(text="😀", entities=()), Tagged(text="👍", entities=())])
    random = np.random.default_rng(0)
    network.eval()
    with torch.no_grad():
        nothing, alone, beside = (
            float(task.loss(network, task.batch(rows, random), 0.0)) for rows in ([3, 4], [0, 1], [0, 3, 1])
        )
    assert nothing == 0.0
    assert alone == pytest.approx(beside, rel=1e-4)


def test_mistyped_texts_keep_their_tags(tiny: Path) -> None:
    _, task, _ = task_of(tiny, made(50), augment=0.99)
    _, plain, _ = task_of(tiny, made(50))
    one, other = (some.batch(range(50), np.random.default_rng(0)) for some in (task, plain))
    assert one.ids is not None and one.targets is not None and other.ids is not None and other.targets is not None
    assert one.ids.shape != other.ids.shape or not torch.equal(one.ids, other.ids)
    for tag in (1, 2):
        assert (one.targets == tag).sum() == (other.targets == tag).sum()


@pytest.mark.parametrize("killed_at", [3, 14])
def test_a_killed_run_ends_where_an_unbroken_one_does(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 2)

    def kill(done: int, total: int, loss: float) -> None:
        if done == killed_at:
            raise Killed

    settings = {"epochs": 2, "batch": 8, "augment": 0.3, "rdrop": 0.5}
    whole, task, recipe = task_of(tiny, made(64), **settings)
    train(whole, task, recipe, tmp_path / "whole")
    broken, task, recipe = task_of(tiny, made(64), **settings)
    with pytest.raises(Killed):
        train(broken, task, recipe, tmp_path / "broken", Watch(step=kill))
    resumed, task, recipe = task_of(tiny, made(64), **settings)
    torch.manual_seed(99)
    train(resumed, task, recipe, tmp_path / "broken")
    assert all(torch.equal(weight, trained(whole)[name]) for name, weight in trained(resumed).items())

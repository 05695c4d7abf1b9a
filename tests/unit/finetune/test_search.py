"""The search: it finds what is better, gives up what is not, stops in time, and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetune import search as searching
from finetune.kinds import Begun, Parts, Surroundings
from finetune.labels.examples import Labelled
from finetune.labels.family import Labels
from finetune.labels.task import LabelTask
from finetune.network import Network
from finetune.recipe import METHODS, Kind, Recipe
from finetune.run import Data
from finetune.search import best_of, default, key_of, search, space_of, with_values
from finetune.texts import Vectors
from finetune.watch import Trial, Watch
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import TOPICS, write_labelled
from tests.unit.finetune.test_loop import Killed

pytestmark = pytest.mark.filterwarnings("default")

#: So few epochs that the defaults do not get far: there is something to be found.
RECIPE = Recipe.of(kind="intents", method="head", epochs=4, label_smoothing=0.0, warmup=0.1)


class Clouds(Labels):
    """`Labels` over made-up vectors, four clouds that overlap, so that a setting takes a tenth of a second."""

    def begin(self, recipe: Recipe, parts: Parts[Labelled], around: Surroundings) -> Begun:
        random = np.random.default_rng(0)
        centres = random.normal(size=(len(TOPICS), 16))

        def read(texts: list[str]) -> Vectors:
            places = random.integers(len(TOPICS), size=len(texts))
            raw = centres[places] + 1.2 * random.normal(size=(len(texts), 16))
            rows.append([Labelled(text=text, labels=(TOPICS[p],)) for text, p in zip(texts, places, strict=True)])
            return Vectors((raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32))

        rows: list[list[Labelled]] = []
        texts = [read([example.text for example in some]) for some in (parts.train, parts.dev)]
        known = iter(texts)
        network = Network(None, 16, len(TOPICS), dropout=recipe.dropout)
        task = LabelTask(rows[0], rows[1], list(TOPICS), recipe, lambda texts: next(known))
        return Begun(network=network, task=task, recipe=recipe)


@pytest.fixture(autouse=True, scope="module")
def _clouds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "family_of", lambda kind: Clouds(key="intent"))
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Rows of which only the number counts, and a test file that is not there."""
    folder = tmp_path_factory.mktemp("rows")
    rows = [Labelled(text=f"text {i}", labels=(TOPICS[i % len(TOPICS)],)) for i in range(196)]
    train, dev = (
        write_labelled(folder / f"{name}.jsonl", some) for name, some in (("train", rows[:96]), ("dev", rows[96:]))
    )
    return Data(train=(train,), dev=dev, test=folder / "never read.jsonl")


Searching = Callable[..., list[Trial]]


@pytest.fixture(scope="module")
def tried(data: Data, serving: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Searching:
    def run(count: int, recipe: Recipe = RECIPE, *, folder: Path | None = None, **more: object) -> list[Trial]:
        values: dict[str, object] = {"seconds": None, **more}
        folder = folder or tmp_path_factory.mktemp("search")
        return search(recipe, data, folder, count=count, serving=serving, **values)

    return run


@pytest.fixture(scope="module")
def seen(tried: Searching) -> list[tuple[Trial, Trial]]:
    """Return what is told of a search that nothing stopped: each setting, and the best so far."""
    told: list[tuple[Trial, Trial]] = []
    assert tried(10, watch=Watch(trial=lambda trial, best: told.append((trial, best)))) == [each for each, _ in told]
    return told


def told(trials: list[Trial]) -> list[Trial]:
    """Return trials without what differs from run to run."""
    return [replace(trial, seconds=0.0) for trial in trials]


def test_the_defaults_come_first_and_something_better_is_found(seen: list[tuple[Trial, Trial]]) -> None:
    trials = [trial for trial, _ in seen]
    assert [trial.number for trial in trials] == list(range(1, 11))
    first, best = trials[0], best_of(trials)
    assert first.values == {
        name: default(RECIPE, name) for name in ("learning_rate", "batch", "dropout", "weight_decay")
    }
    assert best is not None
    assert best.score > first.score
    chosen = with_values(RECIPE, best.values)
    assert chosen.batch == best.values["batch"]
    assert (chosen.method, chosen.epochs) == ("head", 4)


def test_what_falls_behind_is_given_up(seen: list[tuple[Trial, Trial]]) -> None:
    trials = [trial for trial, _ in seen]
    dropped = [trial for trial in trials if trial.dropped]
    assert dropped
    assert all(2 <= trial.epochs < 4 for trial in dropped)
    assert not [best for _, best in seen if best.dropped]
    assert [best.score for _, best in seen] == sorted(best.score for _, best in seen)
    assert best_of(trials) == seen[-1][1]


def test_a_search_that_was_killed_goes_on_and_ends_as_one_that_was_not(
    tried: Searching, seen: list[tuple[Trial, Trial]], tmp_path: Path
) -> None:
    whole = [trial for trial, _ in seen[:5]]
    count = 0

    def kill(done: int, total: int, loss: float) -> None:
        nonlocal count
        count += 1
        if count in (3, 30):
            raise Killed

    for number in (0, 1):
        with pytest.raises(Killed):
            tried(5, folder=tmp_path, watch=Watch(step=kill))
        ended = tried(0, folder=tmp_path)
        assert told(ended) == told(whole[: len(ended)])
        assert bool(ended) == bool(number)
    with (tmp_path / "search.log").open("a") as log:
        log.write('{"op_code":4,"worker_id":"half a li')
    fresh: list[Trial] = []
    resumed = tried(5, folder=tmp_path, watch=Watch(trial=lambda trial, best: fresh.append(trial)))
    assert told(resumed) == told(whole)
    assert 0 < len(fresh) < 5
    assert tried(5, folder=tmp_path, watch=Watch(trial=lambda trial, best: pytest.fail("tried again"))) == resumed


def test_a_lock_that_a_killed_process_left_is_not_waited_for_without_end(
    tried: Searching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "_LOCKED", 3)
    monkeypatch.chdir(tmp_path)
    searching.JournalFileOpenLock("search.log").acquire()
    assert len(tried(1, folder=Path())) == 1


def test_it_stops_when_the_time_is_over(tried: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    assert best_of(tried(5, seconds=0.0)) is None
    now = 0.0

    def pass_time(done: int, total: int, loss: float) -> None:
        nonlocal now
        now += 1.0

    monkeypatch.setattr(searching.time, "monotonic", lambda: now)
    trials = tried(1000, with_values(RECIPE, {"batch": 32}), seconds=30.0, watch=Watch(step=pass_time))
    assert 2 <= len(trials) <= 4  # a setting takes 12 steps at most
    assert 30 < now <= 31


def test_what_was_set_is_not_searched(tried: Searching) -> None:
    recipe = Recipe.of(kind="intents", method="head", epochs=3, batch=64, learning_rate=0.01)
    for trial in tried(3, recipe):
        assert not {"epochs", "batch", "learning_rate"} & set(trial.values)
        assert trial.epochs <= 3


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ENCODER, Kind.GENERATOR)])
@pytest.mark.parametrize("method", [*METHODS, "top-2"])
def test_the_defaults_lie_in_the_space_of_every_method(kind: Kind, method: str) -> None:
    recipe = Recipe.of(kind=kind, method=method)
    space = space_of(recipe)
    assert ("rank" in space, "prompt_tokens" in space) == (method in ("lora", "adalora"), method == "prompt")
    for name, values in space.items():
        known = default(recipe, name)
        assert values._contains(values.to_internal_repr(known)), name


def test_where_two_are_trained_in_turn_their_rates_stay_their_own() -> None:
    space = space_of(Recipe.of(kind="intents", method="lora", contrast=1))
    assert "temperature" in space
    assert not {"learning_rate", "head_rate"} & set(space)


def test_a_search_is_known_by_recipe_and_rows_and_not_by_the_test_file(data: Data) -> None:
    assert key_of(RECIPE, data) == key_of(RECIPE, replace(data, test=None))
    assert key_of(RECIPE, data) != key_of(with_values(RECIPE, {"seed": 1}), data)
    assert key_of(RECIPE, data) != key_of(RECIPE, replace(data, dev=None))

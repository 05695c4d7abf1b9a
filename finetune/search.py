"""The search for settings: several are tried, and dev says which is best.

Settings are proposed by TPE (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"). One whose best score
on dev is below the median of what others had at the same epoch is given up (the median rule of Golovin et al. 2017,
"Google Vizier"). A proposal depends on what was tried before it and on a seed of its own, so that a search which was
stopped ends as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import torch
from accelerate import PartialState
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from finetune.errors import RecipeError
from finetune.kinds import Family, Parts, Surroundings, family_of
from finetune.loop import train
from finetune.recipe import Kind, Recipe
from finetune.remember import Remembering
from finetune.run import Data
from finetune.watch import Epoch, Trial, Watch
from retrieval.encoder import Encoder

#: Settings that are drawn at random before TPE has enough to learn from, and before any is given up.
_AT_RANDOM = 5
_COMPARED = 3

#: Epochs that each setting gets before it can be given up.
_EPOCHS = 2

#: Seconds after which a lock on the log belongs to a process that was killed: one is held for milliseconds.
_LOCKED = 10

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """A setting that is searched."""

    values: Callable[[Recipe], BaseDistribution]
    #: Whether it decides anything with a recipe.
    where: Callable[[Recipe], bool] = lambda recipe: True


def _labels(recipe: Recipe) -> bool:
    return recipe.kind in (Kind.INTENTS, Kind.SENTIMENT)


#: What is searched, where nothing else is said. A value that a recipe was given stays as it is.
SPACE: Mapping[str, Searched] = {
    "learning_rate": Searched(
        values=lambda recipe: FloatDistribution(recipe.peak_rate / 8, recipe.peak_rate * 8, log=True),
        where=lambda recipe: not recipe.contrast,  # one rate would not do for the encoder and then for the head
    ),
    "head_rate": Searched(
        values=lambda recipe: FloatDistribution(recipe.head_rate / 8, recipe.head_rate * 8, log=True),
        where=lambda recipe: recipe.method != "head" and recipe.kind is not Kind.ANSWERS and not recipe.contrast,
    ),
    "epochs": Searched(values=lambda recipe: IntDistribution(4, 20)),
    "warmup": Searched(values=lambda recipe: FloatDistribution(0.0, 0.3)),
    "batch": Searched(values=lambda recipe: CategoricalDistribution((16, 32, 64))),
    "dropout": Searched(values=lambda recipe: FloatDistribution(0.0, 0.5)),
    "weight_decay": Searched(values=lambda recipe: FloatDistribution(recipe.decay / 30, recipe.decay * 3, log=True)),
    "label_smoothing": Searched(values=lambda recipe: FloatDistribution(0.0, 0.2), where=_labels),
    "temperature": Searched(
        values=lambda recipe: FloatDistribution(0.02, 0.2, log=True),
        where=lambda recipe: recipe.kind is Kind.ANSWERS or recipe.contrast > 0,
    ),
    "rank": Searched(
        values=lambda recipe: CategoricalDistribution((4, 8, 16, 32)),
        where=lambda recipe: recipe.method in ("lora", "adalora"),
    ),
    "prompt_tokens": Searched(
        values=lambda recipe: IntDistribution(4, 32), where=lambda recipe: recipe.method == "prompt"
    ),
}


def space_of(recipe: Recipe) -> dict[str, BaseDistribution]:
    """Return what of ``recipe`` is searched: what it was not given, and decides something with it."""
    given = recipe.model_fields_set
    return {name: each.values(recipe) for name, each in SPACE.items() if name not in given and each.where(recipe)}


def default(recipe: Recipe, name: str) -> Any:
    """Return the value that ``recipe`` has for a setting, its method's where it was given none."""
    known = {"learning_rate": recipe.peak_rate, "weight_decay": recipe.decay}
    return known.get(name, getattr(recipe, name))


def key_of(recipe: Recipe, data: Data) -> str:
    """Return what a search is known by, so that it finds what it tried; how long it may go on is no part of it."""
    about = [recipe.model_dump(mode="json", exclude_unset=True), replace(data, test=None).fingerprint()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]


def search(
    recipe: Recipe,
    data: Data,
    folder: Path,
    *,
    count: int,
    seconds: float | None,
    serving: Encoder,
    watch: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
) -> list[Trial]:
    """Try ``count`` settings, or as many as ``seconds`` allow, and return all that were tried, in their order.

    The first setting is the defaults. ``folder`` keeps what was tried, for a search that goes on; what that took counts
    too. The test file is not read. Raises `DataError`, `BackboneError` or `RecipeError`.
    """
    return _Search(recipe, data, folder, serving, watch or Watch(), step).run(count, seconds)


def best_of(trials: list[Trial]) -> Trial | None:
    """Return the best setting that was tried to its end, the first of equals; None where there is none."""
    return max((trial for trial in trials if not trial.dropped), key=lambda trial: trial.score, default=None)


class _OutOfTime(Exception):
    pass


class _Search:
    def __init__(
        self, recipe: Recipe, data: Data, folder: Path, serving: Encoder, watch: Watch, step: Callable[[str], None]
    ) -> None:
        if PartialState().num_processes > 1:
            raise RecipeError("A search runs in one process. Search without accelerate launch, and train with it then.")
        self._recipe, self._folder, self._watch, self._step = recipe, folder, watch, step
        self._family: Family[Any, Any] = family_of(recipe.kind)
        self._parts: Parts[Any] = replace(data, test=None).read(self._family)
        self._serving = Remembering(serving)
        self._space = space_of(recipe)
        self._study = _study(folder, recipe)

    def run(self, count: int, seconds: float | None) -> list[Trial]:
        start = time.monotonic() - sum(trial.seconds for trial in self._tried())
        for killed in self._study.get_trials(states=(TrialState.RUNNING,)):
            self._study.tell(killed.number, state=TrialState.FAIL)
        self._deadline = None if seconds is None else start + seconds
        while len(tried := self._tried()) < count and not self._late():
            try:
                self._next(len(tried))
            except _OutOfTime:
                break
            after = self._tried()
            best = best_of(after)
            assert best is not None  # nothing is given up before some have come to their end
            self._watch.trial(after[-1], best)
        return self._tried()

    def _late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def _next(self, tried: int) -> None:
        """Try one setting, and keep what came of it; raises `_OutOfTime`, and then it is tried anew another time."""
        study = self._study
        study.sampler = optuna.samplers.TPESampler(seed=self._recipe.seed + tried, n_startup_trials=_AT_RANDOM)
        if not tried and not study.get_trials(states=(TrialState.WAITING,)):
            study.enqueue_trial({name: default(self._recipe, name) for name in self._space})
        trial = study.ask(self._space)
        try:
            score = self._score(trial)
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except _OutOfTime:
            study.tell(trial, state=TrialState.FAIL)
            raise
        else:
            study.tell(trial, score)

    def _score(self, trial: optuna.Trial) -> float:
        recipe = with_values(self._recipe, _rounded(trial.params))
        work = self._folder / "trial"
        shutil.rmtree(work, ignore_errors=True)
        around = Surroundings(serving=self._serving, work=work, watch=Watch(step=self._stop), step=self._step)
        torch.manual_seed(recipe.seed)
        begun = self._family.begin(recipe, self._parts, around)
        self._step("Training")

        def step(done: int, total: int, loss: float) -> None:
            self._watch.step(done, total, loss)
            self._stop()

        def epoch(passed: Epoch) -> None:
            trial.report(passed.score, passed.number)
            if trial.should_prune():
                raise optuna.TrialPruned

        history = train(begun.network, begun.task, begun.recipe, work, Watch(step=step, epoch=epoch))
        return history.epochs[history.best].score

    def _stop(self, *told: object) -> None:
        if self._late():
            raise _OutOfTime

    def _tried(self) -> list[Trial]:
        ended = self._study.get_trials(deepcopy=False, states=_ENDED)
        return [_told(number, trial) for number, trial in enumerate(ended, 1)]


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Return ``recipe`` with some of its settings changed; raises `RecipeError` where they do not fit."""
    return Recipe.of(**{**recipe.model_dump(exclude_unset=True), **values})


def _study(folder: Path, recipe: Recipe) -> optuna.Study:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "search.log"
    if path.is_file():  # a process that was killed may have left half a line
        content = path.read_bytes()
        path.write_bytes(content[: content.rfind(b"\n") + 1])
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # The usual lock is a link, which a relative path leads nowhere: left behind, it would be waited for without end.
    lock = JournalFileOpenLock(str(path), grace_period=_LOCKED)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path), lock_obj=lock)),
        study_name=recipe.kind.value,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_COMPARED, n_warmup_steps=_EPOCHS),
        load_if_exists=True,
    )


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with three digits, which is more than they decide."""
    return {name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in values.items()}


def _told(number: int, trial: FrozenTrial) -> Trial:
    scores = trial.intermediate_values
    assert trial.duration is not None
    return Trial(
        number=number,
        values=_rounded(trial.params),
        score=max(scores.values()),
        epochs=len(scores),
        seconds=round(trial.duration.total_seconds(), 2),
        dropped=trial.state is TrialState.PRUNED,
    )

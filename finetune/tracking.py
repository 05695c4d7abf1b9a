"""Curves of a run where others lie beside them: TensorBoard always, W&B and MLflow when asked.

What goes there is numbers and settings: no text of a customer, and no label.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from finetune.recipe import Recipe
from finetune.watch import Epoch, Watch
from retrieval.errors import KefuError

#: What can be asked for; each needs the library of that name.
TRACKERS = ("wandb", "mlflow")

#: Points of a curve over the steps, about.
POINTS = 1000

#: Seconds after which what was told is on disk: so much of a curve is lost at most where a run is killed.
_FLUSH = 1

#: The file in a run's folder that says under which id MLflow knows it.
_MLFLOW_RUN = "mlflow-run.txt"

_log = logging.getLogger(__name__)


class TrackingError(KefuError):
    """The run cannot be tracked."""


class MissingTrackerError(TrackingError):
    """What the run is to be tracked with is not installed."""

    exit_code = 3


def check(names: Sequence[str]) -> None:
    """Raise `TrackingError` where one of ``names`` is no tracker, or not installed. Loads nothing."""
    for name in names:
        if name not in TRACKERS:
            raise TrackingError(f"{name!r} is no tracker; known are {', '.join(TRACKERS)}.")
        if find_spec(name) is None:
            raise MissingTrackerError(f"{name} is missing. Install it with: pip install {name}")


class Tracking:
    """The curves of one run. One that goes on where it was killed goes on with the same curves."""

    def __init__(self, recipe: Recipe, data: str, folder: Path, names: Sequence[str] = ()) -> None:
        """Nothing is opened before the first step.

        ``data`` is what the data are known by, ``folder`` is the run's own, and its name that of the run; ``names`` are
        some of `TRACKERS`.
        """
        self._recipe, self._data, self._folder, self._names = recipe, data, folder, list(dict.fromkeys(names))
        self._trackers: list[Any] | None = None
        self._last = 0
        self._before: Tracking | None = None

    @property
    def watch(self) -> Watch:
        """What tells the trackers of steps and epochs; raises `TrackingError` where one cannot be opened."""
        return Watch(step=self._step, epoch=self._epoch)

    def before(self) -> Watch:
        """Return the same for what is trained before the training proper, whose steps are counted by themselves."""
        folder = self._folder.with_name(f"{self._folder.name}-before")
        self._before = Tracking(self._recipe, self._data, folder, self._names)
        return self._before.watch

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Tell what came out, and close; ``metrics`` are those of an artefact."""
        figures = {
            f"final/{part}/{name}": value
            for part, values in metrics.items()
            for name, value in values.items()
            if isinstance(value, int | float)
        }
        self._tell(figures)
        self._close()

    def _close(self) -> None:
        for tracker in list(self._trackers or ()):
            self._try(tracker, tracker.finish)
        self._trackers = None

    def _step(self, done: int, total: int, loss: float) -> None:
        opened, self._last = self._trackers is not None, done
        if not opened or done % max(total // POINTS, 1) == 0:
            self._tell({"train/loss": loss}, step=done)

    def _epoch(self, epoch: Epoch) -> None:
        self._tell({"dev/score": epoch.score, "train/epoch_loss": epoch.loss}, epoch=epoch.number)

    def _tell(self, values: Mapping[str, float], *, step: int | None = None, epoch: int | None = None) -> None:
        if self._trackers is None:
            self._trackers = self._opened(step)
        values = {name: value for name, value in values.items() if math.isfinite(value)}
        for tracker in list(self._trackers):
            if epoch is None:
                self._try(tracker, tracker.log, values, step=step)
            elif tracker.name == "wandb":  # takes steps in rising order alone; any curve can be its abscissa
                self._try(tracker, tracker.log, {**values, "epoch": epoch}, step=self._last)
            else:
                self._try(tracker, tracker.log, values, step=epoch)

    def _try(self, tracker: Any, call: Any, *arguments: Any, **named: Any) -> None:
        """Call a tracker; hours of training are not to end because one of them is out of reach."""
        try:
            call(*arguments, **named)
        except Exception as error:  # each of the libraries raises its own kind
            _log.warning("%s takes no more of this run (%s: %s).", tracker.name, type(error).__name__, error)
            if self._trackers and tracker in self._trackers:
                self._trackers.remove(tracker)

    def _opened(self, first: int | None) -> list[Any]:
        from accelerate import PartialState

        if not PartialState().is_main_process:
            return []
        if self._before:
            self._before._close()  # MLflow takes one run at a time
        self._folder.mkdir(parents=True, exist_ok=True)
        out: list[Any] = [_TensorBoard(self._folder, first), *map(self._tracker, self._names)]
        settings = {**self._recipe.model_dump(mode="json"), "data": self._data[:12]}
        for tracker in out:
            try:
                tracker.start()
                tracker.store_init_configuration(settings)
            except Exception as error:
                raise TrackingError(f"{tracker.name} does not start ({type(error).__name__}: {error}).") from error
            if tracker.name == "mlflow":
                (self._folder / _MLFLOW_RUN).write_text(tracker.tracker.info.run_id, "utf-8")
        return out

    def _tracker(self, name: str) -> Any:
        """Return one of accelerate's trackers, on the run that it had before if there was one."""
        from accelerate.tracking import MLflowTracker, WandBTracker

        project, run = f"kefu-{self._recipe.kind.value}", self._folder.name
        if name == "wandb":
            return WandBTracker(project, id=run, name=run, resume="allow", dir=str(self._folder))
        known = self._folder / _MLFLOW_RUN
        return MLflowTracker(project, run_id=known.read_text("utf-8") if known.is_file() else None, run_name=run)


class _TensorBoard:
    """As the trackers of accelerate, whose own starts a run of its own for the settings each time it is opened."""

    name = "tensorboard"

    def __init__(self, folder: Path, first: int | None) -> None:
        """``first`` is the step to go on with: what a killed run told from there on is told again."""
        self._folder, self._first = folder, first

    def start(self) -> None:
        from tensorboardX import SummaryWriter

        purged = 0 if self._first == 1 else self._first  # with step 0, where it says what came out
        # Files are named by the second, and one of the same second would be written over.
        suffix = f".{len(list(self._folder.glob('events.*')))}"
        self._writer = SummaryWriter(str(self._folder), purge_step=purged, flush_secs=_FLUSH, filename_suffix=suffix)

    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        from tensorboardX.summary import hparams

        for summary in hparams(dict(values), {"dev/score": None}):
            self._writer.file_writer.add_summary(summary)

    def log(self, values: Mapping[str, float], step: int | None = None) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self._writer.close()

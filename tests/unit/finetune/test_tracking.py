"""Tracking: the curves of a run as TensorBoard reads them, whole where a killed run went on; and no text in them."""

from __future__ import annotations

import struct
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from finetune import tracking
from finetune.labels.examples import Labelled
from finetune.recipe import Recipe
from finetune.run import Data, run
from finetune.tracking import Tracking, TrackingError, check
from finetune.watch import Epoch, Watch, together
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import TOPICS, write_labelled
from tests.unit.finetune.test_loop import Killed

pytestmark = pytest.mark.filterwarnings("default")

RECIPE = Recipe.of(kind="intents", method="head", epochs=2, batch=16)


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the points of each curve of a run as TensorBoard shows them."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    events = [event for path in sorted(folder.glob("events.*")) for event in records(path.read_bytes())]
    for event in sorted(events, key=lambda event: event.wall_time):
        if event.session_log.status == SessionLog.START:  # what an earlier one told from this step on counts no more
            for points in found.values():
                points[:] = [point for point in points if point[0] < event.step]
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found[value.tag].append((event.step, value.simple_value))
    return dict(found)


def records(content: bytes) -> list[Event]:
    """Return the events of a file: each stands between its length and a checksum, and another checksum."""
    out, place = [], 0
    while place + 12 < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        out.append(Event.FromString(content[place + 12 : place + 12 + length]))
        place += length + 16
    return out


@pytest.fixture
def data(tmp_path: Path, phrasings: list[Labelled]) -> Data:
    parts = {"train": phrasings[:96], "dev": phrasings[100:120]}
    files = {name: write_labelled(tmp_path / f"{name}.jsonl", part) for name, part in parts.items()}
    return Data(train=(files["train"],), dev=files["dev"])


def test_a_run_is_tracked_and_one_that_was_killed_goes_on_with_its_curves(
    tmp_path: Path, data: Data, serving: Encoder, phrasings: list[Labelled]
) -> None:
    folder, models, work = tmp_path / "runs" / "head-1", tmp_path / "models", tmp_path / "work"
    first = Tracking(RECIPE, "f" * 64, folder)

    def kill(done: int, total: int, loss: float) -> None:
        if done == 9:
            first._close()  # as its last second of points is lost where a process ends
            raise Killed

    watch = together(first.watch, Watch(step=kill))
    with pytest.raises(Killed):
        run(RECIPE, data, models, work, serving=serving, watch=watch)
    assert [step for step, _ in curves(folder)["train/loss"]] == list(range(1, 10))

    second = Tracking(RECIPE, "f" * 64, folder)
    trained = run(RECIPE, data, models, work, serving=serving, watch=second.watch)
    second.finish(trained.metrics)
    told = curves(folder)
    assert [step for step, _ in told["train/loss"]] == list(range(1, 13))
    assert [step for step, _ in told["dev/score"]] == [1, 2]
    assert told["final/dev/accuracy"][0][1] == pytest.approx(trained.metrics["dev"]["accuracy"])
    assert "final/cost/seconds" in told

    content = b"".join(path.read_bytes() for path in folder.glob("events.*"))
    assert b"learning_rate" in content
    assert not [word for word in (*TOPICS, *(e.text for e in phrasings)) if word.encode() in content]


def test_what_is_trained_before_has_curves_of_its_own(tmp_path: Path) -> None:
    tracked = Tracking(RECIPE, "f" * 64, tmp_path / "head-1")
    before = tracked.before()
    for watch, steps in ((before, 3), (tracked.watch, 5)):
        for done in range(1, steps + 1):
            watch.step(done, steps, 1 / done)
        watch.epoch(Epoch(number=1, loss=0.5, score=0.5, seconds=1.0))
    tracked.finish({})
    assert len(curves(tmp_path / "head-1-before")["train/loss"]) == 3
    assert len(curves(tmp_path / "head-1")["train/loss"]) == 5


def test_long_runs_have_no_more_points_than_a_plot_shows(tmp_path: Path) -> None:
    tracked = Tracking(RECIPE, "f" * 64, tmp_path / "head-1")
    for done in range(1, 5001):
        tracked.watch.step(done, 5000, 0.5)
    tracked.watch.step(5001, 5000, float("nan"))
    tracked.finish({})
    assert len(curves(tmp_path / "head-1")["train/loss"]) == 1001


def test_a_missing_library_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check([])
    with pytest.raises(TrackingError, match="'magic' is no tracker; known are wandb, mlflow"):
        check(["magic"])
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    with pytest.raises(TrackingError, match=r"wandb is missing\. Install it with: pip install wandb$") as caught:
        check(["wandb"])
    assert caught.value.exit_code == 3


class Board:
    """Stands for the module `wandb`, of which nothing is installed here."""

    def __init__(self) -> None:
        self.logs: list[tuple[dict[str, float], int | None]] = []
        self.settings: dict[str, object] = {}
        self.config = SimpleNamespace(update=lambda values, **more: self.settings.update(values))

    def init(self, **named: object) -> Board:
        self.named = named
        return self

    def log(self, values: dict[str, float], step: int | None = None) -> None:
        if step == 3:
            raise ConnectionError("out of reach")
        self.logs.append((values, step))

    def finish(self) -> None:
        self.finished = True


def test_another_tracker_is_told_the_same_and_one_that_fails_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board()
    monkeypatch.setitem(sys.modules, "wandb", board)
    tracked = Tracking(RECIPE, "f" * 64, tmp_path / "head-1", ["wandb"])
    for done in (1, 2):
        tracked.watch.step(done, 5, 0.5)
    tracked.watch.epoch(Epoch(number=1, loss=0.5, score=0.75, seconds=1.0))
    for done in (3, 4):
        tracked.watch.step(done, 5, 0.5)
    tracked.finish({"dev": {"accuracy": 1.0}})
    assert board.named["project"] == "kefu-intents"
    assert (board.named["id"], board.named["resume"]) == ("head-1", "allow")
    assert board.settings["method"] == "head"
    score = {"dev/score": 0.75, "train/epoch_loss": 0.5, "epoch": 1}
    assert board.logs == [({"train/loss": 0.5}, 1), ({"train/loss": 0.5}, 2), (score, 2)]
    assert "wandb takes no more of this run (ConnectionError: out of reach)." in caplog.text
    assert len(curves(tmp_path / "head-1")["train/loss"]) == 4

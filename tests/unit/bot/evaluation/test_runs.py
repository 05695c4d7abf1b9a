"""The runs of a state folder, found and deleted: they hold what customers wrote."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.cli.serve import _tidy_runs
from bot.evaluation.folder import RUN, TURNS, writing
from bot.evaluation.judging import Verdict
from bot.evaluation.replay import Replayed
from bot.evaluation.report import write_report
from bot.evaluation.runs import RUNS, data_of, delete_runs, runs_before, runs_in
from tests.unit.bot.evaluation.runs import turn

NOW = datetime.now(UTC)


def made(state: Path, name: str, age: timedelta = timedelta(0)) -> Path:
    """Write a run with its report, to which nothing was written for ``age``."""
    folder = state / RUNS / name
    with writing(folder, {"data": [{"name": f"{name}.jsonl"}]}) as file:
        file.write(Replayed(turns=(turn(verdict=Verdict.WRONG, text="my number is 0171 555"),), took=(1.0,)))
    write_report(folder)
    at = (NOW - age).timestamp()
    for path in folder.iterdir():
        os.utime(path, (at, at))
    return folder


def test_what_is_no_run_is_left_where_it_is(tmp_path: Path) -> None:
    assert runs_in(tmp_path) == []
    run, notes = made(tmp_path, "b"), tmp_path / RUNS / "notes.txt"
    notes.write_text("mine", "utf-8")
    (tmp_path / RUNS / "a").mkdir()
    assert (runs_in(tmp_path), data_of(run)) == ([run], ["b.jsonl"])
    assert delete_runs(runs_in(tmp_path)) == (1, [])
    assert sorted(path.name for path in (tmp_path / RUNS).iterdir()) == ["a", "notes.txt"]


def test_nothing_that_quotes_a_customer_is_left_of_one(tmp_path: Path) -> None:
    run, other = made(tmp_path, "mine"), made(tmp_path, "other")
    (run / "shown").mkdir()
    (run / "shown" / "page.html").write_text("my number is 0171 555", "utf-8")
    assert {path.name for path in run.glob("*.*") if b"0171" in path.read_bytes()} >= {TURNS, "report.html"}
    assert delete_runs([run]) == (1, [])
    assert list((tmp_path / RUNS).iterdir()) == [other]


def test_the_old_are_those_to_which_nothing_was_written_since(tmp_path: Path) -> None:
    old, new = made(tmp_path, "old", timedelta(days=366)), made(tmp_path, "new", timedelta(days=364))
    again = made(tmp_path, "again", timedelta(days=366))
    os.utime(again / TURNS)  # it went on
    assert runs_before(tmp_path, NOW - timedelta(days=365)) == [old]
    assert sorted(runs_in(tmp_path)) == [again, new, old]
    _tidy_runs(tmp_path, NOW - timedelta(days=365))
    assert sorted(runs_in(tmp_path)) == [again, new]


def test_one_that_is_being_written_stays_and_that_is_told(tmp_path: Path) -> None:
    run, done = made(tmp_path, "a"), made(tmp_path, "b")
    with writing(run, json.loads((run / RUN).read_bytes())):
        count, problems = delete_runs(runs_in(tmp_path))
    assert (count, problems) == (
        1,
        [f"{run} is being written by another kefu. Wait for it, and delete it then."],
    )
    assert (len(list(run.iterdir())), done.exists()) == (7, False)


def test_one_that_cannot_be_deleted_is_told_and_the_others_go(tmp_path: Path) -> None:
    run, other = made(tmp_path, "a"), made(tmp_path, "b")
    (run / TURNS).unlink()
    (run / TURNS).mkdir()
    count, problems = delete_runs(runs_in(tmp_path))
    assert (count, runs_in(tmp_path)) == (1, [run])
    assert problems == [f"{run / TURNS}: Is a directory. Delete {run} yourself."]
    assert not other.exists()


def test_of_one_that_is_half_deleted_or_damaged_the_rest_goes(tmp_path: Path) -> None:
    half, damaged = made(tmp_path, "half"), made(tmp_path, "damaged")
    (half / TURNS).unlink()
    (damaged / RUN).write_bytes(b"{")
    assert data_of(damaged) == []
    assert delete_runs([half, damaged, tmp_path / RUNS / "gone"]) == (2, [])
    assert runs_in(tmp_path) == []

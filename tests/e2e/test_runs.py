"""What becomes of the runs that `kefu evaluate` keeps in the state folder, with what customers wrote in logs."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store.sql import SqlStore
from bot.types import ConversationKey, Message
from tests.e2e.command import REFUND, Desk
from tests.e2e.serving import eventually, serving


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A working directory with two logs, of which a run each is in the state folder, and a database."""
    desk = Desk.with_entries(tmp_path_factory.mktemp("runs"))
    desk.env["KEFU_KNOWLEDGE__SOURCES"] = '["faq"]'
    for name in ("may", "june"):
        said = [{"speaker": "customer", "text": f"{REFUND} My number is 0171 {name}."}]
        desk.write(f"{name}.jsonl", {"id": "d1", "turns": [*said, {"speaker": "agent", "text": "14 days."}]})
        assert desk.run("evaluate", "dialogues", "--data", f"{name}.jsonl").code == 0

    async def said_mei() -> None:
        async with SqlStore.open(f"sqlite:///{desk.state / 'kefu.db'}") as store:
            key = ConversationKey(channel="telegram", thread="555")
            await store.accept(Message(id="1", conversation=key, text="hello", at=datetime.now(UTC), customer="mei"))

    asyncio.run(said_mei())
    return desk


@pytest.fixture
def desk(made: Desk, tmp_path: Path) -> Desk:
    """The same, to be changed."""
    shutil.copytree(made.folder, tmp_path / "desk")
    return Desk(tmp_path / "desk", env=made.env)


def runs(desk: Desk) -> list[Path]:
    return sorted((desk.state / "runs").iterdir())


def aged(folder: Path, days: int) -> None:
    """Make a run as old as if nothing had been written to it for so long."""
    at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for path in folder.iterdir():
        os.utime(path, (at, at))


def test_who_forgets_is_told_of_the_runs_and_deletes_them_with_an_option(desk: Desk) -> None:
    first, second = runs(desk)
    ran = desk.run("forget", "mei", "--yes")
    assert (ran.code, ran.out) == (0, "1 conversation is deleted.\n")
    head, *lines, what_next = ran.err.splitlines()
    assert head == "Runs of kefu evaluate stay, for they do not tell whose messages they hold:"
    assert sorted(line.rpartition(", of ")[2] for line in lines) == ["june.jsonl", "may.jsonl"]
    assert [line.partition(",")[0].strip() for line in lines] == [str(first), str(second)]
    assert what_next == "Where a log had this customer's, delete its run, or all of them with --runs."
    assert desk.run("forget", "mei", "--yes").code == 1
    ran = desk.run("forget", "mei", "--runs", "--yes")
    assert (ran.code, ran.out, ran.err) == (0, "0 conversations are deleted.\n2 runs are deleted.\n", "")
    assert runs(desk) == []
    left = [path for path in desk.state.rglob("*") if path.is_file() and b"0171" in path.read_bytes()]
    assert left == []
    assert desk.run("forget", "mei", "--runs", "--yes").code == 1


def test_the_runs_that_are_deleted_are_named_before(desk: Desk) -> None:
    ran = desk.run("forget", "mei", "--runs", stdin="n\n")
    assert ran.code == 1
    assert "of any channel, and every run of logs in the state folder? It cannot be taken back." in ran.out
    assert len(runs(desk)) == 2


def test_old_runs_leave_when_another_is_made_and_those_in_folders_with_names_stay(desk: Desk) -> None:
    old, new = runs(desk)
    aged(old, 366)
    aged(new, 364)
    again = ("evaluate", "answers", "--data", "questions.jsonl")
    desk.write("questions.jsonl", {"text": REFUND, "answer_ids": ["refund"]})
    assert desk.run(*again, "--report", "mine").err == ""
    assert desk.run(*again, KEFU_STATE__KEEP_DAYS="0").err == ""
    assert {old, new} < set(runs(desk))
    aged(desk.folder / "mine", 366)
    ran = desk.run(*again)
    assert (ran.code, ran.err) == (0, "1 run is deleted: nothing was written there for 365 days.\n")
    assert old not in runs(desk)
    assert new in runs(desk)
    assert (desk.folder / "mine" / "run.json").exists()


def test_a_server_deletes_old_runs(desk: Desk) -> None:
    old, new = runs(desk)
    aged(old, 366)
    with serving(desk) as server:
        eventually(lambda: not old.exists() and "1 runs to which nothing was written since" in server.log)
    assert runs(desk) == [new]

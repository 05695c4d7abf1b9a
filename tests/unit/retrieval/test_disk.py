"""Folders that are made beside their place: what killed runs left is removed, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from retrieval.disk import ABANDONED, folder_beside


def old(folder: Path) -> Path:
    """Make a folder that nobody has touched for longer than any work takes."""
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    before = folder.stat().st_mtime - ABANDONED - 60
    os.utime(folder, (before, before))
    return folder


@pytest.mark.parametrize(
    "name", ["new-data", "new-2", "new-material", "new-", "new-ABCDEFGH", "my new-abcdefgh", "old-a"]
)
def test_a_folder_of_the_operator_is_kept(tmp_path: Path, name: str) -> None:
    theirs = old(tmp_path / name)
    with folder_beside(tmp_path, "new-"):
        pass
    assert (theirs / "notes.txt").read_text() == "mine"


def test_what_a_killed_run_left_is_removed_once_nobody_can_be_writing_it(tmp_path: Path) -> None:
    with folder_beside(tmp_path, "new-") as work:
        other = old(tmp_path / f"new-{'a' * 8}.unfinished")
        with folder_beside(tmp_path, "new-"):
            assert not other.exists()
            assert work.exists()


def test_a_folder_that_is_moved_away_stays(tmp_path: Path) -> None:
    with folder_beside(tmp_path, "new-") as work:
        (work / "file").write_text("whole")
        os.rename(work, tmp_path / "there")
    assert (tmp_path / "there" / "file").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]

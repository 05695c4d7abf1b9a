"""What the options of `kefu train` say is told apart from what they cannot mean, before anything heavy is loaded."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bot.cli.train_options import check_files, recipe_values
from bot.errors import UsageError


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return two files, and two other ways to name the first."""
    one, other, link, hard = (tmp_path / name for name in ("one", "other", "link", "hard"))
    for file in (one, other):
        file.write_text("{}", "utf-8")
    link.symlink_to(one)
    os.link(one, hard)
    return {"one": one, "other": other, "link": link, "hard": hard, "dotted": tmp_path / "." / "one"}


@pytest.mark.parametrize("again", ["one", "link", "hard", "dotted"])
@pytest.mark.parametrize("option", ["--data", "--parallel"])
def test_a_file_has_one_part(files: dict[str, Path], again: str, option: str) -> None:
    one, other = files["one"], files["other"]
    for train, dev, test, told in (
        ([other, one], files[again], None, f"--dev {files[again]} is the file of {option} too"),
        ([one], None, files[again], f"--test {files[again]} is the file of {option} too"),
        ([other], one, files[again], f"--test {files[again]} is the file of --dev too"),
    ):
        with pytest.raises(UsageError, match=re.escape(told)) as raised:
            check_files(option, train, dev, test)
        assert "tell nothing of new texts" in str(raised.value)


def test_files_of_their_own_pass_and_rows_may_be_weighed(files: dict[str, Path]) -> None:
    check_files("--data", [files["one"], files["link"]], files["other"], None)
    check_files("--data", [files["one"]], None, None)


@pytest.mark.parametrize(
    ("epochs", "options", "told"),
    [
        (1, ["epochs=2"], "--set epochs=2: epochs is 1 already"),
        (1, [" epochs = 1"], "epochs is 1 already"),
        (None, ["method=full"], "method is head already"),
        (None, ["backbone=other"], "backbone is embedded already"),
        (None, ["batch=16", "batch=32"], "--set batch=32: batch is 16 already"),
    ],
)
def test_what_is_said_twice_is_refused(epochs: int | None, options: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        recipe_values("intents", "head", "embedded", epochs, options)


def test_a_setting_may_be_said_either_way() -> None:
    either = [recipe_values("intents", "head", "embedded", *said) for said in ((2, []), (None, ["epochs=2"]))]
    assert [str(values["epochs"]) for values in either] == ["2", "2"]

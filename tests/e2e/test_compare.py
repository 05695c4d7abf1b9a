"""What `kefu compare` promises: exit codes to rely on, every change named, and JSON that has it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.evaluation.judging import Verdict
from tests.e2e.command import Desk, Ran
from tests.unit.bot.evaluation.runs import run, turn

STORY = "I ordered\x1b[2J a lamp\n" + "and I wait and I wait " * 20
BEFORE = [turn(place, dialogue=f"d{place}", text=STORY) for place in range(20)]
LOST = [turn(0, Verdict.WRONG, dialogue="d0", text=STORY, quoted=("cancel",)), *BEFORE[1:]]
REWORDED = [turn(0, dialogue="d0", text=STORY, reply="按邮件里的链接查询。"), *BEFORE[1:]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A folder with runs; no knowledge is needed to compare them."""
    folder = tmp_path_factory.mktemp("runs")
    run(folder / "before", BEFORE, {"versions": {"knowledge": "1"}})
    run(folder / "lost", LOST, {"versions": {"knowledge": "2"}})
    run(folder / "reworded", REWORDED)
    run(folder / "other", [turn(0, dialogue="e")])
    return Desk(folder)


def shown(ran: Ran) -> str:
    assert ran.err == ""
    assert all(each.isprintable() or each == "\n" for each in ran.out)
    return ran.out


def test_the_same_run_is_no_regression(runs: Desk) -> None:
    ran = runs.run("compare", "before", "before")
    assert ran.code == 0
    assert "20 turns compared" in shown(ran)
    assert "Every turn is answered as before." in ran.out


def test_one_turn_lost_is_named_and_fails_the_check(runs: Desk) -> None:
    ran = runs.run("compare", "before", "lost", COLUMNS="60")
    assert ran.code == 1
    lines = shown(ran).splitlines()
    assert "Newly wrong (1)" in lines
    (place,) = (place for place, line in enumerate(lines) if line.startswith("  d0#0 I ordered"))
    assert len(lines[place]) <= 60
    assert lines[place + 1] == "      answer track (right) -> answer cancel (wrong)"
    assert "  track lost 1 turn to cancel" in lines
    assert "The runs differ in: versions.knowledge." in lines
    assert "(p = 1.000, by conversation, which may be chance)" in ran.out
    assert lines[-1] == "Regression in all turns."


def test_the_other_way_round_it_is_a_gain(runs: Desk) -> None:
    ran = runs.run("compare", "lost", "before")
    assert ran.code == 0
    assert "Newly right (1)" in shown(ran)
    assert ran.out.endswith("No regression.\n")


def test_a_margin_lets_it_pass(runs: Desk) -> None:
    assert runs.run("compare", "before", "lost", "--margin", "0.05").code == 0
    assert runs.run("compare", "before", "lost", "--margin", "0.04").code == 1


def test_an_edited_answer_is_shown_before_and_after(runs: Desk) -> None:
    ran = runs.run("compare", "before", "reworded")
    assert ran.code == 0
    assert "      was: answer: with the link.\n      now: 按邮件里的链接查询。\n" in shown(ran)
    assert "track is said in other words in 1 turn" in ran.out
    assert "1 turn is answered in other words, or changed unjudged" in ran.out


def test_a_terminal_is_safe_from_what_stands_in_logs(runs: Desk, tmp_path: Path) -> None:
    """Whatever a name may be: `shown` looks for characters that are not printable."""
    odd = {"dialogue": "\x1b[2J", "channel": "\x9b31m", "topic": "\r", "quoted": ("\x1b]0;x\x07",)}
    before = [turn(0, **odd), turn(1), turn(2, dialogue="\x1b[3J")]
    after = [turn(0, Verdict.WRONG, **odd | {"quoted": ("\x1b[5m",)}), turn(1)]
    ran = runs.run("compare", str(run(tmp_path / "odd", before)), str(run(tmp_path / "odder", after)))
    assert "Regression in all turns." in shown(ran)
    assert "Left out, only in the run before: 1 turn" in ran.out


def test_json_has_it_all(runs: Desk) -> None:
    ran = runs.run("compare", "before", "lost", "--json")
    assert ran.code == 1
    found: Any = ran.json
    assert (found["regression"], found["turns"], found["judged"]) == (True, 20, 20)
    assert found["worse"] == [{"kind": "", "name": ""}]
    assert found["changes"]["newly_wrong"] == 1
    assert found["figures"]["harmful"]["after"] == 0.05
    (changed,) = found["changed"]
    assert (changed["id"], changed["change"], changed["text"]) == ("d0#0", "newly_wrong", STORY)
    assert changed["after"]["quoted"] == ["cancel"]
    assert [entry["id"] for entry in found["entries"]] == ["cancel", "track"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("before",), "Name two runs"),
        (("before", "nowhere"), "nowhere holds no run"),
        (("before", "other"), "have no turn in common"),
        (("before", "lost", "--margin", "1.5"), "--margin: expected a share"),
    ],
)
def test_what_cannot_be_compared_is_told(runs: Desk, arguments: tuple[str, ...], said: str) -> None:
    ran = runs.run("compare", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_line_that_is_no_turn_is_named(runs: Desk, tmp_path: Path) -> None:
    broken = run(tmp_path / "broken", BEFORE[:1])
    with (broken / "turns.jsonl").open("a") as file:
        file.write('{"dialogue": "d9"}\n')
    ran = runs.run("compare", "before", str(broken))
    assert ran.code == 2
    assert "turns.jsonl:2: not a turn of a run" in ran.err

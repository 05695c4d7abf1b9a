"""What `kefu calibrate` promises: thresholds that the bot starts with, and what is said where there can be none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.command import ENTRIES, Desk

#: Of the questions that the entries answer, each asked in several ways that change nothing.
ASKED = [
    {"text": f"{opening}{entry['question']}", "answer_ids": [entry["id"]]}
    for entry in ENTRIES
    if entry["id"] != "old"
    for opening in ("", "hello, ", "Hi! ", "please: ", "你好，", "a question: ", "hey ", "one more thing: ")
]
UNANSWERABLE = [
    {"text": text} for text in ("Who was the first king of Rome?", "谁是罗马的第一位国王？", "tell me a fairy tale")
]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, dict[str, Any]]:
    """A desk without thresholds in its settings, after `kefu calibrate --json`, and what that printed."""
    desk = Desk.with_entries(tmp_path_factory.mktemp("calibrated"))
    desk.env.clear()
    desk.write("turns.jsonl", *ASKED, *UNANSWERABLE)
    ran = desk.run("calibrate", "--data", "turns.jsonl", "--max-wrong", "0.2", "--faq", "faq", "--json")
    assert (ran.code, ran.err) == (0, "")
    return desk, json.loads(ran.out)


def config(desk: Desk, **env: str) -> dict[str, Any]:
    found = desk.run("config", "--json", **env).json
    assert isinstance(found, dict)
    return found


def test_it_writes_thresholds_with_what_they_were_measured_on(calibrated: tuple[Desk, dict[str, Any]]) -> None:
    desk, found = calibrated
    file = desk.state / "thresholds.json"
    assert json.loads(file.read_text("utf-8")) | {"file": str(file)} == found
    assert (found["max_wrong"], found["confidence"], found["files"]) == (0.2, 0.95, ["turns.jsonl"])
    measured = found["slices"]
    assert sum(each["turns"] for each in measured.values()) == len(ASKED) + len(UNANSWERABLE)
    for name, each in measured.items():
        assert found["answer_from"][name] == each["answer_from"] < 1
        assert each["wrong"] / each["sent"] <= each["at_most"] <= 0.2
        assert each["coverage"] == pytest.approx(each["sent"] / each["turns"], abs=1e-4)
    assert set(found["versions"]) == {"knowledge"}
    assert sum(found["profile"]["shares"]) == pytest.approx(1)


def test_the_bot_starts_with_them_and_the_settings_say_so(calibrated: tuple[Desk, dict[str, Any]]) -> None:
    desk, found = calibrated
    shown = config(desk)
    origin = f"{desk.state / 'thresholds.json'} (kefu calibrate)"
    assert shown["policy.answer_from"] == {"value": found["answer_from"][""], "from": origin}
    for name, level in found["answer_from"].items():
        if name:
            assert shown[f"policy.answer_from_in.{name}"] == {"value": level, "from": origin}


def test_what_the_operator_sets_goes_before_them(calibrated: tuple[Desk, dict[str, Any]]) -> None:
    desk, _ = calibrated
    shown = config(desk, KEFU_POLICY__ANSWER_FROM="0.6")
    assert shown["policy.answer_from"] == {"value": 0.6, "from": "environment KEFU_POLICY__ANSWER_FROM"}
    assert not any(key.startswith("policy.answer_from_in.") for key in shown)


WRONG = [
    (["--data", "nothere.jsonl"], 2, "nothere.jsonl: No such file"),
    (["--data", "few.jsonl"], 2, "takes at least 149 answers without an error among 297 turns"),
    (["--data", "no-text.jsonl"], 2, 'no-text.jsonl:2: field "text": expected what the customer wrote.'),
    (["--data", "few.jsonl", "--max-wrong", "0"], 2, "--max-wrong: expected a share between 0 and 1"),
    (["--data", "unanswerable.jsonl", "--max-wrong", "0.3"], 1, "No threshold keeps the budget"),
]


def test_where_nothing_can_be_chosen_it_says_why_and_keeps_what_was_there(desk: Desk) -> None:
    desk.write("few.jsonl", ASKED[0])
    desk.write("no-text.jsonl", ASKED[0], {"answer_ids": ["refund"]})
    desk.write("unanswerable.jsonl", *[{"text": entry["question"]} for entry in ENTRIES] * 5)
    desk.state.mkdir()
    kept = desk.write("state/thresholds.json", "what was there before")
    ran = [desk.start("calibrate", *arguments, "--faq", "faq") for arguments, _, _ in WRONG]
    for (arguments, code, said), process in zip(WRONG, ran, strict=True):
        _, err = process.communicate(timeout=120)
        assert (arguments, process.returncode) == (arguments, code), err
        assert said in err
    assert kept.read_text("utf-8") == "what was there before\n"


def test_thresholds_that_cannot_be_read_are_told_and_not_passed_over(desk: Desk) -> None:
    desk.env.clear()
    desk.state.mkdir()
    desk.write("state/thresholds.json", {"answer_from": {"": 0.8}})
    ran = desk.run("ask", "hello", "--faq", "faq")
    assert ran.code == 2
    assert "thresholds.json: no thresholds as kefu writes them." in ran.err

"""`kefu evaluate dialogues` and `answers`, run as a user runs them: what is right, wrong and lost is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Desk, Ran

TRACK, REFUND = "How do I track my order?", "How long does a refund take?"


def turns(*said: tuple[str, str] | dict[str, object]) -> list[dict[str, object]]:
    return [each if isinstance(each, dict) else {"speaker": each[0], "text": each[1]} for each in said]


LOG: list[object] = [
    {
        "id": "d1",
        "channel": "web",
        "turns": turns(
            ("customer", TRACK),
            {"speaker": "agent", "text": "Look into the mail.", "answer_id": "track", "action": "answer"},
            ("customer", "如何查询订单物流？"),
            ("agent", "点邮件里的链接就能查到。"),
            ("customer", "thanks!"),
        ),
        "outcome": "resolved",
    },
    {
        "id": "d2",
        "turns": turns(
            ("customer", REFUND),
            {"speaker": "agent", "text": "By card or PayPal.", "answer_id": "pay", "action": "answer"},
        ),
    },
    {
        "id": "d3",
        "turns": turns(
            ("customer", "Who was the first king of Rome?"),
            ("agent", "I am handing this over to a colleague."),
        ),
    },
]
BAD: list[object] = [
    "{not json",
    {"id": "d4", "turns": turns(("customer", TRACK), ("martian", "beep"), ("agent", ""), ("agent", "By the link."))},
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.with_entries(tmp_path_factory.mktemp("evaluate"))
    desk.env["KEFU_KNOWLEDGE__SOURCES"] = '["faq"]'
    desk.write("log.jsonl", *LOG)
    desk.write("bad.jsonl", *BAD, *LOG)
    desk.write(
        "questions.jsonl",
        {"id": "q1", "text": TRACK, "answer_ids": ["track"]},
        {"id": "q2", "text": "Who was the first king of Rome?"},
        {"text": "how long?", "answer_ids": ["refund"], "history": [{"speaker": "customer", "text": "refund"}]},
    )
    return desk


@pytest.fixture(scope="module")
def first(desk: Desk) -> Ran:
    return desk.run("evaluate", "dialogues", "--data", "log.jsonl", "--report", "first", "--json")


def rows(desk: Desk, run: str) -> dict[str, dict[str, Any]]:
    lines = (desk.folder / run / "turns.jsonl").read_text("utf-8").splitlines()
    return {f"{row['dialogue']}#{row['place']}": row for row in map(json.loads, lines)}


def test_each_message_of_the_log_is_judged_by_what_a_person_did(desk: Desk, first: Ran) -> None:
    assert (first.code, first.err) == (0, "")
    told: Any = first.json
    assert (told["turns"], told["dialogues"]) == (5, 3)
    assert {id_: row["verdict"] for id_, row in rows(desk, "first").items()} == {
        "d1#0": "right",
        "d1#2": "right",
        "d1#4": "unjudged",
        "d2#0": "wrong",
        "d3#0": "handed_over",
    }
    assert sum(told["verdicts"].values()) == 5
    assert told["metrics"]["coverage"]["n"] == 5
    assert told["latency_ms"]["n"] == 5
    assert told["problems"] == {}


def test_the_report_is_a_page_a_summary_and_junit(desk: Desk, first: Ran) -> None:
    names = {path.name for path in (desk.folder / "first").iterdir()}
    assert names >= {"report.html", "report.md", "report.json", "junit.xml", "turns.jsonl", "run.json"}
    assert "By card or PayPal." in (desk.folder / "first" / "report.html").read_text("utf-8")


def test_the_same_build_writes_the_same_bytes_wherever_it_runs(desk: Desk, first: Ran, tmp_path: Path) -> None:
    other = Desk.with_entries(tmp_path)
    other.env["KEFU_KNOWLEDGE__SOURCES"] = '["faq"]'
    other.write("log.jsonl", *LOG)
    assert other.run("evaluate", "dialogues", "--data", "log.jsonl", "--report", "first").code == 0
    mine, theirs = desk.folder / "first", other.folder / "first"
    names = sorted(path.name for path in mine.iterdir() if path.name not in ("timings.jsonl", "data.json"))
    assert [name for name in names if (mine / name).read_bytes() != (theirs / name).read_bytes()] == []


def test_a_run_that_is_there_is_taken_over_and_one_of_other_data_is_not(desk: Desk, first: Ran) -> None:
    again = desk.run("evaluate", "dialogues", "--data", "log.jsonl", "--report", "first")
    assert again.code == 0
    assert "5 turns were there from the same run before." in again.out
    other = desk.run("evaluate", "dialogues", "--data", "bad.jsonl", "--report", "first")
    assert other.code == 2
    assert "first holds a run of something else, with other data" in other.err


def test_logs_in_which_no_customer_wrote_are_told_and_make_no_run(desk: Desk) -> None:
    desk.write("silent.jsonl", {"id": "1", "turns": [{"speaker": "agent", "text": "Hello?"}]})
    desk.write("bare.jsonl")
    for kind, data, said in (
        ("dialogues", "silent.jsonl", "no message of a customer in silent.jsonl"),
        ("answers", "bare.jsonl", "no message of a customer in bare.jsonl"),
        ("dialogues", "bare.jsonl", "bare.jsonl is empty"),
        ("dialogues", "nowhere", "nowhere: No such file or directory"),
    ):
        ran = desk.run("evaluate", kind, "--data", data, "--report", "new")
        assert (ran.code, ran.out) == (2, ""), ran
        assert said in ran.err
    assert desk.run("evaluate", "dialogues", "--data", "log.jsonl", "--report", "new").code == 0


def test_without_a_folder_the_run_goes_to_the_state(desk: Desk, first: Ran) -> None:
    ran = desk.run("evaluate", "dialogues", "--data", "log.jsonl")
    assert ran.code == 0
    (run,) = (desk.state / "runs").iterdir()
    assert str(run / "report.html") in ran.out
    assert "answered rightly" in ran.out


def test_what_cannot_be_read_is_counted_and_named_and_the_rest_is_judged(desk: Desk) -> None:
    ran = desk.run("evaluate", "dialogues", "--data", "bad.jsonl", "--report", "bad", "--json")
    assert ran.code == 0
    told: Any = ran.json
    counts = {name: each["count"] for name, each in told["problems"].items()}
    assert counts == {"not_json": 1, "speaker": 1, "no_text": 1}
    assert "bad.jsonl:1" in ran.err
    assert rows(desk, "bad")["d4#0"]["person"] == "By the link."
    for page in ("report.html", "report.md"):
        text = (desk.folder / "bad" / page).read_text("utf-8")
        assert "could not be read as it stands:" in text
        assert "turns of an unknown speaker: 1" in text
    assert told["turns"] == 6


def test_labelled_messages_are_asked_after_their_history(desk: Desk) -> None:
    ran = desk.run("evaluate", "answers", "--data", "questions.jsonl", "--report", "answers", "--json")
    assert (ran.code, ran.err) == (0, "")
    found = {id_: row["verdict"] for id_, row in rows(desk, "answers").items()}
    assert found == {"q1#0": "right", "q2#0": "handed_over", "questions.jsonl:3#1": "right"}


WRONG = [
    (["dialogues", "--data", "none.jsonl"], "none.jsonl"),
    (["dialogues", "--data", "log.jsonl", "--as-of", "yesterday"], "--as-of: expected a day such as 2026-11-25"),
    (["dialogues", "--data", "log.txt"], "log.txt"),
    (["answers", "--data", "twice.jsonl"], "twice.jsonl:2: field \"id\": 'q' was there before"),
    (["answers", "--data", "-"], "--data: expected a file"),
    (["answers", "--data", "none.jsonl"], "none.jsonl: No such file"),
    (["answers", "--data", "log.jsonl"], 'log.jsonl:1: field "text": expected what the customer wrote'),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_input_says_what_to_do(desk: Desk, arguments: list[str], said: str) -> None:
    desk.write("twice.jsonl", *[{"id": "q", "text": TRACK}] * 2)
    ran = desk.run("evaluate", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_what_an_added_entry_would_change_is_told_and_nothing_is_changed(desk: Desk, first: Ran) -> None:
    before = {path: path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file()}
    desk.write(
        "rome.jsonl",
        {"id": "rome", "question": "Who was the first king of Rome?", "answer": "Romulus.", "language": "en"},
    )
    ran = desk.run("compare", "first", "--add", "rome.jsonl", "--json")
    told: Any = ran.json
    assert {each["id"]: each["change"] for each in told["changed"]} == {"d3#0": "newly_wrong"}
    assert ran.code == 1, "what a person had to take is answered now"
    assert [each["id"] for each in told["entries"]] == ["rome"]
    after = {path: path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file()}
    assert {path.name for path in after.keys() - before.keys()} == {"rome.jsonl"}
    assert all(after[path] == content for path, content in before.items())


def test_a_what_if_needs_the_run_to_be_of_what_is_in_use(desk: Desk, first: Ran) -> None:
    desk.write("one.jsonl", {"id": "one", "question": "One?", "answer": "One.", "language": "en"})
    other = desk.run("compare", "first", "--add", "one.jsonl", KEFU_POLICY__ANSWER_FROM="0.9")
    assert other.code == 2
    assert "first was made with other settings than are in use now" in other.err
    assert desk.run("compare", "first").code == 2
    assert desk.run("compare", "first", "first", "--add", "one.jsonl").code == 2
    empty = desk.run("compare", "first", "--add", "questions.jsonl")
    assert empty.code == 2
    assert "Traceback" not in empty.err

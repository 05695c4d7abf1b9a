"""`kefu pairs`, run as a user runs it: from logs to training data, and the leak check alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from finetune.answers.examples import id_of
from finetune.generator.pairs import Pairs
from tests.e2e.command import ROOT, Desk

EXPORTS = ROOT / "tests" / "unit" / "finetune" / "exports"
DEMO = ROOT / "faq_data" / "eval" / "dialogues.jsonl"
FILES = ("answers.jsonl", "dev.jsonl", "test.jsonl", "train.jsonl")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A working directory with nothing in it."""
    return Desk(tmp_path)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_demo_log_becomes_training_data_and_a_summary(desk: Desk) -> None:
    ran = desk.run("pairs", str(DEMO), "--keep", "lanternbay.example")
    assert (ran.code, ran.err) == (0, "")
    assert re.match(r"\d+ pairs in 114 conversations; \d+ merged into others like them\.\n", ran.out)
    assert re.search(r"^\d+ pairs in pairs: \d+ train, \d+ dev, \d+ test; \d+ answers\.$", ran.out, re.MULTILINE)
    for line in (r"questions without an answer", r"<order>", r"\d answers lost an address, a number or a link\."):
        assert re.search(line, ran.out)
    folder = desk.folder / "pairs"
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    parts = {part: rows(folder / f"{part}.jsonl") for part in ("train", "dev", "test")}
    assert {pair["language"] for pair in parts["train"]} == {"en", "zh"}
    assert max(pair["at"] for pair in parts["train"]) <= min(pair["at"] for pair in parts["test"])
    answers = {answer["text"] for answer in rows(folder / "answers.jsonl")}
    assert {pair["answer"] for part in parts.values() for pair in part} <= answers
    text = "".join((folder / name).read_text("utf-8") for name in FILES)
    assert "phishing@lanternbay.example" in text
    assert not re.search(r"LB-\d|555[ -]01", text)


def test_beside_an_answer_stands_the_entry_that_says_it(demo: Desk, tmp_path: Path) -> None:
    named = {}
    for row in (dialogues := rows(DEMO)):
        for turn in row["turns"]:
            named[row["id"], turn["text"]] = turn.pop("answer_id", "")
    log, out = tmp_path / "log.jsonl", tmp_path / "pairs"
    log.write_text("".join(json.dumps(row) + "\n" for row in dialogues), "utf-8")
    ran = demo.run("pairs", str(log), "--keep", "lanternbay.example", "--out", str(out), "--passages", "--json")
    assert ran.code == 0, ran.err
    pairs = [pair for part in ("train", "dev", "test") for pair in rows(out / f"{part}.jsonl")]
    found = [pair for pair in pairs if "passages" in pair]
    assert isinstance(ran.json, dict)
    assert sum(ran.json["passages"].values()) == len(found) > 0.8 * len(pairs)
    # What was cleaned is not known by its text any more.
    known = [pair for pair in found if named.get((pair["conversation"], pair["answer"]))]
    right = [p for p in known if [one["id"] for one in p["passages"]] == [named[p["conversation"], p["answer"]]]]
    assert len(right) > 0.95 * len(known) > 0.4 * len(pairs)
    assert [pair.passages[0].id for pair in Pairs().read(out / "dev.jsonl")] == [
        pair["passages"][0]["id"] if "passages" in pair else id_of(pair["answer"]) for pair in rows(out / "dev.jsonl")
    ]


def test_exports_of_all_kinds_are_read_together_and_told_as_json(desk: Desk) -> None:
    ran = desk.run("pairs", str(EXPORTS), "--out", "out/data", "--split", "50/25/25", "--json")
    assert (ran.code, ran.err) == (0, "")
    told = ran.json
    assert isinstance(told, dict)
    keys = "out conversations found duplicates pairs known answers left_out replaced problems".split()
    assert (list(told), told["problems"]) == (keys, {})
    assert (told["conversations"], told["found"], sum(told["pairs"].values())) == (8, 7, 7)
    assert told["left_out"] == {"private_note": 3, "event": 3, "no_service": 1, "bot": 2, "no_answer": 2}
    assert told["replaced"] == {"order": 2, "card": 1}
    assert sorted(path.name for path in (desk.folder / "out").iterdir()) == ["data"]


def test_parts_that_kefu_train_answers_cannot_use_are_named(desk: Desk) -> None:
    said = [
        ("Where is my parcel?", "It comes on Monday."),
        ("Is the lamp blue?", "It is green."),
        ("Can I return a sofa?", "Within 30 days."),
        ("Do you ship to Spain?", "Yes, for 9 EUR."),
    ]
    log = [
        [{"speaker": "customer", "text": q, "at": f"2026-03-0{n}T09:00:00Z"}, {"speaker": "agent", "text": a}]
        for n, (q, a) in enumerate(said, 1)
    ]
    desk.write("log.jsonl", *({"turns": turns} for turns in log))
    ran = desk.run("pairs", "log.jsonl", "--split", "50/25/25")
    for part in ("dev", "test"):
        assert f"No answer of the {part} part is in the train part, so kefu train answers cannot use it:" in ran.out
    log[2][1]["answer_id"] = log[0][1]["answer_id"] = "when"
    desk.write("log.jsonl", *({"turns": turns} for turns in log))
    named, told = (desk.run("pairs", "log.jsonl", "--split", "50/25/25", "--overwrite", *m) for m in ((), ("--json",)))
    assert "the dev part" not in named.out
    assert "No answer of the test part" in named.out
    assert isinstance(told.json, dict)
    assert (told.json["pairs"], told.json["known"]) == ({"train": 2, "dev": 1, "test": 1}, {"dev": 1, "test": 0})
    assert "There is no dev part:" in desk.run("pairs", "log.jsonl", "--split", "50/0/50", "--overwrite").out


def test_logs_with_damage_are_read_and_what_was_left_out_is_told(desk: Desk) -> None:
    said = [{"speaker": "customer", "text": "where is my parcel"}, {"speaker": "agent", "text": "It comes on Monday."}]
    bad = [{"speaker": "boss", "text": "SECRET"}, {"speaker": "agent"}, {"speaker": "agent", "text": None}]
    desk.write(
        "log.jsonl", {"id": "a", "turns": [*said, *bad]}, "{", {"id": "b", "turns": said, "outcome": 4, "channel": []}
    )
    ran, again = (desk.run("pairs", "log.jsonl", "--out", out, *more) for out, *more in (("a",), ("b", "--json")))
    assert (ran.code, again.code) == (0, 0)
    assert ran.out.startswith("2 pairs in 2 conversations; ")
    assert ran.err == again.err
    assert ran.err.splitlines() == [
        "Left out of the logs:",
        "        1  lines that are not JSON",
        "           log.jsonl:2: not JSON (Expecting property name enclosed in double quotes: line 1 column 2"
        " (char 1)); expected one JSON object a line",
        "        1  turns of an unknown speaker",
        "           log.jsonl:1: the speaker of turn 3 is 'boss'; expected one of customer, agent, bot",
        "        2  turns without text",
        "           log.jsonl:1: the text of turn 4 is nothing; expected a text",
        "           log.jsonl:1: the text of turn 5 is nothing; expected a text",
        "Mended in the logs:",
        "        1  fields of a wrong type or with an unknown word, taken for missing",
        "           log.jsonl:3: 'channel' is a list; expected a text",
    ]
    assert isinstance(again.json, dict)
    assert {kind: problem["count"] for kind, problem in again.json["problems"].items()} == {
        "not_json": 1,
        "speaker": 1,
        "no_text": 2,
        "field": 1,
    }


def test_earlier_training_data_is_only_replaced_when_that_is_wished(desk: Desk) -> None:
    assert desk.run("pairs", str(EXPORTS)).code == 0
    before = (desk.folder / "pairs" / "train.jsonl").read_bytes()
    ran = desk.run("pairs", str(DEMO))
    assert (ran.code, ran.out) == (3, "")
    assert "pairs holds training data; name another folder, or replace it with --overwrite." in ran.err
    assert (desk.folder / "pairs" / "train.jsonl").read_bytes() == before
    assert desk.run("pairs", str(DEMO), "--overwrite").code == 0
    assert (desk.folder / "pairs" / "train.jsonl").read_bytes() != before


def test_the_leak_check_alone_says_where_and_ends_with_1(desk: Desk) -> None:
    train = {"question": "Where is my parcel?", "answer": "a", "conversation": "c1"}
    desk.write("train.jsonl", train)
    desk.write(
        "test.jsonl", {"question": "Is it blue?", "answer": "a"}, {"question": "where's my parcel", "answer": "b"}
    )
    desk.write("clean.jsonl", {"question": "Is it blue?", "answer": "a", "conversation": "c2"})
    found, clean, asked = (
        desk.run("pairs", "--check", "train.jsonl", *rest)
        for rest in (("test.jsonl",), ("clean.jsonl",), ("test.jsonl", "--json"))
    )
    assert (found.code, clean.code, asked.code) == (1, 0, 1)
    assert found.out.splitlines()[0] == "test.jsonl:2: the same question as train.jsonl:1: where's my parcel"
    assert clean.out == "clean.jsonl shares no conversation and no question with train.jsonl.\n"
    assert asked.json == [
        {"what": "question", "text": "where's my parcel", "train": "train.jsonl:1", "test": "test.jsonl:2"}
    ]


WRONG = [
    ([], 2, "Give logs to read, or two files with --check."),
    (["log.jsonl", "--check", "log.jsonl", "log.jsonl"], 2, "Give logs to read, or two files with --check."),
    (["log.jsonl", "--split", "80/30"], 2, "'80/30' is no split; expected three numbers that make 100"),
    (["log.jsonl", "--min-count", "0"], 2, "--min-count"),
    (["log.jsonl", "--min-count", "2"], 2, "No answer was given 2 times; the most frequent one was given 1 times."),
    (["nothere.csv"], 2, "nothere.csv: No such file or directory"),
    (
        ["log.txt"],
        2,
        "log.txt: not known by its name as a log; expected a file that ends in .jsonl, .ndjson, .csv, .tsv.",
    ),
    (
        ["empty.csv"],
        2,
        "empty.csv is empty; expected a CSV export of Chatwoot messages, Zammad articles, Zendesk comments.",
    ),
    (["unknown.csv"], 2, "unknown.csv: an export of no known kind. Its columns are: subject, requester."),
    (["broken.jsonl"], 2, "Nothing in broken.jsonl can be read. broken.jsonl:1: not JSON"),
    (["unanswered.jsonl"], 2, "No question with an answer in 1 conversations (1 questions without an answer)."),
    (
        ["unanswered.jsonl"],
        2,
        "  1  turns of an unknown speaker\n           unanswered.jsonl:1: the speaker of turn 2 is",
    ),
    (
        ["--check", "log.jsonl", "log.jsonl"],
        2,
        "log.jsonl:1: 'question' is missing; expected a text that is not empty.",
    ),
    (["log.jsonl", "--out", "log.jsonl/x"], 3, "log.jsonl"),
    (
        ["log.jsonl", "--out", "."],
        3,
        "holds other files (broken.jsonl, empty.csv, log.jsonl); name a folder of its own.",
    ),
]


def test_wrong_use_says_what_and_where_and_writes_nothing(desk: Desk) -> None:
    said = [{"speaker": "customer", "text": "where is my parcel"}, {"speaker": "agent", "text": "It comes on Monday."}]
    desk.write("log.jsonl", {"id": "a", "turns": said})
    desk.write("broken.jsonl", "{", "[]")
    desk.write("unanswered.jsonl", {"id": "a", "turns": [said[0], {"speaker": "boss", "text": "It comes."}]})
    desk.write("unknown.csv", "Subject,Requester", "a,b")
    for name in ("empty.csv", "log.txt"):
        (desk.folder / name).touch()
    before = sorted(desk.folder.iterdir())
    for arguments, code, message in WRONG:
        ran = desk.run("pairs", *arguments)
        assert (arguments, ran.code, ran.out) == (arguments, code, "")
        assert message in ran.err
        assert "Traceback" not in ran.err
        assert sorted(desk.folder.iterdir()) == before

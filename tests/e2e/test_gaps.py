"""`kefu gaps`, run as a user runs it: from logs to drafted entries that can be added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Desk, Ran

WRAP = "Hello Anna, we wrap gifts free of charge: tick the box at checkout. Have a nice day!"
WRAP_ZH = "您好！我们免费提供礼品包装，请在结账时勾选“礼品包装”。祝您生活愉快！"
GIFTS = [
    ("Do you wrap gifts?", WRAP),
    ("can you gift wrap my order LB-2048817 please", WRAP),
    ("Could you wrap it as a present for my sister?", WRAP),
    ("可以帮忙包装成礼物吗？", WRAP_ZH),
    ("送人的，能做礼品包装吗", WRAP_ZH),
]
KNOWN = [("How long does a refund take?", "14 days."), ("How do I track my order?", "With the link in the mail.")]


def dialogue(number: int, asked: str, answered: str) -> dict[str, object]:
    said = [{"speaker": "customer", "text": asked}, {"speaker": "agent", "text": answered}]
    return {"id": f"d{number}", "channel": "web", "turns": said}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk.with_entries(tmp_path_factory.mktemp("gaps"))
    desk.env["KEFU_KNOWLEDGE__SOURCES"] = '["faq"]'
    desk.write("log.jsonl", *(dialogue(number, *said) for number, said in enumerate([*GIFTS, *KNOWN])))
    return desk


@pytest.fixture(scope="module")
def found(desk: Desk) -> tuple[Ran, dict[str, Any]]:
    ran = desk.run("gaps", "log.jsonl", "--what-if", "--out", "drafts.jsonl", "--json")
    return ran, json.loads(ran.out)


def test_the_gap_is_named_with_where_it_comes_from(found: tuple[Ran, dict[str, Any]]) -> None:
    ran, told = found
    assert (ran.code, ran.err) == (0, "")
    assert (told["turns"], told["gaps"], told["kinds"]) == (7, 5, {"unsaid": 5})
    (gap,) = told["clusters"]
    assert sorted(gap["turns"]) == [f"d{number}#0" for number in range(5)]
    assert (gap["dialogues"], gap["languages"], gap["channels"]) == (5, ["en", "zh"], ["web"])
    assert gap["name"] in [asked for asked, _ in GIFTS]


def test_drafts_say_what_people_said_without_personal_data(desk: Desk, found: tuple[Ran, dict[str, Any]]) -> None:
    text = (desk.folder / "drafts.jsonl").read_text("utf-8")
    english, chinese = map(json.loads, text.splitlines())
    assert english["answer"] == "We wrap gifts free of charge: tick the box at checkout."
    assert chinese["answer"] == "我们免费提供礼品包装，请在结账时勾选“礼品包装”。"
    assert english["id"] == chinese["id"]
    assert english["tags"][-1] == "draft"
    assert "LB-" not in text
    assert "Anna" not in text


def test_what_is_expected_is_told_for_the_whole_and_for_each_draft(found: tuple[Ran, dict[str, Any]]) -> None:
    _, told = found
    assert told["expected"]["turns"] == 7
    before, after = told["expected"]["found"]
    assert told["expected"]["gain"] == pytest.approx(100 * (after - before) / 7, abs=0.01)
    (gap,) = told["clusters"]
    assert gap["gained"] - gap["stolen"] == after - before > 0


def test_the_knowledge_with_the_drafts_answers_and_the_operators_index_was_not_touched(
    desk: Desk, found: tuple[Ran, dict[str, Any]]
) -> None:
    before = desk.run("ask", "Do you wrap gifts?", "--json").json
    after = desk.run("ask", "Do you wrap gifts?", "--json", "--faq", "faq", "--faq", "drafts.jsonl").json
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert before["action"] != "answer"
    assert (after["action"], after["text"]) == ("answer", "We wrap gifts free of charge: tick the box at checkout.")


def test_the_plain_text_says_what_to_do_next(desk: Desk) -> None:
    ran = desk.run("gaps", "log.jsonl")
    assert ran.code == 0
    assert ran.out.startswith("5 turns of 7 ask what the knowledge does not have: 1 gap, 2 drafted entries.\n")
    assert "5 turns in 5 dialogues (en, zh, web)" in ran.out
    assert ran.out.endswith("Write the drafted entries with --out FILE.jsonl, and look at each before you add them.\n")


def test_a_run_is_read_without_a_replay(desk: Desk, found: tuple[Ran, dict[str, Any]]) -> None:
    (run,) = (desk.state / "runs").iterdir()
    ran = desk.run("gaps", str(run), "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert [gap["turns"] for gap in told["clusters"]] == [gap["turns"] for gap in found[1]["clusters"]]
    again = desk.run("gaps", str(run), "--what-if", "--json")
    assert json.loads(again.out)["expected"] == found[1]["expected"]


def test_a_log_without_gaps_says_so(desk: Desk, tmp_path: Path) -> None:
    desk.write("known.jsonl", *(dialogue(number, *said) for number, said in enumerate(KNOWN)))
    ran = desk.run("gaps", "known.jsonl", "--out", "none.jsonl")
    assert ran.code == 0
    assert ran.out.startswith("0 turns of 2 ask what the knowledge does not have: 0 gaps, 0 drafted entries.\n")
    assert (desk.folder / "none.jsonl").read_bytes() == b""
    assert ran.out.endswith("\nThere is no entry to draft: none.jsonl is empty.\n")


def test_drafts_that_a_person_has_edited_are_only_replaced_when_that_is_wished(desk: Desk) -> None:
    edited = desk.write("edited.jsonl", {"id": "gift-wrap", "question": "Do you wrap gifts?", "answer": "Yes."})
    before = edited.read_bytes()
    ran = desk.run("gaps", "log.jsonl", "--out", "edited.jsonl")
    assert (ran.code, ran.out) == (3, "")
    assert "edited.jsonl is there already; name another file, or replace it with --overwrite." in ran.err
    assert edited.read_bytes() == before
    again = desk.run("gaps", "log.jsonl", "--out", "edited.jsonl", "--overwrite")
    assert again.code == 0
    assert edited.read_bytes() != before
    assert again.out.endswith("look at each entry, then put the file where your other entries are, in faq.\n")


def test_a_folder_is_not_taken_for_the_file_of_the_drafts(desk: Desk) -> None:
    (desk.folder / "folder.jsonl").mkdir()
    ran = desk.run("gaps", "log.jsonl", "--out", "folder.jsonl", "--overwrite")
    assert (ran.code, ran.out) == (3, "")
    assert "folder.jsonl is a folder; name a file." in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("missing.jsonl",), "missing.jsonl"),
        (("log.jsonl", "--out", "drafts.txt"), "ends in .jsonl"),
        (("log.jsonl", "--out", "no/drafts.jsonl"), "--out: there is no folder no."),
    ],
)
def test_bad_usage_is_told(desk: Desk, arguments: tuple[str, ...], told: str) -> None:
    ran = desk.run("gaps", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err

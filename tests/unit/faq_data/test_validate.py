"""The shipped data are sound, and each rule of the validator finds the defect it is there for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import faq_data.validate
from faq_data.likeness import near_pairs, normalised
from faq_data.validate import facts, split_of, validate

SHIPPED = Path(faq_data.validate.__file__).parent
Rows = list[dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the shipped data, to plant a defect in."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "faq", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def change(file: Path, edit: Callable[[Rows], object]) -> None:
    """Let ``edit`` change the rows of a JSONL file in place."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    edit(rows)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def row(rows: Rows, row_id: str) -> dict[str, Any]:
    return next(row for row in rows if row["id"] == row_id)


def first(rows: Rows, **wanted: str) -> dict[str, Any]:
    return next(row for row in rows if all(row.get(key) == value for key, value in wanted.items()))


def found(folder: Path) -> str:
    return "\n".join(map(str, validate(folder)))


def test_the_shipped_data_have_no_problems() -> None:
    assert found(SHIPPED) == ""


def test_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert faq_data.validate.main() == 0
    assert capsys.readouterr().out == "The data are sound.\n"


def test_a_sound_copy_is_sound(folder: Path) -> None:
    assert found(folder) == ""


def test_neither_the_description_nor_the_evaluation_is_knowledge(folder: Path) -> None:
    (folder / ".kefuignore").unlink()
    assert "README.md" in found(folder)
    assert "questions.en.jsonl" in found(folder)


def replaced(old: str, new: str) -> Callable[[Rows], object]:
    """Give an edit that puts ``new`` for ``old`` in the first answer that has it."""

    def edit(rows: Rows) -> None:
        holder = next(row for row in rows if old in row["answer"])
        holder["answer"] = holder["answer"].replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("file", "edit", "problem"),
    [
        ("zh/orders.jsonl", lambda rows: rows.pop(0), "order-track in en only; expected en and zh"),
        ("zh/orders.jsonl", replaced("2 小时", "3 小时"), "order-cancel: numbers that one twin alone has: ['2', '3']"),
        ("zh/orders.jsonl", replaced("/zh/orders", "/zh/order"), "links that one twin alone has"),
        ("zh/orders.jsonl", replaced("help@", "hello@"), "mail addresses that one twin alone has"),
        ("zh/orders.jsonl", replaced("+1 202 555 0143", "+1 202 555 0144"), "numbers that one twin alone has"),
        ("zh/refunds.jsonl", replaced("400-555-0136", "在线客服"), "phone numbers that one twin alone has"),
        (
            "zh/offers.jsonl",
            lambda rows: row(rows, "promo-spring-festival").update(valid_from="2027-01-15"),
            "promo-spring-festival: not the days of its twin",
        ),
        (
            "zh/orders.jsonl",
            lambda rows: rows[0].update(url="https://lanternbay.example/zh/parts"),
            "expected the Chinese page of",
        ),
        (
            "en/orders.jsonl",
            lambda rows: rows[0]["alternatives"].append(rows[1]["question"].upper() + " !!"),
            "expected words that order-track does not have",
        ),
        (
            "zh/orders.jsonl",
            lambda rows: rows[0]["alternatives"].append(rows[0]["question"].rstrip("？")),
            "expected words that order-track does not have",
        ),
        ("en/orders.jsonl", lambda rows: rows[0].pop("answer"), "answer"),
    ],
)
def test_a_defect_of_the_knowledge_is_found(
    folder: Path, file: str, edit: Callable[[Rows], object], problem: str
) -> None:
    change(folder / file, edit)
    assert problem in found(folder)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda rows: first(rows, kind="plain").update(answer_ids=["order-trak"]), "'order-trak'; expected an entry"),
        (lambda rows: first(rows, kind="plain").update(answer_ids=["promo-old-summer"]), "is valid on 2026-11-25"),
        (lambda rows: first(rows, kind="plain").update(accept=["order-trak"]), "'order-trak'; expected an entry"),
        (lambda rows: first(rows, kind="plain").update(accept=rows[0]["answer_ids"]), "accept: an id twice"),
        (lambda rows: first(rows, kind="plain").update(accept=[]), "accept: []"),
        (lambda rows: first(rows, kind="double")["answer_ids"].pop(), "'double', 1 answers"),
        (lambda rows: first(rows, kind="followup").pop("history"), "history: none"),
        (lambda rows: first(rows, kind="plain").update(kind="odd"), "kind: 'odd'"),
        (lambda rows: first(rows, kind="plain").update(text=" "), "text: ' '"),
        (lambda rows: first(rows, kind="plain").update(note="?"), "note: '?'"),
        (lambda rows: first(rows, kind="plain").update(language="zh"), "expected 'en', as in the name of the file"),
        (lambda rows: first(rows, split="dev").update(split="test"), "expected 'dev', by the checksum"),
        (lambda rows: rows[1].update(id=rows[0]["id"]), "id: that of en-a-001 again"),
        (lambda rows: rows[1].update(text=rows[0]["text"].upper()), "text: that of en-a-001 again"),
        (lambda rows: rows.clear(), "0 rows; expected at least 400"),
        (
            lambda rows: rows.remove(first(rows, kind="plain")),
            "2 questions for 'order-track'; expected at least 3",
        ),
    ],
)
def test_a_defect_of_a_question_is_found(folder: Path, edit: Callable[[Rows], object], problem: str) -> None:
    if problem.startswith("2 questions"):
        change(folder / "eval" / "questions.en.jsonl", lambda rows: _keep(rows, "order-track", 3))
    change(folder / "eval" / "questions.en.jsonl", edit)
    assert problem in found(folder)


def _keep(rows: Rows, answer_id: str, count: int) -> None:
    for surplus in [row for row in rows if answer_id in row["answer_ids"]][count:]:
        rows.remove(surplus)


def test_a_line_that_is_no_json_is_told_with_its_place(folder: Path) -> None:
    file = folder / "eval" / "unanswerable.jsonl"
    file.write_text('{"id": "un-en-001",\n' + file.read_text("utf-8"), "utf-8")
    assert f"{file}:1: " in found(folder)


@pytest.mark.parametrize("name", ["questions.zh.jsonl", "unanswerable.jsonl", "dialogues.jsonl"])
def test_a_file_that_is_missing_is_told(folder: Path, name: str) -> None:
    (folder / "eval" / name).unlink()
    assert f"{name}: no such file" in found(folder)


def test_a_question_that_is_answered_is_not_among_the_unanswerable(folder: Path) -> None:
    questions = (folder / "eval" / "questions.zh.jsonl").read_text("utf-8").splitlines()
    text = json.loads(questions[0])["text"]
    change(folder / "eval" / "unanswerable.jsonl", lambda rows: rows[0].update(text=text, language="zh"))
    assert "text: that of zh-a-001 again" in found(folder)


ENGLISH = "My parcel has been sitting at your door for a week and nobody came to fetch it from there"
CHINESE = "我家门口的包裹已经放了一个星期都没有人来把它拿走请问你们什么时候来"


@pytest.mark.parametrize(
    ("language", "text", "nearly"),
    [("en", ENGLISH, ENGLISH.replace("week", "year") + "!"), ("zh", CHINESE, CHINESE.replace("星期", "礼拜") + "？")],
)
def test_a_question_that_nearly_equals_a_text_seen_before_is_found(
    folder: Path, language: str, text: str, nearly: str
) -> None:
    questions = folder / "eval" / f"questions.{language}.jsonl"
    change(questions, lambda rows: first(rows, split="dev").update(text=text))
    assert found(folder) == ""
    change(folder / language / "orders.jsonl", lambda rows: rows[0]["alternatives"].append(nearly))
    assert f"in order-track: {nearly!r}" in found(folder)
    change(folder / language / "orders.jsonl", lambda rows: rows[0]["alternatives"].pop())
    change(questions, lambda rows: first(rows, split="test").update(text=nearly))
    assert found(folder).count("expected words that were not seen before") == 2
    change(questions, lambda rows: first(rows, split="test").update(text=nearly[: len(nearly) // 2]))
    assert found(folder) == ""
    dialogues = folder / "eval" / "dialogues.jsonl"
    change(dialogues, lambda rows: first(rows, language=language)["turns"][0].update(text=nearly))
    assert "expected words that were not seen before" in found(folder)


def turns_of(rows: Rows, outcome: str = "resolved") -> Rows:
    turns: Rows = first(rows, outcome=outcome)["turns"]
    return turns


def agents(rows: Rows, outcome: str = "resolved") -> Rows:
    return [turn for turn in turns_of(rows, outcome) if turn["speaker"] == "agent"]


def _stop_handing_over(rows: Rows) -> None:
    for turn in agents(rows, "handed_over"):
        turn["action"] = "answer"


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda rows: turns_of(rows)[0].update(speaker="visitor"), "turns.0.speaker: 'visitor'"),
        (lambda rows: turns_of(rows)[0].update(speaker="agent", action="answer"), "expected the customer, who begins"),
        (lambda rows: turns_of(rows)[1].update(at=turns_of(rows)[0]["at"]), "times that do not rise"),
        (lambda rows: turns_of(rows)[1].update(at="2026-01-05T09:14:00"), "turns.1.at: '2026-01-05T09:14:00'"),
        (lambda rows: agents(rows)[0].update(answer_id="order-trak"), "'order-trak'; expected the id of an entry"),
        (lambda rows: turns_of(rows)[0].update(answer_id="order-track"), "on a turn of the agent"),
        (lambda rows: agents(rows)[0].update(action="shrug"), "action: 'shrug'"),
        (lambda rows: agents(rows)[0].pop("action"), "action: None; expected one on each turn of the agent"),
        (lambda rows: rows[0].update(outcome="lost"), "outcome: 'lost'"),
        (_stop_handing_over, "'handed_over' without a turn that does it"),
        (lambda rows: rows[0].update(split="dev"), "split: 'dev'"),
        (lambda rows: rows[1].update(id=rows[0]["id"]), "id: that of dlg-en-001 again"),
        (lambda rows: rows.__delitem__(slice(50, None)), "50 rows; expected at least 100"),
    ],
)
def test_a_defect_of_a_dialogue_is_found(folder: Path, edit: Callable[[Rows], object], problem: str) -> None:
    change(folder / "eval" / "dialogues.jsonl", edit)
    assert problem in found(folder)


def test_defects_of_the_rewrites_are_found(folder: Path) -> None:
    def edit(rows: Rows) -> None:
        row(rows, "rw-en-317")["split"] = "test"
        row(rows, "rw-zh-303")["text"] = "The account is locked for 30 minutes."
        row(rows, "rw-en-318")["entries"] = ["promo-old-summer"]
        row(rows, "rw-en-320")["text"] = row(rows, "rw-en-319")["text"]

    change(folder / "eval" / "rewrites.jsonl", edit)
    problems = found(folder)
    assert "split: 'test'; expected 'test2', by the number and the checksum of 'rw-en-317'" in problems
    assert "language: 'zh'; expected the language of the text" in problems
    assert "entries: 'promo-old-summer'; expected an entry in 'en' that may be served" in problems
    assert "expected one of its own" in problems


def test_defects_of_the_false_rewrites_are_found(folder: Path) -> None:
    def edit(rows: Rows) -> None:
        row(rows, "fr-en-001")["false"] = "61 minutes"
        row(rows, "fr-en-002")["entries"] = ["nowhere"]
        rows.remove(row(rows, "fr-zh-040"))

    change(folder / "eval" / "false_rewrites.jsonl", edit)
    problems = found(folder)
    assert "false: '61 minutes'; expected words of the text" in problems
    assert "entries: 'nowhere'; expected an entry in 'en' that may be served" in problems
    assert "119 rows in 'zh'; expected at least 120" in problems


def test_twins_may_write_the_same_fact_in_their_own_way() -> None:
    english = facts(
        "Until 4 February 2027 call +1 202 555 0143; 1,500 points are 4.50 USD at https://a.example/orders."
    )
    chinese = facts("２０２７年2月4日前请致电400-555-0136，1500积分抵4.5美元，见 https://a.example/zh/orders。")
    assert english == chinese
    assert english["numbers"] == {"4", "2", "2027", "1500", "4.5"}


def test_a_number_in_words_is_not_compared() -> None:
    assert facts("two parcels") == facts("两个包裹") == facts("parcels")


def test_width_case_and_punctuation_are_no_difference() -> None:
    assert normalised("Where's my Parcel?") == normalised("ＷＨＥＲＥＳ my parcel")
    assert normalised("🦆") != normalised("🐷")


def test_texts_too_short_for_an_n_gram_are_compared_whole() -> None:
    assert list(near_pairs(["退", "ok"], ["退", "款"], "zh")) == [(0, 0)]


def test_splits_are_stable_and_about_even() -> None:
    splits = [split_of(f"en-a-{number:03d}") for number in range(1, 221)]
    assert split_of("en-a-001") == "test"
    assert 90 < splits.count("dev") < 130

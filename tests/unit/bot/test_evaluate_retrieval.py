"""What `kefu evaluate retrieval` promises: figures of the search as it is, on the day that is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.bot.evaluating import Ran, evaluate, write

ENTRIES = [
    {"id": "refund", "question": "How long does a refund take?", "answer": "14 days.", "language": "en"},
    {"id": "refund", "question": "退款需要多久？", "answer": "14 天。", "language": "zh"},
    {"id": "track", "question": "How do I track my order?", "answer": "With the link.", "language": "en"},
    {"id": "track", "question": "如何查询订单物流？", "answer": "用链接。", "language": "zh"},
    {"id": "pay", "question": "Which payment methods do you accept?", "answer": "Cards.", "language": "en"},
    {
        "id": "sale",
        "question": "Is there a summer sale?",
        "answer": "Yes!",
        "language": "en",
        "valid_until": "2020-08-31",
    },
]
ROWS = [
    {"id": "first", "text": "how long does a refund take", "answer_ids": ["refund"], "kind": "plain"},
    {"text": "退款要多久", "answer_ids": ["refund"]},
    {"text": "track my order", "answer_ids": ["pay"], "accept": ["track"], "kind": "plain"},
    {"text": "is there a summer sale", "answer_ids": ["sale"]},
    {"text": "who was the first king of Rome"},
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few entries and questions; the state goes there too."""
    folder = tmp_path_factory.mktemp("shop")
    write(folder / "entries.jsonl", *ENTRIES)
    write(folder / "rows.jsonl", *ROWS)
    return folder


def measure(capsys: pytest.CaptureFixture[str], shop: Path, *more: object, data: str = "rows.jsonl") -> Ran:
    where = ("--faq", shop / "entries.jsonl", "--state", shop / "state")
    return evaluate(capsys, "retrieval", "--data", shop / data, *where, *more)


def test_it_tells_where_the_right_entry_stands_and_what_is_not_served(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = measure(capsys, shop, "--as-of", "2026-11-25", "--json")
    assert ran.code == 0
    assert "No entry that is served on 2026-11-25 has these ids, so they cannot be found: sale." in ran.err
    told = ran.json
    assert (told["left_out"], told["not_served"], told["as_of"]) == (1, {"sale": 1}, "2026-11-25")
    ranks = {item["id"]: item["rank"] for item in told["items"]}
    assert ranks == {"first": 1, "rows.jsonl:2": 1, "rows.jsonl:3": 1, "rows.jsonl:4": None}
    assert told["items"][0]["found"][0] == "refund"
    success = told["metrics"]["success_at_1"]
    assert (success["mean"], success["n"]) == (0.75, 4)
    assert told["slices"]["language"]["zh"]["mrr"]["mean"] == 1
    assert told["slices"]["kind"]["plain"]["mrr"]["n"] == 2
    (file,) = told["data"]
    assert (file["name"], file["n"], len(file["sha256"])) == ("rows.jsonl", 5, 64)
    assert 0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p90"] <= told["latency_ms"]["p99"]


def test_on_another_day_other_entries_are_searched(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = measure(capsys, shop, "--as-of", "2020-08-01", "--json")
    assert ran.err == ""
    assert ran.json["items"][3]["rank"] == 1
    assert ran.json["not_served"] == {}


def test_the_report_has_no_times_and_is_the_same_each_time(
    shop: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    once, again = tmp_path / "once", tmp_path / "deeper" / "again"
    ran = measure(capsys, shop, "--as-of", "2026-11-25", "--json", "--report", once)
    measure(capsys, shop, "--as-of", "2026-11-25", "--json", "--report", again)
    assert (once / "report.json").read_bytes() == (again / "report.json").read_bytes()
    told = ran.json
    del told["latency_ms"]
    assert json.loads((once / "report.json").read_text("utf-8")) == told


def test_the_table_can_be_read_through_a_pipe(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = measure(capsys, shop, "--as-of", "2026-11-25")
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[:2] == [["all", "en", "zh"], ["questions", "4", "3", "1"]]
    assert lines[2][:2] == ["success@1", "0.750"]
    assert ["plain", "2", "1.000"] in [line[:3] for line in lines]
    assert "1 row that no entry answers left out." in ran.out
    assert "One question alone:" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("rows", "more", "told"),
    [
        (["{"], (), "bad.jsonl:1: not JSON"),
        ([ROWS[0], {"answer_ids": ["pay"]}], (), 'bad.jsonl:2: field "text": expected what the customer wrote.'),
        ([ROWS[4]], (), 'bad.jsonl: no row with "answer_ids"'),
        ([ROWS[0]], ("--as-of", "yesterday"), "--as-of: expected a day such as 2026-11-25, found 'yesterday'"),
        ([ROWS[0]], ("--data", "-"), "--data: expected a file"),
        ([ROWS[0]], ("--data", "nowhere.jsonl"), "nowhere.jsonl: No such file or directory."),
        ([ROWS[0]], ("--report", "/dev/null/report"), "Name another folder."),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    shop: Path, capsys: pytest.CaptureFixture[str], rows: list[object], more: tuple[str, ...], told: str
) -> None:
    write(shop / "bad.jsonl", *rows)
    ran = measure(capsys, shop, *more, data="bad.jsonl")
    assert ran.code == 2
    assert told in ran.err
    assert ran.out == ""

"""Rows of JSONL, JSON, YAML, CSV and XLSX: good ones load, bad ones are told with file, line and field."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from retrieval.errors import SourceError
from retrieval.ingest import Ingestion, read_sources

GOOD = {"id": "a", "question": "Q?", "answer": "A."}


def read(folder: Path, name: str, text: str) -> Ingestion:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return read_sources([folder])


def jsonl(folder: Path, *rows: object) -> Ingestion:
    return read(folder, "faq.jsonl", "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))


def told(found: Ingestion) -> list[tuple[int, str]]:
    return [(problem.line, problem.field) for problem in found.problems]


def test_every_field_of_an_entry_is_kept(tmp_path: Path) -> None:
    entry = {**GOOD, "alternatives": ["x", " y  z "], "language": "EN-gb", "tags": "one", "url": "https://a.b"}
    days = {"valid_from": "2024-05-01", "valid_until": "2024-05-31T23:59:59Z", "audience": "staff"}
    (passage,) = jsonl(tmp_path, {**entry, **days}).passages
    assert (passage.id, passage.question, passage.answer) == ("a", "Q?", "A.")
    assert (passage.alternatives, passage.tags, passage.language) == (("x", "y z"), ("one",), "en")
    assert (passage.valid_from, passage.valid_until) == (date(2024, 5, 1), date(2024, 5, 31))
    assert (passage.url, passage.audience, passage.line) == ("https://a.b", "staff", 1)
    assert passage.source == str(tmp_path / "faq.jsonl")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"answer": "A."}, "question"),
        ({**GOOD, "answer": " \n\u200b"}, "answer"),
        ({**GOOD, "answer": 5}, "answer"),
        ({**GOOD, "question": "\ud800"}, "question"),
        ({**GOOD, "alternatives": [["x"]]}, "alternatives"),
        ({**GOOD, "tags": {"a": 1}}, "tags"),
        ({**GOOD, "language": "English"}, "language"),
        ({**GOOD, "url": "javascript:alert(1)"}, "url"),
        ({**GOOD, "valid_from": "31.12.2024"}, "valid_from"),
        ({**GOOD, "valid_from": "2024-02-02", "valid_until": "2024-02-01"}, "valid_until"),
        ({**GOOD, "id": "x" * 300}, "id"),
        ('{"question": "a", "Question ": "b", "answer": "c"}', "question"),
        (["Q?", "A."], ""),
        ('{"question": ', ""),
        ("[" * 100_000, ""),
        (f'{{"id": 1{"0" * 5000}}}', ""),
    ],
)
def test_a_bad_row_is_told_and_the_others_load(tmp_path: Path, row: object, field: str) -> None:
    found = jsonl(tmp_path, {**GOOD, "id": "first"}, row, {**GOOD, "id": "last"})
    assert [passage.id for passage in found.passages] == ["first", "last"]
    assert told(found) == [(2, field)]


def test_nulls_and_blanks_count_as_missing_and_key_names_may_be_written_freely(tmp_path: Path) -> None:
    found = jsonl(tmp_path, {" ID": 7, "Question": "Q?", "ANSWER": "A.", "url": None, "tags": "", "valid_from": " "})
    assert not found.problems
    assert (found.passages[0].id, found.passages[0].url, found.passages[0].tags) == ("7", "", ())


def test_an_unknown_key_is_told_once_with_its_nearest_and_the_rows_load(tmp_path: Path) -> None:
    found = jsonl(tmp_path, {**GOOD, "anwser": "x"}, {**GOOD, "id": "b", "anwser": "x"})
    assert len(found.passages) == 2
    assert [(problem.line, problem.expected) for problem in found.problems] == [(1, "'answer', or nothing")]


def test_the_same_id_twice_in_one_language_keeps_the_first_and_names_it(tmp_path: Path) -> None:
    found = jsonl(tmp_path, GOOD, {**GOOD, "answer": "B."}, {**GOOD, "language": "zh"})
    assert [passage.key for passage in found.passages] == [("a", "en"), ("a", "zh")]
    assert told(found) == [(2, "id")]
    assert "faq.jsonl:1" in str(found.problems[0])


def test_the_same_content_without_ids_in_two_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\nHow?,So.\n")
    found = read(tmp_path, "b.jsonl", '{"question": "how?", "answer": "So."}')
    assert len(found.passages) == 1
    assert "a.csv:2" in str(found.problems[0])


def test_language_is_told_by_script(tmp_path: Path) -> None:
    chinese = {"question": "怎么退 iPhone 呢？", "answer": "请登记。"}
    english = {"question": "What is 你好?", "answer": "A greeting."}
    assert [passage.language for passage in jsonl(tmp_path, chinese, english).passages] == ["zh", "en"]


def test_strict_stops_with_the_first_problem_and_counts_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("5\n6\n7\n")
    with pytest.raises(SourceError, match=r"(?s)a\.jsonl:1: .*and 2 more"):
        read_sources([tmp_path], strict=True)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.yaml"])
def test_a_table_without_anything_in_it_is_told(tmp_path: Path, name: str) -> None:
    (problem,) = read(tmp_path, name, "\n").problems
    assert (problem.line, problem.found) == (1, "nothing")


def test_a_json_list_has_the_lines_of_its_file(tmp_path: Path) -> None:
    found = read(tmp_path, "a.json", '[\n{"question": "Q",\n "answer": "A"},\n\n {"question": 5, "answer": "A"}]')
    assert [passage.line for passage in found.passages] == [2]
    assert told(found) == [(5, "question")]


def test_a_json_list_that_breaks_off_is_still_expected_to_be_a_list(tmp_path: Path) -> None:
    found = read(tmp_path, "a.json", '[{"question": "Q", "answer": "A"}')
    assert len(found.passages) == 1
    assert [problem.expected for problem in found.problems] == ["a JSON list of entries, [{...}, {...}]"]


def test_yaml_has_lines_ids_as_written_and_days_as_days(tmp_path: Path) -> None:
    text = "entries:\n- id: 007\n  question: Q\n  answer: A\n  valid_from: 2024-05-01\n"
    found = read(tmp_path, "a.yaml", f"{text}- question: yes\n  answer: A\n- x\n")
    assert [(passage.id, passage.valid_from) for passage in found.passages] == [("007", date(2024, 5, 1))]
    assert told(found) == [(6, "question"), (8, "")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- question: a\n  answer: b: c\n", 2),
        ("- question: a\n  answer: !!python/object/apply:os.system [x]\n", 2),
        ("- &a [*a]\n", 1),
        ("a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [{'*a,' * 900}]\n" for n in range(2)), 3),
        ("a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [{f'*a{n},' * 10}]\n" for n in range(9)), 0),
        ("[" * 5000, 1),
    ],
)
def test_broken_or_bursting_yaml_is_a_problem(tmp_path: Path, text: str, line: int) -> None:
    found = read(tmp_path, "a.yaml", text)
    assert not found.passages
    assert found.problems[0].line == line


def test_a_day_that_no_calendar_has_is_told_with_its_field(tmp_path: Path) -> None:
    found = read(tmp_path, "a.yaml", "- question: a\n  answer: b\n  valid_from: 2024-02-31\n")
    assert told(found) == [(1, "valid_from")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_rows_have_the_lines_of_the_file_and_lists_in_cells(tmp_path: Path, delimiter: str) -> None:
    lines = ["question,answer,tags", '"a\nb",first,x | y', ",second,", "c,d,"]
    found = read(tmp_path, "a.csv", "\r\n".join(line.replace(",", delimiter) for line in lines))
    assert [(passage.question, passage.line, passage.tags) for passage in found.passages] == [
        ("a b", 2, ("x", "y")),
        ("c", 5, ()),
    ]
    assert told(found) == [(4, "question")]


def test_a_csv_cell_too_many_or_a_stray_quote_costs_its_row_only(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", 'question,answer\na,Yes, but no\n"b"c,d\ne,f\n')
    assert [passage.question for passage in found.passages] == ["e"]
    assert told(found) == [(2, ""), (3, "")]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.json", "a.yaml"])
def test_a_table_without_header_or_list_says_what_is_missing(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, name, "foo,bar\n1,2\n")
    assert (len(found.passages), len(found.problems)) == (0, 1)


def test_xlsx_reads_every_sheet_with_a_header_and_tells_sheet_and_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.worksheets[0]
    first.title = "Returns"
    header = ["ID", "Question", "Answer", "valid_from"]
    for row in (["Our answers"], [], header, [12, "Q", 404, date(2024, 5, 1)], [13, "Q"]):
        first.append(row)
    book.create_sheet("Notes").append(["nothing here"])
    book.save(tmp_path / "a.xlsx")
    found = read_sources([tmp_path])
    assert [(p.id, p.answer, p.valid_from, p.line) for p in found.passages] == [("12", "404", date(2024, 5, 1), 4)]
    assert [(problem.file.endswith("a.xlsx[Returns]"), problem.line) for problem in found.problems] == [(True, 5)]


def test_a_broken_workbook_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    assert "workbook" in str(read_sources([tmp_path]).problems[0])

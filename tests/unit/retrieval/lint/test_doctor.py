"""All checks together: what is read, dates, reach, order, and how it is told as SARIF."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.ingest import Ingestion
from retrieval.lint import RULES, Finding, Place, lint
from retrieval.lint.sarif import as_sarif
from retrieval.types import Passage
from tests.unit.retrieval.lint.conftest import DAY, Linted, told

ROOT = Path(__file__).resolve().parents[4]


def test_what_was_not_taken_is_told_in_its_line(linted: Linted) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": "a",
            "question": "Is there a sale?",
            "answer": "Yes.",
            "valid_from": "2027-02-01",
            "valid_until": "2027-01-01",
        },
        {"id": "b", "question": "May I pay later?", "answer": ""},
        {"id": "c", "question": "Do you wrap gifts?", "answer": "Yes, in paper.", "valid_from": "2027-02-30"},
        {"id": "d", "question": "Is there a shop?", "answer": "Yes, in Kiel."},
    ]
    found = told(linted({"a.jsonl": rows}))
    assert found == [("K401", "a.jsonl:1"), ("K001", "a.jsonl:2"), ("K401", "a.jsonl:3")]


def test_what_is_over_or_soon_will_be_is_told(linted: Linted) -> None:
    days = ("2026-11-24", "2026-11-25", "2026-12-25", "2026-12-26")
    topics = ("a sale", "free coffee", "a train to Kiel", "gift wrapping")
    rows = [
        {"id": day, "question": f"Is there {topic}?", "answer": f"There is {topic} now.", "valid_until": day}
        for day, topic in zip(days, topics, strict=True)
    ]
    found = told(linted({"a.jsonl": rows}))
    assert found == [("K402", "a.jsonl:1"), ("K403", "a.jsonl:2"), ("K403", "a.jsonl:3")]


def test_an_entry_that_none_of_its_phrasings_finds_is_told(linted: Linted) -> None:
    things = ("lamp", "kettle", "pan", "pillow")
    rows: list[dict[str, object]] = [
        {
            "id": thing,
            "question": f"How long is the warranty of a {thing}?",
            "answer": f"The warranty of a {thing} is two years.",
            "alternatives": ["the warranty?!", "warranty please", "is there a warranty", "warranty warranty"],
        }
        for thing in things
    ]
    answer = "Blue Fox brings parcels from door to door, on every day but Sunday, and rings twice."
    vague = {"id": "vague", "question": "Warranty", "answer": answer}
    found = [(f.code, f.place.id) for f in linted({"a.jsonl": [*rows, vague]}) if f.place.id == "vague"]
    assert found == [("K204", "vague")]


def test_a_sound_knowledge_has_no_findings(linted: Linted) -> None:
    rows = [
        {"id": "hours", "question": "When are you open?", "answer": "From 9 am to 6 pm.", "language": "en"},
        {"id": "hours", "question": "你们几点营业？", "answer": "上午九点至下午6点。", "language": "zh"},
        {"id": "refund", "question": "How long does a refund take?", "answer": "Seven days.", "language": "en"},
        {"id": "refund", "question": "退款需要多久？", "answer": "一周。", "language": "zh"},
    ]
    assert linted({"a.jsonl": rows}) == []


def test_progress_ends_with_all_of_it(
    knowledge: tuple[Passage, ...], encoder: Encoder, analyzer: Analyzer, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    knowledge = (*knowledge, replace(knowledge[0], id="later", answer="TODO"))
    index = build_index(tmp_path, knowledge, encoder, analyzer)
    ingestion = Ingestion(passages=knowledge, problems=(), files=())
    lint(ingestion, index, day=DAY, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_sarif_names_rules_places_and_what_is_related() -> None:
    place = Place(file="faq/my file.jsonl", line=3, id="a", language="en")
    other = Place(file="/elsewhere/b.md", line=0)
    findings = [
        Finding(code="K102", place=place, other=other, message="They differ."),
        Finding(code="K001", place=other, message="No."),
    ]
    log = as_sarif(findings, version="1.2.3", root=Path.cwd())
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    first, second = run["results"]
    assert rules[first["ruleIndex"]]["id"] == first["ruleId"] == "K102"
    assert (first["level"], second["level"]) == ("error", "error")
    physical = first["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": "faq/my%20file.jsonl"}, "region": {"startLine": 3}}
    (related,) = first["relatedLocations"]
    assert related["physicalLocation"] == {"artifactLocation": {"uri": "file:///elsewhere/b.md"}}
    assert first["partialFingerprints"] != second["partialFingerprints"]


def test_a_fingerprint_outlives_lines_that_are_added_above() -> None:
    def prints(line: int) -> object:
        finding = Finding(code="K402", place=Place(file="a", line=line, id="x", language="en"), message="Over.")
        return as_sarif([finding], version="1", root=Path.cwd())["runs"][0]["results"][0]["partialFingerprints"]

    assert prints(1) == prints(7)


def test_codes_are_in_order_and_say_what_they_are_about() -> None:
    assert list(RULES) == sorted(RULES)
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    assert all(rule.about.endswith(".") for rule in RULES.values())


def test_the_page_about_it_has_each_code_with_its_severity() -> None:
    rows = re.findall(r"^\| (K\d{3}) \| (\w+) \|", (ROOT / "docs" / "lint.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [(rule.code, rule.severity.value) for rule in RULES.values()]

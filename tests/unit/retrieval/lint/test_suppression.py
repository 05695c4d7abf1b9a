"""What an editor wants to keep is not told again, and a suppression without use is."""

from __future__ import annotations

import json

import pytest

from tests.unit.retrieval.lint.conftest import Linted, told

OVER = "valid_until: 2025-01-01"


def row(*tags: str) -> dict[str, object]:
    return {
        "id": "a",
        "question": "Is there a sale?",
        "answer": "Yes.",
        "valid_until": "2025-01-01",
        "tags": list(tags),
    }


def test_a_tag_suppresses_where_a_format_has_no_comments(linted: Linted) -> None:
    assert told(linted({"a.jsonl": [row()]})) == [("K402", "a.jsonl:1")]
    assert told(linted({"a.jsonl": [row("sale", "kefu: ignore K402")]})) == []
    assert told(linted({"a.jsonl": [row("kefu: ignore K201, K402")]})) == [("K002", "a.jsonl:1")]


def test_a_cell_of_a_table_suppresses(linted: Linted) -> None:
    header = "id,question,answer,tags,valid_until\n"
    table = f"{header}a,Is there a sale?,Yes.,sale | kefu: ignore K402,2025-01-01\n"
    assert told(linted({"a.csv": table})) == []


YAML = """\
- id: a
  question: Is there a sale?
  answer: Yes, there is.{inside}
  valid_until: 2025-01-01
{above}
- id: b
  question: Is there another sale?
  answer: 'No # kefu, none.'
  valid_until: 2025-01-01
"""


@pytest.mark.parametrize(
    ("inside", "above", "left"),
    [
        ("", "", ["a.yaml:1", "a.yaml:6"]),
        ("  # kefu: ignore K402", "", ["a.yaml:6"]),
        ("", "# kefu: ignore K402 (kept for the archive)", ["a.yaml:1"]),
        ("", "  # of no code: kefu ignore", ["a.yaml:1", "a.yaml:6"]),
    ],
)
def test_a_comment_of_yaml_is_about_the_entry_it_stands_in_or_above_of(
    linted: Linted, inside: str, above: str, left: list[str]
) -> None:
    found = told(linted({"a.yaml": YAML.format(inside=inside, above=above)}))
    assert found == [("K402", place) for place in left]


PAGE = """\
{top}

## Is there a sale? {{#a}}
<!-- valid_until: 2025-01-01 -->
{below}

Yes, all of May.

## Is there another sale? {{#b}}
<!-- valid_until: 2025-01-01 -->

No, there is none.
"""


@pytest.mark.parametrize(
    ("top", "below", "expected"),
    [
        ("", "", [("K402", "a.md:3"), ("K402", "a.md:9")]),
        ("", "<!-- kefu: ignore K402 -->", [("K402", "a.md:9")]),
        ("<!-- kefu: ignore K402 -->", "", []),
        ("", "<!-- kefu: ignore K402 K501: it is an archive -->", [("K402", "a.md:9"), ("K002", "a.md:5")]),
    ],
)
def test_a_comment_of_markdown_is_about_its_section_or_at_the_top_about_the_page(
    linted: Linted, top: str, below: str, expected: list[tuple[str, str]]
) -> None:
    assert set(told(linted({"a.md": PAGE.format(top=top, below=below)}))) == set(expected)


def test_one_of_two_places_is_enough(linted: Linted) -> None:
    first = {"id": "a", "question": "When are you open?", "answer": "We are open every day from 9 to 18 o'clock."}
    second = first | {"id": "b", "answer": "We are open every day from 9 to 20 o'clock."}
    assert told(linted({"a.jsonl": [first, second]})) == [("K101", "a.jsonl:2")]
    assert told(linted({"a.jsonl": [first | {"tags": ["kefu: ignore K101"]}, second]})) == []
    other = {"id": "c", "question": "Do you sell gift cards?", "answer": "Yes, in the shop."}
    in_json = json.dumps([first, second | {"tags": ["kefu: ignore k101"]}])
    assert told(linted({"a.json": in_json, "a.jsonl": [other]})) == []

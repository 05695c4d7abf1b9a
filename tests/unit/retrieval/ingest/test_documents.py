"""Markdown, HTML and plain text: sections become entries, markup becomes what a chat can show."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.ingest import Ingestion, read_sources
from retrieval.ingest.cut import MAX_HAN, MAX_LATIN
from retrieval.types import Passage

MARKDOWN = """---
language: en
tags: [guide]
layout: page
---
# Returns

How *we* take `goods` back, see [the form](https://a.b/form) or [below](#how).

## How long? {#how-long}
<!-- alternatives: ["deadline", "until when"]
url: https://a.b -->

30 days:

- unused
- complete
  1. with **box**

| Where | Days |
|---|---|
| EU | 30 |

### Exceptions
<!-- a remark: for authors -->
Some.

## Empty

## Not answered
<!-- alternatives: [x] -->
"""

HTML = """<html lang="de"><head><title>Hilfe</title></head><body><nav>menu</nav><header><h1>Shop</h1></header>
<h2 id="versand">Versand</h2><!-- tags: [shipping] --><p>Drei <b>Tage</b>,<br>siehe <a href="https://a.b">Plan</a>.</p>
<ul><li>eins</li><li>zwei</li></ul><table><tr><th>A<th>B<tr><td>c<td>d</table><script>var h = "<h2>x</h2>"</script>
<h3 id="q-7">Wie teuer?</h3><p>5 EUR</p>
<details><summary>Express?</summary><p>Ja.</p></details>
<dl><dt>Paket<dd>Bis 30 kg.</dl><footer>Impressum</footer></body></html>"""


def read(folder: Path, name: str, text: str) -> Ingestion:
    (folder / name).write_text(text, encoding="utf-8")
    return read_sources([folder])


def by_question(found: Ingestion) -> dict[str, Passage]:
    return {passage.question: passage for passage in found.passages}


def test_markdown_sections_with_text_are_entries_and_questions_stand_alone(tmp_path: Path) -> None:
    found = read(tmp_path, "a.md", MARKDOWN)
    passages = by_question(found)
    assert list(passages) == ["Returns", "How long?", "Returns > How long? > Exceptions"]
    assert [(problem.line, problem.field) for problem in found.problems] == [(30, "answer")]
    entry = passages["How long?"]
    assert (entry.id, entry.url, entry.line) == ("how-long", "https://a.b", 10)
    assert (entry.alternatives, entry.tags) == (("deadline", "until when"), ("guide",))


@pytest.mark.parametrize("name", ["a.md", "a.html"])
def test_a_section_with_an_id_and_no_text_is_told_unless_it_is_divided_further(tmp_path: Path, name: str) -> None:
    markdown = "# All {#all}\n## Q? {#q}\n\n## R? {#r}\nYes.\n\n## Sizes {#sizes}\n### L {#l}\nBig.\n"
    page = (
        '<h1 id="top">All</h1>\n<h2 id="q-1">Q?</h2>\n\n<h2>R?</h2><p>Yes.</p>\n<h2 id="s-1">Sizes</h2>'
        "<details><summary>L</summary>Big.</details>"
    )
    found = read(tmp_path, name, page if name == "a.html" else markdown)
    assert [passage.answer for passage in found.passages] == ["Yes.", "Big."]
    assert [str(problem) for problem in found.problems] == [
        f"{tmp_path / name}:2: answer: no text below 'Q?'; expected the answer"
    ]


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("<!-- url: https://a.b\nalternatives: [a, b\ntags: x -->", 6),
        ("<!--\nurl: https://a.b\n\nalternatives: 'a\ntags: x\n-->", 8),
        ("<!-- url: https://a.b\nalternatives: {a: [b\n-->", 6),
        ("<!-- url: https://a.b\ntags: x\nalternatives: a: b\n-->", 7),
    ],
    ids=["a bracket", "a quote", "brackets at the end", "a colon"],
)
def test_a_broken_comment_is_told_with_the_line_of_the_mistake(tmp_path: Path, comment: str, line: int) -> None:
    found = read(tmp_path, "a.md", f"---\nlanguage: en\n---\n# Why? {{#why}}\n{comment}\nBecause.\n")
    assert [problem.line for problem in found.problems] == [line]
    assert [passage.answer for passage in found.passages] == ["Because."]


@pytest.mark.parametrize("order", [1, -1])
def test_a_suppression_may_stand_before_the_keys_or_behind_them(tmp_path: Path, order: int) -> None:
    comments = "\n".join(["<!-- kefu: ignore K402 -->", "<!-- url: https://a.b -->"][::order])
    (passage,) = read(tmp_path, "a.md", f"# Why? {{#why}}\n{comments}\nBecause.\n").passages
    assert (passage.url, passage.answer) == ("https://a.b", "Because.")


def test_markdown_becomes_plain_text(tmp_path: Path) -> None:
    passages = by_question(read(tmp_path, "a.md", MARKDOWN))
    assert passages["Returns"].answer == "How we take goods back, see the form (https://a.b/form) or below."
    expected = "30 days:\n\n- unused\n- complete\n  1. with box\n\nWhere | Days\nEU | 30"
    assert passages["How long?"].answer == expected


def test_han_lines_are_joined_without_a_blank(tmp_path: Path) -> None:
    assert read(tmp_path, "a.md", "# 退货\n请先\n登记\n").passages[0].answer == "请先登记"


def test_a_document_without_heading_is_named_by_its_front_matter_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "opening-hours.txt").write_text("Nine to five.")
    found = read(tmp_path, "b.md", "---\ntitle: Jobs\ntgas: x\n---\nWrite to us.")
    assert list(by_question(found)) == ["Jobs", "opening hours"]
    assert [problem.field for problem in found.problems] == ["tgas"]


def test_details_around_markdown_are_a_question(tmp_path: Path) -> None:
    text = "# A\nfirst\n\n<details>\n<summary>Can I?</summary>\n\nYes, **now**.\n\n</details>\n\nlast\n"
    answers = {question: passage.answer for question, passage in by_question(read(tmp_path, "a.md", text)).items()}
    assert answers == {"A": "first\n\nlast", "Can I?": "Yes, now."}


def test_html_sections_details_and_definitions_are_entries(tmp_path: Path) -> None:
    found = read(tmp_path, "a.html", HTML)
    assert not found.problems
    assert [(passage.question, passage.line) for passage in found.passages] == [
        ("Hilfe > Versand", 2),
        ("Wie teuer?", 4),
        ("Express?", 5),
        ("Paket", 6),
    ]
    assert {passage.language for passage in found.passages} == {"de"}
    expected = "Drei Tage,\nsiehe Plan (https://a.b).\n\n- eins\n- zwei\n\nA | B\nc | d"
    assert (found.passages[0].answer, found.passages[0].tags) == (expected, ("shipping",))
    assert found.passages[1].id == "q-7"


def test_an_html_id_that_only_spells_its_heading_is_not_taken_as_an_id(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h2 id="overview">Overview</h2>one')
    found = read(tmp_path, "b.html", '<h2 id="overview">Overview</h2>two')
    assert len({passage.id for passage in found.passages}) == 2
    assert not found.problems


@pytest.mark.parametrize(
    ("sentence", "limit"),
    [("A sentence of seven words, more or less. ", MAX_LATIN), ("请先登记退货，再寄出。", MAX_HAN)],
)
def test_a_long_section_is_cut_at_sentence_ends(tmp_path: Path, sentence: str, limit: int) -> None:
    found = read(tmp_path, "a.md", f"# Why? {{#why}}\n{sentence * 150}")
    assert [passage.id for passage in found.passages][:3] == ["why", "why#2", "why#3"]
    assert {passage.question for passage in found.passages} == {"Why?"}
    assert all(len(p.answer) <= limit and p.answer.endswith(sentence.strip()[-1]) for p in found.passages)


def test_text_is_cut_at_blank_lines_first(tmp_path: Path) -> None:
    paragraph = "word " * 150
    found = read(tmp_path, "a.txt", f"{paragraph}\n\n{paragraph}\n\nend")
    assert [len(passage.answer.split()) for passage in found.passages] == [150, 151]

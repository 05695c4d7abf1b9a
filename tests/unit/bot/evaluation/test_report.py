"""The report of a run: the same run gives the same bytes, its files stand alone, and no text does anything in them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from bot.errors import MissingExtraError
from bot.evaluation.dialogues import Reading
from bot.evaluation.judging import Verdict
from bot.evaluation.report import markdown, picked, write_report
from bot.evaluation.summary import summarise
from bot.evaluation.turns import CandidateRow, ReplayedTurn
from bot.types import Action
from tests.unit.bot.evaluation.runs import run, turn

FILES = ["report.html", "report.md", "junit.xml", "report.json"]

ATTACK = (
    "</script><script>alert(1)</script><img src=https://evil.example/x.png onerror=alert(2)> ![](https://evil.example/y)"
    " @everyone `` ``` ]]> &amp; \"' {{ 7 * 7 }} | \u0000\u0008\ufffe\u001b[0m \u202e end"
)


def candidate(id_: str, confidence: float = 0.8, **more: str) -> CandidateRow:
    return CandidateRow(
        id=id_,
        confidence=confidence,
        source="knowledge",
        **{"question": f"What is {id_}?", "origin": f"faq.jsonl:{len(id_)}", "url": "https://shop.example/a"} | more,
    )


def some() -> list[ReplayedTurn]:
    """Turns of every kind, in two languages."""
    found = (candidate("pay"), candidate("track", 0.4))
    plain = [
        turn(
            place, verdict, dialogue=f"{language}-{place}", language=language, topic=topic, candidates=found, best=best
        )
        for language, topic, best in (("en", "orders", True), ("zh", "退款", False))
        for place, verdict in enumerate(Verdict)
    ]
    return [*plain, turn(0, Verdict.WRONG, dialogue="last", text="钱什么时候退给我", person="三天内", candidates=found)]


def report(folder: Path, turns: list[ReplayedTurn]) -> dict[str, str]:
    of = {"versions": {"knowledge": "1"}, "data": [{"name": "对话.jsonl", "sha256": "ab" * 32}]}
    written = write_report(run(folder, turns, of))
    assert [path.name for path in written] == FILES
    return {path.name: path.read_text("utf-8") for path in written}


def texts(turns: list[HTMLParser], selector: str) -> list[str]:
    return [" ".join(node.text().split()) for each in turns for node in each.css(selector)]


def test_two_identical_runs_have_the_same_bytes(tmp_path: Path) -> None:
    report(tmp_path / "a", some())
    report(tmp_path / "b", some())
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert str(tmp_path) not in (tmp_path / "a" / name).read_text("utf-8")


def test_the_figures_are_those_of_the_summary(tmp_path: Path) -> None:
    assert json.loads(report(tmp_path, some())["report.json"]) == summarise(tmp_path)


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_without_its_libraries_it_says_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    run(tmp_path, some())
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library} is missing.*kefu\[evaluate\]"):
        write_report(tmp_path)
    assert not [name for name in FILES if (tmp_path / name).exists()]


def test_a_run_without_turns_has_a_report(tmp_path: Path) -> None:
    files = report(tmp_path, [])
    assert "None did" in files["report.html"]
    assert len(ElementTree.fromstring(files["junit.xml"])) == 0


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_shows_every_turn_that_went_wrong(tmp_path: Path) -> None:
    page = HTMLParser(report(tmp_path, some())["report.html"])
    shown = page.css(".turn")
    wrong = [t for t in some() if t.harmful or t.verdict is Verdict.UNNECESSARY_HAND_OVER]
    assert len(shown) == len(wrong) == 7
    assert [each.attributes["data-verdict"] for each in shown[:5]].count("unnecessary_hand_over") == 0
    last = next(each for each in shown if "last" in each.text())
    said = dict(zip(texts([last], "dt"), texts([last], "dd"), strict=True))
    assert (said["Customer"], said["Person"]) == ("钱什么时候退给我", "三天内")
    assert (said["Quoted"], said["Right"]) == ("track", "track")
    rows = [[" ".join(cell.text().split()) for cell in row.css("td")] for row in last.css("tbody tr")]
    assert rows == [
        ["1", "What is pay? pay faq.jsonl:3", "80.0%", ""],
        ["2", "What is track? track faq.jsonl:5", "40.0%", "right, quoted"],
    ]


def test_filters_offer_what_is_there(tmp_path: Path) -> None:
    page = HTMLParser(report(tmp_path, some())["report.html"])
    offered = {s.attributes["name"]: [o.attributes["value"] for o in s.css("option")] for s in page.css("select")}
    assert offered["language"] == ["", "en", "zh"]
    assert offered["topic"] == ["", "orders", "退款"]
    assert offered["verdict"] == ["", "missed_hand_over", "unnecessary_hand_over", "wrong"]
    attributes = {name: {each.attributes[f"data-{name}"] for each in page.css(".turn")} for name in offered}
    assert all(attributes[name] <= set(values) for name, values in offered.items())
    assert page.css_first("form").attributes.keys() >= {"hidden"}  # of no use without the script


def test_the_page_says_how_many_more_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picked, "MOST", 6)
    turns = [turn(n, Verdict.UNNECESSARY_HAND_OVER, dialogue=str(n)) for n in range(20)]
    turns += [turn(n, Verdict.WRONG, dialogue=f"w{n}") for n in range(4)]
    page = HTMLParser(report(tmp_path, turns)["report.html"])
    shown = [each.attributes["data-verdict"] for each in page.css(".turn")]
    assert shown == ["wrong"] * 4 + ["unnecessary_hand_over"] * 2
    assert "18 more are in turns.jsonl" in page.text()


def test_what_was_taken_for_the_same_is_marked_right(tmp_path: Path) -> None:
    found = tuple(candidate(id_) for id_ in ("a", "b", "c", "d", "e"))
    page = HTMLParser(
        report(
            tmp_path,
            [
                turn(
                    verdict=Verdict.WRONG,
                    reading=Reading.TEXT,
                    quoted=("a",),
                    answers=(),
                    candidates=found,
                    person="so",
                    alike={"a": 0.2, "e": 0.75},
                )
            ],
        )["report.html"]
    )
    rows = [[" ".join(cell.text().split()) for cell in row.css("td")] for row in page.css(".candidates tbody tr")]
    assert [(row[0], *row[-2:]) for row in rows] == [
        ("1", "20%", "quoted"),
        ("2", "", ""),
        ("3", "", ""),
        ("5", "75%", "right"),
    ]
    assert "The others are in turns.jsonl: 1." in page.text()


def hostile() -> list[ReplayedTurn]:
    """Turns whose every text is an attack."""
    evil = candidate(ATTACK, question=ATTACK, origin=ATTACK, url=f"javascript:alert(1)//{ATTACK}")
    return [
        turn(
            place,
            verdict,
            dialogue=f"{ATTACK}{place}",
            channel=ATTACK,
            topic=ATTACK,
            language='"><script>',
            text=ATTACK,
            reply=ATTACK,
            person=ATTACK,
            quoted=(ATTACK,),
            answers=(ATTACK,),
            candidates=(evil,),
            intents=((ATTACK, 0.5),),
            sentiment=ATTACK,
            best=False,
        )
        for place, verdict in enumerate((Verdict.WRONG, Verdict.UNNECESSARY_HAND_OVER, Verdict.RIGHT, Verdict.UNJUDGED))
    ]


def test_a_text_does_nothing_but_stand_on_the_page(tmp_path: Path) -> None:
    html = report(tmp_path, hostile())["report.html"]
    page = HTMLParser(html)
    assert len(page.css("script")) == 1
    assert not page.css("img, iframe, object, embed, link, base")
    for node in page.css("*"):
        assert not [name for name in node.attributes if name.startswith("on")]
    assert not [a for a in page.css("a") if not a.attributes["href"].startswith("#")]
    assert "49" not in texts([page.css_first(".turn")], "dd")[0]
    assert page.css_first(".turn dd").text().startswith("</script><script>alert(1)")


def test_the_page_loads_nothing_and_lets_nothing_be_loaded(tmp_path: Path) -> None:
    html = report(tmp_path, some())["report.html"]
    page = HTMLParser(html)
    assert not page.css("[src], link, image, [background], object, iframe")
    assert not re.search(r"@import|url\((?!#)", html)
    links = [a.attributes["href"] for a in page.css("a") if not a.attributes["href"].startswith("#")]
    assert set(links) == {"https://shop.example/a"}
    rest = re.sub(r'xmlns(:\w+)?="[^"]*"', "", html)
    assert set(re.findall(r"https?://[^\s\"'<]+", rest)) == {"https://shop.example/a"}
    policy = page.css_first("meta[http-equiv=Content-Security-Policy]").attributes["content"]
    assert policy.startswith("default-src 'none';")


def test_the_script_is_the_one_that_the_policy_lets_run(tmp_path: Path) -> None:
    import base64
    import hashlib

    html = report(tmp_path, some())["report.html"]
    script = html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_every_control_and_every_table_can_be_read_aloud(tmp_path: Path) -> None:
    page = HTMLParser(report(tmp_path, some())["report.html"])
    assert page.css_first("html").attributes["lang"] == "en"
    assert len(page.css("label select, label input")) == len(page.css("select, input")) == 5
    assert len(page.css("th")) == len(page.css("th[scope]"))
    assert len(page.css("[role=img]")) == len(page.css("[role=img][aria-label]")) > 5
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    assert {a.attributes["href"][1:] for a in page.css("nav a")} <= set(ids)


def test_plots_have_the_colours_of_the_page_and_no_date(tmp_path: Path) -> None:
    page = HTMLParser(report(tmp_path, some())["report.html"])
    plots = page.css(".plot svg")
    assert len(plots) == 2
    for plot in plots:
        assert "var(--ink)" in plot.html
        assert "metadata" not in plot.html
        assert not set(re.findall(r"#[0-9a-f]{6}\b", plot.html)) - {"#000000"}


# --- JUnit -----------------------------------------------------------------------------------------------------------


def test_junit_has_a_suite_for_each_language_and_counts_that_agree(tmp_path: Path) -> None:
    root = ElementTree.fromstring(report(tmp_path, some())["junit.xml"])
    assert [suite.attrib["name"] for suite in root] == ["en", "zh"]
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure")) >= 2
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped")) == 1
        assert suite.attrib["errors"] == "0"
        for case in suite:
            assert case.attrib.keys() == {"name", "classname"}
    for name in ("tests", "failures"):
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    assert {case.attrib["name"] for case in root.iter("testcase")} == {each.id for each in some()}
    verdicts = {case.attrib["name"]: case.find("failure") is not None for case in root.iter("testcase")}
    assert verdicts == {each.id: each.harmful for each in some()}


def test_junit_says_what_was_said_and_wanted(tmp_path: Path) -> None:
    lost = turn(
        verdict=Verdict.MISSED_HAND_OVER, wanted=(Action.HAND_OFF,), answers=(), person="My colleague will call."
    )
    root = ElementTree.fromstring(report(tmp_path, [lost])["junit.xml"])
    (failure,) = root.iter("failure")
    assert failure.attrib == {"message": "missed hand-over", "type": "missed_hand_over"}
    assert failure.text is not None
    lines = failure.text.splitlines()
    assert "The customer wrote: where is my parcel" in lines
    assert "A person said: My colleague will call." in lines
    assert "Wanted: hand over" in lines


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    root = ElementTree.fromstring(report(tmp_path, hostile())["junit.xml"])
    (failure,) = root.iter("failure")
    assert failure.text is not None
    assert re.sub("[\0\b\ufffe\x1b]", "\ufffd", ATTACK) in failure.text
    assert [child.tag for child in failure] == []


# --- Markdown --------------------------------------------------------------------------------------------------------


def test_a_text_is_nothing_but_code_in_a_comment(tmp_path: Path) -> None:
    text = report(tmp_path, hostile())["report.md"]
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tokens = [child for token in parser.parse(text) for child in (token.children or [token])]
    assert not [t.type for t in tokens if t.type in {"html_inline", "html_block", "image", "link_open"}]
    spans = [token.content for token in tokens if token.type == "code_inline"]
    assert sum("alert(1)" in span for span in spans) >= 4
    assert not [t.content for t in tokens if t.type == "text" and ("alert" in t.content or "@everyone" in t.content)]


def test_a_comment_has_the_first_harmful_turns_and_says_of_how_many(tmp_path: Path) -> None:
    turns = [turn(n, Verdict.WRONG, dialogue=f"d{n:02}", text="question " * 100) for n in range(25)]
    text = report(tmp_path, turns)["report.md"]
    assert "### The first 20 of 25 harmful turns" in text
    assert re.findall(r"wrong answer\*\* `(d\d\d)#", text) == [f"d{n:02}" for n in range(20)]
    assert max(map(len, text.splitlines())) < markdown._TEXT + 100


def test_a_comment_begins_with_what_it_comes_to(tmp_path: Path) -> None:
    text = report(tmp_path, some())["report.md"]
    sentence = text.splitlines()[2]
    assert sentence.startswith("Of 19 messages in 19 dialogues the bot answered ")
    assert "| `退款` | 9 |" in text


def test_where_nothing_did_harm_a_comment_says_so(tmp_path: Path) -> None:
    assert "No reply did harm." in report(tmp_path, [turn(), turn(1, dialogue="e")])["report.md"]

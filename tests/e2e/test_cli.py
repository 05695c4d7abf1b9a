"""What the command promises: its output, its exit codes, and what it says where something is wrong."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from tests.e2e.command import REFUND, Desk, Ran, ended, written

COMMANDS = ("chat", "ask", "search", "ingest", "config", "doctor")
#: Of a reply in JSON: the public face.
REPLY_KEYS = [
    *("id", "text", "action", "confidence", "language"),
    *("citations", "reason", "candidates", "understanding", "timings_ms"),
]


def test_every_command_explains_itself(shared: Desk) -> None:
    started = [shared.start("--help"), *(shared.start(name, "--help") for name in COMMANDS)]
    overview, *helps = [ended(process) for process in started]
    assert [ran.code for ran in (overview, *helps)] == [0] * (1 + len(COMMANDS))
    for name, ran in zip(COMMANDS, helps, strict=True):
        assert re.search(rf"^  {name} ", overview.out, re.MULTILINE)
        assert f"Usage: kefu {name}" in ran.out
        assert {"--config", "--faq", "--state"} <= set(re.findall(r"--[a-z]+", ran.out))
        assert ("--json" in ran.out) is (name != "chat")
    version = shared.run("--version")
    assert re.fullmatch(r"kefu \d+\.\d+\.\d+\n", version.out)


WRONG_USE = [
    (["nope"], "No such command 'nope'"),
    (["ask", "--nope"], "No such option: --nope"),
    (["ask", "--faq", "faq"], "Give a question, or a file with --batch."),
    (["ask", "  "], "Give a question, or a file with --batch."),
    (["ask", "hello", "--batch", "rows.jsonl"], "Give a question, or a file with --batch."),
    (["search", " "], "Give something to look for."),
    (["search", "x", "-k", "0"], "-k"),
    (["ask", "--faq", "nothere", "hello"], "nothere: It does not exist."),
    (["ask", "--faq", "empty", "hello"], "There is no knowledge file."),
    (["ask", "--faq", "empty", "hello"], "Name others with --faq, or as [knowledge] sources in the settings."),
    (["ask", "--config", "nothere.toml", "hello"], "nothere.toml"),
    (["config", "--config", "wrong.toml"], "unknown key policy.choises; did you mean policy.choices?"),
    (["config", "--config", "wrong.toml"], "unknown section knowlege; did you mean knowledge?"),
    (["ask", "--batch", "nothere.jsonl"], "nothere.jsonl: No such file"),
    (["ask", "--batch", "not-json.jsonl"], "not-json.jsonl:2: not JSON"),
    (["ask", "--batch", "not-utf-8.jsonl"], "not-utf-8.jsonl:1: not JSON"),
    (["ask", "--batch", "deep.jsonl"], "deep.jsonl:1: not JSON"),
    (["ask", "--batch", "array.jsonl"], "array.jsonl:1: expected an object, found list."),
    (["ask", "--batch", "no-text.jsonl"], 'no-text.jsonl:3: field "text": expected a string, found nothing.'),
    (["ask", "--batch", "number.jsonl"], 'number.jsonl:1: field "text": expected a string, found int.'),
]


def test_wrong_use_ends_with_2_and_says_what_and_where(desk: Desk) -> None:
    (desk.folder / "empty").mkdir()
    desk.write("wrong.toml", "[policy]", "choises = 3", "[knowlege]", 'sources = ["faq"]')
    desk.write("not-json.jsonl", {"text": "hello"}, "{text: hello}")
    (desk.folder / "not-utf-8.jsonl").write_bytes(b'{"text": "caf\xe9 \xff"}\n')
    desk.write("deep.jsonl", "[" * 100_000)
    desk.write("array.jsonl", ["hello"])
    desk.write("no-text.jsonl", {"text": "hello"}, "", {"id": "a"})
    desk.write("number.jsonl", {"text": 3})
    for begin in range(0, len(WRONG_USE), 4):  # a few at the same time
        some = WRONG_USE[begin : begin + 4]
        for (arguments, said), process in zip(some, [desk.start(*arguments) for arguments, _ in some], strict=True):
            ran = ended(process)
            assert (arguments, ran.code, ran.out) == (arguments, 2, "")
            assert said in ran.err
            assert "Traceback" not in ran.err


# --- ask --------------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_with_its_source_and_how_likely_it_is_right(shared: Desk) -> None:
    one, two = (shared.start("ask", "--faq", "faq", *words) for words in (REFUND.split(), ["退款需要多久？"]))
    english, chinese = ended(one), ended(two)
    assert (english.code, english.err) == (0, "")
    assert re.fullmatch(
        r"14 days\.\n  \[refund\] How long does a refund take\?  https://shop\.example/refund\n  confidence \d\d%\n",
        english.out,
    )
    assert (chinese.code, chinese.err) == (0, "")
    assert chinese.out.startswith("14 天。\n  [refund] 退款需要多久？\n")


def test_a_reply_in_json_has_every_key_that_was_promised(shared: Desk) -> None:
    ran = shared.run("ask", "--faq", "faq", "--json", REFUND)
    assert (ran.code, ran.err) == (0, "")
    reply: Any = ran.json
    assert list(reply) == REPLY_KEYS
    assert (reply["text"], reply["action"], reply["reason"], reply["language"]) == (
        "14 days.",
        "answer",
        "confident",
        "en",
    )
    assert 0.5 < reply["confidence"] <= 1
    assert reply["citations"] == [
        {"id": "refund", "question": REFUND, "source": "faq/entries.jsonl:1", "url": "https://shop.example/refund"}
    ]
    assert list(reply["candidates"][0]) == ["id", "score", "source"]
    assert (reply["candidates"][0]["id"], reply["candidates"][0]["source"]) == ("refund", "knowledge")
    scores = [candidate["score"] for candidate in reply["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert set(reply["timings_ms"]) == {"sources", "total"}


def test_a_batch_is_answered_in_order_however_few_may_wait(desk: Desk) -> None:
    texts = [REFUND, "退款需要多久？", "hello", "转人工", "\ud83d?"]
    rows: list[object] = [json.dumps({"id": f"row {n}", "text": f"{texts[n % 5]}"}) for n in range(99)]
    desk.write("rows.jsonl", *rows, "", {"text": "thanks"})
    ran = desk.run("ask", "--faq", "faq", "--batch", "rows.jsonl", KEFU_DISPATCHER__WAITING="3")
    assert (ran.code, ran.err) == (0, "")
    replies = [json.loads(line) for line in ran.out.splitlines()]
    assert [reply["id"] for reply in replies] == [*(f"row {n}" for n in range(99)), "101"], "a row without id: its line"
    assert all(list(reply) == REPLY_KEYS for reply in replies)
    assert [reply["text"] for reply in replies[:2]] == ["14 days.", "14 天。"]
    assert [reply["action"] for reply in replies[2:5]] == ["small_talk", "hand_off", "small_talk"]
    assert replies[99]["reason"] == "thanks"


def test_questions_come_from_the_standard_input_too(shared: Desk) -> None:
    one = shared.start("ask", "--faq", "faq", "-")
    two = shared.start("ask", "--faq", "faq", "--batch", "-", PYTHONIOENCODING="ascii")
    assert ended(one, f"{REFUND}\n").out.startswith("14 days.\n")
    # As UTF-8, whatever the locale says; a byte order mark is no part of the first row.
    ran = ended(two, '\ufeff{"id": "a", "text": "退款需要多久？"}\n')
    assert (ran.code, json.loads(ran.out)["text"]) == (0, "14 天。")


def test_whoever_has_read_enough_may_close_the_output(desk: Desk) -> None:
    desk.write("rows.jsonl", *({"text": f"{REFUND} {n}"} for n in range(300)))
    arguments = ("ask", "--faq", "faq", "--batch", "rows.jsonl")
    for lines in (0, 1):
        process = desk.start(*arguments)
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(lines):
            assert process.stdout.readline().startswith("{")
        process.stdout.close()
        assert process.stderr.read() == ""
        process.stderr.close()
        process.communicate(timeout=60)


def test_the_first_runs_at_the_same_time_all_answer(desk: Desk) -> None:
    started = [desk.start("ask", "--faq", "faq", REFUND) for _ in range(3)]
    for ran in [ended(process) for process in started]:
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("14 days.")
    assert len(list((desk.state / "index").glob("*/manifest.json"))) == 1
    assert not list((desk.state / "index").glob("building-*"))


# --- search, ingest ---------------------------------------------------------------------------------------------------


def test_a_search_shows_the_nearest_entries_with_the_scores_of_each_side(shared: Desk) -> None:
    one, two = (
        shared.start("search", "--faq", "faq", "-k", "2", "--json", REFUND),
        shared.start("search", "--faq", "faq", REFUND),
    )
    ran, table = ended(one), ended(two)
    assert (ran.code, ran.err, table.code, table.err) == (0, "", 0, "")
    hits: Any = ran.json
    assert (len(hits), hits[0]["id"]) == (2, "refund")
    assert {"question", "answer", "language", "url", "source", "score", "dense", "keyword", "coverage"} <= set(hits[0])
    assert hits[0]["score"] > hits[1]["score"]
    assert (hits[0]["source"], hits[0]["language"]) == ("faq/entries.jsonl:1", "en")
    header, first, *_ = table.out.splitlines()
    assert header.split() == ["score", "meaning", "words", "id", "question"]
    assert "refund" in first
    assert "summer sale" not in table.out, "it is over"


def test_a_second_ingest_writes_nothing_anew(demo: Desk, ingested: Ran) -> None:
    assert (ingested.code, ingested.err) == (0, "")
    first: Any = ingested.json
    assert first["languages"] == {"en": first["entries"], "zh": first["entries"]}
    assert (first["passages"], first["problems"]) == (2 * first["entries"], [])
    assert len(first["files"]) == 24
    before = written(demo)
    second: Any = demo.run("ingest", "--json").json
    assert (second["version"], second["entries"]) == (first["version"], first["entries"])
    assert written(demo) == before


def test_bad_rows_are_named_by_file_and_line_and_the_others_served(desk: Desk) -> None:
    desk.write("faq/bad.jsonl", {"question": "Q?"}, "not json", {"question": "Is it blue?", "answer": "It is blue."})
    started = [
        desk.start(*arguments, KEFU_STATE__FOLDER=str(desk.folder / f"state {number}"))
        for number, arguments in enumerate(
            [
                ("ask", "--faq", "faq", "Is it blue?"),
                ("ingest", "faq"),
                ("ingest", "faq", "--json"),
                ("ingest", "faq", "--strict"),
                ("doctor", "--faq", "faq"),
            ]
        )
    ]
    asked, ingested, as_json, strict, doctor = [ended(process) for process in started]
    assert asked.out.startswith("It is blue.")
    for ran in (asked, ingested):
        assert ran.code == 0
        assert re.search(r"^Left out: faq/bad\.jsonl:1: answer: .*; expected ", ran.err, re.MULTILINE)
        assert re.search(r"^Left out: faq/bad\.jsonl:2: ", ran.err, re.MULTILINE)
    assert "2 problems: the rest is served. --strict stops at the first." in ingested.out
    report: Any = as_json.json
    assert [(p["file"], p["line"]) for p in report["problems"]] == [("faq/bad.jsonl", 1), ("faq/bad.jsonl", 2)]
    assert set(report["problems"][0]) == {"file", "line", "field", "found", "expected"}
    assert (strict.code, strict.out) == (2, "")
    assert "faq/bad.jsonl:1" in strict.err
    assert doctor.code == 1
    assert "✗ knowledge: 9 passages (7 en, 2 zh); 2 problems\nfaq/bad.jsonl:1" in doctor.out
    assert doctor.out.count("knowledge:") == 1, "it says one thing of it"


def test_where_no_entry_is_sound_the_sources_the_first_problems_and_what_to_do_are_told(desk: Desk) -> None:
    desk.write("bad.jsonl", *({"question": f"Q{n}?"} for n in range(7)))
    desk.write("empty.jsonl")
    started = [desk.start("ingest", *names) for names in (["bad.jsonl", "empty.jsonl"], ["empty.jsonl"])]
    bad, empty = [ended(process) for process in started]
    assert (bad.code, bad.out, empty.code, empty.out) == (2, "", 2, "")
    assert "There is no entry to index in bad.jsonl, empty.jsonl.\nbad.jsonl:1: answer: nothing" in bad.err
    assert bad.err.count("answer: nothing") == 5
    assert "\n... and 3 more\nMend them, or name others with --faq, or as [knowledge] sources" in bad.err
    assert "empty.jsonl:1: nothing; expected one JSON object," in empty.err


def test_ingest_names_what_is_not_served_today(desk: Desk) -> None:
    over = [{"id": f"x{n:02}", "question": f"Q{n}?", "answer": "A.", "valid_until": "2020-01-31"} for n in range(11)]
    early = {"id": "a", "question": "Soon?", "answer": "Yes.", "language": "en", "valid_from": "2999-12-31"}
    desk.write("few.jsonl", {"id": "b", "question": "Now?", "answer": "Yes."}, early, {**early, "language": "zh"})
    desk.write("one.jsonl", {"id": "b", "question": "Now?", "answer": "Yes."}, {"question": "no answer"})
    desk.write("many.jsonl", *over, early)
    started = [
        desk.start("ingest", *arguments, KEFU_STATE__FOLDER=str(desk.folder / f"state {number}"))
        for number, arguments in enumerate([["few.jsonl"], ["many.jsonl"], ["one.jsonl"], ["few.jsonl", "--json"]])
    ]
    few, many, one, as_json = [ended(process) for process in started]
    assert few.out.splitlines()[1:] == ["Not served today: a (begins 2999-12-31)."]
    names = ["a (begins 2999-12-31)", *(f"x{n:02} (ended 2020-01-31)" for n in range(9))]
    assert many.out.splitlines()[1:] == [f"Not served today: {', '.join(names)} and 2 more."]
    assert re.match(r"1 entry \(1 en\) from 1 file in ", one.out)
    assert one.out.splitlines()[1:] == ["1 problem: the rest is served. --strict stops at the first."]
    report: Any = as_json.json
    assert report["not_served"] == [{"id": "a", "why": "begins 2999-12-31"}]


def test_the_command_that_shows_all_problems_can_be_pasted(desk: Desk) -> None:
    (desk.folder / "my faq").mkdir()
    desk.write("my faq/bad.jsonl", *({"question": f"Q{n}?"} for n in range(6)), {"question": "Q?", "answer": "A."})
    desk.write("other.toml", "[policy]", "choices = 2")
    options = ["--config", "other.toml", "--faq", "my faq", "--faq", "faq", "--state", "my state"]
    started = [desk.start("search", *options, "Q?"), desk.start("doctor", *options)]
    hint = "kefu ingest --config other.toml --faq 'my faq' --faq faq --state 'my state'"
    search, doctor = [ended(process) for process in started]
    assert f"... and 1 more. See them all with: {hint}\n" in search.err
    assert f"... and 5 more. See them all with: {hint}\n" in doctor.out
    assert desk.run(*shlex.split(hint)[1:]).err.count("Left out: my faq/bad.jsonl:") == 6
    plain = desk.run("search", "Q?", KEFU_KNOWLEDGE__SOURCES="my faq")
    assert "See them all with: kefu ingest\n" in plain.err


def test_the_demo_company_is_served_in_both_languages(demo: Desk, ingested: Ran) -> None:
    asked = {
        "How do I track my order?": "order-track",
        "How do I return an item?": "return-how",
        "Which payment methods do you accept?": "pay-methods",
        "如何查询订单物流？我想知道快递到哪里了": "order-track",
        "支持哪些付款方式？": "pay-methods",
    }
    rows = "".join(json.dumps({"text": text}) + "\n" for text in asked)
    ran = demo.run("ask", "--batch", "-", stdin=rows)
    assert (ran.code, ran.err) == (0, "")
    best = [json.loads(line)["candidates"][0]["id"] for line in ran.out.splitlines()]
    assert best == list(asked.values())
    assert "promo-old-summer" not in ran.out, "it is over"


# --- config, doctor ---------------------------------------------------------------------------------------------------


def test_the_settings_are_shown_with_where_each_came_from(desk: Desk) -> None:
    desk.write("kefu.toml", "[policy]", "choices = 2")
    arguments = ("config", "--faq", "faq")
    one, two = (desk.start(*arguments, *more, KEFU_DISPATCHER__WAITING="7") for more in ([], ["--json"]))
    table, ran = ended(one), ended(two)
    assert (table.code, table.err, ran.code, ran.err) == (0, "", 0, "")
    shown: Any = ran.json
    assert shown["policy.choices"] == {"value": 2, "from": "kefu.toml"}
    assert shown["dispatcher.waiting"] == {"value": 7, "from": "environment KEFU_DISPATCHER__WAITING"}
    assert shown["knowledge.sources"] == {"value": ["faq"], "from": "command line"}
    assert shown["dispatcher.concurrency"]["from"] == "default"
    assert shown["state.folder"]["from"] == "environment KEFU_STATE__FOLDER"
    assert re.search(r"^policy\.choices +2 +kefu\.toml", table.out, re.MULTILINE)


def test_the_doctor_finds_a_missing_and_a_damaged_index_and_the_next_run_mends_it(desk: Desk) -> None:
    elsewhere = str(desk.folder / "elsewhere")
    one, two = desk.start("doctor", "--faq", "faq", KEFU_STATE__FOLDER=elsewhere), desk.start("ingest", "--faq", "faq")
    missing = ended(one)
    assert (missing.code, "✗ index" in missing.out) == (1, True)
    assert "kefu ingest" in missing.out
    assert ended(two).code == 0
    sound = desk.run("doctor", "--faq", "faq")
    assert (sound.code, sound.err) == (0, "")
    assert "✗" not in sound.out
    assert "not served any more: old" in sound.out
    (desk.folder / "other").mkdir()
    desk.write("other/entries.jsonl", {"question": "Is it blue?", "answer": "It is."})
    other = desk.run("doctor", "--faq", "other")
    assert (other.code, "✓ index" in other.out) == (0, False), other.out
    told = "exact. It was built of other entries than are in other now; the next start builds it anew."
    assert re.search(rf"^• index: .* {re.escape(told)}$", other.out, re.MULTILINE)
    (damaged,) = (desk.state / "index").glob("*/vectors.faiss")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    found = desk.run("doctor", "--faq", "faq", "--json")
    assert (found.code, found.err) == (1, "")
    findings: Any = found.json
    assert [finding["name"] for finding in findings if finding["ok"] is False] == ["index"]
    assert "vectors.faiss is missing, damaged or was changed" in findings[-1]["text"]
    assert desk.run("ask", "--faq", "faq", REFUND).out.startswith("14 days.")
    assert desk.run("doctor", "--faq", "faq").code == 0, "the damaged one was replaced"

"""Dialogues as JSONL, and logs as a whole: which files, and which of their conversations are one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from finetune.errors import DataError
from finetune.logs import Speaker, Utterance, read_logs
from finetune.logs.markup import plain
from finetune.logs.values import moment, switch


def turn(speaker: str, text: str, **more: object) -> dict[str, Any]:
    return {"speaker": speaker, "text": text, **more}


def log(folder: Path, *rows: object, name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_dialogue_is_read_with_all_it_tells(tmp_path: Path) -> None:
    turns = [
        turn("customer", "refund?", at="2026-01-05T09:14:00Z"),
        turn("agent", "vip", private=True),
        turn("bot", "14 days.", at=1767604440, answer_id="refund", action="answer"),
    ]
    [conversation] = read_logs([log(tmp_path, {"id": 7, "turns": turns, "outcome": "resolved", "language": "en"})])
    assert (conversation.id, conversation.outcome, conversation.notes) == ("7", "resolved", 1)
    assert conversation.utterances == (
        Utterance(speaker=Speaker.CUSTOMER, text="refund?", at=datetime(2026, 1, 5, 9, 14, tzinfo=UTC)),
        Utterance(
            speaker=Speaker.BOT,
            text="14 days.",
            at=datetime(2026, 1, 5, 9, 14, tzinfo=UTC),
            answer_id="refund",
            action="answer",
        ),
    )


def test_a_dialogue_without_an_id_is_named_for_its_line(tmp_path: Path) -> None:
    path = log(tmp_path, {"turns": []}, {"turns": []})
    assert [conversation.id for conversation in read_logs([path])] == ["log.jsonl:1", "log.jsonl:2"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a"}, "log.jsonl:2: 'turns' is no list of objects; expected a dialogue"),
        ({"turns": ["hello"]}, "log.jsonl:2: 'turns' is no list of objects"),
        (
            {"turns": [turn("boss", "x")]},
            "log.jsonl:2: the speaker of a turn is 'boss'; expected one of customer, agent, bot.",
        ),
        ({"turns": [{"speaker": ["customer"], "text": "x"}]}, "the speaker of a turn is ['customer']"),
        ({"turns": [{"speaker": "agent", "text": 3}]}, "log.jsonl:2: the text of a turn is a int; expected a text."),
        (
            {"turns": [turn("agent", "x", at="noon")]},
            "log.jsonl:2: the time of a turn is 'noon'; expected a time such as",
        ),
        ({"turns": [turn("agent", "x", answer_id=3)]}, "log.jsonl:2: 'answer_id' is a int; expected a text."),
        ({"turns": [], "outcome": []}, "log.jsonl:2: 'outcome' is a list; expected a text."),
        ([1], "log.jsonl:2: a list; expected a JSON object."),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(row: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read_logs([log(tmp_path, {"turns": []}, row)])
    assert said in str(raised.value)


# --- several files ---------------------------------------------------------------------------------------------------


def test_a_folder_is_read_with_the_logs_in_it_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    log(tmp_path / "2026", {"id": "b", "turns": []})
    log(tmp_path, {"id": "a", "turns": []}, name="a.ndjson")
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    assert [conversation.id for conversation in read_logs([tmp_path, tmp_path / "a.ndjson"])] == ["b", "a"]


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "log.jsonl").touch()
    for path, said in (
        (tmp_path / "empty", "no log in this folder; expected files that end in .jsonl, .ndjson, .csv, .tsv."),
        (tmp_path / "a.xlsx", "a.xlsx: not known by its name as a log"),
        (tmp_path / "log.jsonl", "log.jsonl is empty; expected a dialogue in each line."),
    ):
        with pytest.raises(DataError) as raised:
            read_logs([path])
        assert said in str(raised.value)


def test_parts_of_a_conversation_are_put_together_and_what_stands_twice_counts_once(tmp_path: Path) -> None:
    first, second, third = (turn("customer", text, at=f"2026-01-0{day}") for day, text in enumerate("abc", start=1))
    january = log(tmp_path, {"id": "x", "turns": [first, third]}, name="1.jsonl")
    february = log(tmp_path, {"id": "x", "turns": [second, third], "outcome": "resolved"}, name="2.jsonl")
    [conversation] = read_logs([january, february, january])
    assert [u.text for u in conversation.utterances] == ["a", "b", "c"]
    assert conversation.outcome == "resolved"


def test_an_id_for_two_conversations_is_refused_where_no_time_puts_them_in_order(tmp_path: Path) -> None:
    path = log(tmp_path, {"id": "x", "turns": [turn("agent", "a")]}, {"id": "x", "turns": [turn("agent", "b")]})
    with pytest.raises(DataError, match="the conversation 'x' was read before with other messages"):
        read_logs([path])


def test_progress_hears_of_every_file(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    paths = [log(tmp_path, {"id": name, "turns": []}, name=f"{name}.jsonl") for name in "ab"]
    read_logs(paths, lambda step, done, total: heard.append((step, done, total)))
    assert heard == [("Reading a.jsonl", 0, 2), ("Reading b.jsonl", 1, 2)]


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-05T09:14:00Z", "2026-01-05 09:14:00", "2026-01-05 09:14:00 UTC", "2026-01-05 09:14:00.000"),
        *("2026-01-05 10:14:00 +0100", "2026-01-05 10:14:00+01", "2026/1/5 9:14", "2026/01/05 09:14:00", "1767604440"),
        *("1767604440000", "1767604440.0", " 2026-01-05T10:14:00+01:00 "),
    ],
)
def test_times_are_read_as_the_helpdesks_write_them(text: str) -> None:
    assert moment(text) == datetime(2026, 1, 5, 9, 14, tzinfo=UTC)
    assert moment(text).tzinfo is not None


def test_a_day_is_its_beginning_and_an_offset_is_kept() -> None:
    assert moment("2026/1/5") == moment("2026-01-05") == datetime(2026, 1, 5, tzinfo=UTC)
    assert moment("2026-01-05T09:14:00+08:00").tzinfo == timezone(timedelta(hours=8))


@pytest.mark.parametrize("text", ["", "noon", "5/1/2026", "2026-13-01", "17676", "2026/2/31"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is the caller's
        moment(text)


def test_switches_are_read_in_any_case() -> None:
    assert all(map(switch, ["true", "T", "Yes", "1", "是"]))
    assert not any(map(switch, ["false", "f", "NO", "0", "否"]))


# --- HTML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("i <3 it, is 5 < 6 & 7 > 2?", "i <3 it, is 5 < 6 & 7 > 2?"),
        ("a &amp; b", "a &amp; b"),
        ("<p>a &amp; b</p>", "a & b"),
        ("<div>one<br>two</div><div>three <b>four</b></div>", "one\ntwo\nthree four"),
        ("<p>mine</p><blockquote>theirs</blockquote><div class='gmail_quote'>theirs</div>", "mine"),
        ("<style>p {}</style><p>mine</p><script>x()</script>", "mine"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<p>a  \n  b</p>", "a b"),
        ("<blockquote>theirs</blockquote>", ""),
    ],
)
def test_html_becomes_text_without_what_was_quoted(text: str, left: str) -> None:
    assert plain(text) == left

"""Logs as a whole: which files, and which of their conversations are one."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from finetune.errors import DataError
from finetune.logs import Conversation, Problems, What, iter_logs
from tests.unit.finetune.logs.logs import ZAMMAD, damaged, log, places, read, table, texts, turn


def ids(conversations: list[Conversation]) -> list[str]:
    return [conversation.id for conversation in conversations]


def test_a_folder_is_read_with_the_logs_in_it_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    log(tmp_path / "2026", {"id": "b", "turns": []})
    log(tmp_path, {"id": "a", "turns": []}, name="a.ndjson")
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    assert ids(read(tmp_path, tmp_path / "a.ndjson")) == ["b", "a"]


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "log.jsonl").touch()
    (tmp_path / "a.xlsx").touch()
    for path, said in (
        (tmp_path / "empty", "no log in this folder; expected files that end in .jsonl, .ndjson, .csv, .tsv."),
        (tmp_path / "a.xlsx", "a.xlsx: not known by its name as a log"),
        (tmp_path / "gone.jsonl", "gone.jsonl: No such file or directory."),
        (tmp_path / "gone", "gone: No such file or directory."),
        (tmp_path / "log.jsonl", "log.jsonl is empty; expected a dialogue in each line."),
    ):
        with pytest.raises(DataError) as raised:
            read(path)
        assert said in str(raised.value)


def test_the_file_of_a_day_without_a_ticket_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    log(tmp_path, {"id": "a", "turns": [turn("customer", "Hi")]})
    (tmp_path / "0.jsonl").touch()
    (tmp_path / "1.csv").write_text("ticket_id,plain_body,public,author_role\n", "utf-8")
    problems = Problems()
    assert ids(list(iter_logs([tmp_path], problems))) == ["a"]
    assert problems.counts == {What.EMPTY: 2}
    assert [str(problem) for problem in problems.examples(What.EMPTY)] == [
        f"{tmp_path / name}: nothing in it; expected a log" for name in ("0.jsonl", "1.csv")
    ]
    (tmp_path / "log.jsonl").unlink()
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path)


def test_a_dialogue_without_an_id_is_named_for_its_file_and_line(tmp_path: Path) -> None:
    for name in ("2025", "2026"):
        (tmp_path / name).mkdir()
        log(tmp_path / name, {"turns": []}, {"id": " ", "turns": []})
    assert ids(read(tmp_path / "2026")) == ["log.jsonl:1", "log.jsonl:2"]
    assert ids(read(tmp_path)) == ["2025/log.jsonl:1", "2025/log.jsonl:2", "2026/log.jsonl:1", "2026/log.jsonl:2"]


def test_parts_of_a_conversation_are_put_together_and_what_stands_twice_counts_once(tmp_path: Path) -> None:
    first, second, third = (turn("customer", text, at=f"2026-01-0{day}") for day, text in enumerate("abc", start=1))
    note = turn("agent", "vip", private=True)
    january = log(tmp_path, {"id": "x", "turns": [first, third, note], "channel": "web"}, name="1.jsonl")
    february = log(tmp_path, {"id": "x", "turns": [second, third], "outcome": "resolved"}, name="2.jsonl")
    again = log(tmp_path, {"id": "y", "turns": []}, {"id": "x", "turns": [first, third, note]}, name="3.jsonl")
    conversation, other = read(january, february, again)
    assert (texts([conversation]), conversation.notes) == (["a", "b", "c"], 1)
    assert (conversation.outcome, conversation.channel, other.id) == ("resolved", "web", "y")


def test_conversations_come_in_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    path = table(tmp_path, ZAMMAD, *((name, "x", "Agent", "no") for name in "ba ab c".replace(" ", "")))
    assert ids(read(path)) == ["zammad:b", "zammad:a", "zammad:c"]


def test_an_id_for_two_conversations_is_told_where_no_time_puts_them_in_order(tmp_path: Path) -> None:
    rows = [{"id": "x", "turns": [turn("agent", text)]} for text in "abac"]
    path = log(tmp_path, *rows, {"id": "x#2", "turns": []})
    conversations, problems = damaged(path)
    assert [(c.id, *texts([c])) for c in conversations] == [("x", "a"), ("x#3", "b"), ("x#4", "c"), ("x#2",)]
    assert places(problems) == [(What.SAME_ID, 2), (What.SAME_ID, 4)]


def test_a_part_in_which_nothing_was_said_belongs_to_any_other(tmp_path: Path) -> None:
    path = log(tmp_path, {"id": "x", "turns": [], "outcome": "spam"}, {"id": "x", "turns": [turn("agent", "a")]})
    [conversation] = read(path)
    assert (texts([conversation]), conversation.outcome) == (["a"], "spam")


def test_progress_hears_of_every_file_and_every_conversation(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    paths = [log(tmp_path, {"id": name, "turns": []}, name=f"{name}.jsonl") for name in "ab"]
    list(iter_logs(paths, Problems(), lambda step, done, total: heard.append((step, done, total))))
    assert heard[:2] == [("Reading a.jsonl", 0, 2), ("Reading b.jsonl", 1, 2)]
    assert heard[2:] == [("Reading conversations", 0, 2), ("Reading conversations", 1, 2)]


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_memory_does_not_grow_with_the_logs(name: str, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        said = [turn("customer", "x" * 2000)]
        if name == "log.jsonl":
            path = log(tmp_path, *({"id": number, "turns": said} for number in range(count)), name=name)
        else:
            rows = ((str(number), "x" * 2000, "Customer", "no") for number in range(count))
            path = table(tmp_path, ZAMMAD, *rows, name=name)
        tracemalloc.start()
        try:
            assert sum(len(c.utterances) for c in iter_logs([path], Problems())) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(50), peak(1000)
    assert many - few < 300_000  # of two million characters more


def test_a_table_may_be_left_before_its_end(tmp_path: Path) -> None:
    path = table(tmp_path, ZAMMAD, *((str(number), "x", "Agent", "no") for number in range(3)))
    assert next(iter_logs([path], Problems())).id == "zammad:0"
    assert len(read(path)) == 3

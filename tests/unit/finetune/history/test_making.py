"""The three parts, the leak check, and the folder they are written to."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.errors import DataError
from finetune.history import Pair, Shares, find_leaks, make, refuse_leaks, write
from finetune.history.making import FILES, FolderError
from finetune.history.split import PARTS, split

EXPORTS = Path(__file__).resolve().parents[1] / "exports"
WORDS = "lamp kettle pillow tent pan bottle apron sofa blender duvet knife kit".split()


def pair(question: str, conversation: str, day: int | None) -> Pair:
    at = None if day is None else datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return Pair(question=question, answer="a", language="en", conversation=conversation, at=at)


# --- split -----------------------------------------------------------------------------------------------------------

histories = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 30)), max_size=40).map(
    lambda rows: [pair(f"q{n}", f"c{name}", day) for n, (name, day) in enumerate(rows)]
)
shares = st.tuples(st.integers(1, 100), st.integers(0, 99)).map(
    lambda pair: Shares(
        train=pair[0], dev=min(pair[1], 100 - pair[0]), test=100 - pair[0] - min(pair[1], 100 - pair[0])
    )
)


@settings(deadline=None)
@given(histories, shares)
def test_a_conversation_stays_whole_and_the_newest_are_the_test(pairs: list[Pair], shares: Shares) -> None:
    parts = split(pairs, shares)
    assert list(parts) == list(PARTS)
    assert Counter(p for part in parts.values() for p in part) == Counter(pairs)
    names = [{p.conversation for p in part} for part in parts.values()]
    assert not names[0] & names[1]
    assert not names[0] & names[2]
    assert not names[1] & names[2]
    never = datetime.min.replace(tzinfo=UTC)
    begins = {name: min(p.at or never for p in pairs if p.conversation == name) for part in names for name in part}
    for earlier, later in pairwise(names):
        assert max((begins[n] for n in earlier), default=never) <= min(
            (begins[n] for n in later), default=datetime.max.replace(tzinfo=UTC)
        )
    assert split(pairs, shares) == parts


def test_shares_are_kept_as_far_as_whole_conversations_allow() -> None:
    parts = split([pair(f"q{n}", f"c{n}", n) for n in range(100)], Shares())
    assert [len(part) for part in parts.values()] == [80, 10, 10]
    assert [len(part) for part in split([pair("q", "c", 1)], Shares()).values()] == [1, 0, 0]


def test_shares_are_read() -> None:
    assert Shares.read(" 70/0/30") == Shares(train=70, dev=0, test=30)


@pytest.mark.parametrize("text", ["80/10", "80/10/20", "0/50/50", "a/b/c", "", "100/-10/10"])
def test_what_are_no_shares_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=f"{text!r} is no split; expected three numbers that make 100"):
        Shares.read(text)


# --- leaks -----------------------------------------------------------------------------------------------------------


def file(folder: Path, name: str, *rows: tuple[str, str | None]) -> Path:
    path = folder / name
    lines = [{"question": q, "answer": "a"} | ({"conversation": c} if c else {}) for q, c in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_leaks_are_told_with_both_places(tmp_path: Path) -> None:
    train = file(tmp_path, "train.jsonl", ("Where is my parcel?", "c1"), ("How long is the warranty?", "c2"))
    test = file(
        tmp_path, "test.jsonl", ("Is it new?", "c2"), ("hello, where's my parcel please", "c3"), ("other", None)
    )
    assert list(map(str, find_leaks(train, test))) == [
        f"{test}:1: the same conversation as {train}:2: c2",
        f"{test}:2: the same question as {train}:1: hello, where's my parcel please",
    ]
    with pytest.raises(DataError) as raised:
        refuse_leaks(train, test)
    assert f"{test} repeats what {train} has" in str(raised.value)
    assert f"{test}:2: the same question as {train}:1" in str(raised.value)


def test_files_without_leaks_pass(tmp_path: Path) -> None:
    train = file(tmp_path, "train.jsonl", ("Return within 30 days?", "c1"))
    test = file(tmp_path, "test.jsonl", ("Return within 14 days?", "c2"))
    assert not list(find_leaks(train, test))
    refuse_leaks(train, test)


def test_many_leaks_are_counted(tmp_path: Path) -> None:
    train = file(tmp_path, "train.jsonl", *((f"is the {word} new", None) for word in WORDS))
    with pytest.raises(DataError, match=f"and {len(WORDS) - 5} more"):
        refuse_leaks(train, train)


# --- all of it -------------------------------------------------------------------------------------------------------


def log(folder: Path, count: int = 30) -> Path:
    """Write a log with as many conversations, one a day, about all things of the shop."""
    path = folder / "log.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            thing, at = WORDS[number % len(WORDS)], f"2026-03-{number + 1:02}T09:00:00Z"
            turns = [
                {"speaker": "customer", "text": f"Hi, can I return the {thing}?", "at": at},
                {
                    "speaker": "agent",
                    "text": "Returns are free within 30 days." if number % 3 else f"Yes, the {thing} too.",
                },
            ]
            out.write(json.dumps({"id": f"c{number}", "turns": turns}) + "\n")
    return path


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_log_becomes_a_folder_of_training_data(tmp_path: Path) -> None:
    history = make([log(tmp_path)])
    assert (history.conversations, history.found, history.kept, history.duplicates) == (30, 30, 12, 18)
    write(history, tmp_path / "pairs")
    assert sorted(path.name for path in (tmp_path / "pairs").iterdir()) == sorted(FILES)
    answers = rows(tmp_path / "pairs" / "answers.jsonl")
    assert answers[0] | {"id": ""} == {
        "id": "",
        "text": "Returns are free within 30 days.",
        "count": 20,
        "language": "en",
    }
    train = rows(tmp_path / "pairs" / "train.jsonl")
    assert set(train[0]) == {"question", "answer", "language", "conversation", "at"}
    assert train[0]["question"] == "Can I return the lamp?"
    for later in ("dev.jsonl", "test.jsonl"):
        refuse_leaks(tmp_path / "pairs" / "train.jsonl", tmp_path / "pairs" / later)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "log.jsonl", tmp_path / "pairs"]


def test_the_same_log_gives_the_same_files(tmp_path: Path) -> None:
    for name in "ab":
        write(make([EXPORTS]), tmp_path / name)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_answers_given_too_seldom_are_left_out(tmp_path: Path) -> None:
    history = make([log(tmp_path)], min_count=5)
    assert [answer.count for answer in history.answers] == [20]
    assert {p.answer for part in history.parts.values() for p in part} == {"Returns are free within 30 days."}
    assert history.found == history.kept + history.duplicates + sum(history.left_out.values())
    with pytest.raises(DataError, match="No answer was given 50 times; the most frequent one was given 20 times"):
        make([log(tmp_path)], min_count=50)


def test_no_name_number_note_or_signature_of_an_export_reaches_the_files(tmp_path: Path) -> None:
    write(make([EXPORTS]), tmp_path / "pairs")
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "pairs").iterdir())
    for secret in (
        "Maria",
        "Gomez",
        "Jonas",
        "Weber",
        "Petra",
        "Anna",
        "李华",
        "陈洁",
        "王芳",
        "Tom",
        "1381",
        "555",
        "612",
    ):
        assert secret not in text
    for secret in ("LB-2", "4111", "DE89", "mail.example", "VIP", "上次也退过", "watches", "confidential", "iPhone"):
        assert secret not in text
    for kept in ("30 days", "2-year", "89.90 EUR", "2026-04-01", "20%", "30天", "/warranty", "保修2年"):
        assert kept in text


def test_a_log_without_a_pair_is_told_with_the_reasons(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"turns": [{"speaker": "customer", "text": "where is my lamp"}]}), "utf-8")
    with pytest.raises(
        DataError, match=r"No question with an answer in 1 conversations \(1 questions without an answer\)"
    ):
        make([path])


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    history = make([log(tmp_path)])
    folder = tmp_path / "pairs"
    write(history, folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    with pytest.raises(FolderError, match="holds training data; name another folder, or replace it with --overwrite"):
        write(history, folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    write(make([EXPORTS]), folder, overwrite=True)
    assert "lamp" in (folder / "train.jsonl").read_text("utf-8")
    (folder / "mine.txt").touch()
    with pytest.raises(FolderError, match=r"holds other files \(mine.txt\)"):
        write(history, folder, overwrite=True)
    with pytest.raises(FolderError, match="is a file"):
        write(history, tmp_path / "log.jsonl")


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    write(make([EXPORTS]), tmp_path / "pairs")
    assert (tmp_path / "pairs" / "train.jsonl").exists()


def test_what_cannot_be_put_in_place_leaves_the_old_data_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out" / "pairs"
    write(make([log(tmp_path)]), folder)
    before = (folder / "train.jsonl").read_bytes()
    rename = Path.rename

    def fails(self: Path, target: str | os.PathLike[str]) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(FolderError, match=r"No space left on device\. Nothing was changed\."):
        write(make([EXPORTS]), folder, overwrite=True)
    assert (folder / "train.jsonl").read_bytes() == before
    assert list(folder.parent.iterdir()) == [folder]

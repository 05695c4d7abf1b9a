"""Damaged logs: whatever the damage, nothing is lost silently and nothing else is lost."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finetune.errors import DataError
from finetune.logs import Conversation, Problems, What, iter_logs, lines
from tests.unit.finetune.logs.logs import ZAMMAD, damaged, log, places, texts, turn

quick = settings(deadline=None, max_examples=60)


def read(content: bytes, name: str) -> tuple[list[Conversation], Problems]:
    """Read a file that holds ``content``."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return damaged(path)


HEADS = [f"{','.join(ZAMMAD)}\n".encode(), b"ticket_id,author_id,public,body,created_at\n", b""]


@quick
@given(st.binary(max_size=300), st.sampled_from([b"", b'{"turns": [{"speaker": "agent", "text": "x"}]}\n']))
@example(b"\0", b"")
@example(b"\x1c", b'{"turns": [{"speaker": "agent", "text": "x"}]}\n')
@example(b"\xff\xfe", b"")
@example(b"\xff\xfe\x00", b"")
@example(b'\xef\xbb\xbf{"turns": [[]]}', b"")
def test_no_bytes_of_a_jsonl_file_break_anything(content: bytes, head: bytes) -> None:
    try:
        conversations, problems = read(head + content, "log.jsonl")
    except DataError:
        return
    assert conversations
    assert texts(conversations)[: bool(head)] == ["x"] * bool(head)
    assert str(problems) or not "".join(content.decode("utf-8", "replace").split()).replace("\ufeff", "")


@quick
@given(st.sampled_from(HEADS), st.binary(max_size=300) | st.text('1,x"\n;', max_size=80).map(str.encode))
@example(HEADS[0], b'1,"')
@example(b"\xff\xfe\x00\x00", b"")
def test_no_bytes_of_a_table_break_anything(head: bytes, content: bytes) -> None:
    try:
        conversations, problems = read(head + content, "log.csv")
    except DataError:
        return
    assert conversations
    assert not head or str(problems) or any(texts(conversations)) or any(c.notes or c.events for c in conversations)


sound = st.fixed_dictionaries(
    {"speaker": st.sampled_from(["customer", "agent", "bot", "user"]), "text": st.just("said")},
    optional={"at": st.sampled_from(["2026-01-05", "2026-01-04T10:00:00Z", 1767604440])},
)
broken = st.sampled_from(
    [
        {"speaker": "customer"},
        {"speaker": "customer", "text": ""},
        {"speaker": "boss", "text": "x"},
        {"text": "x"},
        {"speaker": "agent", "text": ["x"]},
        {"speaker": "boss"},
        {"speaker": "agent", "text": "x", "private": "who knows"},
        "hello",
        None,
        7,
    ]
)
mended = st.sampled_from(
    [
        {"speaker": "agent", "text": "said", "at": "noon"},
        {"speaker": "agent", "text": "said", "action": 3},
        {"speaker": "customer", "text": "said", "answer_ids": {}},
    ]
)


@quick
@given(st.lists(st.lists(sound | broken | mended, max_size=6), min_size=1, max_size=5))
def test_every_turn_is_read_or_counted(dialogues: list[list[Any]]) -> None:
    turns = [*dialogues, [turn("customer", "said")]]
    content = "".join(json.dumps({"turns": turns}) + "\n" for turns in turns)
    conversations, problems = read(content.encode(), "log.jsonl")
    lost = sum(count for what, count in problems.counts.items() if what.left_out)
    assert len(texts(conversations)) + lost == sum(map(len, turns))
    assert set(texts(conversations)) == {"said"}


def dialogue(number: int) -> bytes:
    said = [turn("customer", f"how long is the warranty of {number}?"), turn("agent", "两年保修。")]
    return json.dumps({"id": number, "turns": said}, ensure_ascii=False).encode()


def row(number: int) -> bytes:
    return f'{number},"how long is the warranty, of {number}?",Customer,no'.encode()


damage = st.binary(min_size=1, max_size=40).filter(lambda content: not set(content) & {10, 13})


@quick
@given(st.integers(1, 5), damage)
@example(3, b"\0\0")
@example(1, b"\xff\xfe")
def test_a_damaged_line_costs_no_other_dialogue(place: int, content: bytes) -> None:
    rows = [dialogue(number) for number in range(6)]
    rows.insert(place, content)
    conversations, _ = read(b"\n".join(rows), "log.jsonl")
    whole, _ = read(b"\n".join(map(dialogue, range(6))), "log.jsonl")
    assert [c for c in conversations if not c.id.startswith("log.jsonl:")] == whole


@quick
@given(st.integers(1, 5), damage)
@example(3, b'7,"open,Customer,no')
@example(3, b'"')
@example(1, b"2")
def test_a_damaged_line_costs_no_other_row(place: int, content: bytes) -> None:
    rows = [row(number) for number in range(6)]
    rows.insert(place, content)
    conversations, _ = read(HEADS[0] + b"\n".join(rows), "log.csv")
    whole, _ = read(HEADS[0] + b"\n".join(map(row, range(6))), "log.csv")
    # In any order: what is damaged may name a conversation, which begins with it then.
    assert [c for c in sorted(conversations, key=lambda c: c.id) if c in whole] == whole


def test_each_line_is_read_in_its_own_encoding(tmp_path: Path) -> None:
    said = ["café für 5 €", "什么时候到账，退款", "plain", "发票怎么开", "Größe"]
    encodings = ["cp1252", "gb18030", "ascii", "utf-8", "utf-8"]
    path = tmp_path / "log.jsonl"
    path.write_bytes(
        b"".join(
            b'\xef\xbb\xbf{"turns": [{"speaker": "agent", "text": "%s"}]}\r\n' % text.encode(encoding)
            for text, encoding in zip(said, encodings, strict=True)
        )
    )
    conversations, problems = damaged(path)
    assert texts(conversations) == said
    assert places(problems) == [(What.ENCODING, 1), (What.ENCODING, 2)]
    assert "(0xE9), read as CP1252" in str(problems.examples(What.ENCODING)[0])


def test_a_byte_that_was_lost_from_utf_8_costs_its_character_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    good = '{"turns": [{"speaker": "agent", "text": "七天无理由退货"}]}\n'.encode()
    place = good.index("无".encode())
    path.write_bytes(good[:place] + good[place + 1 :])
    conversations, problems = damaged(path)
    assert texts(conversations) == ["七天\ufffd\ufffd理由退货"]
    assert "read as UTF-8" in str(problems.examples(What.ENCODING)[0])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_of_wide_characters_are_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes('{"id": "a", "turns": [{"speaker": "agent", "text": "退款\u2028😀"}]}\r\n'.encode(encoding))
    conversations, problems = damaged(path)
    assert texts(conversations) == ["退款\u2028😀"]
    assert not problems.counts


def test_the_line_ends_of_old_programs_are_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\r".join(map(dialogue, range(3))) + b"\r{\r")
    conversations, problems = damaged(path)
    assert len(conversations) == 3
    assert places(problems) == [(What.NOT_JSON, 4)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_too_long_is_left_out_without_being_held(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 100)
    monkeypatch.setattr(lines, "_CHUNK", 7)
    good = json.dumps({"turns": [turn("agent", "x")]})
    path = tmp_path / "log.jsonl"
    path.write_bytes("\n".join([good, good + " " * 500, good, good + " " * 500]).encode(encoding))
    conversations, problems = damaged(path)
    assert [conversation.id for conversation in conversations] == ["log.jsonl:1", "log.jsonl:3"]
    assert places(problems) == [(What.TOO_LONG, 2), (What.TOO_LONG, 4)]


def test_a_million_problems_need_no_more_memory_than_a_few(tmp_path: Path) -> None:
    problems = Problems()
    path = log(tmp_path, {"turns": [turn("agent", "x")]}, *["{"] * 1000)
    assert len(list(iter_logs([path], problems))) == 1
    assert problems.counts == {What.NOT_JSON: 1000}
    assert [problem.line for problem in problems.examples(What.NOT_JSON)] == [2, 3, 4]


def test_problems_are_told_with_their_number_and_the_first_places(tmp_path: Path) -> None:
    path = log(tmp_path, {"turns": [turn("agent", "x", at="noon")]}, "{", {"turns": [turn("boss", "x")] * 4}, "{")
    _, problems = damaged(path)
    left, not_json, one, other, speakers, *bosses, more, mended, times, noon = str(problems).split("\n")
    assert (left, mended) == ("Left out of the logs:", "Mended in the logs:")
    assert not_json == "        2  lines that are not JSON"
    assert one.startswith(f"           {path}:2: not JSON")
    assert other.startswith(f"           {path}:4: not JSON")
    assert speakers == "        4  turns of an unknown speaker"
    assert bosses == [
        f"           {path}:3: the speaker of turn {number} is 'boss'; expected one of customer, agent, bot"
        for number in (1, 2, 3)
    ]
    assert (more.strip(), times.strip()) == ("...", "1  times that cannot be read, taken for none")
    assert noon.startswith(f"           {path}:1: the time of turn 1 is 'noon'")
    assert list(problems.as_json()) == ["not_json", "speaker", "time"]
    assert problems.as_json()["time"] == {
        "count": 1,
        "left_out": False,
        "examples": [str(problems.examples(What.TIME)[0])],
    }

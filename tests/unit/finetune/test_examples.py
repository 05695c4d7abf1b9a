"""Training data: good rows come through, and whatever is wrong is told with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.entities.examples import Entity, read_tagged
from finetune.errors import DataError
from finetune.labels.examples import Labelled, labels_of, read_labelled, refuse_unknown
from finetune.rows import MAX_LINE_BYTES, read_rows


def written(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def test_one_label_or_several_under_either_key(tmp_path: Path) -> None:
    file = written(
        tmp_path / "rows.jsonl",
        {"text": "where is it", "intent": "track"},
        "",
        {"text": "退款，还有发票", "intents": ["refund", "invoice", "refund"]},
        {"text": "hello", "intents": []},
    )
    assert read_labelled(file, "intent") == [
        Labelled(text="where is it", labels=("track",)),
        Labelled(text="退款，还有发票", labels=("refund", "invoice")),
        Labelled(text="hello", labels=()),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"text": "x"}, "'intent' is missing; expected a label"),
        ({"text": " ", "intent": "a"}, "'text' is empty"),
        ({"text": 5, "intent": "a"}, "'text' is a number"),
        ({"text": "x", "intent": 7}, "'intent' is a number"),
        ({"text": "x", "intent": ["a", 5]}, "'intent' is a list of something else than labels"),
        ({"text": "x", "intent": " "}, "'intent' is empty"),
        ({"text": "x", "intents": [1]}, "'intents' is a list of something else than labels; expected a label"),
        ({"text": "x", "intents": None}, "'intents' is null"),
        ({"text": "x", "intent": 7}, '{"text": ..., "intent": ...}, or several, {"text": ..., "intents": [...]}.'),
        ({"text": None, "intent": "a"}, "'text' is null"),
        ("[1]", "expected a JSON object"),
        ('{"text": "x"', "not JSON"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, line: object, told: str) -> None:
    file = written(tmp_path / "rows.jsonl", {"text": "fine", "intent": "a"}, line)
    with pytest.raises(DataError, match=r"rows\.jsonl:2: ") as error:
        read_labelled(file, "intent")
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        ('{"text": "a"}'.encode("utf-16"), "UTF-16; save it as UTF-8"),
        ('{"text": "退款", "intent": "a"}'.encode("gbk"), "1: bytes that are not UTF-8"),
        (b'{"text": "' + b"x" * MAX_LINE_BYTES + b'"}', "1: a line of more than 1 MB"),
        (b"[" * 100_000, "1: not JSON"),
    ],
)
def test_a_file_that_is_no_training_data_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(data)
    with pytest.raises(DataError, match=told):
        read_labelled(file, "intent")


def test_half_a_character_becomes_the_one_that_stands_for_none(tmp_path: Path) -> None:
    row = r'{"text": "cut \ud83d off", "entities": [{"type": "word", "start": 6, "end": 9}]}'
    (example,) = read_tagged(written(tmp_path / "rows.jsonl", row))
    assert example.text == "cut \ufffd off"
    assert example.text[example.entities[0].start : example.entities[0].end] == "off"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl: No such file"):
        read_labelled(tmp_path / "nowhere.jsonl", "intent")


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + b'{"text": "a"}')
    assert [row.values for row in read_rows(file)] == [{"text": "a"}]


def test_one_label_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only 'a'; expected at least two"):
        labels_of([Labelled(text="x", labels=("a",)), Labelled(text="y", labels=("oos",))], tmp_path)


def test_a_label_that_training_never_saw_is_refused_in_dev(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'c' \(2 rows\)"):
        refuse_unknown([Labelled(text="x", labels=("c", "oos"))] * 2, ["a", "b"], tmp_path)


def test_entities_come_in_order(tmp_path: Path) -> None:
    later, earlier = {"type": "city", "start": 10, "end": 15}, {"type": "order", "start": 0, "end": 4}
    file = written(tmp_path / "rows.jsonl", {"text": "4711 from Paris", "entities": [later, earlier]})
    assert read_tagged(file)[0].entities == (
        Entity(type="order", start=0, end=4),
        Entity(type="city", start=10, end=15),
    )


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        ([{"type": "a", "start": 2, "end": 20}], "a from 2 to 20; expected places within the 5 characters"),
        ([{"type": "a", "start": 3, "end": 3}], "a from 3 to 3"),
        ([{"type": "a", "start": -1, "end": 2}], "a from -1 to 2"),
        ([{"type": "a", "start": 0, "end": 3}, {"type": "b", "start": 2, "end": 4}], "a and b overlap at character 2"),
        ([{"type": "a", "start": False, "end": True}], "an entity without type, start or end"),
        ([{"type": "a", "start": 0}], "an entity without type, start or end"),
        ("none", "'entities' is missing or no list"),
    ],
)
def test_an_entity_outside_its_text_is_refused(tmp_path: Path, entities: object, told: str) -> None:
    file = written(tmp_path / "rows.jsonl", {"text": "hello", "entities": entities})
    with pytest.raises(DataError, match=told):
        read_tagged(file)

"""Each rule on the labelled messages finds the defect it is there for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import faq_data.training
from faq_data.training import SPLITS, Seen, check_training
from faq_data.validate import validate
from finetune.entities.examples import read_tagged
from finetune.labels.examples import labels_of, read_labelled, refuse_unknown

SHIPPED = Path(faq_data.training.__file__).parent
Rows = list[dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the shipped messages, to plant a defect in."""
    return Path(shutil.copytree(SHIPPED / "training", tmp_path / "training"))


def change(file: Path, edit: Callable[[Rows], object]) -> None:
    """Let ``edit`` change the rows of a JSONL file in place."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    edit(rows)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def found(folder: Path, *seen: Seen) -> str:
    return "\n".join(map(str, check_training(folder, seen)))


def lone(rows: Rows, **wanted: object) -> dict[str, Any]:
    """Give the first row that has what is wanted."""
    return next(row for row in rows if all(row[key] == value for key, value in wanted.items()))


def tagged(rows: Rows) -> dict[str, Any]:
    """Give the first row with two entities."""
    return next(row for row in rows if len(row["entities"]) > 1)


def test_a_sound_copy_is_sound(folder: Path) -> None:
    assert found(folder) == ""


@pytest.mark.parametrize("key", ["intent", "sentiment"])
def test_training_reads_the_labelled_rows(key: str) -> None:
    name = "intents" if key == "intent" else key
    files = {split: SHIPPED / "training" / f"{name}.{split}.jsonl" for split in SPLITS}
    labels = labels_of(read_labelled(files["train"], key), files["train"])
    assert len(labels) == {"intent": 15, "sentiment": 4}[key]
    for file in files.values():
        refuse_unknown(read_labelled(file, key), labels, file)


def test_training_reads_the_entities() -> None:
    for split in SPLITS:
        examples = read_tagged(SHIPPED / "training" / f"entities.{split}.jsonl")
        assert len({entity.type for example in examples for entity in example.entities}) == 7


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda rows: rows[0].update(intent=" "), "intent: ' '"),
        (lambda rows: rows[0].update(text=" hello"), "text: ' hello'"),
        (lambda rows: rows[0].update(split="dev"), "split: 'dev'"),
        (lambda rows: rows[0].update(language="fr"), "language: 'fr'"),
        (lambda rows: rows[0].update(language="zh"), "expected the language of the text"),
        (lambda rows: rows[-1].update(language="en"), "expected the language of the text"),
        (lambda rows: rows[0].update(intent="dance"), "'dance'; expected a label that the training rows have"),
        (lambda rows: rows[1].update(id=rows[0]["id"]), "id: intent-en-004, as in"),
        (lambda rows: rows[0].update(text="write to me at jo@company.com"), "jo@company.com; expected a domain"),
        (lambda rows: rows.clear(), "0 rows oos in 'zh'; expected at least 24"),
        (
            lambda rows: [rows.remove(lone(rows, intent="invoice", language="en")) for _ in range(3)],
            "5 rows invoice in 'en'; expected at least 6",
        ),
    ],
)
def test_a_defect_of_a_labelled_message_is_found(folder: Path, edit: Callable[[Rows], object], problem: str) -> None:
    change(folder / "intents.test.jsonl", edit)
    assert problem in found(folder)


def test_a_sentiment_that_does_not_exist_is_found(folder: Path) -> None:
    change(folder / "sentiment.dev.jsonl", lambda rows: rows[0].update(sentiment="happy"))
    assert "sentiment: 'happy'" in found(folder)


def _unordered(rows: Rows) -> None:
    tagged(rows)["entities"].reverse()


def _overlapping(rows: Rows) -> None:
    one, other, *_ = tagged(rows)["entities"]
    other["start"] = one["end"] - 1


def _padded(rows: Rows) -> None:
    row = tagged(rows)
    row.update(text="from Oslo to here", entities=[{"type": "city", "start": 4, "end": 9}])


def _telephone(rows: Rows) -> None:
    tagged(rows).update(text="call 202 345 6789", entities=[{"type": "phone", "start": 5, "end": 17}])


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda rows: tagged(rows)["entities"][0].update(end=500), "to 500; expected places within"),
        (lambda rows: tagged(rows)["entities"][0].update(end=0), "to 0; expected places within"),
        (lambda rows: tagged(rows)["entities"][0].update(start=-1), "entities.0.start: -1"),
        (lambda rows: tagged(rows)["entities"][0].update(start="0"), "entities.0.start: '0'"),
        (lambda rows: tagged(rows)["entities"][0].update(type="person"), "entities.0.type: 'person'"),
        (lambda rows: tagged(rows).pop("entities"), "entities: "),
        (_unordered, "expected entities in order"),
        (_overlapping, "expected entities in order"),
        (_padded, "' Oslo'; expected no blanks at the ends"),
        (_telephone, "'202 345 6789'; expected a number that ends in 555-0100"),
        (
            lambda rows: [rows.remove(row) for row in list(rows) if not row["entities"]],
            "rows without an entity; expected at least 15%",
        ),
        (lambda rows: rows.__delitem__(slice(10, None)), "10 rows  in 'en'; expected at least 40"),
    ],
)
def test_a_defect_of_an_entity_is_found(folder: Path, edit: Callable[[Rows], object], problem: str) -> None:
    change(folder / "entities.test.jsonl", edit)
    assert problem in found(folder)


def test_a_type_that_is_too_rare_to_be_learned_is_found(folder: Path) -> None:
    def edit(rows: Rows) -> None:
        for row in rows:
            row["entities"] = [entity for entity in row["entities"] if entity["type"] != "city"]

    change(folder / "entities.train.jsonl", edit)
    assert "0 of type 'city'; expected at least 30" in found(folder)


def test_a_file_that_is_missing_is_told(folder: Path) -> None:
    (folder / "sentiment.test.jsonl").unlink()
    assert "sentiment.test.jsonl: no such file" in found(folder)


ENGLISH = "My parcel has been sitting at your door for a week and nobody came to fetch it from there"
CHINESE = "我家门口的包裹已经放了一个星期都没有人来把它拿走请问你们什么时候来"


@pytest.mark.parametrize(
    ("language", "text", "nearly"),
    [("en", ENGLISH, ENGLISH.replace("week", "year") + "!"), ("zh", CHINESE, CHINESE.replace("星期", "礼拜") + "？")],
)
@pytest.mark.parametrize("file", ["intents.train.jsonl", "intents.test.jsonl", "sentiment.dev.jsonl"])
def test_a_message_that_nearly_equals_another_text_is_found(
    folder: Path, language: str, text: str, nearly: str, file: str
) -> None:
    change(folder / "intents.train.jsonl", lambda rows: lone(rows, language=language).update(text=text))
    assert found(folder) == ""
    seen = Seen(text=nearly, where="order-track", language=language)
    assert f"in order-track: {nearly!r}" in found(folder, seen)
    change(folder / file, lambda rows: lone(rows[::-1], language=language).update(text=nearly))
    assert found(folder).count("expected words of its own") == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("source", ["knowledge", "evaluation", "dialogues"])
def test_the_validator_compares_with_what_is_served_and_measured(tmp_path: Path, language: str, source: str) -> None:
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "faq", ignore=ignored))
    eval_folder = folder / "eval"
    file = {
        "knowledge": folder / language / "orders.jsonl",
        "evaluation": eval_folder / f"questions.{language}.jsonl",
        "dialogues": eval_folder / "dialogues.jsonl",
    }[source]
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    row = lone(rows, language=language)
    text = {
        "knowledge": lambda: row["question"],
        "evaluation": lambda: row["text"],
        "dialogues": lambda: row["turns"][0]["text"],
    }[source]()
    change(folder / "training" / "sentiment.train.jsonl", lambda rows: lone(rows, language=language).update(text=text))
    problems = "\n".join(map(str, validate(folder)))
    assert f"in {row['id']}: {text!r}; expected words of its own" in problems


def test_a_translation_in_another_split_is_found(folder: Path) -> None:
    moved: Rows = []
    change(folder / "intents.test.jsonl", lambda rows: moved.append(rows.pop()))
    change(folder / "intents.dev.jsonl", lambda rows: rows.extend(moved))
    twin = moved[0]["id"].replace("zh", "en")
    assert f"{twin}; expected the split of {moved[0]['id']}, dev" in found(folder)

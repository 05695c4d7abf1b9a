"""An encoder learns a language from parallel text: what it could not tell apart it finds, and what it knew it keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from finetune.encoder.run import teach
from finetune.errors import DataError, PlaceError, RecipeError
from finetune.recipe import Recipe
from finetune.run import Data, Trained
from finetune.watch import Epoch, Watch
from retrieval.encoder import Encoder
from retrieval.export import load_encoder
from retrieval.source import Source
from tests.unit.finetune.encoder.toy import WORDS, sentences, write_pairs, write_teacher

pytestmark = pytest.mark.filterwarnings("default")

#: Pairs to learn from, and such that nothing has seen.
LEARNED, UNSEEN = sentences(450, seed=1), sentences(120, seed=2)
CHANCE = 1 / len(UNSEEN)


def recipe(teacher: Path, **more: object) -> Recipe:
    usual = {"batch": 16, "words": 2, "epochs": 8, "patience": 8, "learning_rate": 2e-3, "rows_rate": 1e-2}
    return Recipe.of(kind="encoder", backbone=str(teacher), **{**usual, **more})


@dataclass(frozen=True)
class Taught:
    teacher: Path
    run: Trained
    before: Encoder
    after: Encoder
    epochs: list[Epoch]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_teacher(tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def taught(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    folder = tmp_path_factory.mktemp("taught")
    data = Data(
        train=(write_pairs(folder / "train.jsonl", [p for p in LEARNED if p not in UNSEEN]),),
        dev=write_pairs(folder / "dev.jsonl", UNSEEN[:60]),
        test=write_pairs(folder / "test.jsonl", UNSEEN[60:]),
    )
    epochs: list[Epoch] = []
    watch = Watch(epoch=epochs.append)
    run = teach(recipe(teacher), data, folder / "out", folder / "work", watch=watch)
    before, after = (load_encoder(str(name), folder / "cache") for name in (teacher, run.folder))
    return Taught(teacher, run, before, after, epochs)


def recall(encoder: Encoder, here: int, there: int) -> float:
    asked, among = (encoder.encode([pair[side] for pair in UNSEEN]) for side in (here, there))
    return float(((asked @ among.T).argmax(1) == np.arange(len(UNSEEN))).mean())


def test_recall_across_languages_rises_from_chance_to_nearly_all(taught: Taught) -> None:
    assert max(recall(taught.before, 0, 1), recall(taught.before, 1, 0)) <= 3 * CHANCE
    assert min(recall(taught.after, 0, 1), recall(taught.after, 1, 0)) >= 0.9


def test_what_the_teacher_read_stays_where_it_was(taught: Taught) -> None:
    texts = [en for en, _ in UNSEEN]
    alike = (taught.before.encode(texts) * taught.after.encode(texts)).sum(1)
    assert alike.mean() >= 0.97  # both are int8


def test_the_layers_learn_and_the_old_rows_do_not(taught: Taught) -> None:
    (_, before), (_, after) = (Source.find(str(name)).load() for name in (taught.teacher, taught.run.folder))
    layers = [name for name, _ in before.named_parameters() if name.startswith("encoder.")]
    matrices = [name for name in layers if name.endswith("weight") and "LayerNorm" not in name]
    changed = [name for name in layers if not after.get_parameter(name).equal(before.get_parameter(name))]
    assert changed == matrices
    old = before.get_input_embeddings().weight
    assert after.get_input_embeddings().weight[: len(old)].equal(old)


def test_what_is_written_is_small_and_tells_of_itself(taught: Taught) -> None:
    folder = taught.run.folder
    card = (folder / "README.md").read_text("utf-8")
    assert "| toy | CC0-1.0 |" in card
    assert "kefu train encoder --teacher" in card
    assert json.loads((folder / "metrics.json").read_text("utf-8")) == taught.run.metrics
    assert taught.run.metrics["test"]["taught_to_known"] >= 0.9
    assert taught.run.report.is_file()
    assert len(taught.epochs) > 1
    tokens = (folder / "tokens.txt").read_text("utf-8").split("\n")
    assert set(WORDS.values()) <= set(tokens)


def test_a_run_that_goes_on_ends_where_it_would_have_ended(teacher: Path, tmp_path: Path) -> None:
    data = Data(
        train=(write_pairs(tmp_path / "train.jsonl", LEARNED[:96]),), dev=write_pairs(tmp_path / "dev.jsonl", UNSEEN)
    )

    class Killed(Exception):
        pass

    def killed(epoch: Epoch) -> None:
        raise Killed

    wanted = recipe(teacher, epochs=2, patience=2)
    whole = teach(wanted, data, tmp_path / "whole", tmp_path / "work-whole")
    with pytest.raises(Killed):
        teach(wanted, data, tmp_path / "torn", tmp_path / "work-torn", watch=Watch(epoch=killed))
    assert not (tmp_path / "torn").exists()
    again = teach(wanted, data, tmp_path / "torn", tmp_path / "work-torn")
    assert again.metrics["dev"] == whole.metrics["dev"]
    name = "weights.safetensors"
    assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_without_dev_some_pairs_are_kept_apart(teacher: Path, tmp_path: Path) -> None:
    data = Data(train=(write_pairs(tmp_path / "train.jsonl", LEARNED[:64]),))
    run = teach(recipe(teacher, epochs=1), data, tmp_path / "out", tmp_path / "work")
    assert 0 < run.metrics["dev"]["rows"] < 32


def test_pairs_to_choose_by_must_not_be_learned(teacher: Path, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "train.jsonl", LEARNED[:20])
    with pytest.raises(DataError, match="20 of its 20 pairs stand in the training data too"):
        teach(recipe(teacher), Data(train=(path,), dev=path), tmp_path / "out", tmp_path / "work")


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_files_of_two_languages_are_refused(teacher: Path, tmp_path: Path, part: str) -> None:
    path, german = write_pairs(tmp_path / "zh.jsonl", LEARNED[:20]), tmp_path / "de.jsonl"
    german.write_text(write_pairs(german, UNSEEN[:20]).read_text("utf-8").replace('"zh"', '"de"'), "utf-8")
    data = Data(train=(path, german)) if part == "train" else Data(train=(path,), **{part: german})
    with pytest.raises(DataError, match=r"de\.jsonl: its languages are en and de") as raised:
        teach(recipe(teacher), data, tmp_path / "out", tmp_path / "work")
    assert "One row in" not in str(raised.value)  # --dev is no remedy


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('{"en": "a"}', 'keys that name languages: en; expected two, "en" and one other'),
        ('{"en": "a", "zh": "b", "fr": "c"}', "keys that name languages: en, zh, fr"),
        ('{"de": "a", "zh": "b"}', '"en" and one other'),
        ('{"en": "a", "zh": " "}', "'zh' is empty"),
        ('{"en": 3, "zh": "b"}', "'en' is a number"),
    ],
)
def test_a_row_that_is_no_pair_is_told_with_its_line(teacher: Path, tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(f'{{"en": "x", "zh": "y"}}\n{row}\n', "utf-8")
    with pytest.raises(DataError, match=told) as raised:
        teach(recipe(teacher), Data(train=(path,)), tmp_path / "out", tmp_path / "work")
    assert f"{path}:2:" in str(raised.value)


@pytest.mark.parametrize("text", ["Где моя посылка?", "هل يمكنني الدفع بالبطاقة؟", "?"])
def test_a_language_that_the_teacher_has_the_characters_of_is_refused(tmp_path: Path, text: str) -> None:
    path = write_pairs(tmp_path / "train.jsonl", [(en, f"{text} {number}") for number, (en, _) in enumerate(LEARNED)])
    wanted = Recipe.of(kind="encoder", backbone="embedded-en")
    with pytest.raises(DataError, match=r"the texts to learn: 0\.0% of their letters are new to it; expected at least"):
        teach(wanted, Data(train=(path,)), tmp_path / "out", tmp_path / "work")


def test_what_is_there_is_not_overwritten(teacher: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious").write_text("mine", "utf-8")
    data = Data(train=(write_pairs(tmp_path / "train.jsonl", LEARNED[:20]),))
    with pytest.raises(PlaceError, match="is there already"):
        teach(recipe(teacher), data, out, tmp_path / "work")
    assert (out / "precious").read_text("utf-8") == "mine"


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    nowhere = Data(train=(tmp_path / "nowhere.jsonl",))
    with pytest.raises(PlaceError, match="Name another folder with --out"):
        teach(Recipe.of(kind="encoder"), nowhere, tmp_path / "file" / "out", tmp_path / "work")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"method": "full"}, "learns a language by lora"),
        ({"adversarial": 1.0}, "without adversarial steps"),
        ({"rdrop": 1.0}, "rdrop compares"),
    ],
)
def test_a_recipe_that_cannot_teach_is_refused(values: dict[str, object], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        Recipe.of(kind="encoder", **values)

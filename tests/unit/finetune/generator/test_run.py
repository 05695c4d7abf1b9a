"""From pairs to an artefact: a small model learns to answer from passages, and what it learned is there when opened."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from finetune.artefact import open_artefact
from finetune.errors import ArtefactError, BackboneError, DataError, RecipeError
from finetune.generator.figures import Written
from finetune.generator.generator import open_generator
from finetune.generator.pairs import Pair
from finetune.generator.prompt import PLAIN
from finetune.generator.run import adapt
from finetune.generator.small import main
from finetune.generator.writer import source_of
from finetune.recipe import Recipe
from finetune.run import Data, Trained
from finetune.watch import Epoch, Watch

pytestmark = pytest.mark.filterwarnings("default")


def write_pairs(path: Path, pairs: list[Pair]) -> Path:
    rows = [{"question": pair.text, "answer": pair.answer, "intent": pair.passages[0].id} for pair in pairs]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def recipe(small: Path, **more: object) -> Recipe:
    usual = {"method": "full", "batch": 8, "learning_rate": 5e-3, "epochs": 3, "max_tokens": 512, "pack": True}
    return Recipe.of(kind="generator", backbone=str(small), **{"distractors": 1, **usual, **more})


@dataclass(frozen=True)
class Adapted:
    run: Trained
    data: Data
    epochs: list[Epoch]
    judged: list[Written]


@pytest.fixture(scope="module")
def data(pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Data:
    folder = tmp_path_factory.mktemp("pairs")
    train, dev = pairs[::2] + pairs[1:40:2], pairs[41:61:2]
    return Data(train=(write_pairs(folder / "train.jsonl", train),), dev=write_pairs(folder / "dev.jsonl", dev))


@pytest.fixture(scope="module", params=["full", "lora"])
def adapted(
    request: pytest.FixtureRequest, small: Path, data: Data, tmp_path_factory: pytest.TempPathFactory
) -> Adapted:
    folder = tmp_path_factory.mktemp(request.param)
    epochs: list[Epoch] = []
    judged: list[Written] = []

    def judge(made: list[Written]) -> dict[str, list[float]]:
        judged.extend(made)
        return {"short": [float(len(one.text) < 1000) for one in made]}

    run = adapt(
        recipe(small, method=request.param, rank=8),
        data,
        folder / "models",
        folder / "work",
        judge=judge,
        watch=Watch(epoch=epochs.append),
    )
    return Adapted(run, data, epochs, judged)


def test_answers_of_dev_become_likelier(adapted: Adapted) -> None:
    scores = [epoch.score for epoch in adapted.epochs]
    assert scores == sorted(set(scores))
    assert scores[-1] > (1.3 if adapted.run.metrics["cost"]["trainable_parameters"] > 50_000 else 1.0) * scores[0]
    assert adapted.run.metrics["dev"]["loss"] == pytest.approx(-torch.tensor(scores[-1]).log().item(), abs=1e-3)


def test_what_it_writes_is_judged(adapted: Adapted) -> None:
    metrics = adapted.run.metrics["dev"]
    assert metrics["rows"] == metrics["written"] == 10
    assert all(not one.declines and not one.example.declines for one in adapted.judged)
    assert metrics.get("short", 1.0) == 1.0
    assert (adapted.run.folder / "report" / "index.html").is_file()


def test_what_was_trained_writes_the_same_when_it_is_opened(adapted: Adapted, pairs: list[Pair]) -> None:
    artefact = open_artefact(adapted.run.folder)
    first, again = (open_generator(artefact) for _ in range(2))
    asked = [PLAIN.messages(pair.text, pair.passages, pair.language) for pair in pairs[:4]]
    texts = first.write(asked, 24)
    assert texts == again.write(asked, 24)
    assert texts == [first.write([one], 24)[0] for one in asked]  # whoever else is asked at the same time
    assert any(texts)
    cut = first.template.cut(asked[0], pairs[0].answer)
    numbers = [g.model(torch.tensor([cut.ids])).logits for g in (first, again)]
    assert torch.equal(*numbers)


def test_on_disk_are_safetensors_alone(adapted: Adapted) -> None:
    files = [path for path in adapted.run.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".pkl")]
    assert [path.name for path in files if path.suffix == ".safetensors"] in (
        ["model.safetensors"],
        ["adapter_model.safetensors"],
    )
    about = open_artefact(adapted.run.folder).about
    assert about["template"] == "fallback"
    assert about["adapter"] == (adapted.run.folder / "model" / "adapter_model.safetensors").is_file()


def test_an_adapter_is_not_opened_on_another_model(small: Path, data: Data, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    few = recipe(small, method="lora", rank=2, epochs=1, batch=32)
    run = adapt(few, data, tmp_path / "models", tmp_path / "work")
    artefact = open_artefact(run.folder)
    assert open_generator(artefact, str(copy)).model is not None
    config = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 1e-3}), "utf-8")
    with pytest.raises(ArtefactError, match="trained on another"):
        open_generator(artefact, str(copy))


class _Killed(Exception):
    pass


def test_a_run_that_was_killed_ends_where_it_would_have_ended(small: Path, data: Data, tmp_path: Path) -> None:
    def kill(epoch: Epoch) -> None:
        raise _Killed

    wanted = recipe(small, epochs=2)
    whole = adapt(wanted, data, tmp_path / "whole", tmp_path / "work-whole")
    with pytest.raises(_Killed):
        adapt(wanted, data, tmp_path / "parts", tmp_path / "work", watch=Watch(epoch=kill))
    parts = adapt(wanted, data, tmp_path / "parts", tmp_path / "work")
    assert parts.folder.name == whole.folder.name  # the version is a hash of the weights too


def test_gradients_are_the_same_where_layers_are_computed_again(small: Path, data: Data, tmp_path: Path) -> None:
    runs = [
        adapt(recipe(small, epochs=1, checkpointing=again), data, tmp_path / f"{again}", tmp_path / f"work-{again}")
        for again in (False, True)
    ]
    first, second = (run.metrics["dev"]["loss"] for run in runs)
    assert first == pytest.approx(second, abs=1e-4)


def test_rows_that_do_not_fit_are_counted_and_told(
    small: Path, data: Data, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = adapt(recipe(small, epochs=1, max_tokens=220), data, tmp_path / "models", tmp_path / "work")
    left = run.metrics["cost"]["left_out"]
    assert left > 0
    assert sum(record.args[0] for record in caplog.records if "do not fit" in record.message) == left
    with pytest.raises(DataError, match="No row of the train data fits into 10 tokens"):
        adapt(recipe(small, max_tokens=10), data, tmp_path / "models", tmp_path / "work")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"method": "head"}, "not by head"),
        ({"method": "prompt"}, "not by prompt"),
        ({"rdrop": 0.5}, "a generator does not"),
        ({"four_bit": True}, "goes with the method lora"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(more: dict[str, object], told: str, small: Path) -> None:
    with pytest.raises(RecipeError, match=told):
        recipe(small, **more)


def test_a_method_that_finds_nothing_to_train_says_so(small: Path, data: Data, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="bitfit finds nothing to train"):
        adapt(recipe(small, method="bitfit"), data, tmp_path / "models", tmp_path / "work")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_four_bits_without_a_gpu_are_refused(small: Path, data: Data, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="needs a GPU"):
        adapt(recipe(small, method="lora", four_bit=True), data, tmp_path / "models", tmp_path / "work")


def test_a_folder_with_a_pickle_is_not_loaded(small: Path, data: Data, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    (copy / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(BackboneError, match="is a pickle"):
        adapt(recipe(copy), data, tmp_path / "models", tmp_path / "work")


def test_a_folder_without_a_whole_language_model_is_told(small: Path, data: Data, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackboneError, match=r"empty holds no \*\.safetensors file"):
        adapt(recipe(tmp_path / "empty"), data, tmp_path / "models", tmp_path / "work")
    cut = tmp_path / "cut"
    shutil.copytree(small, cut)
    os.truncate(cut / "model.safetensors", 1000)
    with pytest.raises(BackboneError, match="cut does not hold a whole causal language model"):
        adapt(recipe(cut), data, tmp_path / "models", tmp_path / "work")


def test_a_model_that_is_nowhere_is_told_once() -> None:
    with pytest.raises(BackboneError) as told:
        source_of("./nowhere")
    assert str(told.value) == "The backbone cannot be loaded.\n./nowhere is no folder."


def test_a_small_model_needs_texts_and_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts.txt").write_text("how long does a refund take\n退款多久能到账\n", "utf-8")
    made, texts = tmp_path / "made", tmp_path / "texts.txt"
    monkeypatch.setattr(sys, "argv", ["small", str(made), "--text", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, made.exists()) == (2, False)
    assert f"There is no text in {tmp_path / 'nowhere'}." in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["small", str(made), "--text", str(texts)])
    main()
    assert capsys.readouterr().out.startswith(f"{made}: ")
    assert source_of(str(made)).folder == made

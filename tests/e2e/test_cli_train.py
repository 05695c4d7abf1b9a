"""The real `kefu train` and `kefu models`: from rows to an artefact in use, and back."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from retrieval.ingest import read_sources
from tests.e2e.command import Desk
from tests.unit.finetune.encoder.toy import sentences, write_pairs, write_teacher

FAQ = Path(__file__).parents[2] / "faq_data"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with train.jsonl, dev.jsonl and test.jsonl: Chinese and English phrasings by topic."""
    folder = tmp_path_factory.mktemp("rows")
    found = [
        {"text": text, "intent": passage.id.split("-")[0]}
        for passage in read_sources([FAQ]).passages
        if passage.id.startswith(("pay-", "ship-")) and passage.language == "en"
        for text in (passage.question, *passage.alternatives)
    ]
    random.Random(0).shuffle(found)
    for name, part in (("train", found[:300]), ("dev", found[300:400]), ("test", found[400:500])):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    return folder


def train(rows: Path, *more: str) -> list[str]:
    return [
        *("train", "intents", "--epochs", "8"),
        *("--data", str(rows / "train.jsonl"), "--dev", str(rows / "dev.jsonl"), "--test", str(rows / "test.jsonl")),
        *more,
    ]


def test_what_is_better_goes_live_and_can_be_taken_back(rows: Path, desk: Desk) -> None:
    done = desk.run(*train(rows, "--promote", "--json"))
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert result["promoted"]
    assert result["metrics"]["test"]["accuracy"] > 0.8
    assert "epoch 1: loss" in done.err
    assert not list((desk.state / "models" / "intents").glob("work-*"))
    assert '<h2 id="test">' in Path(result["report"]).read_text("utf-8")
    assert list((desk.state / "models" / "intents" / "runs").glob("head-*/events.*"))

    asked = ("ask", "--json", "--faq", "faq", "which cards can I pay with?")
    rules = {"KEFU_INTENTS__ANSWERS__PAY": "pay", "KEFU_INTENTS__HAND_OVER": "complaint"}
    reply = json.loads(desk.run(*asked, **rules).out)
    ((label, chance),) = [(intent["label"], intent["chance"]) for intent in reply["understanding"]["intents"]]
    assert (label, 0 < chance <= 1) == ("pay", True)
    assert (reply["understanding"]["entities"], reply["understanding"]["sentiment"]) == ([], None)
    assert (reply["action"], reply["reason"], reply["text"]) == ("answer", "intent", "Visa and PayPal.")
    doctor = desk.run("doctor", "--faq", "faq", **rules, KEFU_INTENTS__ANSWERS__SHIP="nowhere")
    assert doctor.code == 1
    assert f"✓ intents: {result['version']} head: dev " in doctor.out
    assert "✗ intents: [intents] of the settings: unknown complaint; the model knows pay, ship" in doctor.out
    assert "✗ intents: intents.answers.ship: there is no entry 'nowhere'" in doctor.out
    assert "✓ sentiment: nothing trained is in use" in doctor.out

    (row,) = json.loads(desk.run("models", "list", "--json").out)
    assert (row["version"], row["live"], row["method"]) == (result["version"], True, "head")
    assert "No intents are in use now." in desk.run("models", "rollback", "intents").out
    again = desk.run("models", "promote", "intents", result["version"])
    assert f"intents {result['version']} is in use now." in again.out
    assert again.err == ""
    other = desk.run("models", "promote", "intents", result["version"], KEFU_RETRIEVAL__ENCODER="/nowhere")
    assert "It was trained on embedded, and the bot encodes with /nowhere." in other.err
    (desk.state / "models" / "intents" / "live.json").write_text('{"versions": ["gone"]}', "utf-8")
    assert "intents gone, which is in use, is damaged or not there any more" in desk.run("models", "list").err
    (desk.state / "models" / "intents" / "live.json").write_text("torn", "utf-8")
    listed = desk.run("models", "list", "--json")
    assert [row["live"] for row in json.loads(listed.out)] == [False]
    assert "live.json is damaged" in listed.err


def test_settings_are_searched_before_the_best_is_trained(rows: Path, desk: Desk) -> None:
    some = (rows / "train.jsonl").read_text("utf-8").splitlines()[:60]
    (rows / "few.jsonl").write_text("\n".join(some), "utf-8")
    files = ("--data", str(rows / "few.jsonl"), "--dev", str(rows / "dev.jsonl"))
    done = desk.run("train", "intents", *files, "--epochs", "3", "--search", "2", "--budget", "5", "--json")
    assert done.code == 0, done.err
    assert "setting 2 of 2: dev " in done.err
    result = json.loads(done.out)
    trials, best = result["search"]["trials"], result["search"]["best"]
    assert [trial["number"] for trial in trials] == [1, 2]
    assert best in trials
    assert result["recipe"]["batch"] == best["values"]["batch"]
    assert result["recipe"]["epochs"] == 3
    assert json.loads(Path(result["report"]).with_name("search.json").read_text("utf-8")) == trials
    assert sorted(path.name for path in (desk.state / "models" / "intents").iterdir()) == sorted(
        [result["version"], "runs"]
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--budget", "3"), "--budget bounds a search"),
        (("--track", "magic"), "'magic' is no tracker; known are wandb, mlflow."),
        (("--method", "magic"), "method 'magic' is none of head"),
        (("--set", "batch"), "expected NAME=VALUE"),
        (("--set", "kind=answers"), "said before the options: kefu train answers"),
        (("--data", "/nowhere.jsonl"), "/nowhere.jsonl: No such file or directory."),
        (("--test", "/nowhere.jsonl"), "/nowhere.jsonl: No such file or directory."),
        (("--set", "epochs=2"), "epochs is 8 already"),
        (("--out", "/dev/null/models"), "Name another folder with --out."),
    ],
)
def test_what_cannot_be_is_told_in_a_line(rows: Path, desk: Desk, more: tuple[str, ...], told: str) -> None:
    done = desk.run(*train(rows, *more))
    assert done.code in (2, 3)
    assert told in done.err
    assert "Traceback" not in done.err
    assert "What kefu writes" not in done.err
    assert not list(desk.state.rglob("*.safetensors"))


@pytest.mark.parametrize("kind", ["answers", "entities", "intents", "sentiment"])
def test_rows_to_learn_from_are_none_to_choose_by(rows: Path, desk: Desk, kind: str) -> None:
    same = str(rows / "train.jsonl")
    done = desk.run("train", kind, "--data", same, "--dev", same)
    assert done.code == 2
    assert f"--dev {same} is the file of --data too" in done.err


def test_the_encoder_of_the_settings_is_what_is_trained(rows: Path, desk: Desk) -> None:
    done = desk.run(*train(rows), KEFU_RETRIEVAL__ENCODER="/nowhere")
    assert done.code == 3
    assert "/nowhere" in done.err


def test_promoting_needs_rows_that_nobody_learned_from(rows: Path, desk: Desk) -> None:
    done = desk.run("train", "intents", "--data", str(rows / "train.jsonl"), "--promote")
    assert done.code == 2
    assert "--promote needs --test" in done.err


def test_what_the_bot_could_not_open_is_not_put_into_use(rows: Path, desk: Desk) -> None:
    elsewhere = ("--backbone", str(rows))
    done = desk.run(*train(rows, "--promote", *elsewhere))
    assert done.code == 2
    assert f"serves on the vectors of {rows}, and the bot encodes with embedded" in done.err
    own = desk.run(*train(rows, "--promote", *elsewhere), KEFU_RETRIEVAL__ENCODER=str(rows))
    assert "holds no *.safetensors" in own.err  # the next thing that is wrong with it


def test_an_encoder_learns_a_language_and_serves_it(desk: Desk, tmp_path: Path) -> None:
    teacher = write_teacher(tmp_path / "teacher")
    parallel = write_pairs(tmp_path / "pairs.jsonl", sentences(120, seed=1))
    asked = ("train", "encoder", "--teacher", str(teacher), "--parallel", str(parallel), "--epochs", "2")
    out = tmp_path / "zh"
    empty = desk.run("models", "list")
    assert "Begin with: kefu train intents" in empty.out
    done = desk.run(*asked, "--out", str(out), "--set", "words=2", "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert result["folder"] == str(out)
    assert 0 < result["metrics"]["dev"]["taught_to_known"] <= 1
    assert Path(result["report"]).is_file()
    assert not list((desk.state / "models" / "encoder").iterdir())
    found = desk.run("search", "订单", "--faq", "faq", "--json", KEFU_RETRIEVAL__ENCODER=str(out))
    assert found.code == 0, found.err
    again = desk.run(*asked, "--out", str(out))
    assert again.code == 2
    assert f"{out} is there already. Name another folder with --out, or delete it." in again.err
    assert "training data" not in again.err
    nowhere = desk.run(*asked, "--out", str(parallel / "zh"))
    assert nowhere.code == 2
    assert "Name another folder with --out." in nowhere.err
    assert "[state]" not in nowhere.err
    twice = desk.run(*asked, "--dev", str(parallel))
    assert f"--dev {parallel} is the file of --parallel too" in twice.err


def test_an_encoder_in_its_usual_place_says_how_it_is_used(desk: Desk, tmp_path: Path) -> None:
    teacher = write_teacher(tmp_path / "teacher")
    parallel = write_pairs(tmp_path / "pairs.jsonl", sentences(120, seed=1))
    asked = ("train", "encoder", "--teacher", str(teacher), "--parallel", str(parallel), "--epochs", "1")
    done = desk.run(*asked)
    assert done.code == 0, done.err
    (folder,) = (desk.state / "models" / "encoder").iterdir()
    assert f'Use it: encoder = "{folder}" under [retrieval] in the settings.' in done.out
    again = desk.run(*asked)
    assert again.code == 2
    assert f"Error: What is trained cannot be written there.\n{folder} is there already." in again.err

    listed, used = (desk.run("models", "list", **env) for env in ({}, {"KEFU_RETRIEVAL__ENCODER": str(folder)}))
    assert listed.out.startswith(f"  encoder {folder.name} lora: dev taught to known ")
    assert used.out.startswith(f"* encoder {folder.name} lora: dev ")
    assert "name its folder as encoder under [retrieval]" in desk.run("models", "promote", "encoder", folder.name).err
    (folder / "metrics.json").write_text("torn", "utf-8")
    torn = desk.run("models", "list")
    assert (torn.code, f"{folder} is not whole" in torn.err) == (0, True)


def test_the_help_of_an_encoder_promises_no_promoting(desk: Desk) -> None:
    helps = {kind: desk.run("train", kind, "--help").out for kind in ("encoder", "intents")}
    assert ["promote" in text for text in helps.values()] == [False, True]


def test_a_language_model_is_adapted_and_goes_live_only_if_it_is_better(desk: Desk, tmp_path: Path) -> None:
    from finetune.generator.small import write_small

    pairs = [
        {
            "question": text,
            "answer": passage.answer.partition(". ")[0] + ".",
            "passages": [{"id": passage.id, "question": passage.question, "answer": passage.answer}],
        }
        for passage in read_sources([FAQ]).passages[:10]
        for text in (passage.question, *passage.alternatives[:7])
    ]
    files = {"data": pairs[::2], "test": pairs[1::2], "own": [{**pair, "passages": []} for pair in pairs[1::2]]}
    for name, some in files.items():
        (tmp_path / name).write_text("".join(json.dumps(pair) + "\n" for pair in some), "utf-8")
    texts = [text for pair in pairs for text in (str(pair["question"]), str(pair["passages"]))]
    small = write_small(tmp_path / "small", texts, vocabulary=800, size=32, layers=1)
    data = ("--data", str(tmp_path / "data"))
    asked = ("train", "generator", "--backbone", str(small), *data, "--method", "full", "--epochs", "1")
    for more, told in (
        ((), "--promote needs --test"),
        (("--test", str(tmp_path / "own")), "every answer is its own passage"),
    ):
        refused = desk.run(*asked, *more, "--promote")
        assert (refused.code, refused.out) == (2, "")
        assert told in refused.err
    done = desk.run(*asked, "--test", str(tmp_path / "test"), "--promote", "--json")
    assert done.code == 1, done.err
    result = json.loads(done.out)
    assert not result["promoted"]
    assert {"held by the lock", "nearer than quoting"} <= {f["name"] for f in result["findings"] if not f["passed"]}
    assert {"rows", "written", "loss"} <= set(result["metrics"]["dev"])
    assert Path(result["report"]).is_file()
    assert sorted(path.name for path in (desk.state / "models" / "generator").iterdir()) == [result["version"]]

    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = Path(result["folder"]) / "model"
    assert AutoModelForCausalLM.from_pretrained(model).config.hidden_size == 32
    assert AutoTokenizer.from_pretrained(model).chat_template

    done = desk.run(*asked, "--set", "rdrop=1")
    assert (done.code, done.out) == (2, "")
    assert "a generator does not" in done.err

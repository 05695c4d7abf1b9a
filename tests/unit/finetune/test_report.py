"""The report of a run: its numbers are right, it stands alone, and no text of a customer does anything in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from finetune.artefact import open_artefact
from finetune.kinds import Outcome
from finetune.labels.examples import Labelled
from finetune.recipe import Recipe
from finetune.report import figures
from finetune.report.page import page_of, write_report
from finetune.report.told import Told
from finetune.run import Data, run
from finetune.watch import Epoch, History, Trial
from retrieval.encoder import Encoder
from tests.unit.finetune.conftest import write_labelled

pytestmark = pytest.mark.filterwarnings("default")


def outcome(wanted: str, found: str, sure: float, text: str = "a text", *, best: bool | None = None) -> Outcome:
    names = tuple(tuple(filter(None, name.split("+"))) for name in (wanted, found))
    right = set(names[0]) == set(names[1])
    return Outcome(
        text=text, wanted=names[0], found=names[1], sure=sure, best=right if best is None else best, right=right
    )


def told(outcomes: list[Outcome], kind: str = "intents", classes: int = 3, **more: object) -> Told:
    labels = {f"label {i}": {"precision": 0.5, "recall": 1.0, "f1": i / classes, "rows": 4} for i in range(classes)}
    values: dict[str, object] = {
        "recipe": Recipe.of(kind=kind, method="lora", batch=16),
        "metrics": {
            "dev": {"rows": len(outcomes), "accuracy": 0.75, "labels": labels},
            "cost": {"device": "2 CPU cores", "seconds": 12.5, "memory_mb": 640, "trainable_parameters": 1234567},
        },
        "history": History(
            epochs=[Epoch(number=n, loss=1 / n, score=s, seconds=1.0) for n, s in enumerate((0.4, 0.7, 0.6), 1)],
            losses=[(n, 1 / n) for n in range(1, 50)],
        ),
        "outcomes": {"dev": outcomes},
        "data": {"files": [{"name": "数据.jsonl", "sha256": "ab" * 32, "bytes": 1000}], "sha256": "cd" * 32},
    }
    return Told(**values | more)


def page(about: Told) -> HTMLParser:
    return HTMLParser(page_of(about, {}))


def rows(part: HTMLParser, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    place = next(node for node in part.css("h2, h3") if node.text().startswith(heading))
    while place := place.next:
        table = place if place.tag == "table" else place.css_first("table")
        if table is not None:
            return [[" ".join(cell.text().split()) for cell in row.css("th, td")] for row in table.css("tr")]
    raise AssertionError(f"no table below {heading}")


# --- the numbers -----------------------------------------------------------------------------------------------------


def test_the_calibration_error_is_the_mean_distance_between_promised_and_kept() -> None:
    always = [outcome("a", "a", 0.85) for _ in range(6)] + [outcome("a", "b", 0.85) for _ in range(4)]
    never = [outcome("a", "b", 0.15) for _ in range(10)]
    found = figures.calibration(always + never)
    assert [(b.low, b.rows) for b in found.bins] == [(0.1, 10), (0.8, 10)]
    assert found.error == pytest.approx((0.25 + 0.15) / 2)


def test_a_confidence_of_one_is_in_the_last_part() -> None:
    (only,) = figures.calibration([outcome("a", "a", 1.0)]).bins
    assert (only.low, only.right) == (0.9, 1.0)


def test_the_surest_are_answered_first() -> None:
    some = [outcome("a", "a", 0.9), outcome("a", "b", 0.8), outcome("a", "a", 0.7), outcome("", "", 0.1, best=False)]
    curve = figures.coverage(some, refuses=True)
    assert curve.share.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.at == pytest.approx((0.75, 1 / 3))
    assert figures.coverage(some, refuses=False).at is None


def test_the_equally_sure_are_answered_together() -> None:
    curve = figures.coverage([outcome("a", found, 0.5) for found in "ab"], refuses=True)
    assert (curve.share.tolist(), curve.risk.tolist()) == ([1.0], [0.5])


def test_what_was_taken_for_what_is_counted() -> None:
    some = [outcome("a", "b", 0.5), outcome("a", "b", 0.4), outcome("a", "", 0.1), outcome("", "b", 0.9)]
    found = [(c.wanted, c.found, c.rows) for c in figures.confusions([*some, outcome("a+c", "a+b", 0.5)])]
    assert found == [("a", "b", 2), ("", "b", 1), ("a", "", 1), ("c", "b", 1)]


def test_averages_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    wanted, found = list("aaaabbc"), list("aabbbcc")
    numbers = precision_recall_fscore_support(wanted, found, labels=list("abc"))
    table = {
        label: dict(zip(("precision", "recall", "f1", "rows"), row, strict=True))
        for label, *row in zip("abc", *numbers, strict=True)
    }
    for row, average in zip(figures.averages(figures.by_label(table)), ("macro", "weighted"), strict=True):
        expected = precision_recall_fscore_support(wanted, found, average=average)[:3]
        assert (row.precision, row.recall, row.f1) == pytest.approx(expected)


# --- the page --------------------------------------------------------------------------------------------------------


def test_a_text_does_nothing_but_stand_there() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    parsed = page(told([outcome(f"{attack}\"'", "b", 0.9, text=attack)]))
    assert not parsed.css("script, img, link, iframe")
    assert attack in rows(parsed, "Worst errors")[1][1]
    assert rows(parsed, "Taken for another")[1][0] == f"{attack}\"'"


def test_chinese_texts_and_names_are_shown() -> None:
    parsed = page(told([outcome("退款", "物流", 0.8, text="我的快递到哪里了？"), outcome("退款", "", 0.1)]))
    assert rows(parsed, "Worst errors")[1:] == [
        ["0.800", "我的快递到哪里了？", "退款", "物流"],
        ["0.100", "a text", "退款", "nothing"],
    ]
    assert rows(parsed, "Data")[1][0] == "数据.jsonl"


def test_page_and_plots_stand_alone(tmp_path: Path) -> None:
    trials = [
        Trial(number=n, values={"batch": 16 * n}, score=score, epochs=3, seconds=1.5, dropped=dropped)
        for n, score, dropped in ((1, 0.5, False), (2, 0.9, False), (3, 0.2, True))
    ]
    some = [outcome("a", "b", 0.9, text="half \ud83d a character"), outcome("a", "a", 0.8)]
    write_report(tmp_path / "report", told(some, trials=trials))
    parsed = HTMLParser((tmp_path / "report" / "index.html").read_text("utf-8"))
    assert "half ? a character" in parsed.body.text()
    written = {path.stem for path in (tmp_path / "report").glob("*.png")}
    assert written == {"loss", "dev", "calibration-dev", "coverage-dev", "search"}
    assert len(parsed.css("figure svg")) == len(written)
    assert "best: 0.7000 after epoch 2" in parsed.body.text()
    assert [row[0] for row in rows(parsed, "Search")[1:]] == ["2", "1", "3"]
    assert json.loads((tmp_path / "report" / "search.json").read_text())[1]["values"] == {"batch": 32}

    assert not parsed.css("script, img, link, iframe, [src], [srcset]")
    assert all(node.attributes["href"].startswith("#") for node in parsed.css("a"))
    assert not [word for word in ("url(http", "@import") if word in parsed.html]
    names = [node.attributes["id"] for node in parsed.css("[id]")]
    assert len(names) == len(set(names))
    used = [node.attributes["xlink:href"] for node in parsed.css("use")]
    assert used and {name.removeprefix("#") for name in used} <= set(names)


def test_of_many_classes_the_worst_are_shown() -> None:
    many = [outcome(f"label {i % 150}", f"label {(i * 7) % 150}", (i % 100) / 100) for i in range(5000)]
    parsed = page(told(many, classes=150))
    table = rows(parsed, "By label")
    assert [row[0] for row in table[1:3]] == ["label 0", "label 1"]
    assert [row[0] for row in table[-2:]] == ["macro average", "weighted average"]
    assert len(table) == 1 + 25 + 2
    assert "The other 125" in parsed.body.text()


def test_what_was_refused_is_told() -> None:
    some = [outcome("", "", 0.1, best=False), outcome("", "a", 0.9), outcome("a", "", 0.2), outcome("a", "a", 0.9)]
    table = rows(page(told(some)), "Refusals")
    assert [row[1:] for row in table[1:]] == [["2", "1", "0.500"], ["2", "1", "0.500"]]


def test_entities_are_named_by_what_stands_in_the_text() -> None:
    text = "发往上海市的订单 A-17"
    some = [outcome("city 2-4+order 9-13", "city 2-5", 0.7, text=text), outcome("", "", 0.9, text="hello")]
    parsed = page(told(some, kind="entities"))
    assert rows(parsed, "Worst errors")[1][2:] == ["city: 上海 order: A-17", "city: 上海市"]
    assert rows(parsed, "Taken for another")[1:] == [["city", "the same, elsewhere", "1"], ["order", "city", "1"]]
    assert "Refusals" not in parsed.body.text()


@pytest.mark.parametrize(
    ("kind", "told_of"), [("intents", True), ("answers", True), ("entities", False), ("encoder", False)]
)
def test_thresholds_are_told_of_where_there_are_some(kind: str, told_of: bool) -> None:
    some = [outcome("a", "a", 0.9), outcome("a", "", 0.1)]
    text = page_of(told(some, kind=kind), {"coverage-dev": "a plot"})
    assert ("Dev chose the best epoch and the threshold, so" in text) is told_of
    assert ("where its threshold stands" in text) is told_of


@pytest.mark.parametrize(
    ("values", "hidden", "shown"),
    [
        ({"method": "head"}, 256, {"hidden": "256", "weight_decay": "0.1", "learning_rate": "0.002"}),
        ({"method": "head"}, 0, {"hidden": "0", "weight_decay": "1.0", "learning_rate": "0.002"}),
        ({"kind": "encoder"}, 0, {"hidden": "0", "weight_decay": "0.0", "learning_rate": "0.001"}),
        ({"method": "lora", "weight_decay": 0.3}, 0, {"hidden": "0", "weight_decay": "0.3"}),
    ],
)
def test_settings_are_shown_as_they_were_in_effect(
    values: dict[str, object], hidden: int, shown: dict[str, str]
) -> None:
    parsed = page(told([outcome("a", "a", 0.9)], recipe=Recipe.of(**{"kind": "intents", **values}), hidden=hidden))
    cells = {row.css_first("th").text(): row.css_first("td") for row in parsed.css("tr") if row.css_first("th + td")}
    assert {name: cells[name].text() for name in shown} == shown
    changed = {name for name, cell in cells.items() if "changed" in (cell.attributes.get("class") or "")}
    assert changed == values.keys() - {"kind", "method"}  # and not what the recipe left open


def test_a_layer_that_training_decided_on_is_shown(tmp_path: Path, phrasings: list[Labelled], serving: Encoder) -> None:
    several = [Labelled(text="my order and my payment", labels=("order", "pay"))]
    train, dev = (
        write_labelled(tmp_path / name, part)
        for name, part in (("train.jsonl", phrasings[:40] + several), ("dev.jsonl", phrasings[40:60]))
    )
    recipe = Recipe.of(kind="intents", method="head", epochs=1)
    data = Data(train=(train,), dev=dev)
    made = run(recipe, data, tmp_path / "models", tmp_path / "work", serving=serving)
    page = made.report.read_text("utf-8")
    assert '<th scope="row">hidden</th><td class="n">256</td>' in page
    assert '<th scope="row">weight_decay</th><td class="n">0.1</td>' in page


def test_a_run_writes_its_report(tmp_path: Path, phrasings: list[Labelled], serving: Encoder) -> None:
    outside = [Labelled(text=f"what is {n} times {n}?", labels=("oos",)) for n in range(20)]
    parts = {"train": phrasings[:100] + outside[:10], "dev": phrasings[100:140], "test": phrasings[140:180] + outside}
    files = {name: write_labelled(tmp_path / f"{name}.jsonl", part) for name, part in parts.items()}
    data = Data(train=(files["train"],), dev=files["dev"], test=files["test"])
    recipe = Recipe.of(kind="intents", method="head", epochs=3)
    made = run(recipe, data, tmp_path / "models", tmp_path / "work", serving=serving)
    parsed = HTMLParser(made.report.read_text("utf-8"))
    assert [node.attributes["id"] for node in parsed.css("h2")] == ["test", "dev", "course", "recipe", "cost"]
    assert rows(parsed, "Refusals")[1][1] == "20"
    assert rows(parsed, "Data")[1][0] == "train.jsonl"
    assert "report/index.html" in json.loads((made.folder / "artefact.json").read_text())["sha256"]
    open_artefact(made.folder)

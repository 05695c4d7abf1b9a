"""What heads on the frozen vectors of an encoder reach: intents of English, and of Chinese beside character n-grams.

    python -m benchmarks.heads --data FOLDER [--encoder NAME ...] [--json]

FOLDER holds clinc150 and crosswoz-zh. Each head is trained as `kefu train intents --method head` trains it, on what the
exported encoder gives: for clinc150 with the settings of benchmarks/finetune.py, for crosswoz-zh in up to 30 epochs.
The n-grams get a logistic regression for each label whose strength and threshold are chosen on dev. The texts of
crosswoz-zh stand among the parallel pairs too: the figure of an encoder that has learned the sources ``crosswoz-*``
tells nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer

from benchmarks.common import CACHE, read_jsonl
from benchmarks.finetune import ROWS
from finetune.recipe import Recipe
from finetune.run import Data, run
from retrieval.encoder import Encoder
from retrieval.export import load_encoder

PARTS = ("train", "dev", "test")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--encoder", nargs="+", default=["embedded-en", "embedded"], help="names of encoders")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        acts = _acts(wanted.data / "crosswoz-zh", Path(folder))
        if acts:
            rows["character n-grams"] = dict(ngrams(acts))
        for name in wanted.encoder:
            encoder = load_encoder(name, CACHE)
            rows[name] = dict(heads(name, encoder, wanted.data / "clinc150", acts, Path(folder)))
    if wanted.json:
        print(json.dumps(rows, indent=1))
        return
    for name, figures in rows.items():
        print(name)
        for key, value in figures.items():
            print(f"  {key:44} {value:.4f}")


def heads(name: str, encoder: Encoder, clinc: Path, acts: dict[str, Path], folder: Path) -> Iterator[tuple[str, float]]:
    """Yield what heads on ``encoder`` reach on dev and on test, and the seconds it took to train them."""
    sets: dict[str, tuple[dict[str, Path], Mapping[str, object], str]] = {}
    if acts:
        sets["crosswoz-zh acts"] = (acts, {"epochs": 30, "patience": 5}, "f1_micro")
    if clinc.is_dir():
        files = {part: clinc / f"{part}.jsonl" for part in PARTS}
        settings = next(row.settings for row in ROWS if row.name == "clinc150 head")
        sets["clinc150"] = (files, settings, "accuracy")
    for about, (files, settings, figure) in sets.items():
        recipe = Recipe.of(kind="intents", method="head", backbone=name, **settings)
        data = Data(train=(files["train"],), dev=files["dev"], test=files["test"])
        with tempfile.TemporaryDirectory(dir=folder) as work:
            trained = run(recipe, data, Path(work), Path(work) / "work", serving=encoder)
        for part in PARTS[1:]:
            yield f"{about}, {figure.replace('_', ' ')}, {part}", trained.metrics[part][figure]
        yield f"{about}, seconds", trained.metrics["cost"]["seconds"]


def ngrams(acts: dict[str, Path]) -> Iterator[tuple[str, float]]:
    """Yield what character n-grams reach on the acts."""
    rows = {part: read_jsonl(path) for part, path in acts.items()}
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    features.fit([row["text"] for row in rows["train"]])
    labels = MultiLabelBinarizer().fit([row["intents"] for row in rows["train"]])
    given = {part: features.transform([row["text"] for row in rows[part]]) for part in PARTS}
    right = {part: labels.transform([row["intents"] for row in rows[part]]) for part in PARTS}
    found: list[tuple[float, float]] = []
    for strength in (3.0, 10.0, 30.0, 100.0):
        head = OneVsRestClassifier(LogisticRegression(C=strength, max_iter=1000)).fit(given["train"], right["train"])
        chances = {part: head.predict_proba(given[part]) for part in PARTS[1:]}
        for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6):
            dev, test = (f1_score(right[p], chances[p] >= threshold, average="micro") for p in PARTS[1:])
            found.append((dev, test))
    dev, test = max(found, key=lambda both: both[0])
    yield "crosswoz-zh acts, f1 micro, dev", dev
    yield "crosswoz-zh acts, f1 micro, test", test


def _acts(source: Path, folder: Path) -> dict[str, Path]:
    """Write what customers say and want (act and domain) as rows that kefu trains on; empty where there is none."""
    if not source.is_dir():
        return {}
    out = {}
    for part in PARTS:
        rows: list[dict[str, Any]] = [
            {"text": turn["text"], "intents": sorted({f"{act[0]} {act[1]}" for act in turn["acts"]})}
            for dialogue in read_jsonl(source / f"{part}.jsonl")
            for turn in dialogue["turns"]
            if turn["speaker"] == "user"
        ]
        out[part] = folder / f"acts-{part}.jsonl"
        out[part].write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return out


if __name__ == "__main__":
    main()

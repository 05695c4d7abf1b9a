"""Whether an error budget is kept, and what it costs in coverage: thresholds chosen on one half, used on the other.

    python -m benchmarks.budget --data FOLDER [--splits 200] [--keep FOLDER] [--json]

FOLDER holds clinc150. The head is trained as benchmarks/heads.py trains it. In each split half of the test rows, those
out of scope too, choose the threshold as `kefu calibrate` does, and the other half is answered: an answer is wrong
where the intent is another one, and where there is none. `kept` is the share of splits in which at most the budget of
all test rows answered at that threshold was wrong, which is what the guarantee is about, and `kept half` that of the
other half alone, where it is off by chance in the other direction. `coverage` is the share of the messages with an
intent that is answered, `none` the share of splits in which no threshold was found.

What orders the messages is a score of the head or of the nearest training questions, as a confidence that is fit on dev
and on the out of scope rows of train, which the head does not learn; `all together` puts three of them into one. At the
end stands what a threshold set by hand does, at a cosine of 0.7 to the nearest training question, and what the head
answers at the same error.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common import CACHE, read_jsonl
from benchmarks.finetune import ROWS
from bot.evaluation.budget import LEVELS, Count, choose
from finetune.artefact import open_artefact
from finetune.labels.classifier import Classifier
from finetune.recipe import Recipe
from finetune.run import Data, run
from retrieval.export import load_encoder

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BUDGETS = (0.01, 0.02, 0.05)
CONFIDENCES = (0.95, 0.99)
#: How near the nearest training question is where somebody sets that by hand.
BY_HAND = 0.7
#: Nearest training questions of the proposed intent, by what the head reads, whose cosines are averaged.
NEAREST = 5
PARTS = ("train", "dev", "test")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The rows of a file, and what is proposed for them."""

    #: Whether what is proposed is right, and whether anything would be.
    right: Bools
    known: Bools
    #: By name; higher is surer.
    scores: Mapping[str, Floats]
    #: The same for the intent of the nearest training question.
    near_right: Bools
    near: Floats


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--splits", type=int, default=200, help="how often the test rows are halved")
    parser.add_argument("--keep", type=Path, help="folder that keeps what the texts were encoded to")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    learned, test = parts(wanted.data / "clinc150", wanted.keep)
    figures: dict[str, dict[str, float]] = {}
    scores: dict[str, tuple[str, ...]] = {name: (name,) for name in learned.scores}
    scores["all together"] = ("largest logit", "log chance", "nearest of the intent")
    for about, names in scores.items():
        given, asked = (np.stack([part.scores[name] for name in names], axis=1) for part in (learned, test))
        confidence = fitted(given, learned.right, asked)
        for budget in BUDGETS:
            for sure in CONFIDENCES if len(names) > 1 else CONFIDENCES[:1]:
                figures[f"{about}, {budget:.0%} at {sure:.0%}"] = halved(confidence, test, budget, sure, wanted.splits)
    figures["set by hand"] = by_hand = answered(test.near >= BY_HAND, test.near_right, test.known)
    figures["all together at that error"] = at_error(confidence, test, by_hand["wrong"])
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, values in figures.items():
        print(f"{name:32} " + "  ".join(f"{key} {value:.4f}" for key, value in values.items()))


def halved(confidence: Floats, test: Part, budget: float, sure: float, splits: int) -> dict[str, float]:
    """Return what thresholds keep and cost that are chosen on one random half and used on the other."""
    rows = []
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(confidence))
        ours, others = order[: len(order) // 2], order[len(order) // 2 :]
        found = choose(counts(confidence[ours], test.right[ours]), len(ours), max_wrong=budget, risk=1 - sure)
        sent = confidence >= (found.level if found else np.inf)
        figures = answered(sent[others], test.right[others], test.known[others])
        rows.append(
            {
                "kept": float(answered(sent, test.right, test.known)["wrong"] <= budget),
                "kept half": float(figures["wrong"] <= budget),
                **figures,
                "none": float(found is None),
            }
        )
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def counts(confidence: Floats, right: Bools) -> list[Count]:
    """Return what is sent at each level, as `bot.evaluation.budget.counted` does for what a bot says."""
    sent = confidence >= np.array(LEVELS)[:, None]
    pairs = zip(LEVELS, sent.sum(1).tolist(), (sent & ~right).sum(1).tolist(), strict=True)
    return [Count(level=level, sent=of, wrong=wrong) for level, of, wrong in pairs]


def answered(sent: Bools, right: Bools, known: Bools) -> dict[str, float]:
    """Return the share that is wrong of what is sent, and of the messages with an intent the share that is answered."""
    return {
        "wrong": float((sent & ~right).sum() / max(sent.sum(), 1)),
        "coverage": float((sent & known).sum() / known.sum()),
    }


def at_error(confidence: Floats, test: Part, wrong: float) -> dict[str, float]:
    """Return the figures at the lowest threshold at which at most the share ``wrong`` of the test rows is wrong."""
    every = [answered(confidence >= level, test.right, test.known) for level in LEVELS]
    return max((each for each in every if each["wrong"] <= wrong), key=lambda each: each["coverage"])


def fitted(given: Floats, right: Bools, asked: Floats) -> Floats:
    """Return the chance of being right for scores, by a logistic regression on others and what was right of them."""
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(given, right)
    out: Floats = model.predict_proba(asked)[:, 1]
    return out


def parts(folder: Path, keep: Path | None) -> tuple[Part, Part]:
    """Return what confidences are fit on, and test, with what a head and the nearest training questions propose."""
    kept = encoded(folder, keep)
    rows = {part: read_jsonl(folder / f"{part}.jsonl") for part in PARTS}
    intents = {part: np.array([row["intent"] for row in rows[part]]) for part in PARTS}
    learns = intents["train"] != "oos"
    dev, more, test = (
        _part(kept, part, intents, learns, only)
        for part, only in (("dev", slice(None)), ("train", ~learns), ("test", slice(None)))
    )
    return (
        Part(
            right=np.append(dev.right, more.right),
            known=np.append(dev.known, more.known),
            scores={name: np.append(dev.scores[name], more.scores[name]) for name in dev.scores},
            near_right=np.append(dev.near_right, more.near_right),
            near=np.append(dev.near, more.near),
        ),
        test,
    )


def _part(
    kept: Mapping[str, npt.NDArray[np.float32]],
    part: str,
    intents: Mapping[str, npt.NDArray[np.str_]],
    learns: Bools,
    only: slice | Bools,
) -> Part:
    scores = kept[f"logits {part}"][only].astype(np.float64)
    right = intents[part][only]
    proposed = kept["labels"][scores.argmax(1)]
    ranked = np.sort(scores, axis=1)
    known = intents["train"][learns]
    cosines = kept[f"features {part}"][only] @ kept["features train"][learns].T
    near = kept[f"vectors {part}"][only] @ kept["vectors train"][learns].T
    temperature = float(kept["temperature"])
    return Part(
        right=proposed == right,
        known=right != "oos",
        scores={
            "largest logit": ranked[:, -1],
            "margin": ranked[:, -1] - ranked[:, -2],
            "log chance": ranked[:, -1] / temperature - _energy(scores / temperature),
            "energy": _energy(scores),
            "nearest of the intent": np.sort(np.where(known == proposed[:, None], cosines, -1), axis=1)[
                :, -NEAREST:
            ].mean(1),
        },
        near_right=known[near.argmax(1)] == right,
        near=near.max(1).astype(np.float64),
    )


def _energy(scores: Floats) -> Floats:
    """Return the logarithm of the sum of the powers: Liu et al. 2020, arXiv 2010.03759."""
    most = scores.max(axis=1)
    out: Floats = most + np.log(np.exp(scores - most[:, None]).sum(axis=1))
    return out


def encoded(folder: Path, keep: Path | None) -> Mapping[str, npt.NDArray[np.float32]]:
    """Return vectors, what a head reads and its logits for each part, with the labels and the temperature of the head.

    The head is trained on train, without the rows out of scope.
    """
    kept = keep / "budget.npz" if keep else None
    if kept and kept.exists():
        with np.load(kept) as file:
            return {name: file[name] for name in file.files}
    encoder = load_encoder("embedded", CACHE, progress=print)
    settings = next(row.settings for row in ROWS if row.name == "clinc150 head")
    recipe = Recipe.of(kind="intents", method="head", backbone="embedded", **settings)
    with tempfile.TemporaryDirectory() as work:
        data = Data(train=(folder / "train.jsonl",), dev=folder / "dev.jsonl")
        trained = run(recipe, data, Path(work), Path(work) / "work", serving=encoder)
        head = Classifier.open(open_artefact(trained.folder), encoder)
    made: dict[str, npt.NDArray[Any]] = {"labels": np.array(head.labels), "temperature": np.array(head.temperature)}
    for part in PARTS:
        texts = [row["text"] for row in read_jsonl(folder / f"{part}.jsonl")]
        features = head.features(texts)
        made[f"vectors {part}"] = encoder.encode(texts)
        made[f"features {part}"] = features / np.linalg.norm(features, axis=1, keepdims=True)
        made[f"logits {part}"] = head.scores(features)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, allow_pickle=False, **made)
    return made


if __name__ == "__main__":
    main()

"""What benchmarks/budget.py orders messages by: scores of a classifier, and second opinions on what it proposes.

None of them may know the row that it scores, or the confidence that is fit on them would trust them too much. A head
is therefore trained once more without each fifth of the training rows, to score that fifth. The nearest questions of a
training row leave out the row itself, and so does the kernel machine, in closed form. An encoder that learned would
have to be trained again five times: with one, confidences are fit on dev alone.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from benchmarks.common import CACHE, read_jsonl
from benchmarks.finetune import ROWS
from finetune.artefact import open_artefact
from finetune.labels.classifier import Classifier
from finetune.labels.examples import OUT_OF_SCOPE
from finetune.labels.grams import grams
from finetune.recipe import Recipe
from finetune.remember import Remembering
from finetune.run import Data, run
from retrieval.encoder import Encoder
from retrieval.export import load_encoder

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]

PARTS = ("train", "dev", "test")
FOLDS = 5
#: Nearest training questions of the proposed intent whose cosines are averaged.
NEAREST = 5

#: The kernel machine, chosen on dev: waves and numbers of the spelling that it reads, how fast the waves are, how much
#: the spelling counts, what keeps its weights small, and as how many rows one that is out of scope counts.
WAVES, GRAMS, PACE, SPELLING, RIDGE, OUTSIDE = 3000, 2048, 1.5, 0.5, 0.3, 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Rows, and what is proposed for them."""

    #: Whether what is proposed is right, and whether anything would be.
    right: Bools
    known: Bools
    #: By name; higher is surer, but for ``like out of scope``.
    scores: Mapping[str, Floats]
    #: Whether the intent of the nearest training question is right, and the cosine of that question.
    near_right: Bools
    near: Floats


def parts(folder: Path, keep: Path | None, method: str) -> tuple[Part, Part]:
    """Return what confidences are fit on, and test."""
    rows = {part: read_jsonl(folder / f"{part}.jsonl") for part in PARTS}
    intents = {part: np.array([row["intent"] for row in rows[part]]) for part in PARTS}
    texts = {part: [str(row["text"]) for row in rows[part]] for part in PARTS}
    frozen = kept(keep, "encoded", lambda: _encoded(texts))
    logits = kept(keep, f"{method} logits", lambda: _logits(folder, rows, texts, method))
    labels = np.array(sorted(set(intents["train"].tolist()) - {OUT_OF_SCOPE}))
    second = kept(keep, "kernel machine", lambda: machine(frozen, texts, intents["train"], labels))
    made = {part: _part(part, logits, second, frozen, intents, labels) for part in PARTS if f"logits {part}" in logits}
    learned = [made[part] for part in PARTS[:-1] if part in made]
    return _joined(learned), made["test"]


def kept(keep: Path | None, name: str, make: Callable[[], Mapping[str, Singles]]) -> Mapping[str, Singles]:
    """Return what ``make`` makes, or made before and left in the folder ``keep``."""
    path = keep / f"{name.replace(' ', '-')}.npz" if keep else None
    if path and path.exists():
        with np.load(path) as file:
            return {key: file[key] for key in file.files}
    made = make()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, allow_pickle=False, **made)
    return made


def machine(
    frozen: Mapping[str, Singles], texts: Mapping[str, list[str]], right: Names, labels: Names
) -> dict[str, Any]:
    """Return scores of another classifier for each part, (texts, labels + 1); the last is how much out of scope it is.

    It is ridge regression on random waves of what the frozen encoder gives, which come near a Gaussian kernel (Rahimi
    and Recht 2007, Random Features for Large-Scale Kernel Machines), beside numbers of the spelling. Scores of training
    rows are those of a machine that never saw the row, which follow from one solution (Allen 1974, Technometrics 16).
    """
    random = np.random.default_rng(0)
    width = frozen["features train"].shape[1]
    pace = random.normal(scale=PACE, size=(width, WAVES)).astype(np.float32)
    begin = random.uniform(0, 2 * np.pi, WAVES).astype(np.float32)
    read = {
        part: np.hstack(
            [
                np.cos(frozen[f"features {part}"] @ pace + begin) * np.float32(np.sqrt(2 / WAVES)),
                SPELLING * grams(texts[part], GRAMS),
            ]
        ).astype(np.float32)
        for part in PARTS
    }
    rows = read["train"]
    wanted = (right[:, None] == np.append(labels, OUT_OF_SCOPE)).astype(np.float32)
    weights = np.where(right == OUT_OF_SCOPE, OUTSIDE, 1.0).astype(np.float32)[:, None]
    gram = (rows * weights).T @ rows + RIDGE * np.eye(rows.shape[1], dtype=np.float32)
    triangle, lower = cho_factor(gram)
    solution = cho_solve((triangle, lower), (rows * weights).T @ wanted)
    leverage = weights * (solve_triangular(triangle, rows.T, trans="T", lower=lower) ** 2).sum(axis=0)[:, None]
    made = {part: read[part] @ solution for part in PARTS[1:]}
    made["train"] = (rows @ solution - leverage * wanted) / (1 - leverage)
    return made


def _encoded(texts: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what the embedded encoder makes of the texts: their vectors, and unit features as a head reads them."""
    encoder = load_encoder("embedded", CACHE, progress=print)
    made = {}
    for part, some in texts.items():
        features = encoder.features(some)
        made[f"features {part}"] = features / np.linalg.norm(features, axis=1, keepdims=True)
        made[f"vectors {part}"] = encoder.encode(some)
    return made


def _logits(
    folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], texts: Mapping[str, list[str]], method: str
) -> dict[str, Any]:
    """Return logits of dev and of test, and of train where they can be had from classifiers that did not see the row.

    Beside them stands the temperature.
    """
    encoder = Remembering(load_encoder("embedded", CACHE, progress=print))
    whole = _trained(method, folder / "train.jsonl", folder / "dev.jsonl", encoder)
    made: dict[str, Any] = {f"logits {part}": whole.scores(whole.features(texts[part])) for part in PARTS[1:]}
    made["temperature"] = np.array(whole.temperature)
    if method != "head":
        return made
    fold = np.random.default_rng(0).permutation(len(texts["train"])) % FOLDS
    made["logits train"] = np.zeros((len(fold), len(whole.labels)), dtype=np.float32)
    for left in range(FOLDS):
        with tempfile.TemporaryDirectory() as work:
            others = Path(work) / "train.jsonl"
            some = [row for row, its in zip(rows["train"], fold, strict=True) if its != left]
            others.write_text("".join(json.dumps(row) + "\n" for row in some), "utf-8")
            head = _trained(method, others, folder / "dev.jsonl", encoder)
        mine = np.flatnonzero(fold == left)
        made["logits train"][mine] = head.scores(head.features([texts["train"][row] for row in mine]))
    return made


def _trained(method: str, train: Path, dev: Path, encoder: Encoder) -> Classifier:
    """Return what `kefu train intents` trains, with the settings of benchmarks/finetune.py."""
    settings = next(row.settings for row in ROWS if row.name == f"clinc150 {method}")
    recipe = Recipe.of(kind="intents", method=method, backbone="embedded", **settings)
    with tempfile.TemporaryDirectory() as work:
        trained = run(recipe, Data(train=(train,), dev=dev), Path(work), Path(work) / "work", serving=encoder)
        return Classifier.open(open_artefact(trained.folder), encoder)


def _part(
    part: str,
    logits: Mapping[str, Singles],
    second: Mapping[str, Singles],
    frozen: Mapping[str, Singles],
    intents: Mapping[str, Names],
    labels: Names,
) -> Part:
    scores = logits[f"logits {part}"].astype(np.float64)
    temperature = float(logits["temperature"])
    best, rows = scores.argmax(axis=1), np.arange(len(scores))
    inside = intents["train"] != OUT_OF_SCOPE
    known = intents["train"][inside]
    cosines = frozen[f"features {part}"] @ frozen["features train"].T
    near = frozen[f"vectors {part}"] @ frozen["vectors train"].T
    if part == "train":  # a row is no neighbour of its own
        cosines[rows, rows] = near[rows, rows] = -1
    near, cosines = near[:, inside], cosines[:, inside]
    of_intent = np.where(known == labels[best][:, None], cosines, -1)
    opinions = second[part][:, :-1].astype(np.float64)
    mine = opinions[rows, best]
    opinions[rows, best] = -np.inf
    return Part(
        right=labels[best] == intents[part],
        known=intents[part] != OUT_OF_SCOPE,
        scores={
            "largest logit": scores[rows, best],
            "log chance": scores[rows, best] / temperature - _energy(scores / temperature),
            "energy": _energy(scores),
            "nearest of the intent": np.partition(of_intent, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1),
            "second opinion": mine,
            "its margin": mine - opinions.max(axis=1),
            "like out of scope": second[part][:, -1].astype(np.float64),
        },
        near_right=known[near.argmax(axis=1)] == intents[part],
        near=near.max(axis=1).astype(np.float64),
    )


def _joined(some: Sequence[Part]) -> Part:
    return Part(
        right=np.concatenate([part.right for part in some]),
        known=np.concatenate([part.known for part in some]),
        scores={name: np.concatenate([part.scores[name] for part in some]) for name in some[0].scores},
        near_right=np.concatenate([part.near_right for part in some]),
        near=np.concatenate([part.near for part in some]),
    )


def _energy(scores: Floats) -> Floats:
    """Return the logarithm of the sum of the powers: Liu et al. 2020, arXiv 2010.03759."""
    most = scores.max(axis=1)
    out: Floats = most + np.log(np.exp(scores - most[:, None]).sum(axis=1))
    return out

"""Whether a person would like a reply: predicted from the conversation and the reply, beside what is simpler.

    python -m benchmarks.ratings --data FOLDER [--dev] [--json]

FOLDER holds taskmaster4-coffee, whose replies, messages and calls of an API alike, were given a thumb up or down. Most
are liked, so accuracy is to be read beside that of always saying so, and beside the mean of the recalls of both
(balanced accuracy) and the share of pairs, one liked and one not, that are in the right order (AUROC). `linear` is a
logistic regression on the n-grams of conversation and reply, with what is best for it on dev. `kefu` is a support
vector machine whose kernel adds three: the same n-grams; what became of the words that were asked for
(benchmarks/ratings_words.py); and the product of how near two conversations are, and two replies, by the embedded
encoder. Its constants were chosen on train, in five folds, and on dev, which `--dev` reports instead of test.

Intervals are of 95 %, by bootstrap over the openings of conversations, for those with the same opening share much.
`unseen` leaves out rows whose conversation and reply stand in train as they are.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MaxAbsScaler, normalize
from sklearn.svm import SVC

from benchmarks.common import CACHE, read_jsonl
from benchmarks.ratings_words import kind_of, plain, relations, values, written
from bot.evaluation.measures.intervals import Estimate, of_sums, share
from bot.evaluation.measures.paired import difference, mcnemar
from retrieval.encoder import Encoder
from retrieval.export import load_encoder

Floats = npt.NDArray[np.float64]
Row = Mapping[str, Any]

#: Chosen on train and dev: how fast nearness falls between conversations, and between replies; what words that were
#: asked for weigh beside the rest; and how much a wrong training row costs.
CONVERSATIONS, REPLIES, WORDS, COST = 5.0, 10.0, 2.0, 3.0
#: Turns and characters of a conversation that the encoder reads beside the customer's last message.
TURNS, LONGEST = 3, 600
#: What the linear model is tried with: turns that it reads, words of its longest n-gram, inverse strength.
LINEAR = [(turns, words, strength) for turns in (4, 99) for words in (2, 3) for strength in (3.0, 30.0, 300.0)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a model says of rows."""

    #: Higher is better liked.
    score: Floats
    #: The score from which a row is taken as liked.
    limit: float

    @property
    def liked(self) -> npt.NDArray[np.bool_]:
        """Whether each row is taken as liked."""
        return self.score >= self.limit


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--dev", action="store_true", help="report dev instead of test")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    start = time.perf_counter()
    rows = {
        part: read_jsonl(wanted.data / "taskmaster4-coffee" / f"reward_{part}.jsonl")
        for part in ("train", "dev", "test")
    }
    asked = rows["dev" if wanted.dev else "test"]
    said = {
        "majority": Judged(score=np.ones(len(asked)), limit=0.5),
        "linear": linear(rows["train"], rows["dev"], asked),
        "kefu": kernels(rows["train"], asked, load_encoder("embedded", CACHE, progress=print)),
    }
    seen = {written(row) for row in rows["train"]}
    unseen = np.array([written(row) not in seen for row in asked])
    figures: dict[str, Any] = {name: dict(measured(judged, asked, unseen)) for name, judged in said.items()}
    right = {name: judged.liked == liked(asked) for name, judged in said.items()}
    figures["kefu beside the others"] = {
        name: {**asdict(difference(right["kefu"], right[name], openings(asked))), **asdict(_changes(right, name))}
        for name in ("majority", "linear")
    }
    figures["seconds"] = round(time.perf_counter() - start)
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, told in figures.items():
        print(f"{name}: {told}" if name == "seconds" else name)
        for key, value in told.items() if isinstance(told, dict) else ():
            print(f"  {key:20} {_shown(value)}")


def linear(train: Sequence[Row], dev: Sequence[Row], asked: Sequence[Row]) -> Judged:
    """Return what a logistic regression on n-grams says, with the settings that are right most often on dev."""
    found: list[tuple[tuple[float, ...], Floats]] = []
    for turns, words, strength in LINEAR:
        given, choosing, wanted = ngrams(train, (train, dev, asked), turns, words)
        model = LogisticRegression(C=strength, solver="liblinear", max_iter=500).fit(given, liked(train))
        on_dev, chances = model.predict_proba(choosing)[:, 1], model.predict_proba(wanted)[:, 1]
        right = float(((on_dev >= 0.5) == liked(dev)).mean())
        found.append(((right, _in_order(on_dev, liked(dev))), chances))
    return Judged(score=max(found, key=lambda each: each[0])[1], limit=0.5)


def kernels(train: Sequence[Row], asked: Sequence[Row], encoder: Encoder) -> Judged:
    """Return what a support vector machine says that looks at what was asked for, at n-grams and at meaning."""
    model = SVC(kernel="precomputed", C=COST)
    parts = (train, asked)
    words = DictVectorizer().fit([relations(row) for row in train])
    given, wanted = (words.transform([relations(row) for row in some]) for some in parts)
    often = np.asarray((given != 0).sum(axis=0)).ravel() > 1
    scale = MaxAbsScaler().fit(given[:, often])
    given, wanted = (normalize(scale.transform(some[:, often])) for some in (given, wanted))
    grams, asked_grams = (normalize(some) for some in ngrams(train, parts, 99, 3))
    talk, asked_talk = (_unit(_talk(some, encoder)) for some in parts)
    reply, asked_reply = (_unit(encoder.features([plain(row["generation"]) for row in some])) for some in parts)

    def kernel(one: int) -> Floats:
        mine = (given, grams, talk, reply) if one == 0 else (wanted, asked_grams, asked_talk, asked_reply)
        meaning = np.exp(CONVERSATIONS * (mine[2] @ talk.T - 1) + REPLIES * (mine[3] @ reply.T - 1))
        out: Floats = meaning + WORDS * (mine[0] @ given.T).toarray() + (mine[1] @ grams.T).toarray()
        return out

    model.fit(kernel(0), liked(train))
    return Judged(score=model.decision_function(kernel(1)), limit=0.0)


def ngrams(train: Sequence[Row], parts: Sequence[Sequence[Row]], turns: int, words: int) -> list[csr_matrix]:
    """Return the weighted n-grams of the last ``turns`` of conversations and of replies, beside each other."""
    made = []
    for text in (lambda row: "\n".join(map(values, row["context"][-turns:])), lambda row: values(row["generation"])):
        known = TfidfVectorizer(ngram_range=(1, words), min_df=2, sublinear_tf=True).fit(map(text, train))
        made.append([known.transform(map(text, some)) for some in parts])
    return [hstack(both).tocsr() for both in zip(*made, strict=True)]


def measured(judged: Judged, rows: Sequence[Row], unseen: npt.NDArray[np.bool_]) -> Iterator[tuple[str, Any]]:
    """Yield the figures of a model, with intervals."""
    wanted, alike = liked(rows), openings(rows)
    right = judged.liked == wanted
    yield "accuracy", asdict(share(right, alike))
    yield "accuracy, unseen", asdict(share(right, alike, among=unseen))
    sums = np.stack([right & wanted, wanted, right & ~wanted, ~wanted], axis=1).astype(np.float64)
    yield "balanced accuracy", asdict(of_sums(sums, _recalls, alike))
    yield "AUROC", asdict(ordered(judged.score, wanted, alike))


def ordered(score: Floats, wanted: npt.NDArray[np.bool_], alike: Sequence[str]) -> Estimate:
    """Return the share of pairs in the right order; a draw weighs each pair by how often it has both conversations."""
    names = sorted(set(alike))
    place = np.searchsorted(names, alike)
    better = np.sign(score[wanted][:, None] - score[~wanted][None, :]) / 2 + 0.5
    pairs = np.zeros((len(names), len(names)))
    np.add.at(pairs, (place[wanted][:, None], place[~wanted][None, :]), better)
    ours, others = (np.bincount(place[some], minlength=len(names)) for some in (wanted, ~wanted))

    def figure(drawn: Floats) -> Floats:
        out: Floats = ((drawn @ pairs) * drawn).sum(axis=1) / ((drawn @ ours) * (drawn @ others))
        return out

    return of_sums(np.eye(len(names))[place] / np.bincount(place)[place][:, None], figure, alike)


def liked(rows: Sequence[Row]) -> npt.NDArray[np.bool_]:
    """Return whether each reply was given a thumb up."""
    return np.array([row["reward"] == 1 for row in rows])


def openings(rows: Sequence[Row]) -> list[str]:
    """Return what each customer said first."""
    return [next((turn["text"] for turn in row["context"] if turn["role"] == "user"), "") for row in rows]


def _talk(rows: Sequence[Row], encoder: Encoder) -> npt.NDArray[np.float32]:
    customers = [[turn["text"] for turn in row["context"] if kind_of(turn) == "user"] for row in rows]
    asked = [texts[-1] if texts else "" for texts in customers]
    lately = [" ".join(map(plain, row["context"][-TURNS:]))[-LONGEST:] for row in rows]
    return np.hstack([encoder.features(asked), encoder.features(lately)])


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    out: npt.NDArray[np.float32] = normalize(rows)
    return out


def _in_order(score: Floats, wanted: npt.NDArray[np.bool_]) -> float:
    return float((np.sign(score[wanted][:, None] - score[~wanted][None, :]) / 2 + 0.5).mean())


def _recalls(sums: Floats) -> Floats:
    out: Floats = (sums[:, 0] / np.maximum(sums[:, 1], 1) + sums[:, 2] / np.maximum(sums[:, 3], 1)) / 2
    return out


def _changes(right: Mapping[str, npt.NDArray[np.bool_]], name: str) -> Any:
    return mcnemar(right["kefu"], right[name])


def _shown(value: Mapping[str, Any]) -> str:
    figure = f"{value['mean']:.4f} ({value['low']:.4f} to {value['high']:.4f}), {value['n']} rows"
    return (
        figure if "p" not in value else f"{figure}; gained {value['gained']}, lost {value['lost']}, p {value['p']:.4f}"
    )


if __name__ == "__main__":
    main()

"""Entities and intents in real customers' messages: kefu beside a conditional random field and a linear model.

    python -m benchmarks.entities --data FOLDER [--domain airline] [--method lora]

FOLDER holds multidogo-3domains (Peskov et al. 2019, D19-1460; turns labelled for intents and slots). Two thirds of its
test turns stand word for word in its training turns, so the figures are those of the others, with all turns beside.

Slots: F1 of spans, type and both ends right. The CRF has the usual features: word, shape, prefixes, suffixes and the
words around. Intents: micro F1 over the labels. The linear model is a one-vs-rest logistic regression on TF-IDF of
words and characters. Each learns from the same rows. All settings are chosen on the development turns that do not stand
in the training turns: the grids of CRF and linear model in this run, the best epoch in this run, the recipe before.

Tried there for the recipe of slots, one run each, in points of F1 against what is used (full, 1e-4, tags of words in a
chain): tags told one by one -0.5 to -1.5, tags of pieces -0.6 to -1.6, lora -2.3, adversarial steps 0; with tags of
pieces, a rate of 2e-4 -0.3, the features of the CRF beside the states -0.3, and for lora a dropout of 0.2 +1.1. A
patience of 2 stopped too soon. For intents: lora -1.6.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.common import CACHE, OUT
from retrieval.export import load_encoder

DOMAINS = ("airline", "insurance", "media")
PARTS = ("train", "dev", "test")

T = TypeVar("T")

#: What is to be found in a text: entities as (type, start, end), or labels.
Findings = frozenset[Any]

#: Of the CRF: weights of both penalties. Of the linear model: inverse weight of its penalty, and thresholds.
PENALTIES = tuple(product((0.0, 0.1), (0.1, 1.0)))
STRENGTHS = (1.0, 10.0, 100.0)
THRESHOLDS = tuple(np.round(np.arange(0.1, 0.91, 0.05), 2).tolist())


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What a customer said."""

    text: str
    #: One for each word; words are what stands between single blanks. "O" is none.
    slots: tuple[str, ...]
    intents: tuple[str, ...]

    @property
    def spans(self) -> Findings:
        """Neighbouring words of one slot, as (slot, start, end) in characters."""
        found, start = set(), 0
        for slot, some in groupby(zip(self.slots, self.text.split(" "), strict=True), key=lambda pair: pair[0]):
            size = sum(len(word) + 1 for _, word in some)
            if slot != "O":
                found.add((slot, start, start + size - 1))
            start += size
        return frozenset(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a system came to."""

    name: str
    #: What was chosen on dev.
    chosen: str
    #: For each test turn.
    found: list[Findings]
    train_seconds: float
    milliseconds: float
    megabytes: float


Rows = dict[str, list[tuple[str, Findings]]]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with multidogo-3domains")
    parser.add_argument("--domain", choices=DOMAINS, help="only this one")
    parser.add_argument("--method", default="full", help="of the recipe: head, lora, adalora, ia3, bitfit, top-2, full")
    arguments = parser.parse_args()
    for domain in [arguments.domain] if arguments.domain else DOMAINS:
        turns, skipped = {}, 0
        for part in PARTS:
            turns[part], wrong = read(arguments.data / "multidogo-3domains" / f"{part}.jsonl", domain)
            skipped += wrong
        print(f"{domain}: " + ", ".join(f"{len(turns[part])} {part} turns" for part in PARTS), end="")
        print(f"; {skipped} skipped, for they have another number of slots than of words")
        for kind, findings, others in (
            ("entities", lambda turn: turn.spans, crf),
            ("intents", lambda turn: frozenset(turn.intents), linear),
        ):
            rows: Rows = {part: [(turn.text, findings(turn)) for turn in some] for part, some in turns.items()}
            ours = apart(kefu, rows, kind, arguments.method, OUT / "entities" / domain)
            tell(rows, ours, apart(others, rows))


def read(path: Path, domain: str) -> tuple[list[Turn], int]:
    """Return the turns of ``domain``, and how many were left out because slots and words do not match."""
    turns = []
    wrong = 0
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        for turn in row["turns"] if row["domain"] == domain else ():
            slots = tuple(turn["slots"].split(" "))
            if len(slots) != len(turn["text"].split(" ")) or not turn["text"].strip():
                wrong += 1
            else:
                turns.append(Turn(text=turn["text"], slots=slots, intents=tuple(turn["intents"])))
    return turns, wrong


def unseen(rows: Rows, part: str) -> list[int]:
    """Return the places of the turns that do not stand in the training turns."""
    known = {text for text, _ in rows["train"]}
    return [place for place, (text, _) in enumerate(rows[part]) if text not in known]


def dev_rows(rows: Rows) -> list[tuple[str, Findings]]:
    """Return what is chosen by."""
    return [rows["dev"][place] for place in unseen(rows, "dev")]


def apart(system: Callable[..., Result], *arguments: Any) -> Result:
    """Run ``system`` in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(system, *arguments).result()


def timed(ask: Callable[[str], T], rows: Rows) -> tuple[list[T], float]:
    """Return what is said of each test turn, and the median seconds that one takes."""
    said, seconds = [], []
    for text, _ in rows["test"]:
        start = time.perf_counter()
        said.append(ask(text))
        seconds.append(time.perf_counter() - start)
    return said, float(np.median([seconds[place] for place in unseen(rows, "test")]))


# --- kefu ------------------------------------------------------------------------------------------------------------


def kefu(rows: Rows, kind: str, method: str, folder: Path) -> Result:
    """Train as `kefu train` does, each distinct row once, and ask the artefact."""
    from finetune.artefact import open_artefact
    from finetune.kinds import family_of
    from finetune.recipe import Recipe
    from finetune.run import Data, run
    from finetune.watch import Watch

    write = _write_entities if kind == "entities" else _write_intents
    known = frozenset(_names(rows["train"]))
    chosen_by = [(text, found) for text, found in dev_rows(rows) if known.issuperset(_names([(text, found)]))]
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / f"{kind}.train.jsonl", list(dict.fromkeys(rows["train"])))
    write(folder / f"{kind}.dev.jsonl", chosen_by)
    recipe = Recipe.of(kind=kind, method=method, epochs=8, patience=4, head_rate=1e-3)
    data = Data(train=(folder / f"{kind}.train.jsonl",), dev=folder / f"{kind}.dev.jsonl")
    watch = Watch(epoch=lambda e: print(f"  epoch {e.number}: {e.seconds:.0f} s, dev {e.score:.4f}", flush=True))
    serving = load_encoder(recipe.backbone, CACHE)
    trained = run(recipe, data, folder, folder / f"work-{data.key(recipe)}", serving=serving, watch=watch)
    history = json.loads((trained.folder / "history.json").read_text("utf-8"))
    seconds = sum(epoch["seconds"] for epoch in history["epochs"])  # of a run that was stopped and went on too
    model = family_of(recipe.kind).open(open_artefact(trained.folder), serving)

    def ask(text: str) -> Findings:
        said = model([text])[0]
        if kind == "entities":
            return frozenset((entity.type, entity.start, entity.end) for entity in said)
        return frozenset(label for label, _ in said.labels)

    found, each = timed(ask, rows)
    dev = f1(chosen_by, [ask(text) for text, _ in chosen_by])
    return _result("kefu", f"{method}, dev {dev:.4f}", found, seconds, each)


def _names(rows: Iterable[tuple[str, Findings]]) -> Iterator[str]:
    """Yield the types or labels of ``rows``."""
    for _, found in rows:
        yield from (one if isinstance(one, str) else one[0] for one in found)


def _write_entities(path: Path, rows: Iterable[tuple[str, Findings]]) -> None:
    _write(path, ({"text": text, "entities": [_entity(*one) for one in sorted(found)]} for text, found in rows))


def _entity(kind: str, start: int, end: int) -> dict[str, Any]:
    return {"type": kind, "start": start, "end": end}


def _write_intents(path: Path, rows: Iterable[tuple[str, Findings]]) -> None:
    _write(path, ({"text": text, "intents": sorted(found)} for text, found in rows))


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


# --- what it is compared with ----------------------------------------------------------------------------------------


def crf(rows: Rows) -> Result:
    """Train a linear-chain CRF (Lafferty et al. 2001) for each setting, and take the one that is best on dev."""
    import pycrfsuite  # type: ignore[import-untyped,unused-ignore]

    start = time.perf_counter()
    dev = dev_rows(rows)
    dev_features = [features(text.split(" ")) for text, _ in dev]
    best: tuple[float, str, Path] | None = None
    with tempfile.TemporaryDirectory() as folder:
        for name, some in (("all rows", rows["train"]), ("distinct rows", list(dict.fromkeys(rows["train"])))):
            for c1, c2 in PENALTIES:
                trainer = pycrfsuite.Trainer(verbose=False)
                for text, found in some:
                    trainer.append(features(text.split(" ")), tags(text, found))
                trainer.set_params({"c1": c1, "c2": c2, "max_iterations": 300})
                path = Path(folder) / f"{len(some)}-{c1}-{c2}"
                trainer.train(str(path))
                tagger = pycrfsuite.Tagger()
                tagger.open(str(path))
                score = f1(dev, [spans(t, tagger.tag(x)) for (t, _), x in zip(dev, dev_features, strict=True)])
                if best is None or score > best[0]:
                    best = score, f"c1 {c1}, c2 {c2}, {name}", path
        assert best is not None
        seconds = time.perf_counter() - start
        tagger = pycrfsuite.Tagger()
        tagger.open(str(best[2]))
        said, each = timed(lambda text: spans(text, tagger.tag(features(text.split(" ")))), rows)
        return _result("CRF", f"{best[1]}, dev {best[0]:.4f}", said, seconds, each)


def features(words: Sequence[str]) -> list[list[str]]:
    """Return what a CRF is told of each word: itself, its shape, its beginnings and ends, and its neighbours."""
    shapes = ["".join(key for key, _ in groupby(map(_kind, word))) for word in words]
    out = []
    for place, word in enumerate(words):
        told = ["bias", f"word {word.lower()}", f"shape {shapes[place]}", f"length {min(len(word), 12)}"]
        told += [f"{side} {part}" for n in (1, 2, 3, 4) for side, part in (("begins", word[:n]), ("ends", word[-n:]))]
        for away in (-2, -1, 1, 2):
            there = place + away
            inside = 0 <= there < len(words)
            told += [f"{away} {words[there].lower()}", f"{away} shape {shapes[there]}"] if inside else [f"{away} none"]
        if place:
            told.append(f"pair {words[place - 1].lower()} {word.lower()}")
        out.append(told)
    return out


def _kind(char: str) -> str:
    return "9" if char.isdigit() else "X" if char.isupper() else "x" if char.isalpha() else char


def tags(text: str, found: Findings) -> list[str]:
    """Return the BIO tag of each word."""
    out, start = [], 0
    for word in text.split(" "):
        kind, begin = next(((k, s) for k, s, e in found if s <= start < max(e, s + 1)), ("O", 0))
        out.append("O" if kind == "O" else ("B-" if begin == start else "I-") + kind)
        start += len(word) + 1
    return out


def spans(text: str, told: Sequence[str]) -> Findings:
    """Return the spans that BIO tags of words say."""
    found: list[tuple[str, int, int]] = []
    start, going = 0, "O"
    for word, tag in zip(text.split(" "), told, strict=True):
        if tag != "O" and tag[2:] == going and tag[0] == "I":
            found[-1] = (going, found[-1][1], start + len(word))
        elif tag != "O":
            found.append((tag[2:], start, start + len(word)))
        going = tag[2:] or "O"
        start += len(word) + 1
    return frozenset(found)


def linear(rows: Rows) -> Result:
    """Fit a logistic regression for each label, and take penalty and threshold that are best on dev."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline, make_union

    start = time.perf_counter()
    dev, labels = dev_rows(rows), sorted(set(_names(rows["train"])))
    best: tuple[float, str, Any, float] | None = None
    for name, some in (("all rows", rows["train"]), ("distinct rows", list(dict.fromkeys(rows["train"])))):
        for strength in STRENGTHS:
            model = make_pipeline(
                make_union(
                    TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True),
                    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
                ),
                OneVsRestClassifier(LogisticRegression(C=strength, solver="liblinear")),
            )
            model.fit([text for text, _ in some], _matrix(some, labels))
            chances = model.predict_proba([text for text, _ in dev])
            for threshold in THRESHOLDS:
                score = f1(dev, _above(chances, labels, threshold))
                if best is None or score > best[0]:
                    best = score, f"C {strength:g}, threshold {threshold:g}, {name}", model, threshold
    assert best is not None
    seconds = time.perf_counter() - start
    _, _, model, threshold = best
    said, each = timed(lambda text: _above(model.predict_proba([text]), labels, threshold)[0], rows)
    return _result("linear", f"{best[1]}, dev {best[0]:.4f}", said, seconds, each)


def _matrix(rows: Sequence[tuple[str, Findings]], labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array([[label in found for label in labels] for _, found in rows])


def _above(chances: npt.NDArray[np.float64], labels: Sequence[str], threshold: float) -> list[Findings]:
    return [
        frozenset(label for label, chance in zip(labels, row, strict=True) if chance >= threshold) for row in chances
    ]


# --- figures ---------------------------------------------------------------------------------------------------------


def counts(rows: Sequence[tuple[str, Findings]], found: Sequence[Findings]) -> npt.NDArray[np.int64]:
    """Return for each turn twice what was found rightly, and what was found and wanted together (turns, 2)."""
    pairs = [(2 * len(wanted & some), len(wanted) + len(some)) for (_, wanted), some in zip(rows, found, strict=True)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def f1(rows: Sequence[tuple[str, Findings]], found: Sequence[Findings]) -> float:
    """Return the micro F1."""
    right, all_ = counts(rows, found).sum(axis=0)
    return float(right / max(all_, 1))


def tell(rows: Rows, *results: Result) -> None:
    """Print the figures of each, and how much better the first is: an interval of 95 % by a paired bootstrap."""
    places = unseen(rows, "test")
    fresh = [rows["test"][place] for place in places]
    print(f"  {len(fresh)} test turns that are not in train, {sum(len(found) for _, found in fresh)} to find")
    of_turns = []
    for result in results:
        found = [result.found[place] for place in places]
        of_turns.append(counts(fresh, found))
        print(
            f"  {result.name:7} F1 {f1(fresh, found):.4f}  all turns {f1(rows['test'], result.found):.4f}  "
            f"{result.milliseconds:.2f} ms a turn  trained in {result.train_seconds:.0f} s  "
            f"{result.megabytes:.0f} MB at most  ({result.chosen})"
        )
    random = np.random.default_rng(0)
    draws = random.integers(len(fresh), size=(2000, len(fresh)))
    ours, theirs = (some[draws].sum(axis=1).T for some in of_turns)
    low, high = np.quantile(ours[0] / ours[1] - theirs[0] / theirs[1], (0.025, 0.975))
    print(f"  kefu is better by {low:+.4f} to {high:+.4f}", flush=True)


def _result(name: str, chosen: str, found: list[Findings], seconds: float, each: float) -> Result:
    return Result(
        name=name,
        chosen=chosen,
        found=found,
        train_seconds=seconds,
        milliseconds=1000 * each,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


if __name__ == "__main__":
    main()

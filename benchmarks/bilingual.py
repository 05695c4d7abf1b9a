"""What the encoder reads: English beside the model it came from, Chinese, and one language in the other.

    python -m benchmarks.bilingual --data FOLDER [--encoder NAME ...] [--dev] [--json]

FOLDER holds xquad-r-en-zh, cmrc2018-zh, parallel-en-zh and bitext-support-qa; sets that are absent are left out. Every
figure is of the exported encoder, as it serves. The first encoder is the one that the others are compared with; by
default these are "embedded-en" and "embedded". `--dev` shows only the rows that settings may be chosen on.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.common import CACHE, FAQ, TODAY, index_of, labelled, mean, read_jsonl
from retrieval.analysis import Analyzer
from retrieval.encoder import Encoder
from retrieval.export import load_encoder
from retrieval.ingest import read_sources
from retrieval.text import detect_language
from retrieval.types import Passage, Query

#: A figure by its name.
Figures = Iterator[tuple[str, float]]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--encoder", nargs="+", default=["embedded-en", "embedded"], help="names of encoders")
    parser.add_argument("--dev", action="store_true", help="only what settings may be chosen on")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    encoders = {name: load_encoder(name, CACHE) for name in wanted.encoder}
    parts: list[Callable[[Encoder, Path], Figures]] = [cmrc, parallel_dev, faq_dev]
    if not wanted.dev:
        parts += [xquad, parallel_test, faq_test, bitext]
    rows = {
        name: {key: round(value, 4) for part in parts for key, value in part(encoder, wanted.data)}
        for name, encoder in encoders.items()
    }
    if not wanted.dev:
        for name, ratio in speeds(encoders).items():
            rows[name]["time of an English text, as a ratio"] = round(ratio, 3)
    if wanted.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for key in next(iter(rows.values())):
        print(f"{key:58} " + "  ".join(f"{name} {values[key]:.4f}" for name, values in rows.items()))


def recall_at_one(encoder: Encoder, asked: Sequence[str], among: Sequence[str], right: Sequence[set[int]]) -> float:
    """Return for what share of ``asked`` the nearest of ``among`` is one of the right ones."""
    nearest = (encoder.encode(asked, kind="query") @ encoder.encode(among, kind="passage").T).argmax(1)
    return mean(int(place) in places for place, places in zip(nearest, right, strict=True))


def cmrc(encoder: Encoder, data: Path) -> Figures:
    """Questions to the sentence of a passage that holds the answer: those that settings may be chosen on."""
    folder = data / "cmrc2018-zh"
    if not folder.is_dir():
        return
    rows = read_jsonl(folder / "train.jsonl") + read_jsonl(folder / "dev.jsonl")
    texts = {row["id"]: row["text"] for row in read_jsonl(folder / "passages.jsonl")}
    sentences: list[str] = []
    places: dict[str, range] = {}
    for passage in dict.fromkeys(row["passage_id"] for row in rows):
        cut = [part for part in re.split("(?<=[。！？；])", texts[passage]) if part.strip()]
        places[passage] = range(len(sentences), len(sentences) + len(cut))
        sentences += cut
    right = [
        {place for place in places[row["passage_id"]] if any(answer in sentences[place] for answer in row["answers"])}
        for row in rows
    ]
    held = [i for i, found in enumerate(right) if found]
    asked = [rows[i]["question"] for i in held]
    yield "cmrc2018 sentences, zh, dev", recall_at_one(encoder, asked, sentences, [right[i] for i in held])


def parallel_dev(encoder: Encoder, data: Path) -> Figures:
    """Yield how often a text finds its translation among the pairs to choose by."""
    return _parallel(encoder, data, "dev")


def parallel_test(encoder: Encoder, data: Path) -> Figures:
    """Yield how often a text finds its translation among the pairs to report by."""
    return _parallel(encoder, data, "test")


def _parallel(encoder: Encoder, data: Path, part: str) -> Figures:
    path = data / "parallel-en-zh" / f"{part}.jsonl"
    if not path.is_file():
        return
    rows = read_jsonl(path)
    own = [{place} for place in range(len(rows))]
    for here, there in (("en", "zh"), ("zh", "en")):
        asked, among = [row[here] for row in rows], [row[there] for row in rows]
        yield f"parallel {here} -> {there}, {part}", recall_at_one(encoder, asked, among, own)
        same: dict[str, set[int]] = defaultdict(set)
        for place, text in enumerate(among):
            same[text].add(place)
        right = [same[text] for text in among]
        yield f"parallel {here} -> {there}, {part}, equal texts", recall_at_one(encoder, asked, among, right)


def xquad(encoder: Encoder, data: Path) -> Figures:
    """Yield how often a question finds its sentence, in its own language and in the other, and with both sides."""
    folder = data / "xquad-r-en-zh"
    if not folder.is_dir():
        return
    asked = {language: read_jsonl(folder / f"test.{language}.jsonl") for language in ("en", "zh")}
    among = {language: read_jsonl(folder / f"candidates.{language}.jsonl") for language in ("en", "zh")}
    for here, there in (("en", "en"), ("zh", "zh"), ("zh", "en"), ("en", "zh")):
        places = {row["id"]: place for place, row in enumerate(among[there])}
        relevant = {row["id"]: {places[one] for one in row["relevant"]} for row in asked[there]}
        questions = [row["question"] for row in asked[here]]
        sentences = [row["text"] for row in among[there]]
        right = [relevant[row["id"]] for row in asked[here]]
        yield f"XQuAD-R {here} -> {there}, dense side", recall_at_one(encoder, questions, sentences, right)
    for language in ("en", "zh"):
        passages = [Passage(id=r["id"], question="", answer=r["text"], language=language) for r in among[language]]
        queries = [Query(text=row["question"]) for row in asked[language]]
        hits = index_of(passages, encoder, Analyzer()).search(queries, 60, day=TODAY)
        for side in ("keyword", "odds"):
            right_first = mean(
                bool(found) and max(found, key=lambda hit: float(getattr(hit, side))).passage.id in row["relevant"]
                for found, row in zip(hits, asked[language], strict=True)
            )
            yield f"XQuAD-R {language}, {'hybrid' if side == 'odds' else 'keyword side'}", right_first


def faq_dev(encoder: Encoder, data: Path) -> Figures:
    """Yield R@1 of the demo company's knowledge, on the half to choose by."""
    return _faq(encoder, "dev")


def faq_test(encoder: Encoder, data: Path) -> Figures:
    """Yield R@1 of the demo company's knowledge, on the half to report by."""
    return _faq(encoder, "test")


def _faq(encoder: Encoder, split: str) -> Figures:
    passages = read_sources([FAQ]).passages
    for name, spoken, known in (
        ("en", "en", "en zh"),
        ("zh", "zh", "en zh"),
        ("zh, entries in English alone", "zh", "en"),
        ("en, entries in Chinese alone", "en", "zh"),
    ):
        index = index_of([p for p in passages if p.language in known.split()], encoder, Analyzer())
        rows = [q for q in labelled(spoken) if q.answers and q.split == split]
        hits = index.search([Query(text=q.text, context=q.context) for q in rows], 60, day=TODAY)
        for side, key in (("hybrid", "odds"), ("dense side", "dense")):
            right = mean(
                bool(found) and q.right([max(found, key=lambda hit: float(getattr(hit, key))).passage.id])
                for q, found in zip(rows, hits, strict=True)
            )
            yield f"faq_data {name}, {side}, {split}", right


def bitext(encoder: Encoder, data: Path) -> Figures:
    """Yield how often the nearest known question of English customer service has the right intent."""
    folder = data / "bitext-support-qa"
    if not folder.is_dir():
        return
    known, asked = read_jsonl(folder / "train.jsonl"), read_jsonl(folder / "test.jsonl")
    by_intent: dict[str, set[int]] = {}
    for place, row in enumerate(known):
        by_intent.setdefault(row["intent"], set()).add(place)
    right = [by_intent.get(row["intent"], set()) for row in asked]
    yield (
        "bitext, en, test",
        recall_at_one(encoder, [r["question"] for r in asked], [r["question"] for r in known], right),
    )


def speeds(encoders: dict[str, Encoder]) -> dict[str, float]:
    """Return how long each encoder takes for English questions, beside the first: medians of alternating rounds."""
    texts = [q.text for q in labelled("en") if detect_language(q.text) == "en"]
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(9):
        for name, encoder in encoders.items():
            start = time.perf_counter()
            for text in texts:
                encoder.encode([text], kind="query")
            seconds[name].append(time.perf_counter() - start)
    base = statistics.median(next(iter(seconds.values())))
    return {name: statistics.median(each) / base for name, each in seconds.items()}


if __name__ == "__main__":
    main()

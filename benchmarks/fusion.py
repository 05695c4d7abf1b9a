"""Do two sides find more than the better one? R@1 of the fused score beside each side alone, on many sets.

    python -m benchmarks.fusion --data FOLDER       FOLDER holds xquad-r-en-zh, cmrc2018-zh, clinc150, bitext-support-qa
    python -m benchmarks.fusion                     only `faq_data`, in several shapes

The weights in `retrieval/fusion.py` were chosen on these sets with one constraint, that no set falls more than a point
below its better side; the column "margin" shows it. Sets that are absent are left out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.common import FAQ, TODAY, index_of, labelled, mean, read_jsonl, tools
from retrieval.ingest import read_sources
from retrieval.text import detect_language
from retrieval.types import Hit, Passage, Query

#: How deep the two sides alone are looked at.
DEPTH = 60


@dataclass(frozen=True, kw_only=True)
class RetrievalSet:
    """Passages, and queries with the ids that are right for each."""

    name: str
    passages: list[Passage]
    queries: list[str]
    right: list[set[str]]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with public data sets, one folder each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    encoder, analyzer = tools()
    rows = []
    for each in sets(arguments.data):
        index = index_of(each.passages, encoder, analyzer)
        found = index.search([Query(text=text) for text in each.queries], DEPTH, day=TODAY)
        sides: dict[str, Callable[[Hit], float]] = {
            "dense": lambda hit: hit.dense,
            "keyword": lambda hit: hit.keyword,
            "fused": lambda hit: hit.odds,
        }
        first = {
            name: mean(
                bool(hits) and max(hits, key=side).passage.id in right
                for hits, right in zip(found, each.right, strict=True)
            )
            for name, side in sides.items()
        }
        first["margin"] = first["fused"] - max(first["dense"], first["keyword"])
        rows.append({"set": each.name, "queries": len(each.queries), "passages": len(each.passages)} | first)
        if not arguments.json:
            figures = "  ".join(f"{name} {value:6.3f}" for name, value in first.items())
            print(
                f"{each.name:22} {len(each.queries):5} queries {len(each.passages):5} passages  {figures}", flush=True
            )
    if arguments.json:
        print(json.dumps(rows, indent=1))


def sets(data: Path | None) -> Iterator[RetrievalSet]:
    """Yield `faq_data` in several shapes, and the sets found under ``data``."""
    for language in ("en", "zh"):
        yield from _faq(language)
    for name, read in {
        "xquad-r-en-zh": _xquad,
        "cmrc2018-zh": _cmrc,
        "clinc150": _clinc,
        "bitext-support-qa": _bitext,
    }.items():
        if data is not None and (data / name).is_dir():
            yield from read(data / name)


def _passage(key: str, answer: str, question: str = "", alternatives: tuple[str, ...] = ()) -> Passage:
    language = detect_language(question + answer)
    return Passage(id=key, question=question, answer=answer, alternatives=alternatives, language=language)


def _faq(language: str) -> Iterator[RetrievalSet]:
    passages = [p for p in read_sources([FAQ]).passages if p.language == language]
    asked = [q for q in labelled(language) if q.answers and not q.history]
    shapes: dict[str, Callable[[Passage], Passage]] = {
        "whole": lambda p: p,
        "question only": lambda p: _passage(p.id, p.question),
        "answer only": lambda p: _passage(p.id, p.answer),
        "no alternatives": lambda p: replace(p, alternatives=()),
    }
    for shape, change in shapes.items():
        yield RetrievalSet(
            name=f"faq {language} {shape}",
            passages=[replace(change(p), language=language) for p in passages],
            queries=[q.text for q in asked],
            right=[{*q.answers, *q.accept} for q in asked],
        )


def _xquad(folder: Path) -> Iterator[RetrievalSet]:
    for language in ("en", "zh"):
        asked = read_jsonl(folder / f"test.{language}.jsonl")
        passages = [_passage(r["id"], r["text"]) for r in read_jsonl(folder / f"candidates.{language}.jsonl")]
        yield RetrievalSet(
            name=f"xquad-r {language}",
            passages=[replace(p, language=language) for p in passages],
            queries=[r["question"] for r in asked],
            right=[set(r["relevant"]) for r in asked],
        )


def _cmrc(folder: Path) -> Iterator[RetrievalSet]:
    rows = read_jsonl(folder / "passages.jsonl")
    for split, with_title in (("dev", False), ("dev", True), ("test", False), ("test", True)):
        asked = read_jsonl(folder / f"{split}.jsonl")
        yield RetrievalSet(
            name=f"cmrc {split}{' titled' if with_title else ''}",
            passages=[_passage(r["id"], r["text"], r["title"] if with_title else "") for r in rows],
            queries=[r["question"] for r in asked],
            right=[{r["passage_id"]} for r in asked],
        )


def _clinc(folder: Path) -> Iterator[RetrievalSet]:
    known = [r for r in read_jsonl(folder / "train_5shot.jsonl") if r["intent"] != "oos"]
    asked = [r for r in read_jsonl(folder / "dev.jsonl") if r["intent"] != "oos"]
    by_intent = defaultdict(list)
    for row in known:
        by_intent[row["intent"]].append(row["text"])
    for shape, passages in {
        "5 phrasings": [_passage(i, texts[0], texts[0], tuple(texts[1:])) for i, texts in by_intent.items()],
        "1 phrasing": [_passage(i, texts[0]) for i, texts in by_intent.items()],
    }.items():
        yield RetrievalSet(
            name=f"clinc {shape}",
            passages=passages,
            queries=[r["text"] for r in asked],
            right=[{r["intent"]} for r in asked],
        )


def _bitext(folder: Path) -> Iterator[RetrievalSet]:
    rows = random.Random(1).sample(read_jsonl(folder / "train.jsonl"), 800)
    asked = read_jsonl(folder / "dev.jsonl")
    by_intent = defaultdict(set)
    for row in rows:
        by_intent[row["intent"]].add(row["id"])
    shapes: dict[str, Callable[[dict[str, Any]], Passage]] = {
        "question": lambda r: _passage(r["id"], r["question"]),
        "answer": lambda r: _passage(r["id"], r["answer"]),
        "both": lambda r: _passage(r["id"], r["answer"], r["question"]),
    }
    for shape, make in shapes.items():
        yield RetrievalSet(
            name=f"bitext {shape}",
            passages=[make(row) for row in rows],
            queries=[r["question"] for r in asked],
            right=[by_intent[r["intent"]] for r in asked],
        )


if __name__ == "__main__":
    main()

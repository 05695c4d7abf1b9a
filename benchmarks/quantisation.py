"""What int8 costs the embedded encoder, and what running each text alone brings.

    python -m benchmarks.quantisation [--data FOLDER]     FOLDER holds xquad-r-en-zh and clinc150

Nearest-neighbour accuracy of fp32 and int8 on the same texts; then speed and sameness of texts run alone on one core
each against padded batches. Without FOLDER the questions of `faq_data` are used.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.common import CACHE, FAQ, labelled, mean, read_jsonl
from retrieval.encoder import Encoder, Vectors, available_cores
from retrieval.export import load_encoder, write_onnx
from retrieval.ingest import read_sources
from retrieval.source import Source


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with public data sets, one folder each")
    data = parser.parse_args().data
    int8 = load_encoder("embedded", CACHE, progress=print)
    fp32 = unquantised()
    for name, passages, queries, right in sets(data):
        figures = []
        for encoder in (fp32, int8):
            nearest = (encoder.encode(queries) @ encoder.encode(passages).T).argmax(axis=1)
            figures.append(mean(int(place) in wanted for place, wanted in zip(nearest, right, strict=True)))
        change = figures[1] - figures[0]
        print(f"{name:24} {len(queries):5} queries  fp32 {figures[0]:.4f}  int8 {figures[1]:.4f}  {change:+.4f}")
    texts = [q.text for q in labelled()][:768]
    alone = np.concatenate([int8.encode([text]) for text in texts])
    for name, encode in ways(int8).items():
        start = time.perf_counter()
        vectors = encode(texts)
        seconds = time.perf_counter() - start
        cosine = float((vectors * alone).sum(axis=1).mean())
        print(f"int8, {name:34} {len(texts) / seconds:6.0f} texts/s  cosine to the text alone {cosine:.4f}")


def unquantised() -> Encoder:
    """Return the embedded encoder in fp32."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        about = write_onnx(Source.find("embedded"), folder, print) | {"fingerprint": "fp32", "model": "embedded"}
        (folder / "encoder.json").write_text(json.dumps(about), "utf-8")
        (folder / "fp32.onnx").rename(folder / "model.onnx")
        return Encoder(folder)


def sets(data: Path | None) -> Iterator[tuple[str, list[str], list[str], list[set[int]]]]:
    """Yield name, passages, queries, and the places of the right passages of each query."""
    entries = [p for p in read_sources([FAQ]).passages if p.language == "en"]
    texts = [(text, p.id) for p in entries for text in (p.question, *p.alternatives)]
    asked = [q for q in labelled("en") if q.answers and not q.history]
    yield (
        "faq_data",
        [text for text, _ in texts],
        [q.text for q in asked],
        [{place for place, (_, entry) in enumerate(texts) if entry in {*q.answers, *q.accept}} for q in asked],
    )
    if data is None:
        return
    rows, asked_rows = (read_jsonl(data / "xquad-r-en-zh" / f"{name}.en.jsonl") for name in ("candidates", "test"))
    places = {row["id"]: place for place, row in enumerate(rows)}
    relevant = [{places[key] for key in row["relevant"]} for row in asked_rows]
    yield "xquad-r en", [row["text"] for row in rows], [row["question"] for row in asked_rows], relevant
    known, wanted = (
        [row for row in read_jsonl(data / "clinc150" / f"{name}.jsonl") if row["intent"] != "oos"]
        for name in ("train_10shot", "dev")
    )
    same = [{place for place, row in enumerate(known) if row["intent"] == w["intent"]} for w in wanted]
    yield "clinc150, 10 phrasings", [row["text"] for row in known], [row["text"] for row in wanted], same


def ways(encoder: Encoder) -> dict[str, Callable[[Sequence[str]], Vectors]]:
    """Return ways to encode many texts: as kefu does, one after the other, and in padded batches of 64."""
    return {
        f"each alone, {available_cores()} at a time (kefu)": encoder.encode,
        "each alone, one at a time": lambda texts: np.concatenate([encoder.encode([text]) for text in texts]),
        "padded batches of 64": lambda texts: _padded(encoder, texts, 64, 1),
        f"padded batches of 64, {available_cores()} at a time": lambda texts: _padded(
            encoder, texts, 64, available_cores()
        ),
    }


def _padded(encoder: Encoder, texts: Sequence[str], size: int, workers: int) -> Vectors:
    def run(batch: Sequence[str]) -> Vectors:
        ids = [encoding.ids for encoding in encoder._tokenizer.encode_batch(list(batch))]
        width = max(map(len, ids))
        tokens = np.array([one + [0] * (width - len(one)) for one in ids], dtype=np.int64)
        mask = np.array([[1] * len(one) + [0] * (width - len(one)) for one in ids], dtype=np.int64)
        vectors: Vectors = encoder._session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]
        return vectors

    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(run, [texts[i : i + size] for i in range(0, len(texts), size)])))


if __name__ == "__main__":
    main()

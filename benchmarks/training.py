"""How fast training is, beside the trainers one would otherwise take: same model, same rows, same batch.

    python -m benchmarks.training --data FOLDER [--steps 60] [--rounds 3]

FOLDER holds clinc150. Each contender runs in a process of its own, in turn, and tells rows a second after ten steps to
warm up, and its peak memory. `sentence-transformers` needs the package `datasets` too (pip install datasets); without
it that contender is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.common import read_jsonl

#: Steps that are not timed.
_WARM = 10
BATCH = 32


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--steps", type=int, default=60, help="steps that are timed")
    parser.add_argument("--rounds", type=int, default=3, help="times that each contender runs; medians are told")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=[*CONTENDERS], metavar="NAME")
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        print(json.dumps(_timed(wanted.one, wanted.data, wanted.steps)))
        return
    told: dict[str, list[dict[str, float]]] = {name: [] for name in wanted.only}
    for _ in range(wanted.rounds):
        for name, runs in told.items():
            command = [sys.executable, "-m", "benchmarks.training", "--data", str(wanted.data), "--one", name]
            done = subprocess.run(
                [*command, "--steps", str(wanted.steps)], stdout=subprocess.PIPE, text=True, check=False
            )
            if done.returncode == 0:
                runs.append(json.loads(done.stdout.splitlines()[-1]))
    for name, runs in told.items():
        if runs:
            rows, memory = (statistics.median(run[key] for run in runs) for key in ("rows", "memory"))
            print(f"{name:32} {rows:6.1f} rows/s   {memory:5.0f} MB")
        else:
            print(f"{name:32} did not run")


def _timed(name: str, data: Path, steps: int) -> dict[str, float]:
    warnings.simplefilter("ignore")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    rows = [row for row in read_jsonl(data / "clinc150" / "train.jsonl") if row["intent"] != "oos"]
    clock = _Clock(steps)
    with tempfile.TemporaryDirectory() as folder, suppress(_Enough):
        CONTENDERS[name](rows, clock, Path(folder))
    return {
        "rows": BATCH * steps / clock.seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


class _Enough(Exception):
    pass


class _Clock:
    """Told after each step; ends the run when it has seen enough of them."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done, self.start, self.seconds = steps, 0, 0.0, 0.0

    def tick(self) -> None:
        """Count a step."""
        self.done += 1
        if self.done == _WARM:
            self.start = time.perf_counter()
        elif self.done == _WARM + self.steps:
            self.seconds = time.perf_counter() - self.start
            raise _Enough


def _kefu(method: str, kind: str = "intents") -> Callable[[list[dict[str, Any]], _Clock, Path], None]:
    def run(rows: list[dict[str, Any]], clock: _Clock, folder: Path) -> None:
        from bot.settings import State
        from finetune.recipe import Recipe
        from finetune.run import Data
        from finetune.run import run as train
        from finetune.watch import Watch
        from retrieval.export import load_encoder

        file = folder / "train.jsonl"
        keep = [{**row, "question": row["text"], "answer": row["intent"]} for row in rows]
        file.write_text("".join(json.dumps(row) + "\n" for row in keep), "utf-8")
        recipe = Recipe.of(kind=kind, method=method, batch=BATCH, epochs=1, negatives=0, partners=0)
        train(
            recipe,
            Data(train=(file,)),
            folder / "models",
            folder / "work",
            serving=load_encoder("embedded", State().cache),
            watch=Watch(step=lambda done, total, loss: clock.tick()),
        )

    return run


def _transformers(rows: list[dict[str, Any]], clock: _Clock, folder: Path) -> None:
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from retrieval.source import Source

    labels = sorted({row["intent"] for row in rows})
    tokenizer = AutoTokenizer.from_pretrained(Source.find("embedded-en").folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        Source.find("embedded-en").folder, num_labels=len(labels)
    )
    ids = tokenizer([row["text"] for row in rows], truncation=True, max_length=128)["input_ids"]
    examples = [{"input_ids": one, "labels": labels.index(row["intent"])} for one, row in zip(ids, rows, strict=True)]

    class Tick(TrainerCallback):
        def on_step_end(self, *arguments: Any, **named: Any) -> None:
            clock.tick()

    options = TrainingArguments(
        str(folder), per_device_train_batch_size=BATCH, num_train_epochs=1, report_to=[], disable_tqdm=True
    )
    collate = DataCollatorWithPadding(tokenizer)
    Trainer(model=model, args=options, train_dataset=examples, data_collator=collate, callbacks=[Tick()]).train()


def _sentence_transformers(rows: list[dict[str, Any]], clock: _Clock, folder: Path) -> None:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    from retrieval.source import Source

    by_intent: dict[str, list[str]] = {}
    for row in rows:
        by_intent.setdefault(row["intent"], []).append(row["text"])
    pairs = [
        (text, texts[(place + 1) % len(texts)]) for texts in by_intent.values() for place, text in enumerate(texts)
    ]
    model = SentenceTransformer(str(Source.find("embedded-en").folder), device="cpu")

    class Tick(TrainerCallback):
        def on_step_end(self, *arguments: Any, **named: Any) -> None:
            clock.tick()

    SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            str(folder), per_device_train_batch_size=BATCH, num_train_epochs=1, report_to=[], disable_tqdm=True
        ),
        train_dataset=Dataset.from_dict({"anchor": [a for a, _ in pairs], "positive": [b for _, b in pairs]}),
        loss=MultipleNegativesRankingLoss(model),
        callbacks=[Tick()],
    ).train()


CONTENDERS: dict[str, Callable[[list[dict[str, Any]], _Clock, Path], None]] = {
    "kefu intents, full": _kefu("full"),
    "transformers Trainer, full": _transformers,
    **{
        f"kefu intents, {method}": _kefu(method)
        for method in ("lora", "adalora", "ia3", "bitfit", "prompt", "top-2", "head")
    },
    "kefu answers, full": _kefu("full", "answers"),
    "sentence-transformers, full": _sentence_transformers,
}


if __name__ == "__main__":
    main()

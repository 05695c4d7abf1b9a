"""How fast a language model is adapted: beside transformers' own trainer, and packed beside unpacked.

    python -m benchmarks.generator_training --data FOLDER [--backbone NAME] [--steps 12] [--rounds 3] [--json]

FOLDER holds bitext-support-qa. Each contender trains all weights of the same model on the same examples, the same ones
in each step, and runs in a process of its own, in turn. Told are tokens a second, of which padding counts as none,
after two steps to warm up; medians over the rounds; and the peak memory. `trainer` is transformers.Trainer, which pads
each batch to its longest, `padded` the same with every example padded to the longest of all, `unpacked` is what
`kefu train generator` does, whose batches are of examples of similar length, and `packed` the same with `pack=true`.
Without --backbone a model of five million parameters is made, as `python -m finetune.generator.small` does.
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
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Steps that are not timed.
_WARM = 2
BATCH = 16
_RATE = 1e-4


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--backbone", help="a causal language model: a folder or a hub name")
    parser.add_argument("--steps", type=int, default=12, help="steps that are timed")
    parser.add_argument("--rounds", type=int, default=3, help="times that each contender runs; medians are told")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=[*CONTENDERS], metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        print(json.dumps(_timed(wanted.one, wanted.data, wanted.backbone, wanted.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        backbone = wanted.backbone or _small(wanted.data, Path(folder) / "small")
        told = _told(wanted, backbone)
    if wanted.json:
        print(json.dumps(told, indent=1))
        return
    for name, figures in told.items():
        print(f"{name:10} {figures['tokens']:7.0f} tokens/s   {figures['memory']:6.0f} MB")


def _small(data: Path, folder: Path) -> str:
    from finetune.generator.small import texts_of, write_small

    return str(write_small(folder, texts_of([data / "bitext-support-qa" / "train.jsonl"])))


def _told(wanted: argparse.Namespace, backbone: str) -> dict[str, dict[str, float]]:
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in wanted.only}
    for _ in range(wanted.rounds):
        for name, some in runs.items():
            command = [sys.executable, "-m", "benchmarks.generator_training", "--data", str(wanted.data), "--one", name]
            done = subprocess.run(
                [*command, "--backbone", backbone, "--steps", str(wanted.steps)],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            some.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        name: {key: statistics.median(run[key] for run in some) for key in ("tokens", "memory")}
        for name, some in runs.items()
    }


def _timed(name: str, data: Path, backbone: str, steps: int) -> dict[str, float]:
    warnings.simplefilter("ignore")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    clock = _Clock(steps)
    with tempfile.TemporaryDirectory() as folder, suppress(_Enough):
        CONTENDERS[name](data, backbone, clock, Path(folder))
    return {
        "tokens": clock.tokens / clock.seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


class _Enough(Exception):
    pass


class _Clock:
    """Told of the tokens of a step before it, and when it is over; ends the run when it has seen enough of them."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done, self.start, self.seconds, self.tokens = steps, 0, 0.0, 0.0, 0

    def count(self, tokens: int) -> None:
        """Count the tokens of the step that comes."""
        if _WARM <= self.done < _WARM + self.steps:
            self.tokens += tokens

    def tick(self) -> None:
        """Count a step."""
        self.done += 1
        if self.done == _WARM:
            self.start = time.perf_counter()
        elif self.done == _WARM + self.steps:
            self.seconds = time.perf_counter() - self.start
            raise _Enough


def _prepared(data: Path, backbone: str) -> tuple[Any, Any, Any]:
    """Return recipe, language model and examples as tokens."""
    from finetune.generator.examples import distractors, examples_of
    from finetune.generator.pairs import Pairs
    from finetune.generator.prompt import PLAIN
    from finetune.generator.writer import load
    from finetune.recipe import Recipe

    recipe = Recipe.of(
        kind="generator", method="full", backbone=backbone, batch=BATCH, learning_rate=_RATE, schedule="constant"
    )
    language = load(backbone, recipe)
    pairs = Pairs().read(data / "bitext-support-qa" / "train.jsonl")
    examples = examples_of(pairs, distractors(pairs, pairs, recipe), PLAIN, recipe, 0)
    cuts = [language.template.cut(PLAIN.messages(e.pair.text, e.passages, e.pair.language), e.wanted) for e in examples]
    return recipe, language, [cut for cut in cuts if len(cut.ids) <= recipe.max_tokens]


def _kefu(*, pack: bool) -> Callable[[Path, str, _Clock, Path], None]:
    def run(data: Path, backbone: str, clock: _Clock, folder: Path) -> None:
        from finetune.generator.task import Writing
        from finetune.generator.writer import writer_of
        from finetune.loop import train
        from finetune.watch import Watch

        class Counted(Writing):
            def batch(self, rows: Sequence[int], random: Any) -> Any:
                clock.count(sum(len(cuts[row].ids) for row in rows))
                return super().batch(rows, random)

        recipe, language, cuts = _prepared(data, backbone)
        writer = writer_of(language, recipe, 1)
        task = Counted([[cut] for cut in cuts], cuts[:1], recipe, 0, width=recipe.max_tokens if pack else 0)
        train(writer, task, recipe, folder, Watch(step=lambda done, total, loss: clock.tick()))

    return run


def _trainer(*, longest: bool) -> Callable[[Path, str, _Clock, Path], None]:
    def run(data: Path, backbone: str, clock: _Clock, folder: Path) -> None:
        import torch
        from transformers import Trainer, TrainerCallback, TrainingArguments

        recipe, language, cuts = _prepared(data, backbone)
        most = max(len(cut.ids) for cut in cuts)

        class Ticking(TrainerCallback):  # type: ignore[misc,unused-ignore]
            def on_step_end(self, *arguments: Any, **named: Any) -> None:
                clock.tick()

        def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
            some = [row["cut"] for row in rows]
            clock.count(sum(len(cut.ids) for cut in some))
            width = most if longest else max(len(cut.ids) for cut in some)
            ids, mask, labels = torch.zeros(3, len(some), width, dtype=torch.long)
            labels -= 100
            for row, cut in enumerate(some):
                ids[row, : len(cut.ids)] = torch.tensor(cut.ids)
                mask[row, : len(cut.ids)] = 1
                labels[row, cut.start : len(cut.ids)] = torch.tensor(cut.ids[cut.start :])
            return {"input_ids": ids, "attention_mask": mask, "labels": labels}

        arguments = TrainingArguments(
            output_dir=str(folder),
            per_device_train_batch_size=BATCH,
            learning_rate=_RATE,
            lr_scheduler_type="constant",
            bf16=torch.cuda.is_available(),
            remove_unused_columns=False,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            seed=recipe.seed,
        )
        Trainer(
            model=language.model,
            args=arguments,
            train_dataset=[{"cut": cut} for cut in cuts],
            data_collator=collate,
            callbacks=[Ticking()],
        ).train()

    return run


CONTENDERS: dict[str, Callable[[Path, str, _Clock, Path], None]] = {
    "trainer": _trainer(longest=False),
    "padded": _trainer(longest=True),
    "unpacked": _kefu(pack=False),
    "packed": _kefu(pack=True),
}


if __name__ == "__main__":
    main()

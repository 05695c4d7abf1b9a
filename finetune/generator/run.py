"""One run that adapts a language model: from pairs to an artefact."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from finetune.artefact import write_artefact
from finetune.errors import DataError
from finetune.generator.examples import Example, distractors, examples_of
from finetune.generator.figures import MOST, Judge, figures, outcomes, written
from finetune.generator.generator import MODEL, Generator
from finetune.generator.pairs import Pair, Pairs
from finetune.generator.prompt import PLAIN, Prompt
from finetune.generator.task import Writing
from finetune.generator.template import Cut, Template
from finetune.generator.writer import Loaded, Writer, keeps_apart, load, writer_of
from finetune.kinds import Parts
from finetune.loop import steps_of, train, trained
from finetune.recipe import Recipe
from finetune.report.page import write_report
from finetune.report.told import Told
from finetune.run import Data, Helped, Trained, cost_since
from finetune.watch import Watch

log = logging.getLogger(__name__)


#: Examples that are made of a training pair: its answer has to be learned also where it is to decline in one of them.
_DRAWN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Set:
    """The examples of a part that fit into the model, also as tokens: several of a pair where it is learned from."""

    examples: list[Example]
    cuts: list[list[Cut]]
    #: How many pairs did not fit.
    left_out: int

    @property
    def first(self) -> list[Cut]:
        """The one that stands for each pair."""
        return [cuts[0] for cuts in self.cuts]


def adapt(
    recipe: Recipe,
    data: Data,
    models: Path,
    work: Path,
    *,
    prompt: Prompt = PLAIN,
    judge: Judge | None = None,
    watch: Watch | None = None,
    step: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Adapt the backbone of ``recipe`` to the pairs of ``data`` and write its artefact below ``models``.

    ``prompt`` is how it will be asked at serving, ``judge`` looks at what it writes, ``work`` keeps what a killed run
    goes on from, and ``step`` is told what is being done. Raises `DataError`, `BackboneError` or `RecipeError`;
    `Helped` in a process of several that is not the main one.
    """
    start = time.perf_counter()
    step("Reading")
    parts, known = data.read(Pairs()), data.fingerprint()
    torch.manual_seed(recipe.seed)
    step("Loading the language model")
    language = load(recipe.backbone, recipe)
    step("Making examples")
    sets = _sets(parts, prompt, recipe, language)
    writer = writer_of(language, recipe, steps_of(len(sets["train"].cuts), recipe))
    pad = language.template.tokenizer.pad_token_id
    pack = recipe.pack and _packs(writer, sets["train"].first, pad, recipe)
    task = Writing(sets["train"].cuts, sets["dev"].first, recipe, pad, width=_width(recipe, language) if pack else 0)
    step("Training")
    history = train(writer, task, recipe, work, watch)
    if not PartialState().is_main_process:
        raise Helped
    step("Measuring")
    generator = Generator(model=writer.encoder, template=language.template)
    metrics: dict[str, Any] = {}
    seen = {}
    for name, part in sets.items():
        if name != "train" and part.cuts:
            made = written(writer, generator, part.examples[:MOST], prompt, part.first[:MOST], _counting(step, part))
            metrics[name] = figures(writer, part.first, pad, made, judge)
            seen[name] = outcomes(made)
    metrics["cost"] = cost_since(start, trained(writer)) | {
        "packed": float(pack),
        "left_out": sum(part.left_out for part in sets.values()),
    }
    told = Told(recipe=recipe, metrics=metrics, history=history, outcomes=seen, data=known)

    def write(folder: Path) -> dict[str, Any]:
        step("Writing")
        generator.save(folder / MODEL, recipe.backbone)
        write_report(folder / "report", told)
        return {
            "adapter": (folder / MODEL / "adapter_config.json").is_file(),
            "template": "own" if language.template.own else "fallback",
            "max_tokens": _width(recipe, language),
        }

    documents = {
        "metrics": metrics,
        "data": known,
        "history": {"epochs": [asdict(epoch) for epoch in history.epochs], "losses": history.losses},
    }
    folder = write_artefact(models, recipe, language.source.fingerprint("generator"), documents, write)
    return Trained(folder=folder, metrics=metrics)


def _sets(parts: Parts[Pair], prompt: Prompt, recipe: Recipe, language: Loaded) -> dict[str, _Set]:
    """Return the examples of each part; raises `DataError` where too few of them fit into the model."""
    known = [*parts.train, *parts.dev, *parts.test]
    out = {}
    for seed, (name, pairs) in enumerate({"train": parts.train, "dev": parts.dev, "test": parts.test}.items()):
        near = distractors(pairs, known, recipe)
        seeds = [(recipe.seed, seed, number) for number in range(_DRAWN if name == "train" else 1)]
        drawn = [examples_of(pairs, near, prompt, recipe, each) for each in seeds]
        out[name] = _fitting(drawn, prompt, language.template, _width(recipe, language))
        if pairs and not out[name].cuts:
            raise DataError(
                f"No row of the {name} data fits into {_width(recipe, language)} tokens with its passages. Allow more, "
                "such as --set max_tokens=2048, or take a backbone that reads more."
            )
        if out[name].left_out:
            log.warning(
                "%d of %d %s rows do not fit into %d tokens and are left out. Allow more with --set max_tokens=N.",
                *(out[name].left_out, len(pairs), name, _width(recipe, language)),
            )
    return out


def _fitting(drawn: Sequence[Sequence[Example]], prompt: Prompt, template: Template, width: int) -> _Set:
    cut = [
        [template.cut(prompt.messages(e.pair.text, e.passages, e.pair.language), e.wanted) for e in some]
        for some in drawn
    ]
    fits = [[one for one in cuts if len(one.ids) <= width] for cuts in zip(*cut, strict=True)]
    return _Set(
        examples=[example for example, there in zip(drawn[0], fits, strict=True) if there],
        cuts=[there for there in fits if there],
        left_out=sum(not there for there in fits),
    )


def _width(recipe: Recipe, language: Loaded) -> int:
    return min(recipe.max_tokens, language.max_tokens)


def _packs(writer: Writer, cuts: Sequence[Cut], pad: int, recipe: Recipe) -> bool:
    writer.to(PartialState().device)
    apart = keeps_apart(writer, cuts, pad)
    if not apart:
        log.warning(
            "%s reads examples in one row as if they were one text, so each gets a row of its own, which is slower.",
            recipe.backbone,
        )
    return apart


def _counting(step: Callable[[str], None], part: _Set) -> Callable[[int], None]:
    return lambda done: step(f"Writing answers: {done:,} of {min(len(part.cuts), MOST):,}")

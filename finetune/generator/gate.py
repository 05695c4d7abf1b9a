"""Whether an adapted language model may write to customers: better than quoting and what is in use, worse at nothing.

It is asked as the bot asks: with the passages that answer, and now and then with one that is only near, or none. What
counts is what customers would get: its words where the evidence lock lets them pass, and the passages where not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accelerate import PartialState

from finetune import gate
from finetune.artefact import Artefact, open_artefact
from finetune.errors import DataError
from finetune.gate import Bools, Finding
from finetune.generator.examples import Example, distractors, examples_of
from finetune.generator.figures import Judge, Written, written
from finetune.generator.generator import open_generator
from finetune.generator.pairs import Pair, Pairs
from finetune.generator.prompt import Prompt
from finetune.generator.writer import Writer
from finetune.recipe import Recipe
from finetune.registry import Registry
from finetune.run import Data

#: Test rows that are asked at most: each is written out, by two models.
MOST = 200

#: And so many at least: of fewer, chance alone could make one look better.
LEAST = 20

#: Share of them that is asked without the right passage. Like the rest of how is asked it is no setting of the recipe,
#: for all models have to be asked the same.
DECLINED = 0.3

#: Share of the answers that have to be sent in the model's words: of one that writes mostly for the bin, customers only
#: have the waiting.
SENT = 0.5

#: Share of its sentences that the lock has to let pass: what it asks of the sentences of each single reply.
SUPPORTED = 2 / 3


def check(rows: Sequence[Pair], path: Path) -> None:
    """Raise `DataError` where no model could pass on ``rows``, those of ``path``."""
    if len(rows) < LEAST:
        raise DataError(
            f"{path}: {len(rows)} rows are too few to tell that a model is better: it takes {LEAST} at least, and some "
            "hundred to tell a small difference. Give more with --test, or train without --promote."
        )
    if all(_quotation(pair) == pair.answer for pair in rows):
        raise DataError(
            f"{path}: every answer is its own passage, and nothing is nearer to it than quoting, so no model could be "
            'promoted. Say in its rows what they were answered from: "passages": [{"question": ..., "answer": ...}]; '
            "or train without --promote."
        )


def promote(
    recipe: Recipe,
    data: Data,
    models: Path,
    trained: Path,
    *,
    prompt: Prompt,
    judge: Judge,
    step: Callable[[str], None] = lambda text: None,
) -> list[Finding]:
    """Put ``trained`` into use if it passes the gate on the test rows; return what was looked at."""
    registry, parts = Registry(models=models), data.read(Pairs())
    random = np.random.default_rng(0)
    rows = [parts.test[place] for place in random.permutation(len(parts.test))[:MOST].tolist()]
    asking = recipe.model_copy(update={"distractors": 0, "declined": DECLINED})
    near = distractors(rows, [*parts.train, *parts.dev, *parts.test], asking)
    examples = examples_of(rows, near, prompt, asking, 0)
    step("Asking it")
    new = _asked(open_artefact(trained), examples, prompt)
    step("Asking what is in use")
    old = gate.compared(registry, recipe.kind, lambda artefact: _asked(artefact, examples, prompt))
    findings = [gate.no_leak(parts.train, parts.test), *judged(new, old, judge)]
    return gate.settled(registry, recipe.kind, trained.name, findings)


def judged(new: Sequence[Written], old: Sequence[Written] | None, judge: Judge) -> list[Finding]:
    """Return what was looked at; ``new`` and ``old`` (None: nothing is in use) are of the same examples.

    ``judge`` gives "supported", "sent" and "chrf_served".
    """
    answering = [one for one in new if not one.example.declines]
    now = _Served.of(answering, judge)
    quoted = _Served.of([replace(one, text=_quotation(one.example.pair), declines=False) for one in answering], judge)
    declining = np.array([one.example.declines for one in new], dtype=np.bool_)
    findings = [_worth(now)]
    if old is None:
        before = quoted
        always_or_never = max(~declining, declining, key=np.count_nonzero)
        findings.append(gate.better("declines", _rights(new), always_or_never))
    else:
        before = _Served.of([one for one in old if not one.example.declines], judge)
        findings.append(gate.not_worse("sent", now.sent, before.sent))
        for name, part in (("declines", declining), ("answers", ~declining)):
            findings.append(gate.not_worse(name, _rights(new)[part], _rights(old)[part]))
        findings.append(_nearer("nearer than what is in use", now.near, before.near))
    findings.append(_nearer("nearer than quoting", now.near, quoted.near))
    languages = np.array([one.example.pair.language for one in answering])
    for language in sorted(set(languages.tolist())):
        mine = languages == language
        findings.append(_not_farther(f"language {language}", now.near[mine], before.near[mine]))
    return findings


@dataclass(frozen=True, kw_only=True, slots=True)
class _Served:
    """What the judge says of answers."""

    supported: float
    sent: Bools
    #: How near what customers would get comes to the answers of people.
    near: npt.NDArray[np.float64]

    @classmethod
    def of(cls, made: Sequence[Written], judge: Judge) -> _Served:
        figures = judge(made)
        return cls(
            supported=float(np.mean(figures["supported"])),
            sent=np.asarray(figures["sent"]) > 0,
            near=np.asarray(figures["chrf_served"], dtype=np.float64),
        )


def _asked(artefact: Artefact, examples: Sequence[Example], prompt: Prompt) -> list[Written]:
    """Return what a model writes; nothing where it cannot read that much, for there the bot quotes."""
    generator = open_generator(artefact)
    writer, template = Writer(generator.model), generator.template
    halved = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    writer.to(PartialState().device, torch.bfloat16 if halved else torch.float32)
    cuts = [template.cut(prompt.messages(e.pair.text, e.passages, e.pair.language), e.wanted) for e in examples]
    made = [Written(example=example, text="", sure=0.0, declines=False) for example in examples]
    fits = [place for place, cut in enumerate(cuts) if len(cut.ids) <= artefact.about["max_tokens"]]
    if fits:
        some = written(writer, generator, [examples[i] for i in fits], prompt, [cuts[i] for i in fits])
        for place, one in zip(fits, some, strict=True):
            made[place] = one
    return made


def _quotation(pair: Pair) -> str:
    return "\n\n".join(passage.answer for passage in pair.passages)


def _rights(made: Sequence[Written]) -> Bools:
    return np.array([one.right and bool(one.text) for one in made], dtype=np.bool_)


def _worth(served: _Served) -> Finding:
    sent = float(served.sent.mean())
    return Finding(
        name="held by the lock",
        passed=sent >= SENT and served.supported >= SUPPORTED,
        why=f"{sent:.0%} of the answers would be sent in its words (needed {SENT:.0%}), and {served.supported:.0%} of "
        f"their sentences are supported (needed {SUPPORTED:.0%})",
    )


def _nearer(name: str, new: npt.NDArray[np.float64], old: npt.NDArray[np.float64]) -> Finding:
    p = gate.chance(int((new > old).sum()), int((new < old).sum()))
    why = f"{_told(new, old)} (p = {p:.3f}, needed below {gate.ALPHA})"
    return Finding(name=name, passed=p < gate.ALPHA and bool(new.mean() > old.mean()), why=why)


def _not_farther(name: str, new: npt.NDArray[np.float64], old: npt.NDArray[np.float64]) -> Finding:
    p = gate.chance(int((new < old).sum()), int((new > old).sum()))
    return Finding(name=name, passed=p >= gate.WORSE, why=f"{_told(new, old)} of {len(new)}")


def _told(new: npt.NDArray[np.float64], old: npt.NDArray[np.float64]) -> str:
    nearer, farther = int((new > old).sum()), int((new < old).sum())
    return f"chrF {old.mean():.3f} to {new.mean():.3f}, {nearer} answers nearer to those of people, {farther} farther"

"""How well a generator writes: how likely it takes the right answers to be, and what it answers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from finetune.generator.examples import Example
from finetune.generator.generator import Generator
from finetune.generator.prompt import Prompt
from finetune.generator.task import losses, mean_loss
from finetune.generator.template import Cut
from finetune.generator.writer import Writer
from finetune.kinds import Outcome

#: Examples that are written out at most: a token of an answer costs as much as reading a prompt.
MOST = 100

#: Tokens that an answer may be longer than the longest that was wanted.
_MORE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """An example, and what the generator made of it."""

    example: Example
    text: str
    #: How likely it takes a token of its own text to be, the geometric mean.
    sure: float
    #: Whether it says that it has no answer.
    declines: bool

    @property
    def right(self) -> bool:
        """Whether it declines just where the passages hold no answer."""
        return self.declines == self.example.declines


#: Compares texts that answer with what was wanted, or with their passages: figures by name, a number for each text.
Judge = Callable[[Sequence[Written]], Mapping[str, Sequence[float]]]


def written(
    writer: Writer,
    generator: Generator,
    examples: Sequence[Example],
    prompt: Prompt,
    cuts: Sequence[Cut],
    progress: Callable[[int], None] = lambda done: None,
) -> list[Written]:
    """Return what ``generator``, which is the one in ``writer``, makes of ``examples``.

    ``cuts`` are the examples with what is wanted.
    """
    template = generator.template
    most = max(len(cut.ids) - cut.start for cut in cuts) + _MORE
    asked = [prompt.messages(e.pair.text, e.passages, e.pair.language) for e in examples]
    texts = generator.write(asked, most, progress)
    own = [template.cut(messages, text) for messages, text in zip(asked, texts, strict=True)]
    lost = losses(writer, own, template.tokenizer.pad_token_id)
    return [
        Written(
            example=example,
            text=text,
            sure=float(torch.exp(-part.mean())),
            declines=text == prompt.declined(example.pair.language),
        )
        for example, text, part in zip(examples, texts, lost, strict=True)
    ]


def figures(
    writer: Writer, cuts: Sequence[Cut], pad: int, made: Sequence[Written], judge: Judge | None
) -> dict[str, Any]:
    """Return the figures of a part: over all of ``cuts`` how likely, over ``made`` how good."""
    answers = [one for one in made if not one.example.declines and not one.declines]
    out: dict[str, Any] = {
        "rows": len(cuts),
        "written": len(made),
        "loss": mean_loss(losses(writer, cuts, pad)),
        "declined_right": _mean([one.declines for one in made if one.example.declines]),
        "answered": _mean([bool(one.text) and not one.declines for one in made if not one.example.declines]),
    }
    if judge and answers:
        out |= {name: _mean(values) for name, values in judge(answers).items()}
    return {name: value for name, value in out.items() if value is not None}


def outcomes(made: Sequence[Written]) -> list[Outcome]:
    """Return what the report tells of: right is what declines just where it should."""
    return [
        Outcome(
            text=one.example.pair.text,
            wanted=() if one.example.declines else (one.example.wanted,),
            found=() if one.declines else (one.text,),
            sure=one.sure,
            best=one.right,
            right=one.right,
        )
        for one in made
    ]


def _mean(values: Sequence[float]) -> float | None:
    return sum(map(float, values)) / len(values) if values else None

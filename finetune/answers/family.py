"""Answers: what `finetune.kinds.Family` asks for, for questions and what was answered to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from finetune.answers import figures
from finetune.answers.examples import Answered, read_answered
from finetune.answers.matcher import Matcher
from finetune.artefact import Artefact
from finetune.augment import mistyped
from finetune.contrast import ContrastTask, Grouped
from finetune.errors import DataError
from finetune.kinds import Begun, Outcome, Parts, Surroundings
from finetune.loop import steps_of
from finetune.methods import prepare
from finetune.network import Backbone, Network
from finetune.recipe import Recipe
from finetune.report.figures import calibration
from finetune.rows import DEV_SHARE, is_kept_apart
from finetune.texts import Reader, Vectors, cutting
from retrieval.encoder import Encoder

#: From this confidence on an answer counts as given, where outcomes are told.
_GIVEN = 0.5

#: What is said of a file that asks nothing that training answers, before and behind what can be done about it.
_UNKNOWN = "none of its answers is one of the training data. Where kefu pairs wrote it, the tickets behind"
_OWN = "Rows of your own have to name the same intents, or have the same answers."


class Answers:
    """A `finetune.kinds.Family`."""

    def read(self, path: Path) -> list[Answered]:
        """Return the rows of a file."""
        return read_answered(path)

    def check(self, parts: Parts[Answered], files: Parts[Path]) -> None:
        """Raise `DataError` where there is nothing to tell apart, or dev asks nothing that training answers."""
        ids = {example.id for example in parts.train}
        if len(ids) < 2:
            raise DataError(f"{files.train[0]}: only one answer; expected at least two to tell apart.")
        if not _share(parts.train, parts.dev):
            raise DataError(_cannot_choose(parts, files))
        if parts.test and not _share(parts.train, parts.test):
            raise DataError(
                f"{files.test[0]}: {_UNKNOWN} it are too few for a test part: leave out --test, and --promote, which "
                f"needs one, or give kefu pairs more of them. {_OWN}"
            )

    def begin(self, recipe: Recipe, parts: Parts[Answered], around: Surroundings) -> Begun:
        """Return an encoder, or a matrix on its vectors that turns nothing yet; and questions to draw together."""
        backbone: Backbone | None = None
        read: Reader
        if recipe.method == "head":
            around.step("Encoding")
            network = _unturned(around.serving.dimensions, recipe)
            read = _vectors(around.serving)
        else:
            around.step("Loading the backbone")
            backbone = Backbone.load(recipe.backbone)
            network, read = Network(backbone, backbone.size, 0, dropout=recipe.dropout), cutting(backbone, recipe)
            prepare(network, recipe, steps_of(len(parts.train), recipe))
        around.step("Looking for hard negatives")
        task = ContrastTask(_grouped(parts.train), _grouped(parts.dev), recipe, read, network)
        return Begun(network=network, task=task, recipe=recipe, backbone=backbone)

    def model(self, begun: Begun, encoder: Encoder, parts: Parts[Answered]) -> Matcher:
        """Return the matcher, with its confidence fit on dev."""
        head = begun.network.head
        turn = None if head is None else head.weight.detach().cpu().numpy()
        known = sorted(dict.fromkeys(parts.train), key=lambda example: (example.id, example.text))
        matcher = Matcher(encoder, known, turn=turn)
        matcher.confidence = figures.confidence(matcher, parts.dev)
        return matcher

    def save(self, model: Matcher, folder: Path) -> dict[str, Any]:
        """Write the known questions."""
        return model.save(folder)

    def open(self, artefact: Artefact, serving: Encoder) -> Matcher:
        """Open what `save` wrote."""
        return Matcher.open(artefact, serving)

    def figures(self, model: Matcher, examples: Sequence[Answered]) -> dict[str, Any]:
        """Return how often the right answer is first, and among the first, and how far confidences may be believed."""
        error = calibration(self.outcomes(model, examples)).error
        return {**figures.figures(model, examples), "calibration_error": error}

    def outcomes(self, model: Matcher, examples: Sequence[Answered]) -> list[Outcome]:
        """Return the answer that each example has and gets; one whose answer nobody knows has none."""
        out, numbers = [], figures.wanted_of(model, examples)
        for example, number, ranked in zip(examples, numbers, figures.ranked_of(model, examples), strict=True):
            sure = float(model.confidence(ranked.scores, ranked.margins)[0])
            wanted = (example.id,) if number >= 0 else ()
            best = model.ids[int(ranked.answers[0])]
            found = (best,) if sure >= _GIVEN else ()
            out.append(
                Outcome(
                    text=example.text, wanted=wanted, found=found, sure=sure, best=best in wanted, right=wanted == found
                )
            )
        return out

    def usual(self, train: Sequence[Answered]) -> Callable[[Answered], bool]:
        """Return whether an example has the answer that was given most."""
        most = Counter(example.id for example in train).most_common(1)[0][0]
        return lambda example: example.id == most

    def slip(self, example: Answered, random: np.random.Generator) -> Answered:
        """Return ``example`` with a slip or two in the question."""
        return replace(example, text=mistyped(example.text, random))


def _share(some: Sequence[Answered], others: Sequence[Answered]) -> bool:
    """Return whether an answer is one of both."""
    return not {example.id for example in some}.isdisjoint(example.id for example in others)


def _cannot_choose(parts: Parts[Answered], files: Parts[Path]) -> str:
    """Return why nothing can be chosen by dev, and what can be done about it."""
    if files.dev == files.train:  # rows of these were kept apart
        return (
            f"{files.dev[0]}: none of the answers that were kept apart is one of the others. Where kefu pairs wrote "
            f"it, the tickets behind it are too few: give kefu pairs more of them. {_OWN}"
        )
    apart = [example for example in parts.train if is_kept_apart(example.text)]
    others = [example for example in parts.train if not is_kept_apart(example.text)]
    way = f"leave out --dev, and one training row in {DEV_SHARE} is kept apart for it." if _share(others, apart) else ""
    return f"{files.dev[0]}: {_UNKNOWN} it are too few for a dev part: {way or 'give kefu pairs more of them.'} {_OWN}"


def _grouped(examples: Sequence[Answered]) -> list[Grouped]:
    return [Grouped(text=example.text, group=example.id, partner=example.answer) for example in examples]


def _vectors(serving: Encoder) -> Reader:
    return lambda texts: Vectors(serving.encode(texts, kind="query"))


def _unturned(size: int, recipe: Recipe) -> Network:
    """Return a network that multiplies vectors with a matrix, which leaves them as they are to begin with."""
    network = Network(None, size, size, dropout=recipe.dropout)
    assert network.head is not None
    with torch.no_grad():
        network.head.weight.copy_(torch.eye(size) / size**0.5)
        network.head.bias.zero_()
    network.head.bias.requires_grad_(False)
    return network

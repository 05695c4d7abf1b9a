"""What a kind brings to a run. All kinds share loop, artefact and gate; they differ in data, in loss and in metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from finetune.artefact import Artefact
from finetune.recipe import Kind, Recipe
from finetune.watch import Watch
from retrieval.encoder import Encoder

if TYPE_CHECKING:
    from torch import Tensor

    from finetune.loop import Task
    from finetune.network import Backbone, Network


class Example(Protocol):
    """A row of training data."""

    @property
    def text(self) -> str:
        """What a customer wrote."""
        ...


E = TypeVar("E", bound=Example)
M = TypeVar("M")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a model made of one example."""

    text: str
    #: What is right, and what was found: labels, entities, answers. Empty where there is none: out of scope.
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    #: How likely the model takes its best finding to be right, whether or not it is above the threshold.
    sure: float
    #: Whether that best finding is right, and whether what was found is just what is wanted.
    best: bool
    right: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts(Generic[R]):
    """The rows of a run: to learn from, to choose by, and to report on (empty where there is no file for it)."""

    train: Sequence[R]
    dev: Sequence[R]
    test: Sequence[R]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a run is given besides data and recipe."""

    #: The backbone as serving encodes with it.
    serving: Encoder
    #: Where a killed run finds what it goes on from.
    work: Path
    #: Who wants to know how far it is, and what is being done.
    watch: Watch
    step: Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A network before training, and what it is trained on."""

    network: Network
    task: Task
    #: How it is trained: for what is left to do where a part is done.
    recipe: Recipe
    #: What is trained; None where a head learns on the vectors of serving.
    backbone: Backbone | None = None
    #: What was learned before, by name, and stays as it is.
    learned: Mapping[str, Tensor] = field(default_factory=dict)


class Rows(Protocol[E]):
    """How a kind reads its rows."""

    def read(self, path: Path) -> list[E]:
        """Return the rows of a file; raises `DataError` that names file and line."""
        ...

    def check(self, parts: Parts[E], files: Parts[Path]) -> None:
        """Raise `DataError` where the rows cannot be learned from, or dev or test have what training has not."""
        ...


class Family(Rows[E], Protocol[E, M]):
    """What a kind brings. ``M`` is what serves, which needs no torch."""

    def begin(self, recipe: Recipe, parts: Parts[E], around: Surroundings) -> Begun:
        """Return what is to be trained."""
        ...

    def model(self, begun: Begun, encoder: Encoder, parts: Parts[E]) -> M:
        """Return what serves, with all that is to be chosen chosen on dev. ``encoder`` is the exported one."""
        ...

    def save(self, model: M, folder: Path) -> dict[str, Any]:
        """Write what serves, but for the encoder, to ``folder``, and return what its manifest says."""
        ...

    def open(self, artefact: Artefact, serving: Encoder) -> M:
        """Open what `save` wrote; raises `ArtefactError`. ``serving`` encodes where it has no encoder of its own."""
        ...

    def figures(self, model: M, examples: Sequence[E]) -> dict[str, Any]:
        """Return how good ``model`` is on ``examples``."""
        ...

    def outcomes(self, model: M, examples: Sequence[E]) -> list[Outcome]:
        """Return what ``model`` makes of each of ``examples``."""
        ...

    def usual(self, train: Sequence[E]) -> Callable[[E], bool]:
        """Return whether what is right most often in ``train`` is right for an example."""
        ...

    def slip(self, example: E, random: np.random.Generator) -> E:
        """Return ``example`` as a customer might mistype it."""
        ...


def family_of(kind: Kind) -> Family[Any, Any]:
    """Return what ``kind`` brings. Loads torch."""
    match kind:
        case Kind.ANSWERS:
            from finetune.answers.family import Answers

            return Answers()
        case Kind.ENTITIES:
            from finetune.entities.family import Entities

            return Entities()
        case _:
            from finetune.labels.family import Labels

            return Labels(key=KEYS[kind])


#: The key of a label in the rows of each kind that has labels.
KEYS = {Kind.INTENTS: "intent", Kind.SENTIMENT: "sentiment"}

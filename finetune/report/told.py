"""What a report is made of: the same for every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.kinds import Outcome
from finetune.recipe import Kind, Recipe
from finetune.watch import History, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a run came to."""

    recipe: Recipe
    #: Of each part ("dev", "test") its figures, and "cost".
    metrics: Mapping[str, Any]
    history: History
    #: Of each part.
    outcomes: Mapping[str, Sequence[Outcome]]
    #: What the data are known by, as `finetune.artefact.fingerprint` returns it.
    data: Mapping[str, Any]
    #: Numbers of the layer between features and labels: what training decided on where the recipe left it open.
    hidden: int = 0
    #: The settings that were tried before, if there was a search.
    trials: Sequence[Trial] = ()

    @property
    def refuses(self) -> bool:
        """Whether nothing found is a refusal, by a threshold that dev chose.

        A text that names no entity is none that is to be refused, an encoder finds something for every text, and what
        a generator declines it declines in words.
        """
        return self.recipe.kind not in (Kind.ENTITIES, Kind.ENCODER, Kind.GENERATOR)

"""A recipe says everything that decides the result, and refuses what cannot be."""

from __future__ import annotations

import pytest

from finetune.errors import RecipeError
from finetune.recipe import METHODS, Recipe


@pytest.mark.parametrize("method", [*METHODS, "top-2"])
def test_every_method_has_a_rate_of_its_own(method: str) -> None:
    assert 0 < Recipe.of(kind="intents", method=method).peak_rate < 1
    assert Recipe.of(kind="intents", method=method, learning_rate="0.5").peak_rate == 0.5


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"method": "magic"}, "method 'magic' is none of head, lora"),
        ({"method": "top-0"}, "method 'top-0'"),
        ({"method": "top-two"}, "method 'top-two'"),
        ({"method": "head", "adversarial": 1}, "which the method head leaves alone"),
        ({"method": "head", "augment": 0.1}, "which the method head leaves alone"),
        ({"epochs": 0}, "epochs"),
        ({"dropout": 1.0}, "dropout"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"learning_rate": "inf"}, "learning_rate: .*finite"),
        ({"schedule": "steps"}, "schedule: .*'linear', 'cosine' or 'constant'"),
        ({"colour": 3}, "colour: no such setting; known are patience, batch"),
        ({"learningrate": 3}, "learningrate: no such setting; did you mean learning_rate\\?"),
        ({"kind": "moods"}, "kind"),
    ],
)
def test_what_cannot_be_is_named(values: dict[str, object], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        Recipe.of(**{"kind": "intents", **values})


def test_a_recipe_comes_back_from_its_json() -> None:
    recipe = Recipe.of(kind="sentiment", method="top-3", augment=0.2)
    assert Recipe.of(**recipe.model_dump(mode="json")) == recipe
    assert recipe.top_layers == 3

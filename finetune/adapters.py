"""The methods of training that peft has: weights beside those of the network, which stay as they are."""

from __future__ import annotations

import warnings
from typing import Any

import peft

from finetune.errors import RecipeError
from finetune.network import Network
from finetune.recipe import Kind, Recipe


def add(network: Network, recipe: Recipe, steps: int) -> None:
    """Add what ``recipe.method`` trains, and leave only that with gradients; ``steps`` is how many there will be.

    Raises `RecipeError` where the method does not fit the backbone.
    """
    config = _config(recipe, steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft calls what the newest transformers rename
        _wrap(network, config)
    network.prompt_tokens = getattr(config, "num_virtual_tokens", 0) or 0


def _config(recipe: Recipe, steps: int) -> peft.PeftConfig:
    task = peft.TaskType.CAUSAL_LM if recipe.kind is Kind.GENERATOR else peft.TaskType.FEATURE_EXTRACTION
    match recipe.method:
        case "lora":
            return peft.LoraConfig(
                task_type=task,
                r=recipe.rank,
                lora_alpha=2 * recipe.rank,
                lora_dropout=recipe.dropout,
                # For a task the matrices of attention that peft knows by name are enough; for a language they are not,
                # nor for what is written (Dettmers et al. 2023, arXiv 2305.14314).
                target_modules="all-linear" if recipe.kind in (Kind.ENCODER, Kind.GENERATOR) else None,
            )
        case "adalora":
            return peft.AdaLoraConfig(
                task_type=task,
                init_r=recipe.rank + recipe.rank // 2,
                target_r=recipe.rank,
                lora_alpha=2 * recipe.rank,
                lora_dropout=recipe.dropout,
                tinit=steps // 5,
                tfinal=steps // 4,
                deltaT=max(steps // 100, 1),
                total_step=steps,
            )
        case "ia3":
            return peft.IA3Config(task_type=task)
        case _:
            return peft.PromptTuningConfig(task_type=task, num_virtual_tokens=recipe.prompt_tokens)


def _wrap(network: Network, config: Any) -> None:
    try:
        network.encoder = peft.get_peft_model(network.encoder, config)
    except ValueError:
        # peft knows the matrices of attention for most models by name; for others all linear ones are taken.
        config.target_modules = "all-linear"
        try:
            network.encoder = peft.get_peft_model(network.encoder, config)
        except (ValueError, TypeError) as error:
            raise RecipeError(f"{config.peft_type.value} does not fit this backbone ({error}).") from error

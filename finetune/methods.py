"""What of a network is trained: one function from its method's name to parameters that learn."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import peft
from torch import nn

from finetune.errors import RecipeError
from finetune.network import Network
from finetune.recipe import Kind, Recipe

#: Where transformers keep their layers, by the kind of model.
_LAYERS = ("encoder.layer", "encoder.layers", "transformer.layer", "layers", "model.layers", "transformer.h")


def prepare(network: Network, recipe: Recipe, steps: int) -> None:
    """Leave only what ``recipe`` trains with gradients; ``steps`` is how many there will be, at most.

    Raises `RecipeError` where the method does not fit the backbone.
    """
    config = _peft_config(recipe, steps)
    if config is not None:
        _wrap(network, config)
    else:
        for name, parameter in network.encoder.named_parameters():
            parameter.requires_grad = _trains(name, network.encoder, recipe)
    if network.head is not None:
        network.head.requires_grad_(True)


def merged(network: Network) -> Any:
    """Return the encoder as one that serving can export: what adapters learned is added into its weights."""
    encoder = network.encoder
    return encoder.merge_and_unload() if hasattr(encoder, "merge_and_unload") and not network.prompt_tokens else encoder


def _peft_config(recipe: Recipe, steps: int) -> peft.PeftConfig | None:
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
        case "prompt":
            return peft.PromptTuningConfig(task_type=task, num_virtual_tokens=recipe.prompt_tokens)
    return None


def _wrap(network: Network, config: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft calls what the newest transformers rename
        _wrapped(network, config)
    network.prompt_tokens = getattr(config, "num_virtual_tokens", 0) or 0


def _wrapped(network: Network, config: Any) -> None:
    try:
        network.encoder = peft.get_peft_model(network.encoder, config)
    except ValueError:
        # peft knows the matrices of attention for most models by name; for others all linear ones are taken.
        config.target_modules = "all-linear"
        try:
            network.encoder = peft.get_peft_model(network.encoder, config)
        except (ValueError, TypeError) as error:
            raise RecipeError(f"{config.peft_type.value} does not fit this backbone ({error}).") from error


def _trains(name: str, encoder: nn.Module, recipe: Recipe) -> bool:
    """Whether a parameter of the encoder learns under a method that peft does not have."""
    if recipe.method == "full":
        return True
    if recipe.method == "bitfit":  # Ben Zaken et al. 2022, arXiv 2106.10199
        return name.endswith("bias")
    if recipe.top_layers is not None:
        layers = {prefix: len(modules) for prefix, modules in _layers(encoder)}
        if not layers:
            raise RecipeError("top-K needs a backbone with layers; try lora.")
        prefix, count = next(iter(layers.items()))
        upper = range(count - min(recipe.top_layers, count), count)
        return any(name.startswith(f"{prefix}.{number}.") for number in upper)
    return False


def _layers(encoder: nn.Module) -> Iterator[tuple[str, nn.ModuleList]]:
    for name in _LAYERS:
        try:
            module = encoder.get_submodule(name)
        except AttributeError:
            continue
        if isinstance(module, nn.ModuleList):
            yield name, module

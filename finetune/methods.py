"""What of a network is trained: one function from its method's name to parameters that learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from finetune.errors import RecipeError
from finetune.network import Network
from finetune.recipe import Recipe

#: The methods that peft has.
_ADAPTERS = ("lora", "adalora", "ia3", "prompt")

#: Where transformers keep their layers, by the kind of model.
_LAYERS = ("encoder.layer", "encoder.layers", "transformer.layer", "layers", "model.layers", "transformer.h")


def prepare(network: Network, recipe: Recipe, steps: int) -> None:
    """Leave only what ``recipe`` trains with gradients; ``steps`` is how many there will be, at most.

    Raises `RecipeError` where the method does not fit the backbone.
    """
    if recipe.method in _ADAPTERS:
        from finetune.adapters import add  # peft takes seconds to import, and the other methods need none of it

        add(network, recipe, steps)
    else:
        for name, parameter in network.encoder.named_parameters():
            parameter.requires_grad = _trains(name, network.encoder, recipe)
    if network.head is not None:
        network.head.requires_grad_(True)


def merged(network: Network) -> Any:
    """Return the encoder as one that serving can export: what adapters learned is added into its weights."""
    encoder = network.encoder
    return encoder.merge_and_unload() if hasattr(encoder, "merge_and_unload") and not network.prompt_tokens else encoder


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

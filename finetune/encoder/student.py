"""The student: the teacher with new tokens, whose rows learn, while those that it had stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.methods import prepare
from finetune.network import Backbone, Network
from finetune.recipe import Recipe

Floats = npt.NDArray[np.float32]


class TaughtEmbedding(nn.Module):
    """Embeddings whose first rows are those of the teacher.

    Each new row has two ids, as `retrieval.extension.extend_tokenizer` gives them: where its token begins a word, and
    where it stands inside one.
    """

    def __init__(self, known: nn.Embedding, rows: Floats) -> None:
        """``rows`` are (tokens, size)."""
        super().__init__()
        self.known = known.requires_grad_(False)
        self.rows = nn.Parameter(torch.from_numpy(rows))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the rows of ``ids``."""
        first = self.known.num_embeddings
        new = ids >= first
        old_rows = functional.embedding(ids.masked_fill(new, 0), self.known.weight)
        new_rows = functional.embedding((ids - first).masked_fill(~new, 0) % len(self.rows), self.rows)
        return torch.where(new.unsqueeze(-1), new_rows, old_rows)


def student_of(teacher: Backbone, rows: Floats, recipe: Recipe, steps: int) -> Network:
    """Return the network that learns, on the very model of ``teacher``, which cannot be asked any more.

    ``steps`` is how many there will be, at most.
    """
    model = teacher.model
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = recipe.dropout
    embedding = TaughtEmbedding(model.get_input_embeddings(), rows)
    model.set_input_embeddings(embedding)
    network = Network(teacher, teacher.size, 0, dropout=0.0, wide=True)
    prepare(network, recipe, steps)
    embedding.rows.requires_grad_(True)
    return network


def learned(network: Network) -> tuple[Floats, dict[str, tuple[Floats, Floats]]]:
    """Return the rows, and for each changed matrix the two thin ones that are added to it, ``down`` and ``up``."""
    changes: dict[str, tuple[Floats, Floats]] = {}
    for name, module in network.encoder.named_modules():
        if hasattr(module, "lora_A"):
            down, up = (_weight(part) for part in (module.lora_A, module.lora_B))
            scaling = next(iter(module.scaling.values()))
            changes[f"{name.removeprefix('base_model.model.')}.weight"] = (down, up * np.float32(scaling))
    rows = network.encoder.get_input_embeddings().rows
    return rows.detach().cpu().numpy(), changes


def _weight(adapters: Mapping[str, Any]) -> Floats:
    weight: Floats = next(iter(adapters.values())).weight.detach().cpu().numpy()
    return weight

"""The backbone with what a kind puts on it, as one torch module; and the texts as the tensors that it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.errors import BackboneError
from retrieval import pooling
from retrieval.errors import EncoderError
from retrieval.source import Source

#: Files of these kinds can run code when they are loaded.
PICKLES = (".bin", ".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".h5")


def check_no_pickle(folder: Path) -> None:
    """Raise `BackboneError` where a model's ``folder`` holds a pickle."""
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles:
        raise BackboneError(
            f"{folder / pickles[0]} is a pickle, which can run code when it is loaded. kefu loads safetensors alone: "
            "delete the file if the folder has *.safetensors beside it, or save the model anew with "
            "model.save_pretrained(folder)."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """A sentence encoder to be trained."""

    source: Source
    model: Any
    tokenizer: Any

    @property
    def size(self) -> int:
        """How many numbers a state has."""
        return int(self.model.config.hidden_size)

    @classmethod
    def load(cls, name: str) -> Backbone:
        """Load what `Source.find` finds; raises `BackboneError` where it is not whole, or holds a pickle."""
        source = Source.find(name)
        check_no_pickle(source.folder)
        try:
            tokenizer, model = source.load()
        except EncoderError as error:
            raise BackboneError(error.detail) from error
        if getattr(model, "pooler", None) is not None:
            model.pooler = None  # of the task the model was first trained for; no vector comes from it
        return cls(source=source, model=model, tokenizer=tokenizer)


class Network(nn.Module):
    """A backbone, tuned by some method, and a head on its vectors."""

    def __init__(
        self,
        backbone: Backbone | None,
        size: int,
        outputs: int,
        *,
        dropout: float,
        wide: bool = False,
        hidden: int = 0,
        more: int = 0,
    ) -> None:
        """``outputs`` is how many numbers the head gives (0: no head), from as many ``hidden`` ones (0: directly).

        Without a ``backbone`` batches bring their vectors, of ``size`` numbers. A ``wide`` network reads beside each
        vector that of a middle layer, as large. Batches bring ``more`` numbers behind the vectors.
        """
        super().__init__()
        self.size, self.wide, self.more = size, wide, more
        self.encoder: Any = backbone.model if backbone else None
        self.first_token = backbone.source.first_token if backbone else False
        self.dropout = nn.Dropout(dropout)
        width = size * (2 if wide else 1) + more
        self.hidden = nn.Linear(width, hidden) if hidden else None
        self.head = nn.Linear(hidden or width, outputs) if outputs else None
        #: Vectors that prompt tuning puts before the tokens.
        self.prompt_tokens = 0

    def with_head(self, outputs: int, hidden: int) -> Network:
        """Return a network on the same encoder, with a head that has learned nothing."""
        other = Network(None, self.size, outputs, dropout=self.dropout.p, wide=self.wide, hidden=hidden)
        other.encoder, other.first_token, other.prompt_tokens = self.encoder, self.first_token, self.prompt_tokens
        return other

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return a unit vector for each text (n, size), or two beside each other where the network is wide."""
        if not self.wide:
            return pooling.vector(self.states(ids, mask), mask, first_token=self.first_token)
        assert self.encoder is not None
        layers = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        return pooling.features(
            [states[:, self.prompt_tokens :] for states in layers], mask, first_token=self.first_token
        )

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return what the encoder makes of each token (n, tokens, size)."""
        assert self.encoder is not None
        states: Tensor = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return states[:, self.prompt_tokens :]

    def outputs(self, features: Tensor) -> Tensor:
        """Return the numbers of the head.

        It reads unit vectors stretched so that their components are of the order of one, as those of states are.
        """
        assert self.head is not None
        read = self.dropout(features * math.sqrt(self.size))
        if self.hidden is not None:
            read = self.dropout(functional.relu(self.hidden(read)))
        numbers: Tensor = self.head(read)
        return numbers

    def forward(self, batch: Batch) -> Tensor:
        """Return the numbers of the head for a batch; its features where there is no head."""
        if batch.features is not None:
            return self.outputs(batch.features)
        assert batch.ids is not None
        assert batch.mask is not None
        features = self.features(batch.ids, batch.mask)
        return self.outputs(features) if self.head is not None else features


class TokenNetwork(Network):
    """A network whose head reads the tokens of a text one by one."""

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return a unit vector for each token (n, tokens, size)."""
        return functional.normalize(self.states(ids, mask), dim=-1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Texts as tensors."""

    #: Token ids and 1 where there is a token, both (texts, tokens); or else what the head reads of each text.
    ids: Tensor | None = None
    mask: Tensor | None = None
    features: Tensor | None = None
    #: What is right, in the form that the kind's loss takes.
    targets: Tensor | None = None
    #: Where each token stands in its own text, where several texts share a row.
    positions: Tensor | None = None
    #: Texts that these are compared with.
    other: Batch | None = None

    def to(self, device: torch.device) -> Batch:
        """Return the batch on ``device``."""
        here = {field.name: getattr(self, field.name) for field in fields(self)}
        return Batch(**{name: None if value is None else value.to(device) for name, value in here.items()})


def padded(token_ids: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Return ids and mask of texts, as long as the longest of them."""
    width = max(map(len, token_ids))
    ids = torch.full((len(token_ids), width), pad, dtype=torch.long)
    mask = torch.zeros((len(token_ids), width), dtype=torch.long)
    for row, tokens in enumerate(token_ids):
        ids[row, : len(tokens)] = torch.tensor(tokens, dtype=torch.long)
        mask[row, : len(tokens)] = 1
    return ids, mask

"""What a trained tagger finds in a text, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from finetune.artefact import Artefact
from finetune.entities import bio
from finetune.entities.examples import Entity
from finetune.errors import ArtefactError
from retrieval.encoder import Encoder

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a text names."""

    #: In order, none overlapping another.
    entities: tuple[Entity, ...]
    #: How likely the tagger takes it that these are all, and each is right.
    sure: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagger:
    """Finds entities. What stands beyond the tokens that the encoder reads of a text is not found."""

    #: Gives a vector for each token.
    encoder: Encoder
    #: Of the head: (tags, size) and (tags,).
    weight: Floats
    bias: Floats
    #: How well a tag fits after another, (tags + 1, tags), the last row for the beginning; `bio.NEVER` where it cannot.
    follows: Floats
    #: In the order of the tags' numbers.
    types: tuple[str, ...]
    #: Whether words have tags, or each of their pieces.
    by_word: bool

    @classmethod
    def open(cls, artefact: Artefact, serving: Encoder) -> Tagger:
        """Load an artefact; raises `ArtefactError` where it has no encoder.

        ``serving`` does not encode: its vectors are those of texts, and a tagger reads those of tokens.
        """
        if artefact.encoder is None:
            raise ArtefactError(f"{artefact.folder} has no encoder of its own, which a tagger needs. Train it again.")
        head = load_file(artefact.folder / "head.safetensors")
        return cls(
            encoder=artefact.encoder_on(serving),
            weight=head["weight"],
            bias=head["bias"],
            follows=head["follows"],
            types=tuple(artefact.about["types"]),
            by_word=bool(artefact.about["by_word"]),
        )

    def __call__(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Return the entities of each of ``texts``: in order, none overlapping another, with no blank at an edge."""
        return [list(found.entities) for found in self.found(texts)]

    def found(self, texts: Sequence[str]) -> list[Found]:
        """Return the entities of each of ``texts``, and how sure they are."""
        out = []
        for pieces, states in self.encoder.states(texts, by_word=self.by_word):
            scores = states @ self.weight.T * np.float32(np.sqrt(states.shape[1])) + self.bias
            path, sure = bio.likeliest(scores, self.follows)
            out.append(Found(entities=tuple(bio.entities(path, pieces.spans, self.types)), sure=sure))
        return out

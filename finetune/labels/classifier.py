"""What a trained classifier says of a text, without torch: its features times a matrix or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from finetune.artefact import Artefact
from finetune.labels.grams import beside
from retrieval.encoder import Encoder

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a text is."""

    #: Label and how likely it is, the likeliest first; those below the artefact's threshold are left out.
    labels: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Classifier:
    """Tells the labels of texts."""

    encoder: Encoder
    #: Weight and bias of each layer of the head, (numbers it gives, numbers it reads) and (numbers it gives,).
    layers: tuple[tuple[Floats, Floats], ...]
    labels: tuple[str, ...]
    #: Whether a text may have several labels.
    several: bool
    #: From which score on a label is believed.
    threshold: float
    #: What scores are divided by before they become chances: see `finetune.labels.figures.temperature`.
    temperature: float = 1.0
    #: How many numbers of a text's spelling the head reads behind its features.
    grams: int = 0

    @classmethod
    def open(cls, artefact: Artefact, backbone: Encoder) -> Classifier:
        """Load an artefact; ``backbone`` encodes where it has no encoder of its own.

        Raises `ArtefactError` where it was trained on the vectors of another backbone.
        """
        head = load_file(artefact.folder / "head.safetensors")
        return cls(
            encoder=artefact.encoder_on(backbone),
            layers=tuple(
                (head[f"{layer}weight"], head[f"{layer}bias"]) for layer in ("hidden.", "") if f"{layer}weight" in head
            ),
            labels=tuple(artefact.about["labels"]),
            several=bool(artefact.about["several"]),
            threshold=float(artefact.about["threshold"]),
            temperature=float(artefact.about["temperature"]),
            grams=int(artefact.about.get("grams", 0)),
        )

    def __call__(self, texts: Sequence[str]) -> list[Verdict]:
        """Return what each of ``texts`` is."""
        return self.verdicts(self.scores(self.features(texts)))

    def features(self, texts: Sequence[str]) -> Floats:
        """Return what the head reads of each text: (texts, width)."""
        return beside(self.encoder.features(texts), texts, self.grams)

    def scores(self, features: Floats) -> Floats:
        """Return how much each label is to be believed, for features (n, width): shape (n, labels).

        These are logits: how large the largest one is tells better what is out of scope than how likely its label is
        beside the others (Hendrycks et al. 2022, arXiv 1911.11132).
        """
        read: Floats = features * np.float32(np.sqrt(self.encoder.dimensions))
        for weight, bias in self.layers[:-1]:
            read = np.maximum(read @ weight.T + bias, 0)
        weight, bias = self.layers[-1]
        return read @ weight.T + bias

    def chances(self, scores: Floats) -> Floats:
        """Return how likely each label is."""
        cooled = scores / np.float32(self.temperature)
        return _sigmoid(cooled) if self.several else _softmax(cooled)

    def verdicts(self, scores: Floats) -> list[Verdict]:
        """Return what texts with these scores, (texts, labels), are."""
        return [self._verdict(*row) for row in zip(scores, self.chances(scores), strict=True)]

    def _verdict(self, scores: Floats, chances: Floats) -> Verdict:
        order = np.argsort(-scores, kind="stable")
        above = [place for place in order.tolist() if scores[place] >= self.threshold]
        kept = above if self.several else above[:1]
        return Verdict(labels=tuple((self.labels[place], float(chances[place])) for place in kept))


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: Floats = powers / powers.sum(axis=1, keepdims=True)
    return out


def _sigmoid(logits: Floats) -> Floats:
    out: Floats = np.exp(-np.logaddexp(0, -logits))
    return out

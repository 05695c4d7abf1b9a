"""Which known question a question means, and so which answer is right; without torch: unit vectors and a logistic."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save

from finetune.answers.examples import Answered
from finetune.artefact import Artefact
from retrieval.encoder import Encoder, Vectors

Floats = npt.NDArray[np.float32]

#: What is written to an artefact.
_KNOWN, _VECTORS = "known.jsonl", "known.safetensors"

#: Questions that are compared with all known ones at a time.
_ROWS = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """An answer as a possible one."""

    #: Of the entry, or of the answer where no entry was named.
    id: str
    answer: str
    #: The known question that is nearest.
    question: str
    #: ISO 639-1 code of the answer.
    language: str
    #: How likely it is right.
    confidence: float
    #: Cosine to that question, 0 to 1.
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Confidence:
    """How likely an answer is right: a logistic function, fit on dev (Platt 1999)."""

    base: float
    #: Of the cosine, and of how far it is above the best one of another answer.
    score: float
    margin: float

    def __call__(self, scores: Floats, margins: Floats) -> Floats:
        """Return the chances of answers."""
        odds = self.base + self.score * scores + self.margin * margins
        chances: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return chances


#: Before it is fit.
UNSURE = Confidence(base=0.0, score=0.0, margin=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """The answers nearest to one question, best first: all arrays are (answers,)."""

    #: Numbers of the answers, and for each the place of its nearest known question.
    answers: npt.NDArray[np.intp]
    places: npt.NDArray[np.intp]
    #: Cosine to that question, and how far it is above the best one of another answer (below it: negative).
    scores: Floats
    margins: Floats


class Matcher:
    """Compares questions with those that were answered before."""

    def __init__(
        self,
        encoder: Encoder,
        known: Sequence[Answered],
        *,
        vectors: Floats | None = None,
        turn: Floats | None = None,
        confidence: Confidence = UNSURE,
    ) -> None:
        """``known`` questions of the same answer stand together.

        ``vectors`` are theirs, (known, size), of unit length; None encodes them. What the encoder says is multiplied
        with ``turn``, (size, size), where not the encoder itself was trained.
        """
        self.encoder, self.known, self.turn, self.confidence = encoder, known, turn, confidence
        #: The ids of the answers, in the order of their numbers.
        self.ids = list(dict.fromkeys(example.id for example in known))
        firsts = {example.id: place for place, example in reversed(list(enumerate(known)))}
        self._starts = np.array([firsts[id_] for id_ in self.ids], dtype=np.intp)
        self.vectors = self.encode([example.text for example in known]) if vectors is None else vectors

    @classmethod
    def open(cls, artefact: Artefact, backbone: Encoder) -> Matcher:
        """Load an artefact; ``backbone`` encodes where it has no encoder of its own.

        Raises `ArtefactError` where it was trained on the vectors of another backbone.
        """
        encoder = artefact.encoder_on(backbone)
        arrays = load_file(artefact.folder / _VECTORS)
        lines = (artefact.folder / _KNOWN).read_bytes().splitlines()  # of a text it would end lines at U+2028 too
        return cls(
            encoder,
            [Answered(**json.loads(line)) for line in lines],
            vectors=arrays["vectors"].astype(np.float32),
            turn=arrays.get("turn"),
            confidence=Confidence(**artefact.about["confidence"]),
        )

    def save(self, folder: Path) -> dict[str, Any]:
        """Write what `open` reads, but for the encoder, and return what the manifest says."""
        rows = [{"text": known.text, "answer": known.answer, "id": known.id} for known in self.known]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / _KNOWN).write_text(lines, "utf-8")
        turn = {} if self.turn is None else {"turn": self.turn}
        (folder / _VECTORS).write_bytes(save({"vectors": self.vectors.astype(np.float16), **turn}))
        return {"confidence": asdict(self.confidence)}

    def __call__(self, texts: Sequence[str], k: int = 10) -> list[list[Match]]:
        """Return for each text the ``k`` likeliest answers, best first."""
        return [self._matches(ranked) for ranked in self.rank(self._turned(self.encoder.encode_queries(texts)), k)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors that are compared, of unit length."""
        return self._turned(self.encoder.encode(texts, kind="query"))

    def rank(self, vectors: Vectors, k: int, *, without: Sequence[Collection[int]] | None = None) -> list[Ranked]:
        """Return the ``k`` nearest answers of each of ``vectors``; ``without`` some known questions, by place."""
        out = []
        for start in range(0, len(vectors), _ROWS):
            alike = vectors[start : start + _ROWS] @ self.vectors.T
            for row, left in enumerate(without[start : start + _ROWS] if without else ()):
                alike[row, list(left)] = -1.0
            out += [self._ranked(near, k) for near in alike]
        return out

    def places(self, number: int) -> range:
        """Return the places of the known questions of an answer."""
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.known)
        return range(int(self._starts[number]), int(end))

    def _ranked(self, near: Floats, k: int) -> Ranked:
        scores = np.maximum.reduceat(near, self._starts)
        order = np.argsort(-scores, kind="stable")[: max(k, 2)]
        best = scores[order]
        margins = best - best[0]
        margins[0] = best[0] - (best[1] if len(best) > 1 else 0.0)
        places = [(p := self.places(int(number))).start + int(near[p.start : p.stop].argmax()) for number in order[:k]]
        return Ranked(answers=order[:k], places=np.array(places, np.intp), scores=best[:k], margins=margins[:k])

    def _matches(self, ranked: Ranked) -> list[Match]:
        chances = self.confidence(ranked.scores, ranked.margins)
        return [
            Match(
                id=(known := self.known[place]).id,
                answer=known.answer,
                question=known.text,
                language=known.language,
                confidence=float(chance),
                score=max(float(score), 0.0),
            )
            for place, score, chance in zip(ranked.places.tolist(), ranked.scores, chances, strict=True)
        ]

    def _turned(self, vectors: Vectors) -> Vectors:
        if self.turn is None:
            return vectors
        turned = vectors @ self.turn.T
        unit: Vectors = turned / np.linalg.norm(turned, axis=1, keepdims=True).clip(1e-9)
        return unit

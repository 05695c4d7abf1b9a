"""From what retrieval found to a calibrated confidence: of all candidates with 0.9, nine in ten are right.

A logistic model for each language, and one for entries in another language than that of the question, of whose words
none can be expected in it, over the `FEATURES` of a hit and its rivals (Platt 1999). The shipped coefficients
were fit on the development half of `faq_data` by `benchmarks/calibration.py`; for other knowledge they hold only
roughly, until they are fit on questions labelled for it.
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from retrieval.types import Hit

#: The numbers the model weighs, in the order of its coefficients.
FEATURES = (
    "odds",
    "margin",
    "clear",
    "dense",
    "nearest",
    "keyword",
    "coverage",
    "unknown",
    "terms",
    "dense_margin",
    "keyword_clear",
    "agree",
    "leans",
)

#: Stands for entries in another language than that of the question.
OTHER = "other"

#: A question that an entry lists word for word, and no other does, needs no model; what is left is that the operator
#: may have listed it in the wrong place.
EXACT = 0.98

#: Terms of a long question. Beyond it length says nothing of whether a candidate is right, and the raw scores, which
#: grow with it, are cut off too: a story about something else must not add up to an answer.
LONGEST = 15

#: What the best rival has at least. Where a knowledge has few entries nothing comes second, and that says nothing.
RIVAL = {"odds": 4.0, "dense": 0.2, "keyword": 2.0}


def features(hits: Sequence[Hit]) -> list[tuple[float, ...]]:
    """Return the `FEATURES` of each of ``hits``, each of the order of one, whatever is asked."""
    return [
        (
            min(hit.odds, 25.0) / 10,
            max(min(hit.odds - odds, 10.0), -10.0) / 5,
            math.tanh((hit.odds - odds) / 3),
            hit.dense,
            hit.nearest,
            min(hit.keyword, 25.0) / 10,
            hit.coverage,
            hit.unknown,
            math.log1p(min(hit.terms, LONGEST)),
            (hit.dense - dense) * 5,
            math.tanh((hit.keyword - keyword) / 6),
            float(hit.dense >= dense and hit.keyword >= keyword),
            float(hit.leans),
        )
        for hit, odds, dense, keyword in zip(hits, *(_rivals(hits, name) for name in RIVAL), strict=True)
    ]


def _rivals(hits: Sequence[Hit], name: str) -> list[float]:
    """Return for each hit the best that another one has in the number called ``name``."""
    values = [getattr(hit, name) for hit in hits]
    first, second = heapq.nlargest(2, [*values, RIVAL[name], RIVAL[name]])
    return [second if value == first else first for value in values]


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The coefficients of each language, by ISO code; other languages take English's.

    Those of `OTHER` are for entries in another language than that of the question.
    """

    coefficients: Mapping[str, tuple[float, ...]]
    intercepts: Mapping[str, float]

    @classmethod
    def shipped(cls) -> Calibration:
        """Return the one that comes with kefu."""
        return _read(Path(__file__).with_name("calibration.json"))

    def confidences(self, hits: Sequence[Hit], language: str) -> list[float]:
        """Return how likely each of ``hits`` is right, 0 to 1, for a question in ``language``."""
        own = language if language in self.coefficients else "en"
        keys = [own if hit.passage.language == own else OTHER for hit in hits]
        return [
            EXACT if hit.exact else _share(self.intercepts[key] + _dot(self.coefficients[key], numbers))
            for key, hit, numbers in zip(keys, hits, features(hits), strict=True)
        ]


@cache
def _read(path: Path) -> Calibration:
    data = json.loads(path.read_text("utf-8"))
    if data["features"] != list(FEATURES):
        raise ValueError(f"{path} was fit on other features. Fit it anew with: python -m benchmarks.calibration --fit")
    return Calibration(
        coefficients={language: tuple(model["coefficients"]) for language, model in data["languages"].items()},
        intercepts={language: model["intercept"] for language, model in data["languages"].items()},
    )


def _share(odds: float) -> float:
    """Return the logistic function, which for no odds is out of the range of a number."""
    return 0.5 + 0.5 * math.tanh(odds / 2)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))

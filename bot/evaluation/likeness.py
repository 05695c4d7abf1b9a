"""Whether an entry's answer says what a person said, where a log does not tell which entry that was.

A logistic model over the `FEATURES` of two texts: how near their sentences are by the encoder, which words they have in
common, and which figures they share or contradict each other in. No language model is asked. The shipped coefficients
were fit on the development half of the dialogues of `faq_data` by `benchmarks/likeness.py`, which says what they reach.
"""

from __future__ import annotations

import json
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.evaluation.measures.texts import words
from bot.together import Together
from retrieval.lint.addresses import mails, phones
from retrieval.lint.stated import values
from retrieval.lint.values import Value
from retrieval.text import detect_language, fold, is_han

#: The numbers the model weighs, in the order of its coefficients.
FEATURES = (
    "whole",  # cosine of the texts, each the mean of its sentences
    "said",  # mean over the person's sentences of the nearest one of the entry
    "nearest",  # the nearest two sentences
    "covered",  # mean over the entry's sentences of the nearest one of the person
    "common",  # words in common, and their share of the person's
    "share",
    "stated",  # figures and addresses of the person that the entry has too
    "contradicted",  # figures that the entry puts in another way: how near the two sentences are, at most
    "new",  # figures of the person that the entry has nothing like
    "length",  # of what the person said
)

#: Texts kept as they were read: all answers of a large knowledge, about 8 kB each.
KEPT = 4096

#: Pairs that are compared together at most.
BATCH = 256

#: Shorter sentences greet, or agree: in words, of Chinese in characters. Those with a figure count always.
_TELLING = {"en": 4, "zh": 5}

_END = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；～~])|\n+")

#: Parts of a link that name the language of a page.
_PAGE = re.compile(r"(?:https?://[\w.-]+)?(?:/zh|/en)?(/[a-z][\w/-]+)", re.ASCII | re.IGNORECASE)

#: How many letters of a word are compared: what comes after is mostly its ending.
_STEM = 6

#: Sentences this near speak of one matter. Where their figures contradict each other there, the texts do not say the
#: same, whatever else they have in common: of the pairs in development that say the same, none is above 0.5.
ONE_MATTER = 0.6

#: The chance that is left then.
CONTRADICTED = 0.02

#: Kinds that people use for each other: "5 days" for "5 working days".
_SPANS = frozenset({"duration", "working days", "months"})

#: What keeps texts that cancel each other out, or are none, from a division by nothing.
_TINY = 1e-9

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Read:
    """A text, as it is compared."""

    language: str
    #: Unit vectors of its sentences, (sentences, dimensions), and how much each weighs, by its length.
    vectors: Vectors
    weights: Vectors
    #: The figures that each sentence states.
    figures: tuple[tuple[Value, ...], ...]
    #: Words that tell something, in Chinese pairs of characters; and addresses.
    words: frozenset[str]
    addresses: frozenset[str]
    #: In characters.
    length: int


class Likeness:
    """Tells how likely two texts say the same; pairs that come at the same time are compared together, in a thread."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors]) -> None:
        """``encode`` returns the unit vectors of texts, (texts, dimensions), those of a text whatever is beside it."""
        self._encode = encode
        self._read: OrderedDict[str, Read] = OrderedDict()
        self._together = Together(self.chances, name="likeness", most=BATCH, side_by_side=1)

    async def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return the chance, 0 to 1, that an entry's answer says what a person said, for each such pair of texts."""
        return await self._together(pairs)

    def chances(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return the same, in this thread; not to be called from two threads at once."""
        models = _models(Path(__file__).with_suffix(".json"))
        return [
            CONTRADICTED if contradicts(numbers) else models[kind].chance(numbers)
            for kind, numbers in self.features(pairs)
        ]

    def features(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, tuple[float, ...]]]:
        """Return which model each pair takes, and its `FEATURES`; not to be called from two threads at once."""
        read = self._of({text for pair in pairs for text in pair})
        return [(_kind(read[entry], read[person]), _features(read[entry], read[person])) for entry, person in pairs]

    def _of(self, texts: set[str]) -> dict[str, Read]:
        """Return ``texts`` as they are compared; those that were not seen lately are encoded together."""
        new = {text: sentences(text) for text in sorted(texts) if text not in self._read}
        vectors = self._encode([sentence for some in new.values() for sentence in some]) if new else None
        start = 0
        for text, some in new.items():
            assert vectors is not None
            self._read[text] = _read(text, some, vectors[start : start + len(some)])
            start += len(some)
        found = {}
        for text in texts:
            self._read.move_to_end(text)
            found[text] = self._read[text]
        while len(self._read) > KEPT:
            self._read.popitem(last=False)
        return found


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text`` that tell something; all of them where none does."""
    cut = [part.strip() for part in _END.split(text) if part.strip()] or [text]
    telling = [
        sentence
        for sentence in cut
        if not sentence.endswith(("?", "？"))
        and (len(words(sentence)) >= _TELLING[detect_language(sentence)] or values(sentence))
    ]
    return telling or cut


def _read(text: str, cut: Sequence[str], vectors: Vectors) -> Read:
    pages = (match[1].lower().rstrip("/") for match in _PAGE.finditer(text))
    return Read(
        language=detect_language(text),
        vectors=np.array(vectors),
        weights=np.sqrt([1 + len(sentence) for sentence in cut], dtype=np.float32),
        figures=tuple(tuple(value for value in values(sentence) if value.firm) for sentence in cut),
        words=frozenset(_telling(words(fold(text)))),
        addresses=frozenset([*pages, *mails(text), *phones(text)]),
        length=sum(map(len, cut)),
    )


def _telling(some: Sequence[str]) -> Iterator[str]:
    """Yield the beginnings of longer words, which are the rarer ones, and Chinese characters in pairs."""
    yield from (a + b for a, b in pairwise(some) if is_han(a) and is_han(b))
    yield from (word[:_STEM] for word in some if len(word) >= 4)


def contradicts(numbers: Sequence[float]) -> bool:
    """Whether these `FEATURES` leave nothing to weigh: the figures contradict each other."""
    return numbers[FEATURES.index("contradicted")] >= ONE_MATTER


def _kind(entry: Read, person: Read) -> str:
    return "same" if entry.language == person.language else "other"


def _features(entry: Read, person: Read) -> tuple[float, ...]:
    near = person.vectors @ entry.vectors.T
    said, covered = person.weights, entry.weights
    whole = said @ person.vectors, covered @ entry.vectors
    same = entry.language == person.language
    common = len(person.words & entry.words) if same else 0
    stated, contradicted, new = _figures(entry, person, near)
    return (
        float(whole[0] @ whole[1] / max(float(np.linalg.norm(whole[0]) * np.linalg.norm(whole[1])), _TINY)),
        float(said @ near.max(axis=1) / said.sum()),
        float(near.max()),
        float(covered @ near.max(axis=0) / covered.sum()),
        math.log1p(common),
        common / max(len(person.words), 1),
        math.log1p(stated + len(person.addresses & entry.addresses)),
        contradicted,
        math.log1p(new),
        math.log1p(person.length / 20),
    )


def _figures(entry: Read, person: Read, near: Vectors) -> tuple[int, float, int]:
    """Return how many figures of the person the entry states, how near the entry contradicts one, and how many are new.

    Near is how near the two sentences are, 0 where nothing is contradicted; a figure is new that the entry has nothing
    like. Where the person says a figure of the entry, too, no other one stands in its place: "100 points are 3 USD, so
    300 make 9 USD".
    """
    told = [figure for figures in person.figures for figure in figures]
    asked = [[other for other in others if not _any(other, told)] for others in entry.figures]
    written = [other for others in entry.figures for other in others]
    stated = new = 0
    contradicted = 0.0
    for row, figures in enumerate(person.figures):
        for figure in figures:
            if _any(figure, written):
                stated += 1
                continue
            places = [place for place, others in enumerate(asked) if any(_instead(figure, other) for other in others)]
            contradicted = max([contradicted, *near[row, places].tolist()])
            new += not places
    return stated, contradicted, new


def _any(figure: Value, others: Sequence[Value]) -> bool:
    return any(_meet(figure, other) for other in others)


def _meet(figure: Value, other: Value) -> bool:
    spans = {figure.kind, other.kind} <= _SPANS and figure.written == other.written
    return spans or figure.meets(other)


def _instead(figure: Value, other: Value) -> bool:
    """Whether one stands in the place of the other: a bare number may count anything, and a code names one order."""
    plain = figure.kind != other.kind and "number" in (figure.kind, other.kind)
    return figure.kind != "code" and not plain and figure.like(other)


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """The coefficients of the `FEATURES`, and the intercept."""

    coefficients: tuple[float, ...]
    intercept: float

    def chance(self, numbers: Sequence[float]) -> float:
        """Return the chance of a pair with these features."""
        odds = self.intercept + sum(x * y for x, y in zip(self.coefficients, numbers, strict=True))
        return 0.5 + 0.5 * math.tanh(odds / 2)


@cache
def _models(path: Path) -> Mapping[str, Model]:
    data = json.loads(path.read_text("utf-8"))
    if data["features"] != list(FEATURES):
        raise ValueError(f"{path} was fit on other features. Fit it anew with: python -m benchmarks.likeness --write")
    return {
        kind: Model(coefficients=tuple(model["coefficients"]), intercept=model["intercept"])
        for kind, model in data["models"].items()
    }

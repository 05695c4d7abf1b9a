"""Pairs as examples: beside what answers the question stand passages that do not, and now and then these alone.

So a model meets in training what it will meet at serving: retrieval brings what is near, not only what is right. Where
nothing right is among it the model learns to decline (as the distractors of RAFT: Zhang et al. 2024, arXiv 2403.10131).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer

from finetune.generator.pairs import Pair
from finetune.generator.prompt import Prompt
from finetune.recipe import Recipe
from retrieval.text import HAN
from retrieval.types import Passage

#: A Chinese character, or a run of other letters and digits.
_WORD = rf"[{HAN}]|[^\W_{HAN}]+"

#: Questions that are looked up together.
_ROWS = 512

#: Passages looked at for each that is taken: some of them answer the question too.
_SPARE = 4

#: Answers whose words are as alike as this (cosine) may well answer the same, and are no distractors for each other.
_SAME = 0.6

#: Share of the declining examples that have no passages at all.
_EMPTY = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """What a model is asked, and what it is to say."""

    pair: Pair
    #: What stands in the prompt, in this order.
    passages: tuple[Passage, ...]
    #: The answer of the pair, or what declines.
    wanted: str
    declines: bool


def examples_of(
    pairs: Sequence[Pair],
    distracting: Sequence[Sequence[Passage]],
    prompt: Prompt,
    recipe: Recipe,
    seed: int | Sequence[int],
) -> list[Example]:
    """Return an example of each pair, which ``distracting`` has `distractors` for; each ``seed`` makes others."""
    random = np.random.default_rng(seed)
    out = []
    for pair, near in zip(pairs, distracting, strict=True):
        declines = bool(random.random() < recipe.declined)
        if declines:
            passages = () if random.random() < _EMPTY else near
        else:
            passages = (*pair.passages, *near[: int(random.integers(recipe.distractors + 1))])
        order = random.permutation(len(passages)).tolist()
        out.append(
            Example(
                pair=pair,
                passages=tuple(passages[place] for place in order),
                wanted=prompt.declined(pair.language) if declines else pair.answer,
                declines=declines,
            )
        )
    return out


def distractors(pairs: Sequence[Pair], known: Sequence[Pair], recipe: Recipe) -> list[tuple[Passage, ...]]:
    """Return for each pair passages of ``known`` that do not answer its question, the nearest by words first."""
    if not pairs:
        return []
    count = recipe.distractors + 1
    shelf = list({(p.id, p.answer): p for pair in reversed(known) for p in pair.passages}.values())
    words = TfidfVectorizer(token_pattern=_WORD, sublinear_tf=True, dtype=np.float32)
    texts = words.fit_transform([f"{p.question} {p.answer}" for p in shelf])
    answers, own = (words.transform([p.answer for p in some]) for some in (shelf, pairs))
    questions = words.transform([pair.text for pair in pairs])
    most = min(_SPARE * count, len(shelf))
    out = []
    for start in range(0, len(pairs), _ROWS):
        scores = (questions[start : start + _ROWS] @ texts.T).toarray()
        for row, pair in enumerate(pairs[start : start + _ROWS], start):
            near = _best(scores[row - start], most)
            alike = (answers[near] @ own[row].T).toarray().ravel()
            out.append(tuple(_others(pair, [shelf[place] for place in near], alike))[:count])
    return out


def _best(scores: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
    """Return the places of the highest scores, the first of equals first."""
    some = np.argpartition(-scores, count - 1)[:count]
    order: npt.NDArray[np.int64] = some[np.lexsort((some, -scores[some]))]
    return order


def _others(pair: Pair, near: Sequence[Passage], alike: npt.NDArray[Any]) -> Iterator[Passage]:
    right = {passage.id for passage in pair.passages}
    for passage, likeness in zip(near, alike.tolist(), strict=True):
        if passage.id not in right and likeness < _SAME and passage.language == pair.language:
            yield passage

"""How good a matcher is, and how likely it is right: figures over questions with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from finetune.answers.examples import Answered
from finetune.answers.matcher import Confidence, Matcher, Ranked

#: Candidates of a question that its figures and its confidence look at.
LOOKED_AT = 10

#: What a question that no known answer belongs to counts, beside one that has its answer: logs hold none of those, so
#: each dev question is asked once more with its own answer taken away. A third of all questions is a cautious guess.
UNANSWERABLE = 0.5

_UNBELIEVED = Confidence(base=-20.0, score=0.0, margin=0.0)


def confidence(matcher: Matcher, dev: Sequence[Answered]) -> Confidence:
    """Return how likely answers are right, fit on dev, of which ``matcher`` knows nothing."""
    numbers = {id_: number for number, id_ in enumerate(matcher.ids)}
    vectors = matcher.encode([example.text for example in dev])
    wanted = [numbers.get(example.id, -1) for example in dev]
    taken = [matcher.places(number) if number >= 0 else () for number in wanted]
    rows: list[tuple[float, float]] = []
    rights: list[bool] = []
    weights: list[float] = []
    for without, weight in ((None, 1.0), (taken, UNANSWERABLE)):
        for ranked, number in zip(matcher.rank(vectors, LOOKED_AT, without=without), wanted, strict=True):
            rows += zip(ranked.scores.tolist(), ranked.margins.tolist(), strict=True)
            rights += [without is None and answer == number for answer in ranked.answers.tolist()]
            weights += [weight] * len(ranked.answers)
    if len(set(rights)) < 2:  # nothing is ever right, or there is but one answer: then nothing is to be believed
        return _UNBELIEVED
    # Where few rows were looked at one can come out negative, and then what is less alike would be believed more.
    for used in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)):
        fit = LogisticRegression(C=100.0).fit(np.array(rows) * used, rights, sample_weight=weights)
        score, margin = fit.coef_[0].tolist()
        if score >= 0 and margin >= 0:
            return Confidence(base=float(fit.intercept_[0]), score=score, margin=margin)
    return _UNBELIEVED


def figures(matcher: Matcher, examples: Sequence[Answered]) -> dict[str, Any]:
    """Return how often the right answer is first, and among the first."""
    wanted = np.array(wanted_of(matcher, examples))
    ranked = ranked_of(matcher, examples)
    ranks = np.array([_rank(one, number) for one, number in zip(ranked, wanted.tolist(), strict=True)])
    known = wanted >= 0
    out: dict[str, Any] = {"rows": len(examples), "known": int(known.sum())}
    if known.any():
        inside = ranks[known]
        out |= {f"recall_at_{k}": float(((inside > 0) & (inside <= k)).mean()) for k in (1, 3, LOOKED_AT)}
        out["mrr"] = float(np.where(inside > 0, 1 / np.maximum(inside, 1), 0.0).mean())
    return out


def wanted_of(matcher: Matcher, examples: Sequence[Answered]) -> list[int]:
    """Return the number of the answer of each example, -1 where nothing but its own question tells of it.

    `ranked_of` asks so.
    """
    numbers = {id_: number for number, id_ in enumerate(matcher.ids)}
    out = []
    for example, taken in zip(examples, _own(matcher, examples), strict=True):
        number = numbers.get(example.id, -1)
        out.append(number if number >= 0 and set(matcher.places(number)) - set(taken) else -1)
    return out


def ranked_of(matcher: Matcher, examples: Sequence[Answered]) -> list[Ranked]:
    """Return the answers nearest to each example; one that ``matcher`` knows is asked as if it did not."""
    vectors = matcher.encode([example.text for example in examples])
    return matcher.rank(vectors, LOOKED_AT, without=_own(matcher, examples))


def _own(matcher: Matcher, examples: Sequence[Answered]) -> list[Sequence[int]]:
    """Return the places of the known questions that are an example's own."""
    same: dict[str, list[int]] = {}
    for place, known in enumerate(matcher.known):
        same.setdefault(known.text, []).append(place)
    return [same.get(example.text, ()) for example in examples]


def _rank(ranked: Ranked, number: int) -> int:
    """Return at which rank an answer is, 0 where it is not among those looked at."""
    places = np.flatnonzero(ranked.answers == number)
    return int(places[0]) + 1 if len(places) else 0

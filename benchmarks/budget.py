"""Whether an error budget is kept, and what it costs in coverage: thresholds chosen on one half, used on the other.

    python -m benchmarks.budget --data FOLDER [--method head|full|lora] [--splits 200] [--keep FOLDER] [--json]

FOLDER holds clinc150. The classifier is trained as benchmarks/finetune.py trains it. In each split half of the test
rows, those out of scope too, choose the threshold as `kefu calibrate` does, and the other half is answered: an answer
is wrong where the intent is another one, and where there is none. `kept` is the share of splits in which at most the
budget of all test rows answered at that threshold was wrong, which is what the guarantee is about, and `kept half` that
of the other half alone, where it is off by chance in the other direction. `coverage` is the share of the messages with
an intent that is answered, `none` the share of splits in which no threshold was found.

What orders the messages is a score, as a confidence that is fit on dev, and with a head on train too: on scores from
heads that did not see the row (benchmarks/budget_scores.py). `itself` puts three scores into one that need nothing but
the classifier and its training questions, `all together` adds a second opinion, from another kind of classifier on
what the frozen encoder gives. At the end stands what a threshold set by hand does, at a cosine of 0.7 to the nearest
training question, and what `all together` answers at the same error.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.budget_scores import Bools, Floats, Part, parts
from bot.evaluation.budget import LEVELS, Count, choose

BUDGETS = (0.01, 0.02, 0.05)
CONFIDENCES = (0.95, 0.99)
#: How near the nearest training question is where somebody sets that by hand.
BY_HAND = 0.7
#: Scores that make one confidence together.
TOGETHER = {
    "itself": ("largest logit", "log chance", "nearest of the intent"),
    "all together": (
        "largest logit",
        "energy",
        "nearest of the intent",
        "second opinion",
        "its margin",
        "like out of scope",
    ),
}
#: Where confidences are fit, rows out of scope weigh as if so many messages were: labelled data has few of them.
OUTSIDE = 0.2


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with public data sets, one folder each")
    parser.add_argument("--method", choices=("head", "full", "lora"), default="head", help="what training trains")
    parser.add_argument("--splits", type=int, default=200, help="how often the test rows are halved")
    parser.add_argument("--keep", type=Path, help="folder that keeps what the texts were encoded to")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    learned, test = parts(wanted.data / "clinc150", wanted.keep, wanted.method)
    figures: dict[str, dict[str, float]] = {}
    singles = {name: (name,) for name in learned.scores if name != "like out of scope"}
    for about, names in (singles | TOGETHER).items():
        confidence = fitted(learned, test, names)
        for budget in BUDGETS:
            for sure in CONFIDENCES if len(names) > 1 else CONFIDENCES[:1]:
                figures[f"{about}, {budget:.0%} at {sure:.0%}"] = halved(confidence, test, budget, sure, wanted.splits)
    figures["set by hand"] = by_hand = answered(test.near >= BY_HAND, test.near_right, test.known)
    figures["all together at that error"] = at_error(confidence, test, by_hand["wrong"])
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, values in figures.items():
        print(f"{name:32} " + "  ".join(f"{key} {value:.4f}" for key, value in values.items()))


def halved(confidence: Floats, test: Part, budget: float, sure: float, splits: int) -> dict[str, float]:
    """Return what thresholds keep and cost that are chosen on one random half and used on the other."""
    rows = []
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(confidence))
        ours, others = order[: len(order) // 2], order[len(order) // 2 :]
        found = choose(counts(confidence[ours], test.right[ours]), len(ours), max_wrong=budget, risk=1 - sure)
        sent = confidence >= (found.level if found else np.inf)
        figures = answered(sent[others], test.right[others], test.known[others])
        rows.append(
            {
                "kept": float(answered(sent, test.right, test.known)["wrong"] <= budget),
                "kept half": float(figures["wrong"] <= budget),
                **figures,
                "none": float(found is None),
            }
        )
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def counts(confidence: Floats, right: Bools) -> list[Count]:
    """Return what is sent at each level, as `bot.evaluation.budget.counted` does for what a bot says."""
    sent = confidence >= np.array(LEVELS)[:, None]
    pairs = zip(LEVELS, sent.sum(1).tolist(), (sent & ~right).sum(1).tolist(), strict=True)
    return [Count(level=level, sent=of, wrong=wrong) for level, of, wrong in pairs]


def answered(sent: Bools, right: Bools, known: Bools) -> dict[str, float]:
    """Return the share that is wrong of what is sent, and of the messages with an intent the share that is answered."""
    return {
        "wrong": float((sent & ~right).sum() / max(sent.sum(), 1)),
        "coverage": float((sent & known).sum() / known.sum()),
    }


def at_error(confidence: Floats, test: Part, wrong: float) -> dict[str, float]:
    """Return the figures at the lowest threshold at which at most the share ``wrong`` of the test rows is wrong."""
    every = [answered(confidence >= level, test.right, test.known) for level in LEVELS]
    return max((each for each in every if each["wrong"] <= wrong), key=lambda each: each["coverage"])


def fitted(learned: Part, asked: Part, names: tuple[str, ...]) -> Floats:
    """Return the chance that what is proposed in ``asked`` is right, by a logistic regression over scores."""
    given, wanted = (np.stack([part.scores[name] for name in names], axis=1) for part in (learned, asked))
    outside = OUTSIDE / (1 - OUTSIDE) * learned.known.sum() / (~learned.known).sum()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(given, learned.right, logisticregression__sample_weight=np.where(learned.known, 1.0, outside))
    out: Floats = model.predict_proba(wanted)[:, 1]
    return out


if __name__ == "__main__":
    main()

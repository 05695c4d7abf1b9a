"""Confidence and thresholds on `faq_data`: fit on its development half, reported on its test half.

python -m benchmarks.calibration            what the shipped coefficients reach
python -m benchmarks.calibration --fit      fit them anew, write bot/calibration.json, and report
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import bot.calibration
from benchmarks.common import FAQ, TODAY, Labelled, index_of, labelled, mean, tools
from bot.calibration import FEATURES, OTHER, Calibration, features
from retrieval.ingest import read_sources
from retrieval.types import Hit, Passage, Query

#: Candidates of a question that the fit learns from: the ones a clarifying question could offer.
PLACES = 3

#: Inverse strength of the penalty on large coefficients, chosen by cross-validation on the development half.
C = 3.0


#: A question, and what was found for it.
Rows = list[tuple[Labelled, list[Hit]]]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the coefficients anew and write bot/calibration.json")
    arguments = parser.parse_args()
    passages = read_sources([FAQ]).passages
    both = found(passages, labelled())
    rows = {language: [(q, hits) for q, hits in both if q.language == language] for language in ("en", "zh")}
    abroad = {
        spoken: found([p for p in passages if p.language == known], labelled(spoken))
        for spoken, known in (("en", "zh"), ("zh", "en"))
    }
    if arguments.fit:
        fit({**rows, OTHER: [*abroad["en"], *abroad["zh"]]})
    calibration = Calibration.shipped()
    for split in ("dev", "test"):
        for language in ("en", "zh"):
            for name, asked in ((language, rows), (f"{language}, entries in the other language alone", abroad)):
                some = [(q, hits) for q, hits in asked[language] if q.split == split]
                report(f"{split} {name}", language, some, calibration)


def found(passages: Sequence[Passage], asked: Sequence[Labelled]) -> Rows:
    """Return what each question finds in an index of ``passages``."""
    index = index_of(passages, *tools())
    return list(
        zip(asked, index.search([Query(text=q.text, context=q.context) for q in asked], 10, day=TODAY), strict=True)
    )


def fit(rows: dict[str, Rows]) -> None:
    """Fit a model for each language, and for entries in the other one, and write them."""
    models = {}
    for name, asked in rows.items():
        samples = [
            (numbers, hit.passage.id in {*q.answers, *q.accept})
            for q, hits in asked
            if q.split == "dev"
            for hit, numbers in list(zip(hits, features(hits), strict=True))[:PLACES]
        ]
        model = LogisticRegression(C=C, max_iter=5000).fit(*map(np.array, zip(*samples, strict=True)))
        models[name] = {
            "coefficients": [round(float(value), 4) for value in model.coef_[0]],
            "intercept": round(float(model.intercept_[0]), 4),
            "samples": len(samples),
        }
    data = {"fit_on": "faq_data, development half", "features": list(FEATURES), "languages": models}
    Path(bot.calibration.__file__).with_name("calibration.json").write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def report(name: str, language: str, rows: Rows, calibration: Calibration) -> None:
    """Print R@1, and for each threshold the coverage, how many answers are right, and how many refusals are."""
    best = []
    for q, hits in rows:
        confidences = calibration.confidences(hits, language)
        place = int(np.argmax(confidences)) if confidences else -1
        best.append(
            (confidences[place] if hits else 0.0, q.right([hits[place].passage.id]) if hits else False, bool(q.answers))
        )
    known = [row for row in best if row[2]]
    first = mean(q.right([hits[0].passage.id]) for q, hits in rows if q.answers and hits)
    print(f"\n{name}: {len(known)} answerable, {len(best) - len(known)} not; R@1 {first:.3f}")
    for threshold in (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        sent = [row for row in known if row[0] >= threshold]
        refused = mean(row[0] < threshold for row in best if not row[2])
        coverage, right = len(sent) / len(known), mean(row[1] for row in sent)
        print(f"  from {threshold}: coverage {coverage:.3f}, right {right:.3f}, refused {refused:.3f}")
    edges = np.linspace(0, 1, 6)
    bins = [[r for r in best if a <= r[0] < b or (b == 1 and r[0] == 1)] for a, b in pairwise(edges)]
    error = sum(len(b) / len(best) * abs(mean(r[0] for r in b) - mean(r[1] for r in b)) for b in bins if b)
    print(f"  expected calibration error {error:.3f}")


if __name__ == "__main__":
    main()

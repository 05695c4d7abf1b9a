"""Real runs over the demo shop's phrasings: what was asked before is found again in other words."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from finetune import gate
from finetune.answers.examples import Answered
from finetune.answers.family import Answers
from finetune.answers.matcher import Confidence, Matcher
from finetune.artefact import open_artefact
from finetune.errors import DataError
from finetune.kinds import Parts
from finetune.recipe import Recipe
from finetune.run import Data, Trained, run
from retrieval.encoder import Encoder
from retrieval.ingest import read_sources
from tests.unit.finetune.conftest import FAQ

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def asked() -> list[Answered]:
    """Return phrasings of thirty English entries, mixed; each is answered with its entry's answer."""
    entries = [p for p in read_sources([FAQ]).passages if p.language == "en"][:30]
    rows = [Answered(text=text, answer=p.answer, id=p.id) for p in entries for text in (p.question, *p.alternatives)]
    random.Random(0).shuffle(rows)
    return rows


def written(path: Path, rows: Sequence[Answered]) -> Path:
    lines = [json.dumps({"question": row.text, "answer": row.answer, "intent": row.id}) + "\n" for row in rows]
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def made(asked: list[Answered], serving: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("answers")
    third = len(asked) // 3
    parts = {"train": asked[: 2 * third], "dev": asked[2 * third : -60], "test": asked[-60:]}
    files = {name: written(folder / f"{name}.jsonl", rows) for name, rows in parts.items()}
    data = Data(train=(files["train"],), dev=files["dev"], test=files["test"])
    recipe = Recipe.of(kind="answers", method="head", epochs=3)
    return run(recipe, data, folder / "models", folder / "work", serving=serving)


def test_held_out_phrasings_find_their_answer(made: Trained) -> None:
    figures = made.metrics["test"]
    assert figures["recall_at_1"] > 0.7  # one in thirty by chance
    assert figures["recall_at_1"] <= figures["recall_at_3"] <= figures["recall_at_10"]
    assert figures["calibration_error"] < 0.25


def test_it_serves_as_it_was_measured(made: Trained, asked: list[Answered], serving: Encoder) -> None:
    matcher = Matcher.open(open_artefact(made.folder), serving)
    held_out = asked[-60:]
    first = [matches[0] for matches in matcher([row.text for row in held_out])]
    right = [match.id == row.id for match, row in zip(first, held_out, strict=True)]
    assert sum(right) / len(right) == pytest.approx(made.metrics["test"]["recall_at_1"], abs=0.02)
    sure = [match.confidence for match in first]
    assert sum(c for c, r in zip(sure, right, strict=True) if r) / sum(right) > 0.5


def test_a_message_about_nothing_known_is_not_believed(made: Trained, serving: Encoder) -> None:
    matcher = Matcher.open(open_artefact(made.folder), serving)
    for (match, *_), text in zip(matcher(["who won the cup final", "sing me a song"]), "ab", strict=True):
        assert match.confidence < 0.5, text


def test_the_gate_takes_answers_too_and_known_questions_do_not_count_as_understood(
    made: Trained, asked: list[Answered], serving: Encoder
) -> None:
    family, matcher = Answers(), Matcher.open(open_artefact(made.folder), serving)
    train, held_out = asked[: 2 * len(asked) // 3], asked[-60:]
    findings = {finding.name: finding for finding in gate.judge(family, matcher, None, train, held_out)}
    assert findings["better"].passed
    assert findings["no leak"].passed
    seen = [outcome.right for outcome in family.outcomes(matcher, train[:60])]
    assert sum(seen) < len(seen)  # each is looked for among the others


def test_one_that_knows_few_answers_is_not_better_for_refusing_the_others(
    made: Trained, asked: list[Answered], serving: Encoder
) -> None:
    family, matcher = Answers(), Matcher.open(open_artefact(made.folder), serving)
    known = [row for row in matcher.known if row.id in matcher.ids[:2]]
    narrow = Matcher(serving, known, turn=matcher.turn, confidence=Confidence(base=-45.0, score=50.0, margin=0.0))
    held_out = asked[-60:]
    assert sum(outcome.right for outcome in family.outcomes(narrow, held_out)) > 54
    findings = {finding.name: finding for finding in gate.judge(family, narrow, matcher, known, held_out)}
    assert not findings["better"].passed
    assert not findings["language en"].passed
    assert gate.judge(family, matcher, narrow, known, held_out)[1].passed


@pytest.mark.parametrize(
    ("train", "dev", "told"),
    [
        ([("a", "x"), ("b", "x")], [("c", "x")], "only one answer"),
        ([("a", "x"), ("b", "y")], [("c", "z")], "none of its answers"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    tmp_path: Path, train: list[tuple[str, str]], dev: list[tuple[str, str]], told: str
) -> None:
    def rows(some: list[tuple[str, str]]) -> list[Answered]:
        return [Answered(text=text, answer=id_, id=id_) for text, id_ in some]

    file = tmp_path / "f.jsonl"
    with pytest.raises(DataError, match=told):
        Answers().check(Parts(train=rows(train), dev=rows(dev), test=[]), Parts(train=[file], dev=[file], test=[]))

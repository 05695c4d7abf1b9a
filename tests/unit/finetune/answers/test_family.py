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


def test_an_answer_of_which_only_the_question_itself_is_known_is_not_there_to_be_found(serving: Encoder) -> None:
    told = [("where is my parcel", "track"), ("where is my order", "track"), ("is it blue", "colour")]
    known = [Answered(text=text, answer=id_, id=id_) for text, id_ in told]
    silent = Matcher(serving, known, confidence=Confidence(base=-20.0, score=0.0, margin=0.0))
    outcomes = Answers().outcomes(silent, [*known, Answered(text="what colour is it", answer="colour", id="colour")])
    assert [outcome.wanted for outcome in outcomes] == [("track",), ("track",), (), ("colour",)]
    assert [outcome.right for outcome in outcomes] == [False, False, True, False]
    assert Answers().figures(silent, known)["known"] == 2


def test_the_gate_compares_training_and_held_out_rows_of_which_as_many_have_an_answer(serving: Encoder) -> None:
    """One that says nothing is right where nobody knows an answer, of which either part has another share."""

    def rows(texts: Sequence[str], id_: str) -> list[Answered]:
        return [Answered(text=text, answer=id_, id=id_) for text in texts]

    train = [*rows([f"where is parcel {n}" for n in range(9)], "track"), *rows(["is it blue"], "colour")]
    held_out = [*rows(["where is it"], "track"), *rows(["what is a duvet", "who are you", "sing a song"], "new")]
    silent = Matcher(serving, train, confidence=Confidence(base=-20.0, score=0.0, margin=0.0))
    finding = gate.judge(Answers(), silent, None, train, held_out)[-1]
    told = "75.0% of 4 held-out rows right, 75.0% of training rows like them (needed at most 25 points more)"
    assert (finding.name, finding.passed, finding.why) == ("not by heart", True, told)


@pytest.mark.parametrize(
    ("train", "dev", "told"),
    [
        ([("a", "x"), ("b", "x")], [("c", "x")], "only one answer"),
        ([("a", "x"), ("b", "y")], [("c", "z")], r"too few for a dev part: give kefu pairs more of them"),
        (
            [*((f"a{n}", "x") for n in range(40)), ("b", "y")],
            [("c", "z")],
            r"too few for a dev part: leave out --dev, and one training row in 10 is kept apart for it\. Rows of",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    tmp_path: Path, train: list[tuple[str, str]], dev: list[tuple[str, str]], told: str
) -> None:
    def rows(some: list[tuple[str, str]]) -> list[Answered]:
        return [Answered(text=text, answer=id_, id=id_) for text, id_ in some]

    file, other = tmp_path / "train.jsonl", tmp_path / "dev.jsonl"
    with pytest.raises(DataError, match=told):
        Answers().check(Parts(train=rows(train), dev=rows(dev), test=[]), Parts(train=[file], dev=[other], test=[]))


def test_where_the_advice_to_leave_a_part_out_is_given_it_works(asked: list[Answered], tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", asked)
    alone = written(tmp_path / "alone.jsonl", [Answered(text="is it new", answer="No.", id="new")])
    with pytest.raises(DataError, match=r"alone\.jsonl: none of its answers .* leave out --dev"):
        Data(train=(train,), dev=alone, test=alone).read(Answers())
    with pytest.raises(DataError, match=r"alone\.jsonl: none .* leave out --test, and --promote") as told:
        Data(train=(train,), test=alone).read(Answers())
    assert "--dev" not in str(told.value)
    assert Data(train=(train,)).read(Answers()).dev


def test_where_nothing_kept_apart_is_known_more_tickets_are_asked_for(tmp_path: Path) -> None:
    once = [Answered(text=f"question {n}", answer=f"answer {n}", id=f"{n}") for n in range(60)]
    train = written(tmp_path / "train.jsonl", once)
    with pytest.raises(DataError, match=r"none of the answers that were kept apart .* give kefu pairs more of them"):
        Data(train=(train,)).read(Answers())

"""Which known question a question means: nearest first, each answer once, and how sure that is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finetune.answers.examples import Answered, id_of, read_answered
from finetune.answers.figures import confidence
from finetune.answers.matcher import Confidence, Matcher
from finetune.errors import DataError
from retrieval.encoder import Encoder


def known(*rows: tuple[str, str]) -> list[Answered]:
    return [Answered(text=text, answer=f"The answer {id_}.", id=id_) for text, id_ in rows]


KNOWN = known(
    ("how do i pay", "pay"),
    ("can i pay by card", "pay"),
    ("where is my parcel", "track"),
    ("my package has not arrived", "track"),
    ("send me an invoice", "invoice"),
)


def test_the_nearest_question_tells_the_answer_and_each_answer_comes_once(serving: Encoder) -> None:
    matcher = Matcher(serving, KNOWN, confidence=Confidence(base=0.0, score=1.0, margin=5.0))
    (matches,) = matcher(["where is my package"])
    assert matches[0].id == "track"
    assert sorted(match.id for match in matches) == ["invoice", "pay", "track"]
    assert matches[0].question in ("where is my parcel", "my package has not arrived")
    assert matches[0].answer == "The answer track."
    assert [match.confidence for match in matches] == sorted((m.confidence for m in matches), reverse=True)
    assert all(0 <= match.score <= 1 for match in matches)


@given(seed=st.integers(0, 2**32 - 1), groups=st.lists(st.integers(0, 5), min_size=2, max_size=30))
def test_ranks_are_those_of_the_best_question_of_each_answer(seed: int, groups: list[int]) -> None:
    random = np.random.default_rng(seed)
    rows = sorted(groups)
    vectors = random.normal(size=(len(rows), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    matcher = Matcher(None, known(*((f"q{i}", str(g)) for i, g in enumerate(rows))), vectors=vectors)
    query = vectors[:1] + 0.1
    (ranked,) = matcher.rank(query, 10)
    alike = (query @ vectors.T)[0]
    best = {group: max(alike[i] for i, g in enumerate(rows) if g == group) for group in set(rows)}
    order = sorted(best, key=lambda group: -best[group])
    assert [int(matcher.ids[number]) for number in ranked.answers] == order[:10]
    assert np.allclose(ranked.scores, [best[group] for group in order[:10]])
    assert [rows[place] for place in ranked.places] == order[:10]
    assert ranked.margins[0] >= 0 >= (ranked.margins[1] if len(order) > 1 else 0)


@given(seed=st.integers(0, 2**32 - 1), groups=st.integers(2, 10), size=st.integers(3, 20))
@settings(max_examples=50, deadline=None)
@example(seed=2, groups=2, size=3)
def test_what_is_more_alike_is_never_believed_less(seed: int, groups: int, size: int) -> None:
    random = np.random.default_rng(seed)
    centres, dev = random.normal(size=(groups, size)), random.integers(groups, size=12)

    def near(rows: np.ndarray) -> np.ndarray:
        vectors = centres[rows] + random.uniform(0.2, 2.0) * random.normal(size=(len(rows), size))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    rows, asked = np.arange(groups).repeat(2), near(dev)
    matcher = Matcher(None, known(*((f"q{i}", str(row)) for i, row in enumerate(rows))), vectors=near(rows))
    matcher.encode = lambda texts: asked
    fit = confidence(matcher, known(*((f"dev {i}", str(row)) for i, row in enumerate(dev))))
    assert min(fit.score, fit.margin) >= 0


def test_a_matcher_comes_back_as_it_was_saved(serving: Encoder, tmp_path: Path) -> None:
    from finetune.artefact import open_artefact, write_artefact
    from finetune.recipe import Recipe

    turn = np.eye(serving.dimensions, dtype=np.float32) * 0.5
    rows = [*KNOWN, *known(("i'd like a receipt\u2028 for my\x85tax", "receipt"))]
    matcher = Matcher(serving, rows, turn=turn, confidence=Confidence(base=-1.0, score=2.0, margin=3.0))
    folder = write_artefact(
        tmp_path, Recipe.of(kind="answers", method="head"), serving.fingerprint, {"metrics": {}}, matcher.save
    )
    again = Matcher.open(open_artefact(folder), serving)
    assert again.known == rows
    (before,), (after,) = matcher(["pay by card?"]), again(["pay by card?"])
    assert [(m.id, m.answer, m.question) for m in after] == [(m.id, m.answer, m.question) for m in before]
    assert after[0].confidence == pytest.approx(before[0].confidence, abs=1e-3)


def test_rows_name_an_entry_or_are_known_by_their_answer(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    rows = [
        {"question": "how do i pay", "answer": "By card.", "intent": "pay", "language": "en", "conversation": "c1"},
        {"question": "怎么付款", "answer": "支持支付宝。"},
        {"question": "支付宝可以吗", "answer": "支持支付宝。", "intent": None},
    ]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    first, second, third = read_answered(file)
    assert (first.id, first.language) == ("pay", "en")
    assert (second.id, second.language) == (id_of("支持支付宝。"), "zh")
    assert third.id == second.id


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"question": "x"}, "'answer' is missing"),
        ({"question": " ", "answer": "y"}, "'question' is empty"),
        ({"question": "x", "answer": "y", "intent": 5}, "'intent' is a number"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, row: dict[str, object], told: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"question": "a", "answer": "b"}) + "\n" + json.dumps(row), "utf-8")
    with pytest.raises(DataError, match=r"pairs\.jsonl:2: ") as error:
        read_answered(file)
    assert told in str(error.value)

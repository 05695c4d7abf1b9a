"""What the calibration promises: a chance for each hit, whatever retrieval found."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import calibration
from bot.calibration import EXACT, FEATURES, OTHER, Calibration, features
from retrieval.analysis import Analyzer
from retrieval.build import build_index
from retrieval.encoder import Encoder
from retrieval.types import Hit, Passage, Query

SHIPPED = Path(calibration.__file__).with_name("calibration.json")

share = st.floats(0, 1)


def hit(odds: float, dense: float, nearest: float, keyword: float, coverage: float, unknown: float, terms: int) -> Hit:
    return Hit(
        passage=Passage(id="x", question="?", answer=".", language="en"),
        score=0.5,
        odds=odds,
        dense=dense,
        nearest=nearest,
        keyword=keyword,
        coverage=coverage,
        unknown=unknown,
        terms=terms,
    )


hits = st.lists(
    st.builds(hit, st.floats(-40, 60), share, share, st.floats(0, 200), share, share, st.integers(0, 500)),
    min_size=1,
    max_size=10,
)


def test_the_shipped_file_was_fit_on_the_features_of_this_version() -> None:
    data = json.loads(SHIPPED.read_text("utf-8"))
    assert data["features"] == list(FEATURES)
    assert set(data["languages"]) == {"en", "zh", OTHER}
    assert all(len(model["coefficients"]) == len(FEATURES) for model in data["languages"].values())


def test_a_file_of_other_features_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "calibration.json"
    other.write_text(json.dumps({"features": ["odds"], "languages": {}}), "utf-8")
    with pytest.raises(ValueError, match="fit on other features"):
        calibration._read(other)


@given(hits, st.sampled_from(["en", "zh"]))
def test_every_confidence_is_a_chance(found: list[Hit], language: str) -> None:
    confidences = Calibration.shipped().confidences(found, language)
    assert len(confidences) == len(found)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert all(len(numbers) == len(FEATURES) for numbers in features(found))


@given(hits)
def test_a_language_that_was_not_fit_takes_the_english_numbers(found: list[Hit]) -> None:
    shipped = Calibration.shipped()
    assert shipped.confidences(found, "fr") == shipped.confidences(found, "en")


def test_nothing_found_is_no_confidence() -> None:
    assert Calibration.shipped().confidences([], "en") == []


@given(hits, st.sampled_from(["en", "zh"]))
def test_a_question_that_an_entry_lists_word_for_word_needs_no_model(found: list[Hit], language: str) -> None:
    listed = [replace(found[0], exact=True), *found[1:]]
    assert Calibration.shipped().confidences(listed, language)[0] == EXACT


@pytest.mark.parametrize(
    ("language", "known", "unknown"),
    [
        ("en", "How do I track my order?", "Who won the chess championship in Reykjavik?"),
        ("zh", "如何查询订单物流？", "世界杯冠军是谁？"),
    ],
)
def test_what_is_known_is_likelier_than_what_is_not(
    tmp_path: Path,
    encoder: Encoder,
    analyzer: Analyzer,
    knowledge: tuple[Passage, ...],
    today: date,
    language: str,
    known: str,
    unknown: str,
) -> None:
    index = build_index(tmp_path, knowledge, encoder, analyzer)
    sure, unsure = index.search([Query(text=known), Query(text=unknown)], 10, day=today)
    confidences = Calibration.shipped().confidences(sure, language)
    assert confidences[0] == max(confidences)
    assert all(0 < confidence < 1 for confidence in confidences)
    assert max(Calibration.shipped().confidences(unsure, language), default=0.0) < confidences[0] / 2


@given(hits)
def test_no_feature_is_far_from_one_however_strange_the_hits_are(found: list[Hit]) -> None:
    assert all(abs(number) <= 6 for numbers in features(found) for number in numbers)


def test_an_entry_in_another_language_that_is_far_behind_is_not_believed() -> None:
    own = replace(
        hit(25.0, 0.9, 1.0, 25.0, 1.0, 0.0, 8), passage=Passage(id="a", question="?", answer=".", language="zh")
    )
    other = hit(2.0, 0.1, 0.1, 0.0, 0.0, 0.0, 8)
    assert Calibration.shipped().confidences([own, other], "zh")[1] < 0.05

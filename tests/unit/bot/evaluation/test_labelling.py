"""What is measured of labels: which are right, what is taken for what, and what their chances are worth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bot.evaluation.labelling import OUT_OF_SCOPE, SHARES, Labelling, as_json, by_label, figures

NAMES = ["pay", "refund", "track"]


def item(wanted: str, found: str = "", chance: float = 0.9, language: str = "en") -> Labelling:
    """Return a text with one label or none, and what it got."""
    return Labelling(
        id="row",
        language=language,
        kind="",
        wanted=frozenset(filter(None, [wanted])),
        found=((found, chance),) if found else (),
    )


label = st.sampled_from(["", *NAMES])
items = st.lists(
    st.builds(item, label, label, st.integers(0, 100).map(lambda n: n / 100), st.sampled_from(["en", "zh"])),
    min_size=1,
    max_size=25,
)


def test_out_of_scope_is_right_where_it_gets_no_label() -> None:
    rows = [item("pay", "pay"), item("pay", "track"), item("pay"), item(""), item("", "track")]
    measured = {name: estimate.mean for name, estimate in figures(rows).items()}
    assert measured["accuracy"] == 2 / 5
    assert measured["accuracy_in_scope"] == pytest.approx(1 / 3)
    assert measured["labelled"] == 3 / 5
    assert measured["out_of_scope_recall"] == 1 / 2
    assert measured["out_of_scope_precision"] == 1 / 2


def test_without_anything_out_of_scope_nothing_is_known_of_it() -> None:
    assert figures([item("pay", "pay")])["out_of_scope_recall"].mean is None


@settings(deadline=None, max_examples=50)
@given(items)
def test_f1_is_that_of_scikit_learn_with_no_label_for_what_is_out_of_scope(rows: list[Labelling]) -> None:
    measured, labels = figures(rows), by_label(rows)
    assert set(labels) == {name for row in rows for name in row.wanted | row.labels}
    wanted, found = (
        np.array([[name in side for name in NAMES] for side in sides])
        for sides in ([row.wanted for row in rows], [row.labels for row in rows])
    )
    each = f1_score(wanted, found, average=None, zero_division=0)
    for name, theirs in zip(NAMES, each, strict=True):
        if name in labels:
            assert labels[name]["f1"]["mean"] == pytest.approx(theirs)
    if labels:
        assert measured["f1_micro"].mean == pytest.approx(f1_score(wanted, found, average="micro", zero_division=0))


@settings(deadline=None, max_examples=50)
@given(items)
def test_all_that_is_told_adds_up(rows: list[Labelling]) -> None:
    document = as_json(rows)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    wrong = sum(not row.right for row in rows)
    assert sum(pair["n"] for pair in document["confusions"]) == wrong
    assert [each["right"] for each in document["items"]].count(False) == wrong
    assert sum(each["right"]["n"] for each in document["calibration"]["bins"]) == sum(bool(row.found) for row in rows)
    slices = document["slices"]["language"]
    assert sum(each["accuracy"]["n"] for each in slices.values()) == len(rows)


def test_what_is_taken_for_what_is_told_most_frequent_first() -> None:
    rows = [item("pay", "track"), item("", "track"), item("pay", "track"), item("refund"), item("pay", "pay")]
    assert [(pair["wanted"], pair["found"], pair["n"]) for pair in as_json(rows)["confusions"]] == [
        ("pay", "track", 2),
        (OUT_OF_SCOPE, "track", 1),
        ("refund", OUT_OF_SCOPE, 1),
    ]


def test_of_several_labels_all_must_be_right() -> None:
    both, one = frozenset({"pay", "track"}), (("pay", 0.8),)
    rows = [
        Labelling(id="a", language="en", kind="", wanted=both, found=(*one, ("track", 0.7))),
        Labelling(id="b", language="en", kind="", wanted=both, found=one),
    ]
    assert figures(rows)["accuracy"].mean == 1 / 2
    assert figures(rows)["f1_micro"].mean == pytest.approx(6 / 7)


@settings(deadline=None, max_examples=50)
@given(items)
def test_a_share_of_the_surest_is_of_all_texts_and_ends_where_labels_do(rows: list[Labelling]) -> None:
    labelled = sum(bool(row.found) for row in rows)
    curve = as_json(rows)["curve"]
    assert [point["coverage"] for point in curve] == list(SHARES)
    for point in curve:
        assert (point["accuracy"] is not None) == (0 < point["coverage"] * len(rows) <= labelled)
    if labelled == len(rows):
        assert curve[-1]["accuracy"] == pytest.approx(sum(row.labels <= row.wanted for row in rows) / len(rows))


def test_the_surest_are_believed_first() -> None:
    rows = [item("pay", "pay", 0.9)] * 5 + [item("pay", "track", 0.6)] * 5
    assert [point["accuracy"] for point in as_json(rows)["curve"]][::4] == pytest.approx([1, 1, 5 / 9])

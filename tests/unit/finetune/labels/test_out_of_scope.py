"""Rows without a label, or out of scope: what they count where they are alone, and beside others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finetune.errors import DataError
from finetune.kinds import Parts
from finetune.labels.examples import Labelled
from finetune.labels.family import Labels, _grouped
from finetune.labels.figures import figures

OUTSIDE = [Labelled(text=f"what is {n} times {n}?", labels=("oos",)) for n in range(3)]
INSIDE = [Labelled(text="how do i pay", labels=("pay",)), Labelled(text="where is it", labels=("track",))]


def test_rows_out_of_scope_alone_say_how_many_are_refused() -> None:
    scores = np.array([[1, 0], [3, 2], [0, 1]], dtype=np.float32)
    found = figures(scores, OUTSIDE, ["pay", "track"], 2.0, several=False)
    assert found["out_of_scope_recall"] == pytest.approx(2 / 3)
    assert found["f1_macro"] == found["accuracy"] == 0.0


def test_there_is_nothing_to_choose_by_where_all_is_out_of_scope(tmp_path: Path) -> None:
    files = Parts(train=[tmp_path / "train.jsonl"], dev=[tmp_path / "dev.jsonl"], test=[])
    with pytest.raises(DataError, match=r"dev\.jsonl: all rows to choose by are out of scope"):
        Labels(key="intent").check(Parts(train=INSIDE, dev=OUTSIDE, test=[]), files)


def test_what_has_no_label_or_is_out_of_scope_belongs_to_nothing_else() -> None:
    labels = [("pay",), (), ("oos",), ("oos",), ("track", "pay"), ("oos", "pay")]
    groups = [example.group for example in _grouped([Labelled(text="x", labels=some) for some in labels])]
    assert groups == ["pay", "oos 1", "oos 2", "oos 3", "track", "pay"]

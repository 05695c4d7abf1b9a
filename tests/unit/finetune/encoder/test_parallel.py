"""Pairs as they are read, counted, and put together to longer ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.encoder.parallel import Pair, check_languages, joined, origins, read_pairs
from finetune.errors import DataError

PAIRS = [Pair(known=f"k{i}", taught=f"t{i}", source="s", licence="MIT") for i in range(20)]


def test_the_keys_name_the_languages(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"de": "Hallo", "pt-BR": "Olá", "source": "own", "licence": "MIT", "note": 3}\n', "utf-8")
    assert read_pairs(path, "de") == [Pair(known="Hallo", taught="Olá", source="own", licence="MIT")]


def test_all_rows_of_a_file_teach_one_language(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"en": "a", "zh": "b"}\n{"en": "a", "fr": "c"}\n', "utf-8")
    with pytest.raises(
        DataError, match=r"pairs\.jsonl:2: its languages are en and fr; expected en and zh, as in the fi"
    ):
        read_pairs(path, "en")


def test_all_files_of_a_run_teach_one_language(tmp_path: Path) -> None:
    one, other, empty = (tmp_path / f"{name}.jsonl" for name in ("one", "other", "empty"))
    one.write_text('{"en": "a", "zh": "b"}\n', "utf-8")
    other.write_text('{"en": "a", "de": "c"}\n', "utf-8")
    empty.write_text("", "utf-8")
    check_languages([one, empty, one], "en")
    told = f"{other}: its languages are en and de, and those of {one} are en and zh"
    with pytest.raises(DataError, match=re.escape(told)):
        check_languages([one, empty, other], "en")


@given(share=st.floats(0, 0.99), seed=st.integers(0, 5))
def test_long_texts_say_the_same_on_both_sides(share: float, seed: int) -> None:
    made = joined(PAIRS, share, seed)
    assert len(made) == round(share * len(PAIRS))
    for pair in made:
        assert pair.known.replace("k", "t") == pair.taught
        assert 2 <= len(pair.known.split()) <= 4
    assert made == joined(PAIRS, share, seed)


def test_sources_are_counted_with_their_licences() -> None:
    more = [*PAIRS, Pair(known="a", taught="b")]
    assert origins(more) == [("s", "MIT", 20), ("", "", 1)]

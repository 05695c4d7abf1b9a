"""Long texts in parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.texts import pieces, utf8, utf16


@given(st.text(), st.integers(4, 40), st.sampled_from([len, utf8, utf16]))
def test_parts_fit_and_are_the_whole(text: str, limit: int, size: Callable[[str], int]) -> None:
    parts = pieces(text, limit, size)
    assert "".join(parts) == text
    assert all(size(part) <= limit for part in parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("short", ["short"]),
        ("", [""]),
        ("ten letter", ["ten letter"]),
        ("two lines\nof text", ["two lines\n", "of text"]),
        ("several words here", ["several ", "words here"]),
        ("x" * 21, ["x" * 10, "x" * 10, "x"]),
        ("a bbbbbbbbbbbb", ["a bbbbbbbb", "bbbb"]),
    ],
)
def test_parts_end_where_something_ends(text: str, parts: list[str]) -> None:
    assert pieces(text, 10) == parts


def test_what_is_counted_is_what_the_channel_counts() -> None:
    assert pieces("中" * 5, 6, utf8) == ["中中", "中中", "中"]
    assert pieces("👍" * 3, 4, utf16) == ["👍👍", "👍"]

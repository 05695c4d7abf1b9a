"""Tables in plain text, which hold what customers and operators wrote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.cli.tables import table


def test_texts_begin_and_figures_end_in_one_line() -> None:
    rows = [["", "turns", "share"], ["网站", "7", "12.5%"], ["wechat", "1234", ""]]
    assert table(rows).split("\n") == ["        turns  share", "网站        7  12.5%", "wechat   1234"]
    assert table(rows, "<").split("\n") == ["        turns  share", "网站    7      12.5%", "wechat  1234"]


@given(st.lists(st.tuples(st.text(max_size=9), st.just("|")), min_size=1, max_size=5))
def test_whatever_stands_in_a_cell_the_columns_stand_below_each_other(rows: list[tuple[str, str]]) -> None:
    lines = table(rows).split("\n")
    assert len(lines) == len(rows)
    assert all(line.endswith("|") for line in lines)
    assert len({cell_len(line) for line in lines}) == 1
    assert not set("".join(lines)) & set("\x1b\r\x08")

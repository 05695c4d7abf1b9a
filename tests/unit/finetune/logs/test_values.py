"""Cells and fields with a meaning, and HTML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from finetune.logs.markup import plain
from finetune.logs.values import moment, switch

# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-05T09:14:00Z", "2026-01-05 09:14:00", "2026-01-05 09:14:00 UTC", "2026-01-05 09:14:00.000"),
        *("2026-01-05 10:14:00 +0100", "2026-01-05 10:14:00+01", "2026/1/5 9:14", "2026/01/05 09:14:00", "1767604440"),
        *("1767604440000", "1767604440.0", " 2026-01-05T10:14:00+01:00 "),
    ],
)
def test_times_are_read_as_the_helpdesks_write_them(text: str) -> None:
    assert moment(text) == datetime(2026, 1, 5, 9, 14, tzinfo=UTC)
    assert moment(text).tzinfo is not None


def test_a_day_is_its_beginning_and_an_offset_is_kept() -> None:
    assert moment("2026/1/5") == moment("2026-01-05") == datetime(2026, 1, 5, tzinfo=UTC)
    assert moment("2026-01-05T09:14:00+08:00").tzinfo == timezone(timedelta(hours=8))


@pytest.mark.parametrize("text", ["", "noon", "5/1/2026", "2026-13-01", "17676", "2026/2/31"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is the caller's
        moment(text)


def test_switches_are_read_in_any_case() -> None:
    assert all(map(switch, ["true", "T", "Yes", "1", "是"]))
    assert not any(map(switch, ["false", "f", "NO", "0", "否"]))


# --- HTML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("i <3 it, is 5 < 6 & 7 > 2?", "i <3 it, is 5 < 6 & 7 > 2?"),
        ("a &amp; b", "a &amp; b"),
        ("<p>a &amp; b</p>", "a & b"),
        ("<div>one<br>two</div><div>three <b>four</b></div>", "one\ntwo\nthree four"),
        ("<p>mine</p><blockquote>theirs</blockquote><div class='gmail_quote'>theirs</div>", "mine"),
        ("<style>p {}</style><p>mine</p><script>x()</script>", "mine"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<p>a  \n  b</p>", "a b"),
        ("<blockquote>theirs</blockquote>", ""),
    ],
)
def test_html_becomes_text_without_what_was_quoted(text: str, left: str) -> None:
    assert plain(text) == left

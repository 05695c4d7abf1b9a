"""Entries that are over, or nearly. Those that end before they begin were not taken when they were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from retrieval.lint.finding import Finding, found
from retrieval.types import Passage

#: How long before its end an entry is told of.
SOON = timedelta(days=30)


def check_dates(passages: Sequence[Passage], day: date) -> Iterator[Finding]:
    """Yield what is over on ``day``, or `SOON` after it."""
    for passage in passages:
        end = passage.valid_until
        if end is not None and end < day:
            yield found("K402", passage, f"It ended on {end}: take it out, or give it a later end.")
        elif end is not None and end <= day + SOON:
            yield found("K403", passage, f"It ends on {end}: see what customers are to be told then.")

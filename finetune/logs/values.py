"""Cells and fields with a meaning: times and switches, as the helpdesks write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_YES = frozenset({"true", "t", "yes", "y", "1", "是"})
_NO = frozenset({"false", "f", "no", "n", "0", "否"})

_UNIX = re.compile(r"\d{10}(?:\d{3}|\.\d+)?")
#: As spreadsheets in Chinese show it: 2026/1/5 9:14.
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?(?:\d{2})?$)")

#: What `moment` can read, for the eyes of an operator.
MOMENTS = "a time such as 2026-01-05T09:14:00Z, 2026-01-05 09:14:00, 2026/1/5 9:14 or seconds since 1970"


def moment(text: str) -> datetime:
    """Return the time that ``text`` tells, in UTC where it names no zone; raises `ValueError`."""
    text = text.strip()
    if _UNIX.fullmatch(text):
        seconds = float(text) / (1000 if len(text) == 13 and text.isdigit() else 1)
        return datetime.fromtimestamp(seconds, UTC)
    if slashes := _SLASHES.fullmatch(text):
        return datetime(*(int(part or 0) for part in slashes.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    text = re.sub(r"\s*(?:UTC|GMT)$", "+00:00", text)
    at = datetime.fromisoformat(_OFFSET.sub("", text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def switch(text: str) -> bool:
    """Return what a cell with yes or no in it says; raises `ValueError`."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(text)

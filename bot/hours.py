"""When people are there who take over: opening hours by weekday, and when they open next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: As settings have it: "mon-fri 09:00-18:00".
_SPAN = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d:\d\d)-(\d\d:\d\d)")

_WHEN = {
    "en": ("today at {}", "tomorrow at {}", "on {} at {}"),
    "zh": ("今天{}", "明天{}", "{}{}"),
}
_NAMES = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The opening hours: from and until, by weekday (Monday is 0). None at all: always open."""

    spans: Sequence[tuple[int, time, time]]
    zone: ZoneInfo

    @classmethod
    def of(cls, texts: Sequence[str], zone: ZoneInfo) -> Hours:
        """Read hours such as "mon-fri 09:00-18:00"; raises ValueError that names what cannot be read."""
        return cls(spans=tuple(span for text in texts for span in read(text)), zone=zone)

    def opens(self, at: datetime) -> datetime | None:
        """Return when people are there again; None where they are there at the moment ``at``, or always."""
        if not self.spans:
            return None
        now = at.astimezone(self.zone)
        coming: list[datetime] = []
        for days in range(8):
            day = now.date() + timedelta(days=days)
            for weekday, opens, closes in self.spans:
                if weekday != day.weekday():
                    continue
                begin, end = (datetime.combine(day, moment, self.zone) for moment in (opens, closes))
                if begin <= now < end:
                    return None
                if begin > now:
                    coming.append(begin)
        return min(coming)


def read(text: str) -> list[tuple[int, time, time]]:
    """Return the spans of hours such as "sat 10:00-14:00"; raises ValueError where they cannot be read."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(text)
    first, last, opens, closes = match.groups()
    begin, end = DAYS.index(first), DAYS.index(last or first)
    span = time.fromisoformat(opens), time.max if closes == "24:00" else time.fromisoformat(closes)
    if begin > end or span[0] >= span[1]:
        raise ValueError(text)
    return [(day, *span) for day in range(begin, end + 1)]


def told(opens: datetime, now: datetime, language: str) -> str:
    """Return ``opens`` as it is told ``now``: a day, and a time."""
    today, tomorrow, later = _WHEN.get(language, _WHEN["en"])
    clock = opens.strftime("%H:%M")
    days = (opens.date() - now.astimezone(opens.tzinfo).date()).days
    if days < 2:
        return (tomorrow if days else today).format(clock)
    return later.format(_NAMES.get(language, _NAMES["en"])[opens.weekday()], clock)

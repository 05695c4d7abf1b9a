"""Units as they are written in English and Chinese, and what they are in the unit they are compared in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

#: Kind, what one is worth in the unit of its kind, and how it is written; English plurals need no mention.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("duration", "1", "second sec 秒 秒钟"),
    ("duration", "60", "minute min 分钟"),
    ("duration", "3600", "hour hr h 小时 个小时 个钟头 钟头"),
    ("duration", "86400", "day calendar_day 天 个自然日 自然日"),
    ("duration", "604800", "week 周 个星期 星期 个礼拜 礼拜"),
    ("duration", "1209600", "fortnight"),
    # A month is no number of days, and a working day none of hours: each is compared with its own kind only.
    ("working days", "1", "working_day business_day workday 工作日 个工作日"),
    ("months", "1", "month 个月"),
    ("months", "3", "quarter 个季度"),
    ("months", "12", "year yr 年"),
    ("length", "0.001", "mm millimetre millimeter 毫米"),
    ("length", "0.01", "cm centimetre centimeter 厘米 公分"),
    ("length", "1", "m metre meter 米"),
    ("length", "1000", "km kilometre kilometer 公里 千米"),
    ("weight", "0.001", "mg 毫克"),
    ("weight", "1", "g gram 克"),
    ("weight", "500", "斤"),
    ("weight", "1000", "kg kilo kilogram 公斤 千克"),
    ("volume", "0.001", "ml millilitre milliliter 毫升"),
    ("volume", "1", "l litre liter 升"),
    ("temperature", "1", "°C ℃ degree 摄氏度 度"),
    ("data", "1", "kb"),
    ("data", "1000", "mb"),
    ("data", "1000000", "gb"),
    ("power", "1", "w watt 瓦"),
    ("percent", "1", "% percent per_cent"),
)

#: How currencies are written, before or behind the amount.
_CURRENCIES: tuple[tuple[str, str], ...] = (
    ("USD", "USD US$ $ dollar buck 美元 美金 US_dollar"),
    ("EUR", "EUR € euro 欧元"),
    ("GBP", "GBP £ pound_sterling 英镑"),
    ("CNY", "CNY RMB ¥ ￥ yuan 元人民币 人民币 元 块钱 块"),
    ("HKD", "HKD HK$ 港元 港币"),
    ("TWD", "TWD NT$ 新台币"),
    ("JPY", "JPY yen 日元"),
    ("CHF", "CHF"),
    ("CAD", "CAD C$ 加元"),
    ("AUD", "AUD A$ 澳元"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """What a number counts."""

    #: What it may be compared with.
    kind: str
    #: What one is worth in the unit of its kind.
    factor: Decimal


def _spellings() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for kind, factor, written in _TABLE:
        for word in written.split():
            units[word.replace("_", " ").lower()] = Unit(kind=kind, factor=Decimal(factor))
    for code, written in _CURRENCIES:
        for word in written.split():
            units[word.replace("_", " ").lower()] = Unit(kind=code, factor=Decimal(1))
    return units


_UNITS = _spellings()


def unit(text: str) -> Unit:
    """Return the unit written as ``text``, one that `BEHIND` or `BEFORE` matches."""
    word = re.sub(r"[\s-]+", " ", text.lower()).strip()
    found = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
    return found or _UNITS[word.removesuffix("es")]


def _pattern(word: str) -> str:
    pattern = re.escape(word).replace(r"\ ", "[ -]")
    if not word[-1].isalpha() or not word.isascii():
        return pattern + ("(?!人)" if word == "天" else "")
    plural = "" if len(word) <= 2 or word.isupper() else "s?"
    return rf"{pattern}{plural}(?![a-z])"


_LONGEST_FIRST = "|".join(_pattern(word) for word in sorted(_UNITS, key=len, reverse=True))
_SIGNS = [word for _, written in _CURRENCIES for word in written.split() if not word[-1].isalpha() or word.isupper()]

#: A unit behind a number, with or without a blank or a hyphen between them.
BEHIND = rf"(?:[ \u00a0-]?(?:{_LONGEST_FIRST}))"
#: A currency before a number.
BEFORE = rf"(?:(?:{'|'.join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))}|人民币)[ \u00a0]?)"

"""What a text states in figures: amounts, durations, times, dates, percentages; by value, not by spelling.

"7 days", "seven days", "七天" and "一周" are one value, and so are "$1,200" and "1200 USD", "3点" and "3 pm",
"百分之五" and "5 %".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from retrieval.lint import units
from retrieval.lint.numerals import CHINESE_WORDS, ENGLISH_WORDS, FIGURES, worth
from retrieval.lint.values import Value
from retrieval.text import HAN

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join([*_MONTHS, *(f"{name[:3]}\\b\\.?" for name in _MONTHS), "sept\\b\\.?"])
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_HAN_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_NUMBER = f"(?:{FIGURES}|{ENGLISH_WORDS}|{CHINESE_WORDS})"
_RANGE = r"(?:\s*(?:to|or|-|–|—|~|至|到|或|、|x|×)\s*)"
_HALF = "早上|早晨|上午|中午|下午|傍晚|晚上|夜里|凌晨"

_RANGE_TO = rf"(?P<from>{_NUMBER})(?P<u0>{units.BEHIND})?{_RANGE}(?P<to>{_NUMBER})(?P<u1>{units.BEHIND})"
_HAN_NUMBER = r"\d{1,2}|[一二两三四五六七八九十]{1,3}"
_YEAR = r"(?:19|20)\d\d"
_TENTHS = r"\d{1,2}(?:\.\d)?|[一二三四五六七八九]{1,2}"

#: What may stand in a text, the surest first.
_TOKEN = re.compile(
    rf"""
    (?P<link>https?://[^\s<>"'，。;、()]+ | \]\([^()\s]*\) | (?<![\w&])\#[A-Za-z][\w-]* | <[^<>]*> | &\#?\w{{2,6}};)
  | (?P<mail>[\w.+-]+@[\w-]+(?:\.[a-z]+)+)
  | (?P<list>^[ ]*\d+[.)、](?=\s|[{HAN}]))
  | (?P<phone>(?<![A-Za-z0-9_$€£¥.])(?:\+\d|\(?0\d|\d{{3}}-)[\d()\s-]{{5,}}\d
      | (?<!\d)1[3-9]\d{{9}}(?!\d))
  | (?P<iso>(?<!\d){_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d))
  | (?P<han_date>(?:(?P<hy>{_YEAR}|[二〇零一三四五六七八九]{{4}})[ ]?年[ ]?)?
        (?P<hm>{_HAN_NUMBER})[ ]?月(?!份?内)(?:[ ]?(?P<hd>{_HAN_NUMBER})[ ]?[日号])?
      | (?P<hyo>{_YEAR})[ ]?年)
  | (?P<english_date>\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?[ ](?:of[ ])?(?P<m1>{_MONTH})(?:,?[ ](?P<y1>\d{{4}}))?
      | (?P<m2>{_MONTH})[ ](?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[:.]\d)(?:,?[ ](?P<y2>\d{{4}}))?
      | (?P<m3>{_MONTH})[ ](?P<y3>\d{{4}}))\b)
  | (?P<clock>(?<![\d:])(?P<h1>\d{{1,2}}):(?P<n1>\d\d)(?:[ ]?(?P<p1>[ap])\.?m\b\.?)?
      | (?<![\d:.])(?P<h2>\d{{1,2}})(?:\.(?P<n2>\d\d))?[ ]?(?P<p2>[ap])\.?m\b\.?
      | \b(?P<h4>{_NUMBER})[ ]?o['’]clock
      | (?P<half>{_HALF})?[ ]?(?P<h3>{_HAN_NUMBER})[ ]?[点时](?![数间候击])
        (?:整|(?P<hn>半)|[ ]?(?P<n3>\d\d)[ ]?分?(?!钟))?)
  | (?P<weekday>\b(?:{"|".join(_WEEKDAYS)})s?\b|(?:星期|礼拜|周)[一二三四五六日天])
  | (?P<share>百分之(?P<sn>\d+(?:\.\d+)?|[一二两三四五六七八九十百]+))
  | (?P<discount>(?:(?<![{HAN}\d.])|(?<=[享打]))(?P<dn>{_TENTHS})[ ]?折(?![叠断扣旧]))
  | (?P<money>(?P<sign>{units.BEFORE})(?P<mr>{_NUMBER}{_RANGE})?(?P<mn>{_NUMBER}))
  | (?P<code>(?<![A-Za-z0-9])[A-Z]{{1,5}}-?\d+[A-Za-z0-9]*)
  | (?P<amount>{_RANGE_TO} | (?P<n>{_NUMBER})(?P<u2>{units.BEHIND})?)
  | (?P<one>\b(?:(?P<of>half)[ ]an?|an?|each|every|per)[ ]
      (?P<ou>hour|day|week|fortnight|month|year|minute|working[ ]day|business[ ]day)\b)
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE | re.ASCII,  # beside Chinese characters words end, too
)
_CODE = re.compile(r"[A-Z]{1,5}-?\d+[A-Za-z0-9]*")


def values(text: str) -> list[Value]:
    """Return the values that ``text`` states, in order, with repetitions.

    Links, addresses and telephone numbers are none, nor are the numbers of a list.
    """
    return [value for match in _TOKEN.finditer(_plain(text)) for value in _read(match)]


def located(text: str) -> list[tuple[int, int, tuple[Value, ...]]]:
    """Return where ``text``, in half-width characters already, states values: start, end, and one value or a range."""
    read = ((match, tuple(_read(match))) for match in _TOKEN.finditer(text))
    return [(match.start(), match.end(), found) for match, found in read if found]


def masked(text: str) -> str:
    """Return ``text`` with a mark in the place of each value: what two sentences say apart from their values."""
    return _TOKEN.sub(lambda match: "\x1a" if any(_read(match)) else match[0], _plain(text))


def _plain(text: str) -> str:
    """Return ``text`` with full-width figures and signs as half-width ones."""
    return unicodedata.normalize("NFKC", text)


def _read(match: re.Match[str]) -> Iterator[Value]:
    for name, read in _READERS.items():
        if match[name] is not None:
            yield from read(match, match[0].strip())


def _code(match: re.Match[str], text: str) -> Iterator[Value]:
    if _CODE.fullmatch(text):  # the pattern as a whole ignores case, codes are written in capitals
        yield Value(kind="code", name=text, text=text)
    else:
        yield from values(re.sub(r"^[A-Za-z]+-?", "", text))


def _iso(match: re.Match[str], text: str) -> Iterator[Value]:
    year, month, day = map(int, re.split(r"[-/.]", text))
    yield from _date(year, month, day, text)


def _han_date(match: re.Match[str], text: str) -> Iterator[Value]:
    year, month, day = (_whole(match[name]) for name in ("hy", "hm", "hd"))
    yield from _date(year or _whole(match["hyo"]), month, day, text)


def _english_date(match: re.Match[str], text: str) -> Iterator[Value]:
    name = match["m1"] or match["m2"] or match["m3"]
    month = 1 + [month[:3] for month in _MONTHS].index(name[:3].lower())
    year = _whole(match["y1"] or match["y2"] or match["y3"])
    yield from _date(year, month, _whole(match["d1"] or match["d2"]), text)


def _date(year: int, month: int, day: int, text: str) -> Iterator[Value]:
    if month <= 12 and day <= 31:
        yield Value(kind="date", day=(year, month, day), text=text)


def _clock(match: re.Match[str], text: str) -> Iterator[Value]:
    hour = _whole(match["h1"] or match["h2"] or match["h3"] or match["h4"])
    minute = _whole(match["n1"] or match["n2"] or match["n3"]) or (30 if match["hn"] else 0)
    part, half = (match["p1"] or match["p2"] or "").lower(), match["half"] or ""
    if hour > 24 or minute > 59:
        return
    if (part == "p" or half in ("下午", "傍晚", "晚上")) and hour < 12:
        hour += 12
    if (part == "a" or half == "凌晨") and hour == 12:
        hour = 0
    clear = bool(part or half or match["h1"] or hour > 12)
    amount = Decimal(60 * hour + minute)
    yield Value(kind="time", amount=amount, written=amount, name="clear" if clear else "", text=text)


def _weekday(match: re.Match[str], text: str) -> Iterator[Value]:
    number = _HAN_WEEKDAYS.get(text[-1])
    name = _WEEKDAYS[number] if number is not None else text.lower().removesuffix("s")
    yield Value(kind="weekday", name=name, text=text, firm=False)


def _share(match: re.Match[str], text: str) -> Iterator[Value]:
    yield from _amount(match["sn"], "%", text)


def _discount(match: re.Match[str], text: str) -> Iterator[Value]:
    """Read what is left of the price: 八折 is 20 % less, and so is 8折; 85折 is 15 %."""
    tenths = worth(match["dn"])
    if tenths is not None:
        left = tenths if tenths >= 10 else tenths * 10
        off = 100 - left
        yield Value(kind="percent", amount=off, written=off, text=text)


def _money(match: re.Match[str], text: str) -> Iterator[Value]:
    if match["mr"]:
        yield from _amount(re.split(_RANGE, match["mr"])[0], match["sign"], text)
    yield from _amount(match["mn"], match["sign"], text)


def _quantity(match: re.Match[str], text: str) -> Iterator[Value]:
    if match["n"]:
        yield from _amount(match["n"], match["u2"] or "", text)
        return
    yield from _amount(match["from"], match["u0"] or match["u1"], text)
    yield from _amount(match["to"], match["u1"], text)


def _one(match: re.Match[str], text: str) -> Iterator[Value]:
    unit, many = units.unit(match["ou"]), Decimal("0.5") if match["of"] else Decimal(1)
    yield Value(kind=unit.kind, amount=many * unit.factor, written=many, text=text, firm=bool(match["of"]))


def _amount(number: str, unit: str, text: str) -> Iterator[Value]:
    """Give a number with its unit; one in words counts as firm only with a unit, and "one" never."""
    written = worth(number.strip())
    if written is None:
        return
    figures = number.strip()[0].isdigit() and number.strip()[0].isascii()
    if unit:
        known = units.unit(unit)
        firm = figures or written != 1
        yield Value(kind=known.kind, amount=written * known.factor, written=written, text=text, firm=firm)
    else:
        yield Value(kind="number", amount=written, written=written, text=text, firm=figures)


def _whole(text: str | None) -> int:
    number = worth(text) if text else None
    return int(number) if number is not None else 0


_READERS = {
    "iso": _iso,
    "han_date": _han_date,
    "english_date": _english_date,
    "clock": _clock,
    "weekday": _weekday,
    "share": _share,
    "discount": _discount,
    "money": _money,
    "code": _code,
    "amount": _quantity,
    "one": _one,
}

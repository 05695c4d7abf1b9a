"""What a sentence states in figures and addresses, strictly: each with its place, its bounds, and one way to spell it.

`retrieval.lint.stated` reads the values. It is lenient, for it looks for contradictions; what is left open there is
settled here: a range is one figure, "up to 7 days" is not "from 7 days", and a date that may be read in two ways is
none.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from bot.lock.objection import Code
from retrieval.lint.stated import located
from retrieval.lint.values import Value

_TLD = "(?:com|net|org|example|cn|io|co|eu|uk|de|shop|store|info|app|hk|tw|us|biz|me)"
_ADDRESS = re.compile(
    rf"""
    (?P<mail>(?<![\w.+-])[\w.+-]{{0,64}}@[\w-]+(?:\.[\w-]+)+)
  | (?P<link>(?:https?://|www\.)[A-Za-z0-9./?#&=%~_+:@-]*[A-Za-z0-9/]
      | (?<![\w@.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.{_TLD}\b(?:/[A-Za-z0-9./?#&=%~_+-]*[A-Za-z0-9/])?
      | (?<![\w/.])/[a-z][\w-]+(?:/[\w-]+)*)
  | (?P<spelled>(?<![a-z0-9-])[a-z0-9-]{{1,63}}[ ]?(?:\((?:dot|at)\)|\[(?:dot|at)\]|[ ](?:dot|at)[ ](?=[\w-]+[ ]dot)
      |[ ]dot[ ]|点(?=[a-z]))[ ]?[a-z]+)
  | (?P<phone>(?<![A-Za-z0-9_$€£¥./:-])(?:\+\d|\(?0\d|\d{{3}}[- ](?=\d{{3}}[- ]))[\d()\s-]{{5,}}\d(?![\d.:]\d)
      | (?<![A-Za-z0-9_$€£¥.,/-])\d{{7,}}(?![\d.,%]))
  | (?P<slashed>(?<![\d/])\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?(?![\d/])
      | (?<![\d.-])(?P<sep>\d{{1,2}}[-.])\d{{1,2}}[-.](?:19|20)\d\d(?!\d))
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

#: Bounds, by the words before a figure and behind it; the first that fits counts on each side.
_BEFORE = {
    "least": r"at least|not? (?:less|fewer|earlier) than|(?:a )?minimum (?:order )?(?:value )?(?:of|is)|at a minimum"
    r"|starting (?:at|from)"
    r"|starts? (?:at|from)|from|since|spen[dt]|spending|reach|至少|最少|最低|不少于|不低于|满|满足|达到|消费|自|从",
    "most": r"at (?:the )?most|at (?:the )?latest|not? (?:more|longer|later) than|up to|(?:a )?max(?:imum)?(?: (?:of"
    r"|is))?|within|not exceed(?:ing)?"
    r"|(?:the )?(?:limit|maximum) (?:of|is)|capped at|as many as|as much as|最多[\u4e00-\u9fff]{0,5}|至多|最长(?:需要?"
    r"|为)?|最高(?:可?达|为)?"
    r"|最大|最晚|最迟|不超过|不多于|上限(?:为|是)?|限",
    "over": r"over|more than|above|exceed(?:s|ing)?|longer than|beyond|过了|超过|多于|高于|大于|超出",
    "under": r"under|less than|below|fewer than|shorter than|不到|不足|少于|低于|小于|不满",
    "before": r"before|by|until|till|prior to|up until|earlier than|ends? (?:on|at)?|截至|截止(?:到|至)?|直到|到",
    "after": r"after|later than",
}
_BEHIND = {
    "least": r"(?:[a-z]+ )?(?:or|and) (?:more|above|over|up|longer)|at least|at a minimum|minimum|及?以上|起|开始"
    r"|或以上|或更多",
    "most": r"(?:[a-z]+ )?or (?:less|fewer|below|under)|at (?:the )?(?:most|latest)|max(?:imum)?\b"
    r"|(?:个?[\u4e00-\u9fff]{1,2})?以内|及?以内|之内|以下"
    r"|内(?!陆|地|容)|为限",
    "before": r"before\b|earlier|ahead|in advance|beforehand|prior|前(?!往|台)|之前|以前",
    "after": r"after\b|later\b|afterwards|后|之后|以后",
}
_ONE_BEFORE = re.compile(
    r"(?:^|(?<=[^a-z]))(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in _BEFORE.items())
    + r")[ ]?(?:the |a |about |约|around |只|just |only )?$",
    re.IGNORECASE,
)
_ONE_BEHIND = re.compile(
    r"[ ]?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _BEHIND.items()) + ")", re.IGNORECASE
)
_EXTENT = re.compile(r"\b(?:have|has|get|gets|got|holds?)[ ]?$", re.IGNORECASE)

_LINKING = re.compile(r"[ ]?(?:to|until|till|through|or|and|-|–|—|~|至|到|或)[ ]?(?:早上|上午|中午|下午|晚上)?")
#: The unit of a span that is written in figures.
_UNIT = re.compile(r"(?<=\d)[ -]?[^\W\d][^\d]*$")
#: What stands behind a number that counts nothing.
_COUNTS_NOTHING = re.compile(r"[ ]?(?:[.,;:!?)。]|$)|[ ](?:as|for|if|when|with|in|on)\b")
#: Where a number word is none.
_IDIOM = re.compile(
    r"十分(?=[抱感满方]|遗憾)|万一|千万|二维码|第[一二三四]|两[边者步]|一[般起直定些下样旦并律切同]|半天|三方"
    r"|(?:这|那|其他|你们|您们?|他们)两|两.(?=都)|多半|大半|统一|唯一|百分百|单一|再一次|"
    r"\b(?:the two|these two|those two|other two|no one|someone|one another|or two|one of|the one|which one"
    r"|new one|old one|one by one|one or two|one "
    r"after another)\b",
    re.IGNORECASE,
)
_CODES = {
    "duration": Code.DURATION,
    "working days": Code.DURATION,
    "months": Code.DURATION,
    "percent": Code.PERCENTAGE,
    "date": Code.DATE,
    "weekday": Code.DATE,
    "time": Code.TIME,
    "code": Code.CODE,
    "link": Code.LINK,
    "mail": Code.MAIL,
    "phone": Code.PHONE,
    "ambiguous": Code.DATE,
    "spelled": Code.LINK,
}
_SPANS = frozenset({"duration", "working days", "months"})
_RANGED = frozenset({"time", "weekday", "code", "number", "duration", "working days", "months", "percent"})
#: What only tells which case is meant: the conversation may state it as well as the evidence.
_OWN = frozenset({"code", "mail", "phone"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One value, range of values, or address, where it stands in a sentence."""

    start: int
    end: int
    #: What it is: "duration", "USD", "number", "link", ...; figures of one family can stand in each other's place.
    kind: str
    #: The value in the unit of its kind, or the one spelling of an address; of a range the lower end.
    low: Hashable
    #: The upper end of a range; of a single value the value again.
    high: Hashable
    #: How it is limited: "least", "most", "over", "under", "before", "after".
    bounds: frozenset[str] = frozenset()
    #: Whether a time says which half of the day it means.
    clear: bool = True

    @property
    def code(self) -> Code:
        """The objection where it has no support."""
        return _CODES.get(self.kind) or (Code.AMOUNT if self.kind.isupper() else Code.NUMBER)

    @property
    def own(self) -> bool:
        """Whether it may identify the customer's own case."""
        return self.kind in _OWN

    @property
    def family(self) -> str:
        """What it could stand in the place of."""
        if self.kind in _SPANS:
            return "span"
        return "amount" if self.kind.isupper() else self.kind

    def carries(self, other: Figure) -> bool:
        """Whether evidence that states this one states ``other`` as well, as far as figures go."""
        if self.kind != other.kind:
            return False
        if (self.low, self.high) == (other.low, other.high) or self._within(other):
            return self._bounded_as(other)
        if self.low == self.high or other.low != other.high:
            return False
        # "Up to 5 days" where the evidence says 3 to 5, "from 10:00" where it says 10:00 to 19:00.
        if _same(self.high, other.low, self.kind) and other.bounds & {"most", "before"}:
            return not other.bounds - {"most", "before"}
        return _same(self.low, other.low, self.kind) and other.bounds == {"least"}

    def _within(self, other: Figure) -> bool:
        """Whether it says the same and more: a date with its year, a time with its half of the day."""
        if self.kind == "time" and self.clear and not other.clear:
            return (_half(self.low), _half(self.high)) == (_half(other.low), _half(other.high))
        return _same(self.low, other.low, self.kind) and _same(self.high, other.high, self.kind)

    def _bounded_as(self, other: Figure) -> bool:
        if self.kind == "time" and other.clear and not self.clear:
            return False
        if self.low != self.high:
            loose = {"least", "after", "most" if self.family == "span" else "before"}
            return not (self.bounds ^ other.bounds) - loose
        apart = self.bounds ^ other.bounds
        if self.family == "span":  # "you have 30 days" is "within 30 days"
            return apart <= {"most"} or (apart <= {"most", "before"} and "before" in apart and self.bounds <= {"most"})
        if self.kind in ("time", "date", "weekday"):
            return apart <= {"most", "before"} and not (other.bounds and not self.bounds)
        return not apart or self.kind in ("link", "mail", "phone", "code")


def figures(text: str) -> list[Figure]:
    """Return the figures of ``text``, as `bot.lock.words.plain` gives it, in order."""
    found = list(_addresses(text))
    hidden = list(text)
    for figure in found:
        hidden[figure.start : figure.end] = "\x1a" * (figure.end - figure.start)
    masked = "".join(hidden)
    idioms = [(match.start(), match.end()) for match in _IDIOM.finditer(masked)]
    for start, end, values in located(masked):
        if any(begin < end and start < stop for begin, stop in idioms) and not any(v.text[0].isdigit() for v in values):
            continue
        found.extend(_read(start, end, values))
    joined = _ranges(sorted(found, key=lambda figure: figure.start), text)
    return [_bounded(figure, text) for figure in _with_units(joined, text)]


def _with_units(found: Iterable[Figure], text: str) -> Iterator[Figure]:
    """Give a number that counts nothing the unit of the span before it: "12 hours, and cold ones for 24"."""
    unit: re.Match[str] | None = None
    for figure in found:
        if figure.family == "span":
            unit = _UNIT.search(text[figure.start : figure.end])
        elif unit and figure.kind == "number" and _COUNTS_NOTHING.match(text, figure.end):
            spelled_out = located(text[figure.start : figure.end] + unit[0])
            spans = [span for *_, values in spelled_out for span in _read(figure.start, figure.end, values)]
            if len(spans) == 1:
                yield spans[0]
                continue
        yield figure


def _read(start: int, end: int, values: tuple[Value, ...]) -> Iterator[Figure]:
    first, last = values[0], values[-1]
    if first.kind == "number" and not first.firm and first.amount == 1:
        return
    if len(values) == 2 and first.kind == last.kind:
        yield Figure(start=start, end=end, kind=first.kind, low=_key(first), high=_key(last))
    else:
        for value in values:
            yield Figure(
                start=start,
                end=end,
                kind=value.kind,
                low=_key(value),
                high=_key(value),
                clear=value.kind != "time" or value.name == "clear",
            )


def _key(value: Value) -> Hashable:
    if value.kind == "date":
        return value.day
    return value.name if value.kind in ("code", "weekday") else value.amount


def _addresses(text: str) -> Iterator[Figure]:
    for match in _ADDRESS.finditer(text):
        kind, written = match.lastgroup or "", match[0]
        kind = "slashed" if match["slashed"] else kind
        key: Hashable = written.lower()
        if kind == "link":
            key = re.sub(r"^https?://", "", written.lower()).rstrip("/")
        elif kind == "phone":
            key = re.sub(r"\D", "", written)
        elif kind == "slashed":
            kind, key = _slashed(written)
        yield Figure(start=match.start(), end=match.end(), kind=kind, low=key, high=key)


def _slashed(written: str) -> tuple[str, Hashable]:
    """Read a date of two or three numbers; where day and month could be each other it is ambiguous."""
    one, two, *rest = (int(part) for part in re.split(r"[-./]", written))
    year = rest[0] + (2000 if rest[0] < 100 else 0) if rest else 0
    if one == two or (one > 12 >= two):
        return "date", (year, two, one)
    return ("date", (year, one, two)) if two > 12 >= one else ("ambiguous", written)


def _ranges(found: list[Figure], text: str) -> Iterator[Figure]:
    """Join two figures that stand as one range, and give a date what its neighbour says for both."""
    waiting: Figure | None = None
    for figure in found:
        joined = _joined(waiting, figure, text) if waiting else None
        if waiting and not joined:
            yield waiting
        waiting = joined or figure
    if waiting:
        yield waiting


def _joined(one: Figure, two: Figure, text: str) -> Figure | None:
    between = text[one.end : two.start]
    if one.low != one.high or two.low != two.high or not _LINKING.fullmatch(between):
        return None
    if between.strip().lower() in ("and", "or") and not re.search(r"between[ ]?$", text[: one.start], re.IGNORECASE):
        return None
    low, high, kind, end = one.low, two.low, two.kind, two.end
    if {one.kind, two.kind} == {"number", "date"} and not _whole(low if one.kind == "number" else high):
        return None
    if (one.kind, two.kind) == ("number", "date") and isinstance(high, tuple):
        low = (high[0], high[1], int(str(low)))
    elif (one.kind, two.kind) == ("date", "number") and isinstance(low, tuple) and text[end : end + 1] in ("日", "号"):
        low, high, kind, end = low, (low[0], low[1], int(str(high))), "date", end + 1
    elif one.kind == two.kind == "date" and isinstance(low, tuple) and isinstance(high, tuple):
        year = low[0] or high[0]
        low, high = (low[0] or year, *low[1:]), (high[0] or year, *high[1:])
    elif one.kind != two.kind or not (one.kind in _RANGED or one.kind.isupper()):
        return None
    return replace(one, end=end, kind=kind, low=low, high=high, clear=one.clear or two.clear)


def _whole(number: Hashable) -> bool:
    """Whether a number can be that of a day: of "10.1至10月7日" it is none."""
    return str(number).isdecimal()


def _bounded(figure: Figure, text: str) -> Figure:
    """Say how ``figure`` is limited by the words around it."""
    ahead, behind = text[max(0, figure.start - 24) : figure.start], text[figure.end : figure.end + 20]
    before, after = _ONE_BEFORE.search(ahead), _ONE_BEHIND.match(behind)
    bounds = {match.lastgroup for match in (before, after) if match and match.lastgroup}
    if figure.low != figure.high and before and before.lastgroup == "after":
        bounds.add("past")
    if figure.low != figure.high and figure.kind not in _SPANS:
        bounds &= {"most", "over", "under"}
    if figure.family not in ("span", "time", "date", "weekday"):
        bounds -= {"before", "after"}
    if figure.family == "span" and _EXTENT.search(ahead):
        bounds.add("most")
    if "over" in bounds and figure.family == "span":  # past 14 days is after them
        bounds = (bounds - {"over"}) | {"after"}
    if ("most" in bounds or "least" in bounds) and after and after[0].isascii():
        bounds.discard("after")  # "within 30 days after delivery" ends with them
    if after and after[0].isascii() and re.search(r"\bfor[ ]?$", ahead):
        bounds.discard("after")  # "valid for 3 years after purchase" begins with it
    if "most" in bounds:
        bounds.discard("before")
    return replace(figure, bounds=frozenset(bounds)) if bounds else figure


def _half(key: Hashable) -> int:
    return int(str(key)) % 720


def _same(full: Hashable, part: Hashable, kind: str) -> bool:
    """Whether ``part`` says nothing but what ``full`` says."""
    if kind == "date" and isinstance(full, tuple) and isinstance(part, tuple):
        return any(part) and all(not said or said == known for known, said in zip(full, part, strict=True))
    if kind == "link" and isinstance(full, str) and isinstance(part, str):
        return part == full or (part.startswith("/") and full.endswith(part))
    return full == part

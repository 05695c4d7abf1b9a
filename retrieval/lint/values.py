"""Values, and in which of them two texts differ. Nothing here knows which of the two is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

#: Minutes of half a day: a clock without "am" and "pm" may mean either half.
_HALF_DAY = 720
#: Of a day: larger numbers are no time.
_HOURS = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One value that a text states."""

    #: What it may be compared with: "duration", "USD", "time", "date", "number" (of anything), "code", ...
    kind: str
    #: How much, in the unit of its kind; minutes since midnight of a time; 0 of what has no amount.
    amount: Decimal = Decimal(0)
    #: The number as it is written, before it was turned into the unit of its kind.
    written: Decimal = Decimal(0)
    #: Year, month and day of a date, 0 for what it does not say.
    day: tuple[int, int, int] = (0, 0, 0)
    #: What is compared of a value that is no number.
    name: str = ""
    #: How it stands in the text.
    text: str
    #: Whether another text that says the same has to state it: "a week" and "one" are often said in other words.
    firm: bool = True

    def meets(self, other: Value) -> bool:
        """Whether both may be one value."""
        kinds = {self.kind, other.kind}
        if "number" in kinds and _NAMED.isdisjoint(kinds):
            return self._plain(other)
        if self.kind != other.kind:
            return False
        if self.kind == "date":
            pairs = [(a, b) for a, b in zip(self.day, other.day, strict=True) if a and b]
            return bool(pairs) and all(a == b for a, b in pairs)
        if self.kind == "time" and not (self.name == other.name == "clear"):
            return self.amount % _HALF_DAY == other.amount % _HALF_DAY
        return self.amount == other.amount and (self.kind == "time" or self.name == other.name)

    def like(self, other: Value) -> bool:
        """Whether one could stand in the place of the other: both are durations, say."""
        kinds = {self.kind, other.kind}
        if len(kinds) == 1 or kinds <= _SPANS or (self.kind.isupper() and other.kind.isupper()):
            return True
        return "number" in kinds and _NAMED.isdisjoint(kinds)

    def _plain(self, other: Value) -> bool:
        """Compare where one of both is a bare number: its unit may have been left out, or be none that is known."""
        if "date" in (self.kind, other.kind):
            number, date = (other, self) if self.kind == "date" else (self, other)
            return date.day[1:] == (0, 0) and number.written == date.day[0]
        if "time" in (self.kind, other.kind):  # "open from 9 to 18"
            number, time = (other, self) if self.kind == "time" else (self, other)
            return number.written <= _HOURS and (60 * number.written - time.amount) % _HALF_DAY == 0
        return self.written == other.written


#: Kinds that are compared by their names.
_NAMED = frozenset({"code", "weekday"})
#: Kinds of spans of time; kinds in capitals are currencies.
_SPANS = frozenset({"duration", "working days", "months"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How the values of two texts differ."""

    #: Values that stand in each other's place: the one of the first text, and that of the second.
    instead: tuple[tuple[Value, Value], ...]
    #: Values that only the first states, and only the second.
    only: tuple[tuple[Value, ...], tuple[Value, ...]]


def compare(first: Sequence[Value], second: Sequence[Value]) -> Difference:
    """Tell what two texts that should say the same state differently.

    A value counts as stated where the other text has one that meets it, however often; a value that is stated more
    often than its counterpart can stand in the place of one that is missing, as where one of two "30 minutes" was
    changed.
    """
    left, right = _left_over(first, second)
    missing = [v for v in first if v.firm and not any(v.meets(w) for w in second)]
    extra = [w for w in second if w.firm and not any(w.meets(v) for v in first)]
    # Equal kinds first: a duration is rather the changed duration than a changed number.
    pairs = sorted(
        [(v, w) for v in missing for w in right] + [(v, w) for w in extra for v in left],
        key=lambda pair: pair[0].kind != pair[1].kind,
    )
    instead: list[tuple[Value, Value]] = []
    used: set[int] = set()
    for v, w in pairs:
        # "One" stands in the place of no figure, and "a week" at most in that of another number of weeks or days.
        counted = (v.firm and w.firm) or (v.kind == w.kind != "number")
        if counted and v.like(w) and not v.meets(w) and used.isdisjoint((id(v), id(w))):
            instead.append((v, w))
            used |= {id(v), id(w)}
    only = tuple(tuple(v for v in side if id(v) not in used) for side in (missing, extra))
    return Difference(instead=tuple(instead), only=(only[0], only[1]))


def _left_over(first: Sequence[Value], second: Sequence[Value]) -> tuple[list[Value], list[Value]]:
    """Pair off what meets, each value once; return what has no partner on each side."""
    free = list(second)
    left = []
    for value in first:
        partner = next((other for other in free if value.meets(other)), None)
        if partner is None:
            left.append(value)
        else:
            free.remove(partner)
    return left, free

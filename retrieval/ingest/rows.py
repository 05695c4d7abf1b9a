"""One raw mapping becomes one entry, or problems: names of keys, types, dates, ids, the language."""

from __future__ import annotations

import difflib
import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from retrieval.ingest.cut import cut, limit_for
from retrieval.text import detect_language
from retrieval.types import Passage, Problem

#: The keys of an entry as they stand in a source, doubled ones included: finding them is the task of this module.
Pairs = Iterable[tuple[object, object]]

#: An id is a handle in links, reports and logs, not a text.
MAX_ID = 200

_WIDTHLESS = "\ufeff\u200b\u2060"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_QUOTE_IT = "text (put it in quotes)"


class Rejected(ValueError):
    """A value that cannot be used: what was found, and what was expected."""

    def __init__(self, found: str, expected: str) -> None:
        """Keep both halves of the sentence."""
        super().__init__(found, expected)
        self.found = found
        self.expected = expected


class Unreadable(Exception):
    """A file, or the rest of it, that cannot be read: where, what was found, and what was expected."""

    def __init__(self, found: str, expected: str, *, line: int = 0) -> None:
        """Keep the place (0: the file as a whole) and both halves of the sentence."""
        super().__init__(found, expected)
        self.line = line
        self.found = found
        self.expected = expected


def describe(value: object) -> str:
    """Say in a few words what a value is, for the eyes of an operator."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:57]}...")
    if isinstance(value, bool):
        return f"the switch {str(value).lower()}"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, date):
        return "a date"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def clean(text: str) -> str:
    """Return ``text`` with plain line ends and without control characters or blanks around it."""
    if half := _SURROGATE.search(text):
        raise Rejected(f"half a character (\\u{ord(half.group()):04x})", "whole Unicode characters")
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.strip().strip(_WIDTHLESS).strip()


def one_line(text: str) -> str:
    """Clean ``text`` and turn every run of blanks in it into one space."""
    return " ".join(clean(text).split())


def derived_id(question: str, answer: str) -> str:
    """Give the id of an entry that has none: twelve hexadecimal digits that only its content decides."""
    parts = (" ".join(unicodedata.normalize("NFKC", part).casefold().split()) for part in (question, answer))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _text(value: object, cells: bool) -> str:
    if isinstance(value, str):
        return clean(value)
    raise Rejected(describe(value), _QUOTE_IT)


def _label(value: object, cells: bool) -> str:
    return one_line(_text(value, cells))


def _as_id(value: object, cells: bool) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        value = str(value)
    label = _label(value, cells)
    if len(label) > MAX_ID:
        raise Rejected(f"{len(label)} characters", f"an id of at most {MAX_ID}")
    return label


def _texts(value: object, cells: bool) -> tuple[str, ...]:
    if isinstance(value, str):
        parts: Sequence[object] = re.split(r"[|\r\n]", value) if cells else (value,)
    elif isinstance(value, list | tuple):
        parts = value
    else:
        raise Rejected(describe(value), "a list of texts, or one text")
    texts = []
    for part in parts:
        if isinstance(part, int | float) and not isinstance(part, bool):
            part = str(part)
        if part is not None and not isinstance(part, str):
            raise Rejected(f"{describe(part)} in the list", f"a list of texts; {_QUOTE_IT}")
        texts.append(one_line(part or ""))
    return tuple(dict.fromkeys(filter(None, texts)))


def _language(value: object, cells: bool) -> str:
    code = re.split(r"[-_]", _label(value, cells).lower())[0]
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise Rejected(describe(value), "an ISO 639-1 code such as en or zh")
    return code


def _url(value: object, cells: bool) -> str:
    url = _text(value, cells)
    scheme = _SCHEME.match(url)
    if re.search(r"\s", url) or (scheme and scheme.group(1).lower() not in _SAFE_SCHEMES):
        raise Rejected(describe(url), "an address that begins with https://")
    return url


def _day(value: object, cells: bool) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(_text(value, cells)).date()
    except ValueError:
        raise Rejected(describe(value), "a date written YYYY-MM-DD") from None


#: What turns a raw value into the field of a passage; the second argument says that it came from the cell of a table.
FIELDS: Mapping[str, Callable[[object, bool], object]] = {
    "id": _as_id,
    "question": _label,
    "answer": _text,
    "alternatives": _texts,
    "language": _language,
    "tags": _texts,
    "url": _url,
    "valid_from": _day,
    "valid_until": _day,
    "audience": _label,
}


def key_name(key: object) -> str:
    """Return the name of a key as we write it: lower case, without blanks around it."""
    return one_line(str(key)).lower()


def is_blank(value: object) -> bool:
    """Whether a value counts as missing: null, or a text with nothing in it."""
    return value is None or (isinstance(value, str) and not value.strip().strip(_WIDTHLESS).strip())


def nearest(key: str, known: Iterable[str] = tuple(FIELDS)) -> str:
    """Name the known key that ``key`` looks most like ("" where none is near)."""
    return next(iter(difflib.get_close_matches(key[:MAX_ID], list(known), n=1)), "")


class Collector:
    """What one file gives, while it is read: its entries (each one passage, or its parts) and its problems."""

    def __init__(self, file: str) -> None:
        """Start with nothing found in ``file``."""
        self.file = file
        #: The sheet that is being read, where a file has several.
        self.sheet = ""
        #: Values for the entries that do not give their own, from front matter or ``<html lang>``.
        self.defaults: dict[str, object] = {}
        self.entries: list[tuple[Passage, ...]] = []
        self.problems: list[Problem] = []
        self._unknown: set[str] = set()

    def problem(self, line: int, *, found: str, expected: str, field: str = "") -> None:
        """Note one thing that is wrong in the file."""
        file = f"{self.file}[{self.sheet}]" if self.sheet else self.file
        self.problems.append(Problem(file=file, line=line, field=field, found=found, expected=expected))

    def unknown_key(self, key: str, line: int) -> None:
        """Note a key that entries do not have: once a file, since a wrong name seldom stands in one row only."""
        if key in self._unknown:
            return
        self._unknown.add(key)
        near = nearest(key)
        expected = f"{near!r}, or nothing" if near else f"one of {', '.join(FIELDS)}"
        self.problem(line, field=key[:60], found="no key of an entry", expected=expected)

    def default(self, key: str, value: object, line: int) -> None:
        """Use ``value`` for the entries without ``key``, if it can be used at all."""
        if is_blank(value):
            return
        try:
            self.defaults[key] = FIELDS[key](value, False)
        except Rejected as wrong:
            self.problem(line, field=key, found=wrong.found, expected=wrong.expected)

    def row(self, pairs: Pairs, line: int, *, cells: bool = False, in_parts: bool = False) -> None:
        """Take one entry, or note every reason why it cannot be taken.

        ``cells``: the values are cells of a table, where lists are written in one cell.
        ``in_parts``: it is a piece of running text, which is cut where it is too long for one reply.
        """
        given, sound = self._named(pairs, line)
        values: dict[str, object] = dict(self.defaults)
        for key in ("question", "answer"):
            if key not in given:
                self.problem(line, field=key, found="nothing", expected="text")
                sound = False
        for key, raw in given.items():
            try:
                values[key] = FIELDS[key](raw, cells)
            except Rejected as wrong:
                self.problem(line, field=key, found=wrong.found, expected=wrong.expected)
                sound = False
        if not sound:
            return
        passage = self._passage(values, line)
        if passage.valid_from and passage.valid_until and passage.valid_from > passage.valid_until:
            found = f"{passage.valid_until}, before valid_from ({passage.valid_from})"
            self.problem(line, field="valid_until", found=found, expected="the same day or a later one")
            return
        self.entries.append(_parts(passage) if in_parts else (passage,))

    def _named(self, pairs: Pairs, line: int) -> tuple[dict[str, object], bool]:
        """Sort out the keys: the known ones that hold something, and whether none stands there twice."""
        given: dict[str, object] = {}
        sound = True
        for raw_key, value in pairs:
            key = key_name(raw_key)
            if key not in FIELDS:
                self.unknown_key(key, line)
            elif key in given:
                self.problem(line, field=key, found="the key twice", expected="each key once")
                sound = False
            elif not is_blank(value):
                given[key] = value
        return given, sound

    def _passage(self, values: Mapping[str, object], line: int) -> Passage:
        question, answer = str(values["question"]), str(values["answer"])
        fields: dict[str, object] = {
            "id": derived_id(question, answer),
            "language": detect_language(f"{question}\n{answer}"),
            **values,
        }
        return Passage(**fields, source=self.file, line=line)  # type: ignore[arg-type]  # FIELDS gives the right types


def _parts(passage: Passage) -> tuple[Passage, ...]:
    """Cut a passage that is too long for one reply; the parts keep everything but the id and the text."""
    texts = cut(passage.answer, limit_for(passage.language))
    ids = [passage.id, *(f"{passage.id}#{number}" for number in range(2, len(texts) + 1))]
    return tuple(replace(passage, id=id_, answer=text) for id_, text in zip(ids, texts, strict=True))

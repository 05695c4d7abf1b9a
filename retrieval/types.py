"""What retrieval speaks of: passages, what was wrong with a source, hits. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A unit of knowledge with an id: one FAQ entry in one language, or one section of a document."""

    #: The entry's id. The same id in two languages makes the two passages twins.
    id: str
    #: The question it answers, or the headings that lead to a section of a document ("" where there are none).
    question: str
    #: What a reply quotes, word for word.
    answer: str
    #: Other phrasings of the question.
    alternatives: tuple[str, ...] = ()
    #: ISO 639-1 code of the text, such as "en" or "zh".
    language: str
    #: Free labels of the operator's.
    tags: tuple[str, ...] = ()
    #: Where a customer can read more ("" for nowhere).
    url: str = ""
    #: Who may be answered with it ("" for everybody).
    audience: str = ""
    #: First and last day on which it is true, both included (None: without limit).
    valid_from: date | None = None
    valid_until: date | None = None
    #: The file it came from and the line it starts at.
    source: str = ""
    line: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What no two passages of an index share: id and language."""
        return (self.id, self.language)

    def valid_on(self, day: date) -> bool:
        """Whether it may be served on ``day``."""
        started = self.valid_from is None or self.valid_from <= day
        return started and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong in a source, told so that an operator can mend it."""

    #: The file, and the line or row in it (0: the file as a whole).
    file: str
    line: int
    #: The field that is wrong ("" where it is not about one field).
    field: str
    #: What was found there, and what was expected.
    found: str
    expected: str

    def __str__(self) -> str:
        """One line: ``file:line: field: found; expected ...``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        field = f"{self.field}: " if self.field else ""
        return f"{place}: {field}{self.found}; expected {self.expected}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What is looked for."""

    text: str
    #: An earlier question of the same customer, which a short follow-up leans on ("" for none).
    context: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A passage as an answer to a query. Higher is better in every number, but for ``unknown``."""

    #: In the query's language where the entry has such a twin.
    passage: Passage
    #: Both sides together, 0 to 1.
    score: float
    #: The log-odds behind ``score``, without bound: what the sides add up to.
    odds: float
    #: Cosine of the query and the passage's nearest phrasings, 0 to 1, times how well the encoder reads both.
    dense: float
    #: The same for the one nearest phrasing.
    nearest: float
    #: Raw BM25 score, 0 or more.
    keyword: float
    #: Share of the weight of the query's terms that the entry holds, 0 to 1.
    coverage: float
    #: Share of the weight of the query's terms that no entry holds, 0 to 1.
    unknown: float
    #: How many terms the query has.
    terms: int
    #: Whether the query's context was needed to find it.
    leans: bool = False
    #: Whether the query is one of its phrasings word for word, and of no other entry.
    exact: bool = False

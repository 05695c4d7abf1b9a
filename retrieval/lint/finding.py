"""What the FAQ doctor speaks of: a rule, a place, a finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from retrieval.types import Passage


class Severity(StrEnum):
    """How much a finding weighs; the names are those of SARIF."""

    #: A customer is told something wrong, or nothing.
    ERROR = "error"
    #: An editor should look at it.
    WARNING = "warning"
    #: It may be meant so.
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One kind of defect that is looked for."""

    #: Stays the same for ever, so that suppressions and dashboards keep their meaning.
    code: str
    #: The same for the eyes of a program, such as ``twin-values-differ``.
    name: str
    severity: Severity
    #: What is wrong where it is found, in a sentence.
    about: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something stands."""

    #: The file, and the line in it at which the entry begins (0: the file as a whole).
    file: str
    line: int
    #: The entry, and the language of the passage ("" for none).
    id: str = ""
    language: str = ""

    @classmethod
    def of(cls, passage: Passage) -> Place:
        """Return where ``passage`` stands."""
        return cls(file=passage.source, line=passage.line, id=passage.id, language=passage.language)

    def __str__(self) -> str:
        """``file:line``, or the file alone."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One defect."""

    #: The code of its rule.
    code: str
    place: Place
    #: The other entry that it is about, where there are two.
    other: Place | None = None
    #: What was found, and what to do, in one sentence.
    message: str


def found(code: str, passage: Passage, message: str, other: Passage | None = None) -> Finding:
    """Return a finding about ``passage``."""
    return Finding(code=code, place=Place.of(passage), other=Place.of(other) if other else None, message=message)


def quoted(text: str, most: int = 60) -> str:
    """Return ``text`` in quotes and on one line, cut where it is long."""
    line = " ".join(text.split())
    return f'"{line if len(line) <= most else line[: most - 3] + "..."}"'

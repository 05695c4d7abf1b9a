"""What of a log cannot be read as it stands: counted by its kind, with the first places of each named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

#: Places of each kind that are kept, so that a million of them need no more memory than these.
EXAMPLES = 3


class What(StrEnum):
    """A kind of problem, in the words of a summary."""

    #: Left out: whole files, lines, rows and turns.
    EMPTY = "files with nothing in them"
    TOO_LONG = "lines too long to be read"
    NOT_JSON = "lines that are not JSON"
    NO_DIALOGUE = "lines without a dialogue"
    QUOTES = "rows with a quotation mark too many or too few"
    CELLS = "rows with too many cells"
    NO_ID = "rows that do not name their conversation"
    NO_TURN = "turns that are no objects"
    PRIVACY = "messages that do not tell whether they are private"
    SPEAKER = "turns of an unknown speaker"
    NO_TEXT = "turns without text"
    #: Read all the same, as it is told with each.
    ENCODING = "lines that are not UTF-8"
    NUL = "lines with NUL characters, read without them"
    LOOSE_QUOTES = "rows with a quotation mark within a cell, read with it"
    TIME = "times that cannot be read, taken for none"
    ORDER = "dialogues that were put in the order of their times"
    FIELD = "fields of a wrong type or with an unknown word, taken for missing"
    SAME_ID = "dialogues with the id of another one, read under one of their own"

    @property
    def left_out(self) -> bool:
        """Whether what has this problem is not among what is read; the other kinds are mended."""
        return self in _LEFT_OUT


_LEFT_OUT = frozenset(list(What)[: list(What).index(What.ENCODING)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong in a log, told so that an operator can mend it."""

    what: What
    file: Path
    #: Of the file, from 1; of a row over several lines the first (0: the file as a whole).
    line: int
    found: str
    expected: str

    def __str__(self) -> str:
        """One line: ``file:line: found; expected ...``."""
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{place}: {self.found}; expected {self.expected}"


#: Takes a problem of a place: what it is, what was found there, and what was expected.
Report = Callable[[What, str, str], None]


class Problems:
    """What was wrong in the logs that were read: every problem is counted, the first of each kind are kept."""

    def __init__(self) -> None:
        """Start with none."""
        self._counts = Counter[What]()
        self._examples: dict[What, list[Problem]] = {}
        #: The first thing that each file lost.
        self.lost: dict[Path, Problem] = {}

    def add(self, problem: Problem) -> None:
        """Count a problem."""
        self._counts[problem.what] += 1
        examples = self._examples.setdefault(problem.what, [])
        if len(examples) < EXAMPLES:
            examples.append(problem)
        if problem.what.left_out:
            self.lost.setdefault(problem.file, problem)

    def at(self, file: Path, line: int) -> Report:
        """Return what takes the problems of a line."""
        return partial(self._report, file, line)

    def _report(self, file: Path, line: int, what: What, found: str, expected: str) -> None:
        self.add(Problem(what=what, file=file, line=line, found=found, expected=expected))

    @property
    def counts(self) -> Mapping[What, int]:
        """How many there are of each kind, those first that left something out."""
        return {what: self._counts[what] for what in What if self._counts[what]}

    def examples(self, what: What) -> tuple[Problem, ...]:
        """Return the first problems of a kind."""
        return tuple(self._examples.get(what, ()))

    def told(self) -> dict[str, int]:
        """Return how many there are of each kind, in the words of a summary, without places on this machine."""
        return {str(what): count for what, count in self.counts.items()}

    def as_json(self) -> dict[str, object]:
        """Return all that is known, by the kinds' stable names."""
        return {
            what.name.lower(): {
                "count": count,
                "left_out": what.left_out,
                "examples": [str(problem) for problem in self.examples(what)],
            }
            for what, count in self.counts.items()
        }

    def __str__(self) -> str:
        """A block of lines for an operator ("" where all is well): how much was left out or mended, and where first."""
        lines: list[str] = []
        for head, left_out in (("Left out of the logs:", True), ("Mended in the logs:", False)):
            kinds = {what: count for what, count in self.counts.items() if what.left_out is left_out}
            lines += [head] if kinds else []
            for what, count in kinds.items():
                lines.append(f"  {count:>7}  {what}")
                lines += [f"           {problem}" for problem in self.examples(what)]
                lines += ["           ..."] if count > EXAMPLES else []
        return "\n".join(lines)

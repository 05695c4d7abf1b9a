"""A sentence as the lock reads it: clauses, and in each what it is about, its figures and its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.lock.figures import Figure, figures
from bot.lock.marks import Mark, Marked, marks
from bot.lock.words import pairs, plain, stem
from retrieval.text import HAN

#: Where one statement ends and the next begins inside a sentence.
_BREAK = re.compile(
    r"[,;:()\[\]—–\n，。；：！？!?“”\"]|(?<=\s)-(?=\s)|(?<=[a-z0-9])\.(?=\s|$)"
    r"|\b(?:but|if|when|because|unless|whereas|although|though|otherwise|whether|which)\b"
    r"|\b(?:and|so|or|as)(?= (?:we|you|it|they|then|your|is|are|cannot|can|do|does|must|will|may|has|have|that is)\b)"
    r"|但是?|而(?!且)|否则|另外",
    re.IGNORECASE,
)
_WORD = re.compile(rf"(?P<han>[{HAN}]+)|(?P<latin>[^\W\d_{HAN}]+(?:['-][^\W\d_{HAN}]+)*)")



@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """A word that says what a clause is about, and where it stands in its sentence."""

    at: int
    text: str
    #: As it is written; in a Chinese text, or with a capital inside a sentence, it may be a name.
    written: str
    name: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """One statement of a sentence."""

    text: str
    terms: tuple[Term, ...]
    #: The texts of its terms.
    about: frozenset[str]
    figures: tuple[Figure, ...]
    marks: tuple[Marked, ...]
    kinds: frozenset[Mark]

    @property
    def negated(self) -> bool:
        """Whether it denies something; twice is as good as not at all, which nobody writes."""
        return Mark.NOT in self.kinds


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A sentence, read."""

    #: As the lock compares it.
    text: str
    clauses: tuple[Clause, ...]
    about: frozenset[str]
    names: frozenset[str]


def read(sentence: str) -> Reading:
    """Read ``sentence``."""
    text = plain(sentence)
    found = figures(text)
    covered = [(figure.start, figure.end) for figure in found]
    masked = text
    for start, end in covered:
        masked = masked[:start] + "\x1a" * (end - start) + masked[end:]
    marked = marks(masked)
    chinese = any(is_han_char(char) for char in text)
    terms = list(_terms(masked, marked, chinese=chinese))
    clauses = []
    for start, end in _cuts(masked):
        inside = tuple(term for term in terms if start <= term.at < end)
        here = tuple(mark for mark in marked if start <= mark.start < end)
        values = tuple(figure for figure in found if start <= figure.start < end)
        if inside or here or values:
            clauses.append(
                Clause(
                    text=text[start:end].strip(),
                    terms=inside,
                    about=frozenset(term.text for term in inside),
                    figures=values,
                    marks=here,
                    kinds=frozenset(mark.mark for mark in here),
                )
            )
    return Reading(
        text=text,
        clauses=tuple(clauses),
        about=frozenset(term.text for term in terms),
        names=frozenset(term.text for term in terms if term.name),
    )


def is_han_char(char: str) -> bool:
    """Whether ``char`` is a Chinese character of the common block."""
    return "\u4e00" <= char <= "\u9fff"


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BREAK.finditer(text):
        if match.start() > start:
            yield start, match.start()
        start = match.start()  # the word that opens a clause is a part of it
    if start < len(text):
        yield start, len(text)


def _terms(text: str, marked: list[Marked], *, chinese: bool) -> Iterator[Term]:
    blank = text
    for mark in marked:
        if mark.mark not in (Mark.IF,):
            blank = blank[: mark.start] + "\x1a" * (mark.end - mark.start) + blank[mark.end :]
    first = True
    for match in _WORD.finditer(blank):
        word = match[0]
        if match["han"]:
            for at, pair in pairs(word):
                yield Term(at=match.start() + at, text=pair, written=pair, name=False)
            first = False
            continue
        root = stem(word.lower())
        # "Ember", "CET", "iPhone"; in a Chinese sentence each Latin word is one. The first word has its capital anyway.
        capital = any(char.isupper() for char in (word[1:] if first else word))
        name = capital or (chinese and word.islower())
        first = False
        if root:
            yield Term(at=match.start(), text=root, written=word, name=name)

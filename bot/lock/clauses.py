"""A sentence as the lock reads it: clauses, and in each what it is about, its figures and its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from bot.lock.figures import Figure, figures
from bot.lock.lexicon import root
from bot.lock.marks import Mark, Marked, marks
from bot.lock.words import pairs, plain, stem
from retrieval.text import HAN

#: Where one statement ends and the next begins inside a sentence.
_BREAK = re.compile(
    r",(?! (?:the )?(?-i:[A-Z])[\w ]{0,12}(?:,| and | or ))|[;:()\[\]—–\n，。；：！？!?]|(?<=\s)-(?=\s)"
    r"|(?<=[a-z0-9])\.(?=\s|$)"
    r"|\b(?:but|if|when|because|since|unless|whereas|although|though|otherwise|whether|which)\b"
    r"|\b(?:once)(?= (?:we|you|it|they|the|your|that|has|have|is)\b)"
    r"|\b(?:and|so|or|as)(?= (?:we|you|it|they|then|your|is|are|cannot|can|do|does|must|will|may|has|have|that)\b)"
    r"|\b(?:and )?without\b"
    r"|但是?|而(?!且)|否则",
    re.IGNORECASE,
)
_WORD = re.compile(rf"(?P<han>[{HAN}]+)|(?P<latin>[^\W\d_{HAN}]+(?:['-][^\W\d_{HAN}]+)*)")


_RUN = re.compile(f"[{HAN}]+")
_TOKEN = re.compile(rf"[{HAN}]|[a-z]+(?:['-][a-z]+)*|\x1a+|\d", re.IGNORECASE)
#: What stands before "not" for its sake alone.
_DO = re.compile(r"\b(?:do|does|did) $", re.IGNORECASE)
_DIGITS = re.compile(r"\d[\d.,:/]*")
#: "Other services, such as Facebook, are not supported" is one statement.
_ASIDE = re.compile(r", such as\b[^,;.]*,?")
#: Where what stands without something is told, behind "without ...".
_SUBJECT = re.compile(r"(?<=\w) (?=(?:we|you|they|(?:the|your) \w+ (?:can|cannot|is|are|will))\b)", re.IGNORECASE)
#: Marks whose words say what a clause is about, too.
_SPOKEN = frozenset({Mark.IF, Mark.EARLIER, Mark.LATER})
#: How many characters may stand between what denies and what it denies: " any ".
_BEHIND = 5
#: What denies.
DENYING = frozenset({Mark.NOT, Mark.NEEDLESS, Mark.YET})


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
    #: Where that begins in its sentence.
    start: int
    terms: tuple[Term, ...]
    #: The texts of its terms.
    about: frozenset[str]
    figures: tuple[Figure, ...]
    marks: tuple[Marked, ...]
    kinds: frozenset[Mark]
    #: Its text without the words that deny.
    undenied: str
    #: Its words one by one, the Chinese ones by character, each figure a "#".
    tokens: tuple[str, ...]
    #: Its runs of Chinese, without figures.
    runs: tuple[str, ...]

    @property
    def negated(self) -> bool:
        """Whether it denies something."""
        return not self.kinds.isdisjoint({Mark.NOT, Mark.YET})

    @property
    def conditional(self) -> bool:
        """Whether it says on what condition another one holds."""
        return Mark.IF in self.kinds or self.text.lower().startswith(("without", "and without")) or "才" in self.text

    @property
    def denials(self) -> int:
        """How often it denies or excepts something."""
        return sum(mark.mark in DENYING or mark.mark is Mark.EXCEPT for mark in self.marks)

    @property
    def denied(self) -> frozenset[str]:
        """The word right behind each denial: what it denies, in short."""
        return frozenset(
            term.text
            for mark in self.marks
            if mark.mark in DENYING
            for term in self.terms
            if 0 <= term.at - mark.end <= _BEHIND
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A sentence, read."""

    #: As the lock compares it.
    text: str
    clauses: tuple[Clause, ...]
    about: frozenset[str]
    names: frozenset[str]
    #: Numbers that are part of no figure: they are spelled in a way that is read nowhere.
    unread: tuple[str, ...]


@lru_cache(maxsize=4096)
def read(sentence: str) -> Reading:
    """Read ``sentence``; sentences of passages, which come again with each question, are kept."""
    text = plain(sentence)
    found = figures(text)
    covered = [(figure.start, figure.end) for figure in found]
    masked = text
    for start, end in covered:
        masked = masked[:start] + "\x1a" * (end - start) + masked[end:]
    every = marks(masked)
    marked = [mark for mark in every if mark.mark is not Mark.NONE]
    signed = _without(
        masked, [m for m in marked if m.mark is Mark.FREE or (m.mark in DENYING and not m.text.isascii())], "\x1b"
    )
    plainly = _without(masked, [mark for mark in every if mark.mark in DENYING or mark.mark is Mark.NONE])
    chinese = any(is_han_char(char) for char in text)
    terms = list(_terms(masked, marked, chinese=chinese))
    clauses = []
    for start, end in _cuts(masked):
        inside = tuple(term for term in terms if start <= term.at < end)
        here = tuple(mark for mark in marked if start <= mark.start < end)
        values = tuple(_limited([figure for figure in found if start <= figure.start < end], here))
        if inside or here or values or text[start:end].strip(" ,.。"):
            clauses.append(
                Clause(
                    text=text[start:end].strip(),
                    start=start + len(text[start:end]) - len(text[start:end].lstrip()),
                    terms=inside,
                    about=frozenset(term.text for term in inside),
                    figures=values,
                    marks=here,
                    kinds=frozenset(mark.mark for mark in here),
                    undenied=_undenied(text, start, end, here),
                    tokens=tuple(_tokens(signed[start:end])),
                    runs=tuple(_RUN.findall(plainly[start:end])),
                )
            )
    return Reading(
        text=text,
        clauses=tuple(clauses),
        about=frozenset(term.text for term in terms),
        names=frozenset(term.text for term in terms if term.name),
        unread=tuple(_DIGITS.findall(masked)),
    )


def is_han_char(char: str) -> bool:
    """Whether ``char`` is a Chinese character of the common block."""
    return "\u4e00" <= char <= "\u9fff"


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    text = _ASIDE.sub(lambda match: match[0].replace(",", " "), text)
    places = [0, *(match.start() for match in _BREAK.finditer(text)), len(text)]
    for start, end in pairwise(places):  # the word that opens a clause is a part of it
        if text[start:end].lower().lstrip(" ,;").removeprefix("and ").startswith("without") and (
            subject := _SUBJECT.search(text, start, end)
        ):
            yield start, subject.start()
            start = subject.start()
        if start < end:
            yield start, end


def _undenied(text: str, start: int, end: int, here: tuple[Marked, ...]) -> str:
    kept = []
    for mark in here:
        if mark.mark in DENYING:
            kept.append(_DO.sub("", text[start : mark.start]))
            start = mark.end
    return "".join("".join((*kept, text[start:end])).lower().split()).strip(",.;:，。；：!?！？")


def _limited(found: list[Figure], here: tuple[Marked, ...]) -> Iterator[Figure]:
    """Give a figure that stands alone the limit its clause states at a distance: 最多可以保存20个."""
    kinds = {mark.mark for mark in here}
    limits = {name for name, mark in (("most", Mark.MOST), ("least", Mark.LEAST)) if mark in kinds}
    if Mark.ONLY in kinds and all(figure.kind == "number" for figure in found[:1]):
        limits.add("most")
    for figure in found:
        alone = figure is found[0] and limits and figure.low == figure.high and not figure.bounds & {"most", "least"}
        yield replace(figure, bounds=figure.bounds | limits) if alone else figure


def _tokens(text: str) -> Iterator[str]:
    for word in _TOKEN.findall(text.replace("annot", "an not")):
        yield root(word.lower()) if word.isascii() and word.isalpha() else "#" if word[0] == "\x1a" else word.lower()


def _without(text: str, marked: list[Marked], instead: str = "\x1a") -> str:
    for mark in marked:
        text = text[: mark.start] + instead * (mark.end - mark.start) + text[mark.end :]
    return text


def _terms(text: str, marked: list[Marked], *, chinese: bool) -> Iterator[Term]:
    blank = _without(text, [mark for mark in marked if mark.mark not in _SPOKEN])
    for match in _WORD.finditer(blank):
        word, first = match[0], not text[: match.start()].strip(' \n-*•·"“>#')
        if match["han"]:
            for at, pair in pairs(word):
                yield Term(at=match.start() + at, text=pair, written=pair, name=False)
            continue
        if word.endswith("s") and len(word) > 2 and word[:-1].isupper():  # "PDFs"
            word = word[:-1]
        root = stem(word.lower())
        # "Ember", "CET", "iPhone"; in a Chinese sentence each Latin word is one. The first word has its capital anyway.
        capital = any(char.isupper() for char in (word[1:] if first and not chinese else word))
        name = capital or (chinese and word.islower())
        if root:
            yield Term(at=match.start(), text=root, written=word, name=name)

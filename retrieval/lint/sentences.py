"""Two texts sentence by sentence: which sentence of one speaks of what which of the other does, and contradicts it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from retrieval.analysis import PARTICLES, STOP_WORDS
from retrieval.lint.addresses import links, mails
from retrieval.lint.stated import masked, values
from retrieval.lint.values import Value, compare
from retrieval.text import HAN, fold, written_out

#: Words, or Chinese characters, that two sentences must share to be about the same: "within <value>" alone is not.
_TELLING = 4

#: Words as alike as this, of 100, are one word with a slip in it.
_SLIP = 80

_END = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")
_WORD = re.compile(rf"[{HAN}]|(?:(?![{HAN}])[^\W\d_])+")

#: What turns a sentence into its opposite, and what answers a question with it.
_NOT = re.compile(r"\b(?:no|not|never|cannot|none|nor|without)\b|不|没有|没|无法|无|未|勿|否")

#: How an answer begins that says yes, and one that says no.
_YES = re.compile(r"(?:yes|sure|certainly|of course)\b|可以|能|是的|有[，。,]|支持|会[，。的]|需要|当然", re.IGNORECASE)
_NO = re.compile(r"(?:no|sorry|unfortunately)\b|不|没有|无法|无需|暂不|抱歉|很遗憾", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence, and what of it is compared."""

    text: str
    #: Its words, without values and what negates.
    subject: frozenset[str]
    values: tuple[Value, ...]
    #: How often it negates.
    negated: int


def sentences(text: str) -> list[Sentence]:
    """Cut ``text`` where sentences and lines end."""
    return [_read(part.strip()) for part in _END.split(text) if part and part.strip()]


def _read(text: str) -> Sentence:
    bare = text
    for address in (*links(text), *mails(text)):
        bare = bare.replace(address, " ")
    folded = fold(written_out(bare))
    return Sentence(
        text=text,
        subject=words(_NOT.sub(" ", folded)),
        values=tuple(values(bare)),
        negated=len(_NOT.findall(folded)),
    )


def words(text: str) -> frozenset[str]:
    """Return the words of ``text`` that say what it is about; in Chinese its characters. No values among them."""
    found = _WORD.findall(fold(written_out(masked(text))))
    return frozenset(word for word in found if word not in STOP_WORDS and word not in PARTICLES)


def apart(one: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that only one of both has, those that are a slip of each other left out."""
    left, right = one - other, other - one
    alike = [(a, b) for a in left for b in right if len(a) > 2 and fuzz.ratio(a, b) >= _SLIP]
    return left - {a for a, _ in alike}, right - {b for _, b in alike}


def conflicts(first: Sequence[Sentence], second: Sequence[Sentence]) -> Iterator[tuple[str, str]]:
    """Yield the sentences that speak of the same thing and say another value of it, or the opposite.

    Two sentences speak of the same where one has all words of the other, apart from values and from what negates.
    """
    for one in first:
        for other in second:
            if _same_subject(one.subject, other.subject) and (
                differs(one.values, other.values) or _opposite(one, other)
            ):
                yield one.text, other.text


def verdict(answer: str) -> bool | None:
    """Whether ``answer`` begins with a yes or a no; None where with neither."""
    return True if _YES.match(answer) else False if _NO.match(answer) else None


def _opposite(one: Sentence, other: Sentence) -> bool:
    """Whether one denies what the other says; what one says beside that may have a "not" of its own."""
    if one.subject == other.subject:
        return one.negated != other.negated
    return bool(one.negated) != bool(other.negated)


def differs(first: Sequence[Value], second: Sequence[Value]) -> bool:
    """Whether one states a value where the other states another one."""
    return bool(compare(first, second).instead)


def _same_subject(one: frozenset[str], other: frozenset[str]) -> bool:
    if len(one & other) < _TELLING:
        return False
    left, right = apart(one, other)
    return not (left and right) and 2 * len(left | right) <= len(one & other)

"""Words of a sentence that the evidence does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bot.lock.clauses import Clause, Reading, is_han_char
from bot.lock.evidence import STOPS, Evidence
from bot.lock.lexicon import PLAIN, TELLING
from bot.lock.objection import Code, Objection
from bot.lock.signs import no_numbers
from bot.lock.wording import HAN_KNOWN
from bot.lock.words import tagged

#: A clause may have one new word for so many that the evidence has.
_KNOWN_FOR_ONE = 3
#: Words with so many letters in common from the first on are of one family: "print" and "printout".
_FAMILY = 5
#: Parts of speech that are names.
_NAMES = frozenset({"ns", "nt", "nz", "nrt"})
#: A span from a number to the same: nobody writes it who has read of another one.
_SAME_ENDS = re.compile(r"(?<![\d.])(\d+) ?(?:to|-|–|~|至|到) ?\1(?![\d.])")
#: What is quoted: a label, a button, a code.
_QUOTED = re.compile(r"[“\"「]([^“”\"「」]{2,40})[”\"」]")
#: What stands in no sentence that is written for a customer.
_MARKUP = re.compile(r"[{}<>|\\=_^`]|(?<![\u4e00-\u9fff\d])~|(?<!\S)--?[a-z]|\$(?!\d)")


def objections(reading: Reading, stating: Sequence[Clause], evidence: Evidence) -> Iterator[Objection]:
    """Object to numbers, signs and facts that the evidence does not have, and to a clause with too many new words."""
    yield from _unread(reading, evidence)
    for clause in stating:
        for term in clause.terms:
            if term.text in TELLING and term.text not in evidence.terms:
                yield Objection(code=Code.SUBJECT, words=term.written)
        yield from _new(clause, evidence)


def _unread(reading: Reading, evidence: Evidence) -> Iterator[Objection]:
    """Object to what is no word: numbers, spans, signs and quotations that the evidence does not have."""
    for number in reading.unread:
        if number not in evidence.unread:
            yield Objection(code=Code.NUMBER, words=number)
    for number in no_numbers(reading.text, evidence.text):
        yield Objection(code=Code.NUMBER, words=number)
    for span in _SAME_ENDS.finditer(reading.text):
        if span[0] not in evidence.text:
            yield Objection(code=Code.NUMBER, words=span[0])
    for sign in _MARKUP.findall(reading.text):
        if sign not in evidence.text:
            yield Objection(code=Code.SUBJECT, words=sign)
    for quoted in _QUOTED.findall(reading.text):
        if quoted.strip(STOPS).lower() not in evidence.text.lower():
            yield Objection(code=Code.NAME, words=quoted)


def _new(clause: Clause, evidence: Evidence) -> Iterator[Objection]:
    known = 0
    new = []
    for word, is_new, name in _words(clause, evidence):
        known += not is_new
        if is_new:
            new.append(word)
            if name:
                yield Objection(code=Code.NAME, words=word)
    if len(new) * _KNOWN_FOR_ONE > known:
        yield Objection(code=Code.SUBJECT, words=" ".join(new))


def _words(clause: Clause, evidence: Evidence) -> Iterator[tuple[str, bool, bool]]:
    """Yield each word that tells something, whether it is new, and whether it can be nothing but a name."""
    for term in clause.terms:
        new = term.text not in evidence.terms and not _of_a_family(term.text, evidence)
        if not is_han_char(term.text[0]) and not (new and term.text in PLAIN):
            yield term.written, new, False
    for run in clause.runs:
        for (word, tag), (after, after_tag) in pairwise([*tagged(run), ("", " ")]):
            if len(word) == 1 and (tag[0] not in "nvaz" or word in HAN_KNOWN):
                continue
            if tag in _NAMES:
                strange = word not in evidence.text
            else:
                strange = any(char not in evidence.characters and char not in HAN_KNOWN for char in word)
            if strange and word not in PLAIN:  # right before a noun that is known it makes another thing of it
                compound = tag[0] == "n" and after_tag[0] == "n" and after[0] in evidence.characters
                yield word, True, compound or tag in _NAMES
            elif tag[0] in "nvabszlij" and any(char in evidence.characters for char in word):
                yield word, False, False


def _of_a_family(word: str, evidence: Evidence) -> bool:
    """Whether the evidence has a word with the same beginning."""
    return len(word) >= _FAMILY and word[:_FAMILY] in evidence.beginnings

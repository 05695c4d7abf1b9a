"""Whether the evidence denies or affirms a word, where it speaks of the same as a clause does."""

from __future__ import annotations

import re

from bot.lock.clauses import DENYING, Clause, is_han_char
from bot.lock.facing import Facing, other_time

#: How much the words of the clause itself count beside those of its whole sentence.
_CLAUSE = 0.2
#: How much it counts that the word stands right behind what denies.
_BESIDE = 0.15
#: How many characters behind a word that denies are denied, in English and in Chinese.
_REACH, _REACH_HAN = 40, 8


def votes(word: str, facing: Facing) -> tuple[float, float]:
    """Return how like the clause are those of the evidence that deny ``word``, and those that affirm it, at best."""
    denied = affirmed = 0.0
    evidence, about = facing.evidence, facing.clause.about
    for _, stated in facing.likeness:
        if not _places(word, stated.clause) or other_time(facing.clause, stated.clause):
            continue
        like = evidence.overlap(about, stated.sentence.about) + _CLAUSE * evidence.overlap(about, stated.clause.about)
        if denies(word, stated.clause):
            denied = max(denied, like + _BESIDE * (word in stated.clause.denied))
        else:
            affirmed = max(affirmed, like)
    return denied, affirmed


def denies(word: str, clause: Clause) -> bool:
    """Whether ``clause`` has ``word`` behind what denies."""
    reach = _REACH_HAN if is_han_char(word[0]) else _REACH
    ends = [mark.end for mark in clause.marks if mark.mark in DENYING]
    return any(0 <= at - end <= reach for end in ends for at in _places(word, clause))


def _places(word: str, clause: Clause) -> list[int]:
    """Return where ``word`` stands in its sentence; one of Chinese may be a part of a longer one."""
    if is_han_char(word[0]):
        return [clause.start + match.start() for match in re.finditer(word, clause.text)]
    return [term.at for term in clause.terms if term.text == word]

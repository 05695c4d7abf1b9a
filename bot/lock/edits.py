"""Clauses that quote the evidence but for a word: the word put in the place of another must not be another fact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from bot.lock.clauses import Clause, is_han_char
from bot.lock.facing import Facing
from bot.lock.lexicon import root
from bot.lock.objection import Code, Objection
from bot.lock.words import is_han_glue

#: From here on a clause quotes another one. The ratio is that of `difflib`: twice what both share, by what both have.
_QUOTES = 0.72
#: More words than these in the place of others are another way to say it, which the other checks look at.
_FEW = 3
#: So many characters of Chinese are a few.
_FEW_HAN = 4
#: The two clauses most like one are held against it.
_CLOSEST = 3
_TOKEN = re.compile(r"[\u4e00-\u9fff]|[a-z]+(?:['-][a-z]+)*|\d[\d.,:]*\d|\d|[^\s\w]", re.IGNORECASE)
#: Words that change nothing.
_LOOSE = frozenset(
    "a an the this that these those please just then also and or so will would can may do does did is are be been was "
    "were has have had it its they them there here for of to in on at by from with as if when once where which who "
    "what simply only even still already own any some all each every more very really directly right up out".split()
) | frozenset(",.;:!?\"'()“”，。；：！？、·-–—*")


def objections(facing: Facing) -> Iterator[Objection]:
    """Object to a word that stands where the evidence has another one."""
    mine = _tokens(facing.clause)
    closest = sorted(facing.likeness, key=lambda pair: -pair[0])[:_CLOSEST]
    found: list[Objection] = []
    for score, stated in closest:
        if score <= 0:
            break
        theirs = stated.clause.tokens
        matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
        if matcher.quick_ratio() < _QUOTES or matcher.ratio() < _QUOTES:
            continue
        put = [
            (mine[a:b], theirs[c:d])
            for tag, a, b, c, d in matcher.get_opcodes()
            if tag == "replace" and not _harmless(mine[a:b], theirs[c:d])
        ]
        if not put:
            return
        found = found or [
            Objection(code=Code.SUBJECT, words="".join(words) if is_han_char(words[0][0]) else " ".join(words))
            for words, _ in put
        ]
    yield from found
"""
"""

"""Who does it: what the evidence has us do, pay or own the text must not have the customer do, nor the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.lock.clauses import Clause, is_han_char
from bot.lock.facing import Facing
from bot.lock.objection import Code, Objection

#: Who may act, each with the words that name it.
_WE = re.compile(r"\b(?:we|us|our)\b|我们", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|your)\b|[您你]", re.IGNORECASE)
#: What may stand between who acts and what is done: "you will then only".
_BETWEEN = 14
#: So like, beside the most like, a clause counts.
_AS_LIKE = 0.7


def objections(facing: Facing) -> Iterator[Objection]:
    """Object where we do what in the evidence only the customer does, or the customer what only we do."""
    ours, yours = _deeds(facing.clause)
    if not ours and not yours:
        return
    like = [s.clause for score, s in facing.likeness if score > 0 and score >= _AS_LIKE * facing.top]
    theirs = [_deeds(clause) for clause in like]
    for mine, here, there in ((ours, 0, 1), (yours, 1, 0)):
        for deed in sorted(mine):
            if any(deed in deeds[there] for deeds in theirs) and not any(deed in deeds[here] for deeds in theirs):
                yield Objection(code=Code.SUBJECT, words=facing.clause.text)
                return


def _deeds(clause: Clause) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words right behind "we" or "our", and behind "you" or "your"."""
    return _behind(_WE, clause), _behind(_YOU, clause)


def _behind(who: re.Pattern[str], clause: Clause) -> frozenset[str]:
    found = set()
    for match in who.finditer(clause.text):
        at = clause.start + match.end()
        behind = [term for term in clause.terms if 0 <= term.at - at <= _BETWEEN]
        if behind:
            found.update(term.text for term in behind[: 3 if is_han_char(behind[0].text[0]) else 1])
    return frozenset(found)

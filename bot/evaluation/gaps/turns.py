"""Which replayed turns show a gap in the knowledge.

===============================================  ==============================================================
what happened                                    what it is
===============================================  ==============================================================
answered, offered or thanked rightly             no gap
greetings, thanks, "a person, please", orders    no gap: no entry would help; what a message leans on is read with it
of the settings (intents), an upset customer
the log names entries, all of them gone          gap (`Why.GONE`), whatever the bot said
the log names an entry that is there             held, if the reply was not right: a matter of tuning, counted apart
a person's answer, and a likely entry says it    held, if the reply was not right
a person's answer that no likely entry says      gap (`Why.UNSAID`), be it that the bot was wrong, asked in vain or
                                                 handed over
a person had to take it                          gap (`Why.TAKEN`), be it that the bot handed over or missed that
a person only asked back or put off, or nobody   gap (`Why.UNANSWERED`) where the bot found nothing; otherwise
answered                                         nobody knows
===============================================  ==============================================================
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bot.evaluation.dialogues import Reading
from bot.evaluation.judging import ALIKE_FROM, Verdict
from bot.evaluation.turns import ReplayedTurn
from bot.types import Action, Reason
from bot.understanding import small_talk, wants_person
from retrieval.text import HAN

#: What is well served.
_SERVED = frozenset({Verdict.RIGHT, Verdict.OFFERED, Verdict.SMALL_TALK})

#: Reasons to hand over that have nothing to do with what the knowledge holds.
_ELSEWHERE = frozenset(
    {Reason.ASKED_FOR_PERSON, Reason.FAILED, Reason.NO_WORDS, Reason.INTENT, Reason.UPSET, Reason.TOO_FAST}
)

#: Messages with fewer words say little without the one before; a Chinese character is half a word.
_ALONE = 6

_TOKEN = re.compile(r"<[a-z_]{2,12}>")
_WORD = re.compile(rf"[{HAN}]|[^\W\d_{HAN}]+")


class Why(StrEnum):
    """Why a turn shows a gap."""

    #: The log names entries that the knowledge does not have.
    GONE = "gone"
    #: A person answered what no likely entry says.
    UNSAID = "unsaid"
    #: A person had to take it.
    TAKEN = "taken"
    #: Nobody answered, and the bot found nothing.
    UNANSWERED = "unanswered"
    #: No gap: the knowledge has the answer, and the bot did not give it.
    HELD = "held"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tidy:
    """How messages are cleaned: without personal data, greetings and courtesies; "" where nothing is left."""

    #: Of what a customer wrote, and of what a person answered: what may be said to others too.
    question: Callable[[str], str] = str.strip
    answer: Callable[[str], str] = str.strip


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A turn that shows a gap."""

    turn: ReplayedTurn
    why: Why
    #: What the customer wrote, and the same with what it leans on.
    question: str
    asks: str
    #: What a person answered ("" where nobody did).
    answer: str

    @property
    def alone(self) -> bool:
        """Whether the question is understood without the one before."""
        return self.question == self.asks


@dataclass(kw_only=True)
class Found:
    """The gaps of a run."""

    gaps: list[Gap] = field(default_factory=list)
    #: Of all turns, and of those that the knowledge has an answer to and the bot did not give.
    turns: int = 0
    held: int = 0
    #: Gaps by what they are.
    kinds: Counter[Why] = field(default_factory=Counter)


def gaps_of(rows: Iterable[ReplayedTurn], holds: Callable[[str], bool], tidy: Tidy) -> Found:
    """Return the gaps among ``rows``, dialogue by dialogue; ``holds`` knows which entries are there."""
    found = Found()
    dialogue, context = "", ""
    for row in rows:
        found.turns += 1
        if row.dialogue != dialogue:
            dialogue, context = row.dialogue, ""
        question, pleasantry = tidy.question(row.text), small_talk(row.text)
        asks = _leaning(question, context)
        if pleasantry is None and _says(question):
            context = question
        # An order number alone has no words: it belongs to the question before it.
        if not asks or pleasantry not in (None, Reason.NO_WORDS) or wants_person(row.text):
            continue
        answer = tidy.answer(row.person) if row.person else ""
        why = _why(row, holds, answer)
        if why is Why.HELD:
            found.held += 1
        elif why is not None:
            found.kinds[why] += 1
            found.gaps.append(Gap(turn=row, why=why, question=question, asks=asks, answer=answer))
    return found


def _why(row: ReplayedTurn, holds: Callable[[str], bool], answer: str) -> Why | None:
    """Return what a turn shows; None for nothing."""
    if row.verdict in _SERVED or row.reason in _ELSEWHERE:
        return None
    named = {*row.answers, *row.accept}
    if named and not any(map(holds, named)):
        return Why.GONE
    if named:
        return None if row.verdict is Verdict.HANDED_OVER else Why.HELD
    if row.reading is Reading.TEXT and answer:
        return Why.HELD if max(row.alike.values(), default=0.0) >= ALIKE_FROM else Why.UNSAID
    if row.reading is not Reading.TEXT and Action.HAND_OFF in row.wanted:
        return Why.TAKEN
    unknown = row.action is Action.HAND_OFF and row.reason in (Reason.NOT_KNOWN, Reason.STILL_UNCLEAR)
    return Why.UNANSWERED if unknown and Action.SMALL_TALK not in row.wanted else None


def _leaning(question: str, context: str) -> str:
    """Return a question with the one before it where it says little alone; "" where there is nothing to ask."""
    if not _says(question):
        return f"{context} {question}".strip() if context and question else ""
    return f"{context} {question}" if context and _words(question) < _ALONE else question


def _says(question: str) -> bool:
    return _words(question) > 0


def _words(question: str) -> float:
    """Return how many words there are but for typed tokens such as ``<order>``."""
    words = _WORD.findall(_TOKEN.sub(" ", question))
    return sum(0.5 if len(word) == 1 and not word.isascii() else 1 for word in words)

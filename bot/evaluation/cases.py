"""What became of cases: a case is what a customer wants at a time.

A thread holds one after the other: what comes back after a night of quiet is a new one. The same code reads logged
dialogues, and the conversations of a running bot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.evaluation.confirming import confirms, wants_more
from bot.types import Action, Owner, Reason, Speaker, Turn
from bot.understanding import small_talk
from retrieval.text import detect_language

#: After so long without a word a customer has nothing more to say: a night. Who comes back on the next day comes back.
QUIET = timedelta(hours=12)

#: Who comes back within this time about the same matter was not helped. And so long does a case go on that was not
#: answered.
BACK = timedelta(days=7)

#: Who comes back on the next day comes back about the same, whatever entry it is about by then: "lost" has become
#: "marked as delivered". Later it is the same matter where an entry is the same, or none is known.
NEXT_DAY = timedelta(hours=36)


class CaseOutcome(StrEnum):
    """What became of a case."""

    #: The customer said that the answer helped.
    CONFIRMED = "confirmed"
    #: It was answered, and the customer said nothing more.
    ASSUMED = "assumed"
    #: It was answered, and the customer came back about the same matter.
    REOPENED = "reopened"
    #: A person took it.
    HANDED_OVER = "handed_over"
    #: The customer left without an answer: nobody came, or what was asked back was too much.
    ABANDONED = "abandoned"
    #: Not decided yet.
    OPEN = "open"


#: What counts as resolved by whoever answers first.
RESOLVED = frozenset({CaseOutcome.CONFIRMED, CaseOutcome.ASSUMED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """What was said in a thread, whatever it was about."""

    channel: str
    #: Oldest first.
    turns: Sequence[Turn]
    #: Who answers first: where that is the bot, a case is handed over where a person speaks. In a log of people alone
    #: it is they, and a case is handed over where one of them says so.
    first: Speaker = Speaker.BOT
    #: Who has the last case (None: only the turns tell), and where that case begins among the turns, where a store
    #: knows that one was resolved before it.
    owner: Owner | None = None
    begins: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A case, and what became of it."""

    channel: str
    #: In which the customer wrote.
    language: str
    began: datetime
    outcome: CaseOutcome
    #: Whether `BACK` has passed since the last word.
    old: bool

    @property
    def durable(self) -> bool | None:
        """Whether a resolved case stayed so for `BACK`; None where it is not old enough yet, False of all others."""
        return self.outcome in RESOLVED and (self.old or None)


class _State(StrEnum):
    """How a case stands after a turn."""

    #: The customer wrote last, and got nothing yet, or pleasantries alone.
    WAITS = "waits"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    #: Asked back, or promised a person.
    PENDING = "pending"


@dataclass(kw_only=True)
class _Part:
    """The turns of one case, as far as they were read."""

    first: Speaker
    began: datetime
    last: datetime
    state: _State = _State.WAITS
    #: Whether a person has it.
    taken: bool = False
    #: Whether there was an answer, and what the customer wrote last.
    answered: bool = False
    said: str = ""
    texts: list[str] = field(default_factory=list)
    #: Entries that were quoted or offered.
    entries: set[str] = field(default_factory=set)

    def add(self, turn: Turn) -> None:
        """Read the next turn."""
        self.last = max(self.last, turn.at)
        if turn.speaker is Speaker.CUSTOMER:
            self._customer(turn)
        elif turn.speaker is self.first:
            self._answerer(turn)
        elif turn.speaker is Speaker.AGENT:
            self.taken = True

    def _customer(self, turn: Turn) -> None:
        self.texts.append(turn.text)
        resolved, self.said = self.resolved, turn.text
        if resolved and confirms(turn.text):
            self.state = _State.CONFIRMED
        elif self.state is not _State.PENDING or not confirms(turn.text):  # an "ok" to "a person will answer"
            self.state = _State.WAITS

    def _answerer(self, turn: Turn) -> None:
        self.entries.update(citation.id for citation in turn.citations)
        action = turn.action or (Action.CLARIFY if turn.text.rstrip().endswith(("?", "？")) else Action.ANSWER)
        if action is Action.ANSWER:
            self.state, self.answered = _State.ANSWERED, True
        elif action is Action.SMALL_TALK:
            # Whoever is only polite in return has understood that nothing more was wanted.
            if self.state is _State.WAITS and self.answered and _may_end(self.said):
                self.state = _State.CONFIRMED
        else:
            self.state = _State.PENDING
            self.taken |= action is Action.HAND_OFF and self.first is Speaker.AGENT  # to a colleague

    @property
    def resolved(self) -> bool:
        """Whether nothing is left to say, as far as it goes by now."""
        if self.state in (_State.ANSWERED, _State.CONFIRMED):
            return True
        # Where a person had answered, and saw no need to say more. A bot has something to say to every message.
        person = self.first is Speaker.AGENT and self.state is _State.WAITS
        return person and self.answered and not wants_more(self.said)

    def ends_before(self, turn: Turn, quiet: timedelta) -> bool:
        """Whether a turn that comes now begins another case. Who only says thanks, be it days later, begins none."""
        if turn.speaker is not Speaker.CUSTOMER or confirms(turn.text):
            return False
        return turn.at - self.last >= (quiet if self.resolved else BACK)

    def came_back(self, later: _Part) -> bool:
        """Whether the customer came back with it in a later case."""
        after = later.began - self.last
        other = self.entries and later.entries and self.entries.isdisjoint(later.entries)
        return after < (NEXT_DAY if other else BACK)


def _may_end(text: str) -> bool:
    """Whether a message that was answered with a pleasantry may be the customer's last word."""
    kind = small_talk(text)
    if kind is None:
        return not text.rstrip().endswith(("?", "？"))
    return kind not in (Reason.GREETING, Reason.ASKED_IF_BOT) and not wants_more(text)


def cases_of(thread: Thread, now: datetime, *, quiet: timedelta = QUIET) -> list[Case]:
    """Return the cases of a thread, oldest first, each with what has become of it ``now``.

    After ``quiet`` without a word a case is decided. What nobody asked is none: a message that a customer was sent
    without having written.
    """
    parts = _parts(thread, quiet)
    if parts and thread.owner is Owner.HUMAN:
        parts[-1].taken = True
    out = []
    for place, part in enumerate(parts):
        later = parts[place + 1 :]
        over = bool(later) or thread.owner is Owner.CLOSED or now - part.last >= quiet
        out.append(
            Case(
                channel=thread.channel,
                language=detect_language("\n".join(part.texts)),
                began=part.began,
                outcome=_outcome(part, over=over, back=any(map(part.came_back, later))),
                old=now - part.last >= BACK,
            )
        )
    return out


def _parts(thread: Thread, quiet: timedelta) -> list[_Part]:
    parts: list[_Part] = []
    for place, turn in enumerate(thread.turns):
        new = not parts or parts[-1].ends_before(turn, quiet)
        if place == thread.begins and turn.speaker is Speaker.CUSTOMER and not confirms(turn.text):
            new = True
        if new and turn.speaker is Speaker.CUSTOMER:
            parts.append(_Part(first=thread.first, began=turn.at, last=turn.at))
        if parts:
            parts[-1].add(turn)
    return parts


def _outcome(part: _Part, *, over: bool, back: bool) -> CaseOutcome:
    if part.taken:
        return CaseOutcome.HANDED_OVER
    if part.resolved:
        if back:
            return CaseOutcome.REOPENED
        if part.state is _State.CONFIRMED:
            return CaseOutcome.CONFIRMED
        return CaseOutcome.ASSUMED if over else CaseOutcome.OPEN
    return CaseOutcome.ABANDONED if over else CaseOutcome.OPEN

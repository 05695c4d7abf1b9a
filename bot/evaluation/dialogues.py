"""Logged dialogues as they are replayed: what was said, and what would have been right to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile

from bot.responder import LONGEST
from bot.types import Action, Speaker, Turn


class Reading(StrEnum):
    """What a reply is held against."""

    #: The entries that somebody wrote beside the message.
    LABEL = "label"
    #: The entries that the person's answer says, by their ids.
    ANSWER_ID = "answer_id"
    #: What the person answered, by its meaning.
    TEXT = "text"
    #: What the person did: no entry is named, and none is needed.
    ACTION = "action"
    #: Nobody answered, or what the answer was cannot be told.
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What would have been right to say to a message."""

    reading: Reading
    #: What it would have been right to do: to answer, to hand over, to be polite.
    wanted: frozenset[Action] = frozenset()
    #: The entries that answer it, and those that would do as well.
    answers: frozenset[str] = frozenset()
    accept: frozenset[str] = frozenset()
    #: What the person said ("" where nobody did).
    text: str = ""
    #: Whether the customer wrote on before the person said anything, who may have answered that alone.
    goes_on: bool = False

    @classmethod
    def of_label(cls, answers: Iterable[str], accept: Iterable[str], action: str = "") -> Truth:
        """Return what a label says: where it names no entry, a person has to take the message."""
        answers, accept = frozenset(answers), frozenset(accept)
        if action == Action.SMALL_TALK:
            wanted = {Action.SMALL_TALK}
        else:
            wanted = {Action.ANSWER} if answers | accept else {Action.HAND_OFF}
            if action == Action.HAND_OFF:
                wanted.add(Action.HAND_OFF)
        return cls(reading=Reading.LABEL, wanted=frozenset(wanted), answers=answers, accept=accept)


#: Where nothing is known.
UNKNOWN = Truth(reading=Reading.NOTHING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """A logged dialogue."""

    #: Unique among those that are replayed together.
    id: str
    #: Where it was held ("" where the log does not tell).
    channel: str = ""
    #: Oldest first. An agent's turn has its action and the entries that it says where the log tells them.
    turns: tuple[Turn, ...]
    #: What was written beside messages, by the place of the turn. Where there is anything here, nothing else is asked.
    labels: Mapping[int, Truth] = field(default_factory=dict)
    #: How it ended, in the words of the log ("" where it does not tell).
    outcome: str = ""

    def asked(self) -> list[int]:
        """Return the places of the messages that are replayed: those with a label, or all that customers wrote."""
        places = (place for place, turn in enumerate(self.turns) if turn.speaker is Speaker.CUSTOMER)
        return [place for place in places if not self.labels or place in self.labels]

    def truth(self, place: int) -> Truth:
        """Return what would have been right to say to the message at ``place``."""
        after = self.turns[place + 1 :]
        truth = self.labels.get(place) or _done(after)
        goes_on = truth.reading not in (Reading.LABEL, Reading.NOTHING) and after[0].speaker is Speaker.CUSTOMER
        return replace(truth, goes_on=goes_on)


def _done(after: Sequence[Turn]) -> Truth:
    """Return what a person did about a message, by the turns after it.

    Several messages in a row were answered together. Who asked back first did what they did later.
    """
    text = ""
    for block in _blocks(after):
        said = [turn for turn in block if turn.speaker is Speaker.AGENT]
        if not said:  # a bot answered: what that was worth, nobody knows
            return UNKNOWN
        text = text or _joined(said)
        if not all(turn.action is Action.CLARIFY for turn in said):
            return _of(said, text)
    return UNKNOWN


def _of(said: Sequence[Turn], first: str) -> Truth:
    """Return what the turns of a person were; ``first`` is what was said first, be it only to ask back."""
    answered = [turn for turn in said if turn.action in (Action.ANSWER, None)]
    named = frozenset(citation.id for turn in answered for citation in turn.citations)
    handed = Action.HAND_OFF in {turn.action for turn in said}
    if not answered:
        wanted = frozenset({Action.HAND_OFF} if handed else {Action.SMALL_TALK})
        return Truth(reading=Reading.ACTION, wanted=wanted, text=first)
    wanted = frozenset({Action.ANSWER, Action.HAND_OFF} if handed else {Action.ANSWER})
    if named:
        return Truth(reading=Reading.ANSWER_ID, wanted=wanted, answers=named, text=_joined(answered))
    text = _joined(answered)
    return Truth(reading=Reading.TEXT, wanted=wanted, text=text) if text else UNKNOWN


def _blocks(turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    """Yield what was said to the customer between their messages."""
    place = 0
    while place < len(turns):
        if turns[place].speaker is Speaker.CUSTOMER:
            place += 1
            continue
        block = list(takewhile(lambda turn: turn.speaker is not Speaker.CUSTOMER, turns[place:]))
        yield block
        place += len(block)


def _joined(turns: Sequence[Turn]) -> str:
    """Return what they say, of a file that somebody pasted the beginning."""
    return "\n".join(text for turn in turns if (text := turn.text.strip()))[:LONGEST]

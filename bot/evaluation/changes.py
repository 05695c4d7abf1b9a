"""What changed about one turn from a run to the next: one word for each, and which entries took it from which."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.evaluation.dialogues import Reading
from bot.evaluation.judging import ALIKE_FROM, GOOD, HARMFUL, Verdict
from bot.evaluation.turns import ReplayedTurn
from bot.types import Action


class Change(StrEnum):
    """What became of a turn: exactly one of these. "Newly" means now, and not before."""

    #: What was sent does harm.
    NEWLY_WRONG = "newly_wrong"
    #: The bot handed over what the knowledge has.
    NEWLY_HANDED_OVER = "newly_handed_over"
    #: It asked back without what is right among the choices.
    NEWLY_ASKED_IN_VAIN = "newly_asked_in_vain"
    #: The customer is well served.
    NEWLY_RIGHT = "newly_right"
    #: As good or bad as before, by another action or with other entries.
    OTHERWISE = "otherwise"
    #: As good or bad as before, by the same action and entries in other words: an answer was edited, say.
    REWORDED = "reworded"
    #: The reply is another one, and what one of the two is worth is not known.
    UNJUDGED = "unjudged"
    #: The reply is the same.
    SAME = "same"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a run said to a message."""

    verdict: Verdict
    action: Action
    #: Entries that it states as an answer, and those that it only offers.
    quoted: tuple[str, ...]
    offered: tuple[str, ...]
    reply: str

    @property
    def good(self) -> bool:
        """Whether the customer is well served."""
        return self.verdict in GOOD

    @property
    def harmful(self) -> bool:
        """Whether what was sent does harm."""
        return self.verdict in HARMFUL


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a comparison keeps of a turn: a row without its candidates, and with texts that many share kept once."""

    said: Said
    #: A hash of the message and of what is right: where it differs, nothing can be compared.
    asked: bytes
    #: Whether nothing but the meaning of a person's answer tells if the bot had to hand over.
    by_meaning: bool
    #: Whether one of its candidates means what the person said.
    knew: bool
    language: str
    topic: str
    channel: str

    @classmethod
    def of(cls, turn: ReplayedTurn) -> Seen:
        """Return it of a row."""
        truth = (turn.text, turn.reading, turn.wanted, turn.answers, turn.accept, turn.person)
        return cls(
            said=Said(
                verdict=turn.verdict,
                action=turn.action,
                quoted=turn.quoted,
                offered=turn.offered,
                reply=sys.intern(turn.reply),
            ),
            asked=hashlib.blake2b(json.dumps(truth).encode(), digest_size=16).digest(),
            by_meaning=turn.reading is Reading.TEXT and Action.HAND_OFF not in turn.wanted,
            knew=any(chance >= ALIKE_FROM for chance in turn.alike.values()),
            language=sys.intern(turn.language),
            topic=sys.intern(turn.topic),
            channel=sys.intern(turn.channel),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A turn to which two runs say different things."""

    #: As `ReplayedTurn.id` names it.
    id: str
    change: Change
    #: As the run before had them.
    language: str
    topic: str
    channel: str
    #: What the customer wrote.
    text: str
    #: The entries that answer it, where they are known.
    answers: tuple[str, ...]
    before: Said
    after: Said


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Where turns that quoted an entry went to, or came from."""

    #: The entry that is quoted there ("" where none is).
    entry: str
    action: Action
    turns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What changed for an entry."""

    id: str
    #: Turns to which it is an answer now and was not, and the other way round.
    gained: int
    lost: int
    #: Turns to which it is said as before, in other words.
    reworded: int
    #: From where it gained, and whom it lost to, the most turns first.
    gained_from: tuple[Moved, ...]
    lost_to: tuple[Moved, ...]


def settled(before: Seen, after: Seen) -> tuple[Said, Said]:
    """Return what both said, each judged by what both knew.

    A run whose knowledge lost an entry finds that nothing says what the person said, and calls its hand-over needed.
    The other run knows better, and so here both do.
    """
    return (before.said, after.said) if not (before.knew or after.knew) else (_settled(before), _settled(after))


def _settled(seen: Seen) -> Said:
    if seen.by_meaning and seen.said.verdict is Verdict.HANDED_OVER:
        return replace(seen.said, verdict=Verdict.UNNECESSARY_HAND_OVER)
    return seen.said


def change_of(before: Said, after: Said) -> Change:
    """Return what became of a turn."""
    if Verdict.UNJUDGED in (before.verdict, after.verdict):
        return Change.SAME if _words(before) == _words(after) else Change.UNJUDGED
    if _worth(before) is not _worth(after):
        return _worth(after)
    if _words(before) == _words(after):
        return Change.SAME
    return Change.REWORDED if _deed(before) == _deed(after) else Change.OTHERWISE


def _worth(said: Said) -> Change:
    """Return what a turn newly is, if it was something else before."""
    if said.good:
        return Change.NEWLY_RIGHT
    if said.harmful:
        return Change.NEWLY_WRONG
    if said.verdict is Verdict.ASKED_IN_VAIN:
        return Change.NEWLY_ASKED_IN_VAIN
    return Change.NEWLY_HANDED_OVER


def _deed(said: Said) -> tuple[Action, tuple[str, ...], tuple[str, ...]]:
    return said.action, said.quoted, said.offered


def _words(said: Said) -> tuple[object, ...]:
    return *_deed(said), said.reply


def entries(changed: Iterable[Changed]) -> tuple[Entry, ...]:
    """Return what changed for each entry: those of which most turns changed first."""
    gained: defaultdict[str, Counter[tuple[str, Action]]] = defaultdict(Counter)
    lost: defaultdict[str, Counter[tuple[str, Action]]] = defaultdict(Counter)
    turns = {"gained": Counter[str](), "lost": Counter[str](), "reworded": Counter[str]()}
    for each in changed:
        before, after = each.before, each.after
        if _deed(before) == _deed(after) and before.reply != after.reply:
            turns["reworded"].update({*after.quoted, *after.offered})
        new, old = sorted({*after.quoted} - {*before.quoted}), sorted({*before.quoted} - {*after.quoted})
        turns["gained"].update(new)
        turns["lost"].update(old)
        for entry in new:
            gained[entry].update((other, before.action) for other in old or ("",))
        for entry in old:
            lost[entry].update((other, after.action) for other in new or ("",))
    found = (
        Entry(
            id=id_,
            **{name: count[id_] for name, count in turns.items()},
            gained_from=_moved(gained[id_]),
            lost_to=_moved(lost[id_]),
        )
        for id_ in sorted({id_ for count in turns.values() for id_ in count})
    )
    return tuple(sorted(found, key=lambda entry: -(entry.gained + entry.lost + entry.reworded)))


def _moved(counts: Counter[tuple[str, Action]]) -> tuple[Moved, ...]:
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return tuple(Moved(entry=entry, action=action, turns=turns) for (entry, action), turns in rows)

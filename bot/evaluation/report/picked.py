"""The turns of a run that a report shows one by one: those that went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.evaluation.dialogues import Reading
from bot.evaluation.judging import ALIKE_FROM, Verdict
from bot.evaluation.turns import ReplayedTurn

#: Turns that a page shows at most: with more, phones no longer open it.
MOST = 5000


@dataclass(kw_only=True, slots=True)
class Picked:
    """What did harm, and what was handed over needlessly, in the order of the run."""

    harmful: list[ReplayedTurn] = field(default_factory=list)
    needless: list[ReplayedTurn] = field(default_factory=list)
    #: How many there are, also beyond what is kept.
    found: int = 0

    def take(self, turn: ReplayedTurn) -> None:
        """Keep ``turn`` if it is to be shown."""
        if turn.harmful:
            kept = self.harmful
        elif turn.verdict is Verdict.UNNECESSARY_HAND_OVER:
            kept = self.needless
        else:
            return
        self.found += 1
        if len(kept) < MOST:
            kept.append(turn)

    def shown(self) -> list[ReplayedTurn]:
        """Return them, the harmful ones first, `MOST` at most."""
        return [*self.harmful, *self.needless][:MOST]


def right_of(turn: ReplayedTurn) -> frozenset[str]:
    """Return the entries that were taken for right in judging ``turn``."""
    if turn.reading is Reading.TEXT:
        return frozenset(id_ for id_, chance in turn.alike.items() if chance >= ALIKE_FROM)
    return frozenset({*turn.answers, *turn.accept})

"""The ledger of cases: every case stands in it once, so that the parts always sum to the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bot.evaluation.cases import RESOLVED, Case, CaseOutcome, Thread, cases_of
from bot.evaluation.dialogues import Dialogue
from bot.evaluation.measures.intervals import Estimate, wilson
from bot.types import Speaker


@dataclass(kw_only=True)
class Ledger:
    """How many cases there are of each kind."""

    #: By channel, language, outcome, and whether they are old enough to tell whether they lasted.
    counts: Counter[tuple[str, str, CaseOutcome, bool]] = field(default_factory=Counter)

    def add(self, case: Case) -> None:
        """Enter a case."""
        self.counts[case.channel, case.language, case.outcome, case.old] += 1

    def of(self, *, channel: str | None = None, language: str | None = None) -> Ledger:
        """Return the part of it that has this channel, or this language."""
        mine = {
            key: count for key, count in self.counts.items() if channel in (None, key[0]) and language in (None, key[1])
        }
        return Ledger(counts=Counter(mine))

    def channels(self) -> list[str]:
        """Return the channels that have cases."""
        return sorted({channel for channel, _, _, _ in self.counts})

    def languages(self) -> list[str]:
        """Return the languages that have cases."""
        return sorted({language for _, language, _, _ in self.counts})

    def count(self, *outcomes: CaseOutcome, old: bool | None = None) -> int:
        """Return how many cases have one of these outcomes, or all; with ``old``, of those that are, or are not."""
        wanted = outcomes or tuple(CaseOutcome)
        some = ((outcome, is_old, n) for (_, _, outcome, is_old), n in self.counts.items())
        return sum(n for outcome, is_old, n in some if outcome in wanted and old in (None, is_old))

    def shares(self) -> dict[CaseOutcome, Estimate]:
        """Return the share of each outcome in all cases, with Wilson's interval, which takes them for independent."""
        return {outcome: wilson(self.count(outcome), self.count()) for outcome in CaseOutcome}

    def lasted(self) -> Estimate:
        """Return how many of the answered cases that are old enough have lasted, of those and the reopened ones."""
        durable = self.count(*RESOLVED, old=True)
        return wilson(durable, durable + self.count(CaseOutcome.REOPENED, old=True))

    def as_json(self) -> dict[str, Any]:
        """Return counts and shares, ready for JSON."""
        outcomes = {
            outcome.value: {"n": self.count(outcome), "share": asdict(share)}
            for outcome, share in self.shares().items()
        }
        return {
            "cases": self.count(),
            "outcomes": outcomes,
            "lasted": asdict(self.lasted()),
            "too_young": self.too_young(),
        }

    def too_young(self) -> int:
        """Return how many resolved cases may still be reopened."""
        return self.count(*RESOLVED, old=False)


def ledger_of(dialogues: Iterable[Dialogue], *, now: datetime) -> Ledger:
    """Return the ledger of logged dialogues as they were held, by ``now``: the end of the log, say.

    Where no bot speaks in a dialogue, the people in it are those who answer first.
    """
    ledger = Ledger()
    for dialogue in dialogues:
        bot = any(turn.speaker is Speaker.BOT for turn in dialogue.turns)
        thread = Thread(channel=dialogue.channel, turns=dialogue.turns, first=Speaker.BOT if bot else Speaker.AGENT)
        for case in cases_of(thread, now):
            ledger.add(case)
    return ledger

"""What drafts are worth, before anybody adds them: cross-fitted, since a draft finds the turns it was made of.

The dialogues are divided into parts. The turns of a part are asked of the knowledge with drafts that were made from the
other parts alone, so each turn is new to the drafts it meets, as those of next week will be (Stone 1974).
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.evaluation.dialogues import Dialogue
from bot.evaluation.gaps.clusters import Cluster
from bot.evaluation.gaps.drafts import Draft, drafts_of, stands_for
from bot.evaluation.gaps.turns import Gap
from bot.evaluation.judging import ALIKE_FROM, HARMFUL, Alike, Verdict
from bot.evaluation.replay import replay
from bot.evaluation.turns import ReplayedTurn
from bot.ports import Responder
from bot.types import Citation

#: Parts. The more, the more of the gaps a draft is made of while it is tried, as it will be when it is added: all but
#: one of 25. Each part costs an index, and the logs are read once for it.
FOLDS = 25

#: The customer is told the answer, or offered it.
FOUND = frozenset({Verdict.RIGHT, Verdict.OFFERED})


@dataclass(kw_only=True)
class Expected:
    """What drafts change."""

    turns: int = 0
    #: Turns to which the bot says the answer, or offers it; and those to which it sends what does harm.
    found_before: int = 0
    found_after: int = 0
    harmful_before: int = 0
    harmful_after: int = 0
    #: By draft: turns that found nothing before it, and those that found their answer and do not any more.
    gained: Counter[str] = field(default_factory=Counter)
    stolen: Counter[str] = field(default_factory=Counter)

    @property
    def gain(self) -> float:
        """How many more of a hundred turns find their answer; those that lose it are taken off."""
        return 100 * (self.found_after - self.found_before) / self.turns if self.turns else 0.0

    def add(self, before: Verdict, after: ReplayedTurn, drafts: Mapping[str, str]) -> None:
        """Count a turn; ``drafts`` has by the drafts it was asked with what they are counted as ("" for nothing)."""
        self.turns += 1
        was, now = before in FOUND, after.verdict in FOUND
        self.found_before += was
        self.found_after += now
        self.harmful_before += before in HARMFUL
        self.harmful_after += after.harmful
        if was == now:
            return
        shown = {*after.quoted, *after.offered}
        if now:
            self.gained.update({drafts[id_] for id_ in shown & set(drafts) & _right(after)} - {""})
        else:
            self.stolen.update({drafts[id_] for id_ in shown & set(drafts)} - {""})


def _right(turn: ReplayedTurn) -> set[str]:
    """Return the entries that answer a turn."""
    return {*turn.answers, *turn.accept, *(id_ for id_, chance in turn.alike.items() if chance >= ALIKE_FROM)}


async def expected(
    dialogues: Callable[[], Iterable[Dialogue]],
    before: Mapping[str, Verdict],
    clusters: Sequence[Cluster],
    *,
    cluster: Callable[[Sequence[Gap]], Sequence[Cluster]],
    responder: Callable[[Sequence[Draft]], Responder],
    alike: Alike,
    as_of: datetime | None = None,
    done: Callable[[int, int], None] = lambda done, total: None,
) -> Expected:
    """Return what the drafts of ``clusters`` are expected to change.

    ``dialogues`` begins anew at each call; ``before`` has what they were worth, by turn; ``cluster`` makes clusters
    of some of the gaps, and ``responder`` a bot that knows drafts too. ``done`` is told how many turns were
    asked, of how many.
    """
    out = Expected()
    final = {gap.turn.id: drafts[0].id for each in clusters if (drafts := drafts_of(each)) for gap in each.gaps}
    gaps = [gap for each in clusters for gap in each.gaps]
    for fold in range(FOLDS):
        others = cluster([gap for gap in gaps if part_of(gap.turn.dialogue) != fold])
        names = {drafts[0].id: _most(each, final) for each in others if (drafts := drafts_of(each))}
        mine = (dialogue for dialogue in dialogues() if part_of(dialogue.id) == fold)
        async for turn in asked(mine, others, responder, alike, as_of):
            out.add(before[turn.id], turn, names)
            done(out.turns, len(before))
    return out


async def asked(
    dialogues: Iterable[Dialogue],
    clusters: Sequence[Cluster],
    responder: Callable[[Sequence[Draft]], Responder],
    alike: Alike,
    as_of: datetime | None,
) -> AsyncIterator[ReplayedTurn]:
    """Yield the turns of ``dialogues`` after a replay with the drafts of ``clusters``."""
    drafted = [(each, drafts) for each in clusters if (drafts := drafts_of(each))]
    stand = {id_: drafts[0].id for each, drafts in drafted for id_ in stands_for(each)}
    named = (_naming(dialogue, stand) for dialogue in dialogues)
    bot = responder([draft for _, drafts in drafted for draft in drafts])
    async for replayed in replay(named, bot, alike, as_of=as_of):
        for turn in replayed.turns:
            yield turn


def part_of(dialogue: str) -> int:
    """Return the part of a dialogue: all its turns are in one."""
    return zlib.crc32(dialogue.encode()) % FOLDS


def _most(cluster: Cluster, final: Mapping[str, str]) -> str:
    """Return the draft of most turns of a cluster ("" where most have none)."""
    counts = Counter(final.get(gap.turn.id, "") for gap in cluster.gaps)
    return min(counts, key=lambda id_: (-counts[id_], id_))


def _naming(dialogue: Dialogue, stand: Mapping[str, str]) -> Dialogue:
    """Return a dialogue in which the drafts are right where the entries are named that they stand for."""
    if not stand:
        return dialogue
    labels = {
        place: replace(truth, accept=truth.accept | {stand[id_] for id_ in truth.answers if id_ in stand})
        for place, truth in dialogue.labels.items()
    }
    turns = []
    for turn in dialogue.turns:
        more = [Citation(id=stand[c.id], question="", source="") for c in turn.citations if c.id in stand]
        turns.append(replace(turn, citations=(*turn.citations, *more)) if more else turn)
    return replace(dialogue, turns=tuple(turns), labels=labels)

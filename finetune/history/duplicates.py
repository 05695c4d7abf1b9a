"""Near-duplicate questions become one pair: the first one, with the answer that was given most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from finetune.history.near import NearIndex
from finetune.history.pairs import Pair
from finetune.logs.records import NEVER


def merged(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs, the oldest first, with one for each question however it was put.

    Where agents answered it differently, the answer given most often is taken; of equally frequent ones the newest,
    since rules change. The wording is always that of the first question: no two of those are nearly the same.
    """
    index = NearIndex()
    groups: dict[int, list[Pair]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda pair: pair.at or NEVER):
        groups[index.add(pair.question)[0]].append(pair)
    return [_one(group) for group in groups.values()]


def _one(group: Sequence[Pair]) -> Pair:
    if len(group) == 1:
        return group[0]
    counts = Counter(pair.answer for pair in group)
    chosen = max(enumerate(group), key=lambda numbered: (counts[numbered[1].answer], numbered[0]))[1]
    intents = Counter(pair.intent for pair in group if pair.answer == chosen.answer and pair.intent)
    intent = intents.most_common(1)[0][0] if intents else ""
    return replace(group[0], answer=chosen.answer, intent=intent)

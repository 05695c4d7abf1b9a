"""Which entry of the knowledge the answer of each pair says: from it, a language model learns to answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from bot.evaluation.likeness import Likeness
from retrieval.index import KnowledgeIndex
from retrieval.types import Passage, Query

if TYPE_CHECKING:
    from finetune.history import History, Pair

#: Entries that are compared with an answer: the nearest to the question, and as many to the answer itself.
_NEAREST = 5

#: Pairs that are looked up together.
_ROWS = 64

#: From this chance on an entry says what a person answered.
_SAYS = 0.5


def sourced(
    history: History, index: KnowledgeIndex, alike: Likeness, day: date, progress: Callable[[str, int, int], None]
) -> History:
    """Return ``history`` with the entry that says it beside each answer that an entry says, in the same language.

    The entry that the log names counts; without one it is the likeliest of those that retrieval finds on ``day``.
    """
    done = 0
    parts: dict[str, Sequence[Pair]] = {}
    for part, pairs in history.parts.items():
        found: list[Pair] = []
        for start in range(0, len(pairs), _ROWS):
            progress("Looking up passages", done + start, history.kept)
            found += _with_passages(pairs[start : start + _ROWS], index, alike, day)
        done += len(pairs)
        parts[part] = found
    return replace(history, parts=parts)


def _with_passages(pairs: Sequence[Pair], index: KnowledgeIndex, alike: Likeness, day: date) -> list[Pair]:
    near = index.search(
        [Query(text=text) for pair in pairs for text in (pair.question, pair.answer)], _NEAREST, day=day
    )
    out = []
    for number, pair in enumerate(pairs):
        named = index.passage(pair.intent, pair.language) if pair.intent else None
        hits = [hit.passage for side in near[2 * number : 2 * number + 2] for hit in side]
        # The bot writes from entries in the customer's language only.
        some = {p.id: p for p in ([named] if named else hits) if p.language == pair.language}
        best = named if named and some else _best(list(some.values()), pair.answer, alike)
        out.append(replace(pair, passages=(best,)) if best else pair)
    return out


def _best(passages: Sequence[Passage], answer: str, alike: Likeness) -> Passage | None:
    chances = alike.chances([(passage.answer, answer) for passage in passages])
    chance, place = max(zip(chances, range(len(passages)), strict=True), default=(0.0, 0))
    return passages[place] if chance >= _SAYS else None

"""Whether customers come to an entry: its own phrasings are searched, as a customer's would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from retrieval.index import KnowledgeIndex
from retrieval.lint.finding import Finding, found, quoted
from retrieval.lint.nearness import Neighbourhood
from retrieval.types import Passage, Query

#: A customer is offered so many entries at most.
OFFERED = 3

#: From this share of phrasings that find another entry first on, an entry is shadowed.
SHADOWED = 0.5

_BATCH = 64


@dataclass
class _Phrased:
    """A passage, and what its phrasings find."""

    passage: Passage
    #: The question first.
    phrasings: tuple[str, ...]
    #: Those that do not find it for certain.
    doubtful: tuple[str, ...]
    #: What those find that find another entry first.
    lost: dict[str, list[str]] = field(default_factory=dict)


def check_reach(
    passages: Sequence[Passage],
    index: KnowledgeIndex,
    around: Neighbourhood,
    *,
    day: date,
    told: Collection[frozenset[str]],
    progress: Callable[[int], None],
) -> Iterator[Finding]:
    """Yield the entries that their own phrasings do not find, or find behind another one.

    ``told`` are the pairs of ids of which it is known that they are in each other's way; ``progress`` is told how many
    passages are done.
    """
    for begin in range(0, len(passages), _BATCH):
        some = [_phrased(passage, around) for passage in passages[begin : begin + _BATCH]]
        some = [each for each in some if each.phrasings and each.passage.valid_on(day) and not each.passage.audience]
        _search([(each, each.phrasings[0]) for each in some if each.phrasings[0] in each.doubtful], index, day)
        _search([(each, text) for each in some for text in _undecided(each)], index, day)
        for each in some:
            yield from _judged(each, index, told)
        progress(len(passages[begin : begin + _BATCH]))


def _undecided(each: _Phrased) -> list[str]:
    """Return the other phrasings in doubt, where what they find can still make a difference."""
    others = [text for text in each.doubtful if text != each.phrasings[0]]
    return others if each.lost or len(others) >= SHADOWED * len(each.phrasings) else []


def _search(asked: Sequence[tuple[_Phrased, str]], index: KnowledgeIndex, day: date) -> None:
    hits_of = index.search([Query(text=text) for _, text in asked], OFFERED, day=day)
    for (each, text), hits in zip(asked, hits_of, strict=True):
        entries = [hit.passage.id for hit in hits]
        if entries and entries[0] != each.passage.id:
            each.lost[text] = entries


def _phrased(passage: Passage, around: Neighbourhood) -> _Phrased:
    phrasings = tuple(dict.fromkeys(filter(None, (passage.question, *passage.alternatives))))
    doubtful = tuple(text for text in phrasings if (passage.key, text) not in around.safe)
    return _Phrased(passage=passage, phrasings=phrasings, doubtful=doubtful)


def _judged(each: _Phrased, index: KnowledgeIndex, told: Collection[frozenset[str]]) -> Iterator[Finding]:
    passage, lost = each.passage, each.lost
    winners = Counter(entries[0] for entries in lost.values())
    if not winners or any(frozenset((passage.id, winner)) in told for winner in winners):
        return
    winner = winners.most_common(1)[0][0]
    other = index.passage(winner, passage.language)
    if len(lost) == len(each.phrasings) and not any(passage.id in entries for entries in lost.values()):
        message = f"None of its phrasings finds it among the first {OFFERED}: add some as customers would ask."
        yield found("K204", passage, message, other)
    elif each.phrasings[0] in lost or len(lost) >= SHADOWED * len(each.phrasings):
        text = next(text for text, entries in lost.items() if entries[0] == winner)
        message = f"{quoted(text)} finds {winner!r} first: word it as only this entry is asked for."
        yield found("K203", passage, message, other)

"""By how much a run is better or worse than the one before, in whole and in slices, and whether that may be chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bot.evaluation.changes import Change, Said
from bot.evaluation.judging import Verdict
from bot.evaluation.measures.arrays import Bools
from bot.evaluation.measures.intervals import Estimate, quotient
from bot.evaluation.measures.paired import difference_of_ratios, holm, mcnemar
from bot.types import Action

#: A slice is worse where the chance that it is not is below this, corrected for the number of slices looked at.
RISK = 0.05

#: With fewer conversations that became better or worse no chance is below `RISK`, all of them worse or not: it is two
#: in 2^n at least. Leaving out tests that can show nothing before the others are corrected: Tarone 1990, A modified
#: Bonferroni method for discrete data (Biometrics 46).
FEWEST = 6

#: What slices are by, in their order.
KINDS = ("language", "topic", "channel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """What two runs said to a message, as far as figures need it."""

    #: The conversation it is of.
    dialogue: str
    #: Its value of each of `KINDS`, as the run before had them.
    slices: tuple[str, str, str]
    change: Change
    before: Said
    after: Said


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A share before and after; None where there is nothing to measure."""

    before: float | None
    after: float | None
    #: After less before, with its interval by conversation.
    difference: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """How many turns are good, or harmful, that were not, and whether that may be chance."""

    #: Turns that are so now and were not, and the other way round.
    gained: int
    lost: int
    #: Conversations with more such turns, or with fewer.
    conversations: int
    #: Of a split at least as uneven where neither run is better: McNemar's exact test, by conversation.
    p: float
    #: The same for the number of slices looked at (Holm 1979); None for all turns, and where too little changed.
    corrected: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """What changed in all turns, or in those of a language, a topic or a channel."""

    #: One of `KINDS`, and the value ("" and "" for all turns).
    kind: str
    name: str
    turns: int
    #: Turns of which both replies could be judged.
    judged: int
    changes: Mapping[Change, int]
    #: Shares, by name: of the judged turns, those well served and those that do harm; of the judged answers that were
    #: sent, those that do harm; of all turns, those answered with an entry and those handed over.
    figures: Mapping[str, Figure]
    good: Shift
    harmful: Shift

    def worse(self, margin: float) -> bool:
        """Whether fewer turns are good, or more are harmful, by more than ``margin``, a share of the judged ones.

        In a slice that counts only where it is not chance: of many slices some are always a little worse.
        """
        return _beyond(self.good.lost - self.good.gained, self.judged, margin, self.good, self.kind) or _beyond(
            self.harmful.gained - self.harmful.lost, self.judged, margin, self.harmful, self.kind
        )


def _beyond(net: int, judged: int, margin: float, shift: Shift, kind: str) -> bool:
    sure = not kind or (shift.corrected is not None and shift.corrected < RISK)
    return net > 0 and net / judged > margin and sure


def slices_of(pairs: Sequence[Pair]) -> tuple[Slice, ...]:
    """Return all turns, and then each slice in which something changed."""
    flags = _flags(pairs)
    whole = np.arange(len(pairs))
    found = [_slice("", "", pairs, flags, whole)]
    for place, kind in enumerate(KINDS):
        for name, mine in _divided([pair.slices[place] for pair in pairs]):
            if any(pairs[number].change is not Change.SAME for number in mine):
                found.append(_slice(kind, name, pairs, flags, mine))
    return _corrected(found)


def _divided(names: Sequence[str]) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Yield each name with its places; nothing where all have the same one, and so are the whole."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    for name in sorted(places) if len(places) > 1 else ():
        yield name, np.array(places[name])


def _corrected(slices: Sequence[Slice]) -> tuple[Slice, ...]:
    """Return the same with the chances of the slices corrected; all turns are no slice, and have no such chance."""
    looked = {
        f"{name} {number}": shift.p
        for number, each in enumerate(slices)
        for name, shift in (("good", each.good), ("harmful", each.harmful))
        if each.kind and shift.conversations >= FEWEST
    }
    chances = holm(looked)
    return tuple(
        replace(
            each,
            good=replace(each.good, corrected=chances.get(f"good {number}")),
            harmful=replace(each.harmful, corrected=chances.get(f"harmful {number}")),
        )
        for number, each in enumerate(slices)
    )


#: What is told of each of the two replies, in the order of the columns.
_TOLD = ("good", "harmful", "harm sent", "judged sent", "answered", "handed over")


def _flags(pairs: Sequence[Pair]) -> dict[str, Bools]:
    """Return for each turn whether it is judged, and what is told of both replies: (turns, 2)."""
    judged = np.array(
        [Verdict.UNJUDGED not in (pair.before.verdict, pair.after.verdict) for pair in pairs], dtype=np.bool_
    )
    told = np.array([[_told(pair.before), _told(pair.after)] for pair in pairs], dtype=np.bool_)
    told[:, :, :4] &= judged[:, None, None]
    every = np.ones((len(pairs), 2), dtype=np.bool_)
    columns = {name: told[:, :, place] for place, name in enumerate(_TOLD)}
    return columns | {"judged": np.stack([judged, judged], axis=1), "every": every}


def _told(said: Said) -> tuple[bool, ...]:
    sent = bool(said.quoted)
    return said.good, said.harmful, said.harmful and sent, sent, sent, said.action is Action.HAND_OFF


#: What each figure is a share of what.
_FIGURES = {
    "good": ("good", "judged"),
    "harmful": ("harmful", "judged"),
    "harmful_of_answers": ("harm sent", "judged sent"),
    "coverage": ("answered", "every"),
    "hand_over": ("handed over", "every"),
}


def _slice(
    kind: str, name: str, pairs: Sequence[Pair], flags: Mapping[str, Bools], mine: npt.NDArray[np.intp]
) -> Slice:
    clusters = [pairs[number].dialogue for number in mine]
    here = {column: values[mine] for column, values in flags.items()}
    count = Counter(pairs[number].change for number in mine)
    return Slice(
        kind=kind,
        name=name,
        turns=len(mine),
        judged=int(here["judged"][:, 0].sum()),
        changes={change: count[change] for change in Change},
        figures={figure: _figure(here[over], here[under], clusters) for figure, (over, under) in _FIGURES.items()},
        good=_shift(here["good"], clusters),
        harmful=_shift(here["harmful"], clusters),
    )


def _figure(over: Bools, under: Bools, clusters: Sequence[str]) -> Figure:
    before, after = (
        None if np.isnan(share) else float(share)
        for share in quotient(over.sum(axis=0, dtype=np.float64), under.sum(axis=0, dtype=np.float64))
    )
    difference = difference_of_ratios((over[:, 1], under[:, 1]), (over[:, 0], under[:, 0]), clusters)
    return Figure(before=before, after=after, difference=difference)


def _shift(flags: Bools, clusters: Sequence[str]) -> Shift:
    before, after = flags[:, 0], flags[:, 1]
    found = mcnemar(after, before, clusters)
    return Shift(
        gained=int((after & ~before).sum()),
        lost=int((before & ~after).sum()),
        conversations=found.gained + found.lost,
        p=found.p,
    )

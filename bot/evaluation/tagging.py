"""How good the entities are that a model finds in labelled texts: with the right borders, or anywhere near."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bot.evaluation.itemised import about, measured
from bot.evaluation.measures.intervals import Estimate, ratio, share
from bot.evaluation.measures.labels import Span, macro_f1, micro_f1, tallies, type_of


class Slip(StrEnum):
    """What can be wrong with an entity."""

    #: It is there and was not found.
    MISSED = "missed"
    #: It was found and is not there.
    SPURIOUS = "spurious"
    #: One of its type was found that begins or ends elsewhere.
    BORDERS = "wrong_borders"
    #: One of another type was found in its place.
    TYPE = "wrong_type"


@dataclass(frozen=True, kw_only=True, slots=True)
class Error:
    """One thing that is wrong."""

    slip: Slip
    #: None where nothing is there, or nothing was found.
    wanted: Span | None
    found: Span | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagging:
    """A labelled text, and what a model found in it: both in order, none overlapping another of its side."""

    #: What the data calls it, otherwise file and line.
    id: str
    language: str
    #: What sort of text it is, "" where the data does not say.
    kind: str
    wanted: tuple[Span, ...]
    found: tuple[Span, ...]

    @property
    def right(self) -> bool:
        """Whether all is found, and nothing else."""
        return set(self.wanted) == set(self.found)

    @property
    def near(self) -> list[Span]:
        """What was found, with the borders that are wanted wherever it overlaps what is wanted of its type."""
        moved = {found: wanted for wanted, found in overlapping(self.wanted, self.found, type_of)}
        return [moved.get(span, span) for span in self.found]


def overlapping(
    wanted: Sequence[Span], found: Sequence[Span], key: Callable[[Span], str] = lambda span: ""
) -> list[tuple[Span, Span]]:
    """Return pairs of a wanted and a found entity that overlap and have the same ``key``, each in one pair at most.

    There are as many as there can be: of intervals in order it is enough to take the first that fits.
    """
    pairs = []
    for name in sorted({key(span) for span in wanted}):
        ours, theirs = ([span for span in side if key(span) == name] for side in (wanted, found))
        here = there = 0
        while here < len(ours) and there < len(theirs):
            one, other = ours[here], theirs[there]
            if one[2] <= other[1]:
                here += 1
            elif other[2] <= one[1]:
                there += 1
            else:
                pairs.append((one, other))
                here, there = here + 1, there + 1
    return pairs


def errors(item: Tagging) -> list[Error]:
    """Return what is wrong, in the order of the text: each entity that is not right is in one of them."""
    common = set(item.wanted) & set(item.found)
    wanted, found = ([span for span in side if span not in common] for side in (item.wanted, item.found))
    out = []
    for slip, key in ((Slip.BORDERS, type_of), (Slip.TYPE, lambda span: "")):
        pairs = overlapping(wanted, found, key)
        out += [Error(slip=slip, wanted=one, found=other) for one, other in pairs]
        wanted = [span for span in wanted if span not in {one for one, _ in pairs}]
        found = [span for span in found if span not in {other for _, other in pairs}]
    out += [Error(slip=Slip.MISSED, wanted=span, found=None) for span in wanted]
    out += [Error(slip=Slip.SPURIOUS, wanted=None, found=span) for span in found]
    return sorted(out, key=lambda error: (error.wanted or error.found or ("", 0, 0))[1:])


def figures(items: Sequence[Tagging]) -> dict[str, Estimate]:
    """Return precision, recall and F1 over all entities, F1 as a mean over types, and the texts that are all right.

    An entity is right with its type and both ends; in the figures that end in "overlapping", with its type and a
    character in common, each with one entity at most.
    """
    wanted, found, near = _sides(items)
    common = [len(set(some) & set(others)) for some, others in zip(wanted, found, strict=True)]
    return {
        "f1_micro": micro_f1(wanted, found),
        "f1_macro": macro_f1(wanted, found, kind=type_of),
        "precision_micro": ratio(common, [len(some) for some in found]),
        "recall_micro": ratio(common, [len(some) for some in wanted]),
        "f1_micro_overlapping": micro_f1(wanted, near),
        "f1_macro_overlapping": macro_f1(wanted, near, kind=type_of),
        "exact": share([item.right for item in items]),
    }


def by_type(items: Sequence[Tagging]) -> dict[str, dict[str, Any]]:
    """Return precision, recall and F1 of each type that was wanted or found, for JSON."""
    wanted, found, near = _sides(items)
    out = {}
    for name, tally in tallies(wanted, found, type_of).items():
        ours, theirs, loosely = (
            [[span for span in some if type_of(span) == name] for some in side] for side in (wanted, found, near)
        )
        out[name] = {
            "precision": tally.precision,
            "recall": tally.recall,
            "f1": asdict(micro_f1(ours, theirs)),
            "f1_overlapping": asdict(micro_f1(ours, loosely)),
            "wanted": tally.wanted,
            "found": tally.found,
        }
    return out


def as_json(items: Sequence[Tagging]) -> dict[str, Any]:
    """Return all there is to tell, for JSON: besides the figures what is wrong, counted and for each text."""
    wrong = [errors(item) for item in items]
    counts = Counter(error.slip for some in wrong for error in some)
    return {
        **measured(items, figures),
        "types": by_type(items),
        "errors": {slip.value: counts[slip] for slip in Slip},
        "items": [
            {
                **about(item),
                "wanted": list(map(_span, item.wanted)),
                "found": list(map(_span, item.found)),
                "errors": [
                    {"error": error.slip.value, "wanted": _span(error.wanted), "found": _span(error.found)}
                    for error in some
                ],
                "right": item.right,
            }
            for item, some in zip(items, wrong, strict=True)
        ],
    }


def _sides(items: Sequence[Tagging]) -> tuple[list[tuple[Span, ...]], list[tuple[Span, ...]], list[list[Span]]]:
    return [item.wanted for item in items], [item.found for item in items], [item.near for item in items]


def _span(span: Span | None) -> dict[str, Any] | None:
    return None if span is None else {"type": span[0], "start": span[1], "end": span[2]}

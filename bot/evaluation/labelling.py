"""How good the labels are that a model gives to labelled texts: intents, or sentiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.evaluation.itemised import about, measured
from bot.evaluation.measures.answers import accuracy_at
from bot.evaluation.measures.calibration import ece, equal_width
from bot.evaluation.measures.intervals import Estimate, share
from bot.evaluation.measures.labels import confusions, macro_f1, micro_f1, tallies

#: What is out of scope, as labelled rows call it: it has no label, and should get none.
OUT_OF_SCOPE = "oos"

#: The points of the curve: the shares of the texts, the surest first, whose labels are believed.
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelling:
    """A labelled text, and the labels that a model gave it."""

    #: What the data calls it, otherwise file and line.
    id: str
    language: str
    #: What sort of text it is, "" where the data does not say.
    kind: str
    #: The right labels; none where it is out of scope.
    wanted: frozenset[str]
    #: Label and how likely it is, the likeliest first; none where the model believes none.
    found: tuple[tuple[str, float], ...]

    @property
    def labels(self) -> frozenset[str]:
        """The labels it got."""
        return frozenset(label for label, _ in self.found)

    @property
    def right(self) -> bool:
        """Whether it has just the labels that are wanted."""
        return self.labels == self.wanted


def figures(items: Sequence[Labelling]) -> dict[str, Estimate]:
    """Return accuracy, F1, how many texts get a label, and how well what is out of scope is told.

    Accuracy: the texts with just the labels that are wanted, which out of scope are none.
    """
    right = [item.right for item in items]
    inside = [bool(item.wanted) for item in items]
    silent = [not item.found for item in items]
    wanted, found = _sides(items)
    return {
        "accuracy": share(right),
        "accuracy_in_scope": share(right, among=inside),
        "f1_macro": macro_f1(wanted, found),
        "f1_micro": micro_f1(wanted, found),
        "labelled": share([not one for one in silent]),
        "out_of_scope_recall": share(silent, among=[not one for one in inside]),
        "out_of_scope_precision": share([not one for one in inside], among=silent),
    }


def by_label(items: Sequence[Labelling]) -> dict[str, dict[str, Any]]:
    """Return precision, recall and F1 of each label that was wanted or found, for JSON."""
    wanted, found = _sides(items)
    out = {}
    for name, tally in tallies(wanted, found).items():
        only = frozenset((name,))
        f1 = micro_f1([some & only for some in wanted], [some & only for some in found])
        counts = {"wanted": tally.wanted, "found": tally.found}
        out[name] = {"precision": tally.precision, "recall": tally.recall, "f1": asdict(f1), **counts}
    return out


def as_json(items: Sequence[Labelling]) -> dict[str, Any]:
    """Return all there is to tell, for JSON.

    Besides the figures: what was taken for what; whether the chances of the likeliest labels are what they say; and how
    many of these are right where only the surest are believed, null for a larger share of the texts than has labels.
    """
    wanted, found = _sides(items)
    # Out of scope is taken for a label here, so that it can be taken for another one.
    pairs = confusions([some or {OUT_OF_SCOPE} for some in wanted], [some or {OUT_OF_SCOPE} for some in found])
    sure = [item.found[0][1] for item in items if item.found]
    right = [item.found[0][0] in item.wanted for item in items if item.found]
    parts = equal_width(sure, right)
    return {
        **measured(items, figures),
        "labels": by_label(items),
        "confusions": [asdict(pair) for pair in pairs],
        "calibration": {"ece": ece(parts), "bins": [asdict(part) for part in parts]},
        "curve": [{"coverage": part, "accuracy": _accuracy(part, len(items), sure, right)} for part in SHARES],
        "items": [_item(item) for item in items],
    }


def _accuracy(part: float, texts: int, sure: Sequence[float], right: Sequence[bool]) -> float | None:
    taken = part * texts
    return accuracy_at(taken / len(sure), sure, right) if 0 < taken <= len(sure) else None


def _sides(items: Sequence[Labelling]) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    return [item.wanted for item in items], [item.labels for item in items]


def _item(item: Labelling) -> dict[str, Any]:
    return {
        **about(item),
        "wanted": sorted(item.wanted),
        "found": [{"label": label, "chance": round(chance, 4)} for label, chance in item.found],
        "right": item.right,
    }

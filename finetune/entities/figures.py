"""How good a tagger is: precision, recall and F1 over entities, of which type and both ends must be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from finetune.entities.examples import Entity, Tagged


def f1(examples: Sequence[Tagged], found: Sequence[Sequence[Entity]]) -> float:
    """Return the F1 over all entities of ``examples``, 0 where there is none."""
    wanted, given, right = (sum(counts.values()) for counts in _counts(examples, found))
    return _rates(wanted, given, right)["f1"]


def figures(examples: Sequence[Tagged], found: Sequence[Sequence[Entity]], types: Iterable[str]) -> dict[str, Any]:
    """Return what the entities ``found`` in ``examples`` are worth: over all, the mean over types, and by type.

    "exact" is the share of the texts of which all is right. A type that was neither wanted nor found has no part in the
    means.
    """
    wanted, given, right = _counts(examples, found)
    by_type = {name: {**_rates(wanted[name], given[name], right[name]), "rows": wanted[name]} for name in types}
    seen = [rates for name, rates in by_type.items() if wanted[name] or given[name]]
    micro = _rates(wanted.total(), given.total(), right.total())
    exact = sum(e.entities == tuple(f) for e, f in zip(examples, found, strict=True))
    return {
        "rows": len(examples),
        **{f"{name}_micro": value for name, value in micro.items()},
        **{f"{name}_macro": sum(rates[name] for rates in seen) / max(len(seen), 1) for name in micro},
        "exact": exact / max(len(examples), 1),
        "labels": by_type,
    }


def _counts(
    examples: Sequence[Tagged], found: Sequence[Sequence[Entity]]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return how many entities of each type there are, were found, and were found rightly."""
    wanted, given, right = Counter[str](), Counter[str](), Counter[str]()
    for example, some in zip(examples, found, strict=True):
        wanted.update(entity.type for entity in example.entities)
        given.update(entity.type for entity in some)
        right.update(entity.type for entity in set(some) & set(example.entities))
    return wanted, given, right


def _rates(wanted: int, given: int, right: int) -> dict[str, float]:
    return {
        "precision": right / given if given else 0.0,
        "recall": right / wanted if wanted else 0.0,
        "f1": 2 * right / (wanted + given) if wanted + given else 0.0,
    }

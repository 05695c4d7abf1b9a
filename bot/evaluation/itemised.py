"""Figures over labelled items: of all of them, and of each language and kind by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from bot.evaluation.measures.intervals import Estimate


class Item(Protocol):
    """A labelled text, and what came of it."""

    @property
    def id(self) -> str:
        """What the data calls it, otherwise file and line."""
        ...

    @property
    def language(self) -> str:
        """Its language."""
        ...

    @property
    def kind(self) -> str:
        """What sort of text it is, "" where the data does not say."""
        ...


T = TypeVar("T", bound=Item)

#: From items to figures by name.
Figures = Callable[[Sequence[T]], Mapping[str, Estimate]]


def about(item: Item) -> dict[str, Any]:
    """Return for JSON what an item is known by."""
    return {"id": item.id, "language": item.language, "kind": item.kind or None}


def measured(items: Sequence[T], figures: Figures[T]) -> dict[str, Any]:
    """Return for JSON the figures of all items under "metrics", and under "slices" those of each language and kind."""
    slices = {}
    for name, values in (("language", [item.language for item in items]), ("kind", [item.kind for item in items])):
        mine = {
            value: _plain(figures([item for item, its in zip(items, values, strict=True) if its == value]))
            for value in sorted(set(values) - {""})
        }
        if mine:
            slices[name] = mine
    return {"metrics": _plain(figures(items)), "slices": slices}


def _plain(figures: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {name: asdict(estimate) for name, estimate in figures.items()}

"""What is learned from: texts with labels, texts with entities, questions with answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from finetune.errors import DataError
from finetune.rows import Row, read_rows

#: The label of what belongs to none.
OUT_OF_SCOPE = "oos"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A text and what it is: one label, several, or none."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A part of a text that names something; ``start`` and ``end`` count characters, the end excluded."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagged:
    """A text and its entities, in order, none overlapping another."""

    text: str
    entities: tuple[Entity, ...]


def read_labelled(path: Path, key: str) -> list[Labelled]:
    """Return the rows of ``path``, each with its label under ``key`` ("intent"), or a list under its plural.

    Raises `DataError` that names file and line of what is wrong.
    """
    return _some([_labelled(row, key) for row in read_rows(path)], path)


def read_tagged(path: Path) -> list[Tagged]:
    """Return the rows of ``path``: ``{"text", "entities": [{"type", "start", "end"}]}``."""
    return _some([Tagged(text=row.text("text"), entities=_entities(row)) for row in read_rows(path)], path)


def labels_of(examples: Sequence[Labelled], path: Path) -> list[str]:
    """Return the labels to tell apart, sorted, `OUT_OF_SCOPE` left out; raises `DataError` where there is only one."""
    counts = Counter(label for example in examples for label in example.labels if label != OUT_OF_SCOPE)
    if len(counts) < 2:
        only = f"only {next(iter(counts))!r}" if counts else "no label at all"
        raise DataError(f"{path}: {only}; expected at least two labels to tell apart.")
    return sorted(counts)


def refuse_unknown(examples: Sequence[Labelled], labels: Sequence[str], path: Path) -> None:
    """Raise `DataError` where ``examples`` of ``path`` have a label that training never saw."""
    known = {*labels, OUT_OF_SCOPE}
    unknown = Counter(label for example in examples for label in example.labels if label not in known)
    if unknown:
        named = ", ".join(f"{label!r} ({count} rows)" for label, count in unknown.most_common(5))
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise DataError(f"{path}: labels that the training data does not have: {named}{more}.")


def _labelled(row: Row, key: str) -> Labelled:
    text, value = row.text("text"), row.values.get(key, row.values.get(f"{key}s"))
    labels = [value] if isinstance(value, str) else value
    if not isinstance(labels, list) or not all(isinstance(label, str) and label.strip() for label in labels):
        raise row.error(f"{key!r} is missing or no text", f'a label, {{"text": ..., "{key}": ...}}')
    return Labelled(text=text, labels=tuple(dict.fromkeys(label.strip() for label in labels)))


def _entities(row: Row) -> tuple[Entity, ...]:
    text, values = row.text("text"), row.values.get("entities")
    if not isinstance(values, list):
        raise row.error("'entities' is missing or no list", '[{"type": ..., "start": ..., "end": ...}]')
    found: list[Entity] = []
    for value in values:
        match value:
            case {"type": str(kind), "start": int(start), "end": int(end)} if kind.strip():
                if not 0 <= start < end <= len(text):
                    raise row.error(
                        f"{kind} from {start} to {end}", f"places within the {len(text)} characters of text"
                    )
                found.append(Entity(type=kind, start=start, end=end))
            case _:
                raise row.error("an entity without type, start or end", '{"type": ..., "start": ..., "end": ...}')
    found.sort(key=lambda entity: entity.start)
    for one, other in pairwise(found):
        if other.start < one.end:
            raise row.error(f"{one.type} and {other.type} overlap at character {other.start}", "entities side by side")
    return tuple(found)


def _some(examples: list[T], path: Path) -> list[T]:
    if not examples:
        raise DataError(f"{path} is empty.")
    return examples

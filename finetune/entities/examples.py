"""What is learned from: texts, and what in them names something."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from finetune.rows import Row, read_rows, some


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


def read_tagged(path: Path) -> list[Tagged]:
    """Return the rows of ``path``: ``{"text", "entities": [{"type", "start", "end"}]}``."""
    return some([tagged(row) for row in read_rows(path)], path)


def tagged(row: Row) -> Tagged:
    """Read a row as `read_tagged` does; raises `DataError`."""
    return Tagged(text=row.text("text"), entities=_entities(row))


def _entities(row: Row) -> tuple[Entity, ...]:
    text, values = row.text("text"), row.values.get("entities")
    if not isinstance(values, list):
        raise row.error("'entities' is missing or no list", '[{"type": ..., "start": ..., "end": ...}]')
    found: list[Entity] = []
    for value in values:
        match value:
            case {"type": str(kind), "start": int(start), "end": int(end)} if kind.strip() and bool not in (
                type(start),
                type(end),
            ):
                if not 0 <= start < end <= len(text):
                    raise row.error(
                        f"{kind} from {start} to {end}", f"places within the {len(text)} characters of text"
                    )
                found.append(Entity(type=kind.strip(), start=start, end=end))
            case _:
                raise row.error("an entity without type, start or end", '{"type": ..., "start": ..., "end": ...}')
    found.sort(key=lambda entity: entity.start)
    for one, other in pairwise(found):
        if other.start < one.end:
            raise row.error(f"{one.type} and {other.type} overlap at character {other.start}", "entities side by side")
    return tuple(found)

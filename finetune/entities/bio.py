"""Entities as one tag for each piece of a text, and back.

B-x begins an entity of type x, I-x goes on with it, O is outside of any (Ramshaw and Marcus 1995, cmp-lg/9505040). The
number of O is 0, and those of B-x and I-x of the type in place p of t types are 1 + p and 1 + t + p.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from finetune.entities.examples import Entity

Floats = npt.NDArray[np.float32]

#: Where a piece begins and ends, in characters, the end excluded.
Span = tuple[int, int]

#: What is added to the score of an I-x that follows neither B-x nor I-x: so little that it is never chosen, and still
#: a number that can be added up.
NEVER = -1e4


def count(types: Sequence[str]) -> int:
    """Return how many tags there are."""
    return 1 + 2 * len(types)


def forbidden(tags: int) -> Floats:
    """Return `NEVER` where a tag must not follow another, else 0: (tags + 1, tags), the last row for the beginning."""
    types = tags // 2
    out = np.zeros((tags + 1, tags), dtype=np.float32)
    out[:, 1 + types :] = NEVER
    inside = 1 + types + np.arange(types)
    out[inside, inside] = out[inside - types, inside] = 0.0
    return out


def tags(spans: Sequence[Span], entities: Sequence[Entity], types: Sequence[str]) -> list[int]:
    """Return the number of the tag of each piece. A piece that an entity only touches belongs to it."""
    places = {name: place for place, name in enumerate(types)}
    out = [0] * len(spans)
    for entity in entities:
        within = [i for i, (start, end) in enumerate(spans) if start < entity.end and entity.start < end and not out[i]]
        for number, i in enumerate(within):
            out[i] = 1 + places[entity.type] + (len(types) if number else 0)
    return out


def likeliest(scores: Floats, follows: Floats) -> tuple[list[int], float]:
    """Return the best tags of pieces in a row (Viterbi 1967), and how likely it is that they are right.

    ``scores``, (pieces, tags), say how well a tag fits a piece, and ``follows``, (tags + 1, tags), how well it fits
    after another, `forbidden` included.
    """
    if not len(scores):
        return [], 1.0
    best = every = follows[-1] + scores[0]
    before: list[npt.NDArray[np.intp]] = []
    for row in scores[1:]:
        steps = best[:, None] + follows[:-1]
        before.append(steps.argmax(axis=0))
        best = steps.max(axis=0) + row
        every = _log_sum(every[:, None] + follows[:-1]) + row
    path = [int(best.argmax())]
    for came_from in reversed(before):
        path.append(int(came_from[path[-1]]))
    return path[::-1], float(np.exp(best.max() - _log_sum(every)))


def _log_sum(values: Floats) -> Floats:
    """Return the logarithm of the sum of exponentials, over the first axis."""
    most = values.max(axis=0)
    out: Floats = most + np.log(np.exp(values - most).sum(axis=0))
    return out


def entities(path: Sequence[int], spans: Sequence[Span], types: Sequence[str]) -> list[Entity]:
    """Return the entities of pieces with these tags, in order.

    Pieces that share a character, as those of an emoji can, never become two entities that overlap.
    """
    out: list[Entity] = []
    going: int | None = None
    for number, (start, end) in zip(path, spans, strict=True):
        place = (number - 1) % len(types) if number else None
        if place is not None and number > len(types) and going == place:
            last = out[-1]
            out[-1] = Entity(type=last.type, start=last.start, end=max(last.end, end))
        elif place is not None and (not out or start >= out[-1].end):
            out.append(Entity(type=types[place], start=start, end=end))
        else:
            place = None
        going = place
    return out

"""A text as both sides understand it: what each says of every entry that may answer it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from retrieval.fusion import Floats

Entries = npt.NDArray[np.intp]

#: A query that finds something this likely alone does not lean on its context; one that does is weighed together with
#: the context, which counts this much (benchmarks/fusion.py).
LEANS_BELOW, CONTEXT_WEIGHT = 15.0, 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """What the sides say of rows or of entries, one after the other; all arrays have the same shape."""

    #: What each side adds to the log-odds that it answers the text.
    dense_odds: Floats
    keyword_odds: Floats
    #: See `retrieval.types.Hit`.
    dense: Floats
    nearest: Floats
    keyword: Floats

    def of_entries(self, starts: Entries) -> Sides:
        """Put twins together, whose rows follow each other from ``starts`` on.

        An entry is as near as the nearest of its twins, and has the keywords that any of them has.
        """
        return Sides(
            dense_odds=np.maximum.reduceat(self.dense_odds, starts),
            keyword_odds=np.add.reduceat(self.keyword_odds, starts),
            dense=np.maximum(np.maximum.reduceat(self.dense, starts), 0),
            nearest=np.maximum(np.maximum.reduceat(self.nearest, starts), 0),
            keyword=np.maximum.reduceat(self.keyword, starts),
        )

    def spread(self, places: Entries, size: int) -> Sides:
        """Return them at ``places`` of arrays of ``size``, with nothing said of the others."""

        def each(side: Floats) -> Floats:
            out = np.zeros(size, dtype=np.float32)
            out[places] = side
            return out

        return Sides(**{field.name: each(getattr(self, field.name)) for field in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What was found for a text, entry by entry."""

    text: str
    terms: list[str]
    #: Numbers of entries, ascending.
    entries: Entries
    #: Of each of the entries.
    sides: Sides
    #: Whether the context of the text was needed.
    leans: bool = False

    @classmethod
    def of_rows(cls, text: str, terms: list[str], entry_of: Entries, sides: Sides) -> Reading:
        """Put twins together: ``entry_of`` is the entry of each row, ascending, and ``sides`` is by row."""
        starts = np.flatnonzero(np.diff(entry_of, prepend=-1))
        return cls(text=text, terms=terms, entries=entry_of[starts], sides=sides.of_entries(starts))

    @property
    def odds(self) -> Floats:
        """Both sides together."""
        return self.sides.dense_odds + self.sides.keyword_odds

    def best(self, k: int) -> list[int]:
        """Return the places of the ``k`` entries with the highest odds; ids break ties: a search is repeatable."""
        places: list[int] = np.argsort(-self.odds, kind="stable")[:k].tolist()
        return places

    def says_little(self) -> bool:
        """Whether the text alone finds nothing likely enough, so that what was said before it is needed."""
        return not np.any(self.odds >= LEANS_BELOW)

    def leaning_on(self, together: Reading) -> Reading:
        """Add to the odds what the text says together with its context; the rest stays what it says alone."""
        entries = np.union1d(self.entries, together.entries)
        alone, leaning = (
            reading.sides.spread(np.searchsorted(entries, reading.entries), len(entries))
            for reading in (self, together)
        )
        own, share = 1 / (1 + CONTEXT_WEIGHT), CONTEXT_WEIGHT / (1 + CONTEXT_WEIGHT)
        sides = replace(
            alone,
            dense_odds=own * alone.dense_odds + share * leaning.dense_odds,
            keyword_odds=own * alone.keyword_odds + share * leaning.keyword_odds,
        )
        return replace(self, entries=entries, sides=sides, leans=True)

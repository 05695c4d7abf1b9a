"""A text as both sides understand it: what each says of every entry that may answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Entries = npt.NDArray[np.intp]

#: A query that finds something this likely alone does not lean on its context; one that does is weighed together with
#: the context, which counts this much (benchmarks/fusion.py).
LEANS_BELOW, CONTEXT_WEIGHT = 15.0, 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What was found for a text, entry by entry; all arrays have the shape of ``entries``."""

    text: str
    terms: list[str]
    #: Numbers of entries, ascending.
    entries: Entries
    #: What each side adds to the log-odds that the entry answers the text.
    dense_odds: Floats
    keyword_odds: Floats
    #: See `retrieval.types.Hit`.
    dense: Floats
    nearest: Floats
    keyword: Floats
    #: Whether the context of the text was needed.
    leans: bool = False

    @classmethod
    def of_rows(
        cls,
        text: str,
        terms: list[str],
        entry_of: Entries,
        dense_odds: Floats,
        keyword_odds: Floats,
        dense: Floats,
        nearest: Floats,
        keyword: Floats,
    ) -> Reading:
        """Put twins together: ``entry_of`` is the entry of each row, ascending, and the other arrays are by row.

        An entry is as near as the nearest of its twins, and has the keywords that any of them has.
        """
        starts = np.flatnonzero(np.diff(entry_of, prepend=-1))
        most = [
            np.maximum.reduceat(side, starts) if len(starts) else side for side in (dense_odds, dense, nearest, keyword)
        ]
        return cls(
            text=text,
            terms=terms,
            entries=entry_of[starts],
            dense_odds=most[0],
            keyword_odds=np.add.reduceat(keyword_odds, starts) if len(starts) else keyword_odds,
            dense=np.maximum(most[1], 0),
            nearest=np.maximum(most[2], 0),
            keyword=most[3],
        )

    @property
    def odds(self) -> Floats:
        """Both sides together."""
        return self.dense_odds + self.keyword_odds

    def best(self, k: int) -> list[int]:
        """Return the places of the ``k`` entries with the highest odds; ids break ties: a search is repeatable."""
        places: list[int] = np.argsort(-self.odds, kind="stable")[:k].tolist()
        return places

    def says_little(self) -> bool:
        """Whether the text alone finds nothing likely enough, so that what was said before it is needed."""
        return not np.any(self.odds >= LEANS_BELOW)

    def leaning_on(self, together: Reading) -> Reading:
        """Add what the text says together with its context."""
        entries = np.union1d(self.entries, together.entries)
        own, share = 1 / (1 + CONTEXT_WEIGHT), CONTEXT_WEIGHT / (1 + CONTEXT_WEIGHT)

        def spread(reading: Reading, side: Floats) -> Floats:
            out = np.zeros(len(entries), dtype=np.float32)
            out[np.searchsorted(entries, reading.entries)] = side
            return out

        return replace(
            self,
            entries=entries,
            dense_odds=own * spread(self, self.dense_odds) + share * spread(together, together.dense_odds),
            keyword_odds=own * spread(self, self.keyword_odds) + share * spread(together, together.keyword_odds),
            dense=spread(self, self.dense),
            nearest=spread(self, self.nearest),
            keyword=spread(self, self.keyword),
            leans=True,
        )

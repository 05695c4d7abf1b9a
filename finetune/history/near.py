"""Finds texts that were said before in nearly the same words: exactly, and in time that grows with the texts alone.

Nearly the same is, in this order: the same `Wording`; one word of it with a typing slip; or, in a long text, one word
more or less. The facts are always the same. No text is compared with all others: they are looked up by the sum of the
hashes of their words, by that sum without one word, and by that with the begin or the end of the missing word, one of
which a single slip leaves as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rapidfuzz.distance import OSA

from finetune.history.wording import Wording, wording

#: A slip makes another word of a shorter one: "lamp" and "lamb".
_SLIP_FROM = 5
#: In texts with at least as many words that matter, one more or less makes no difference.
_LONG = 8


class NearIndex:
    """Texts with different wordings, each with a number."""

    def __init__(self) -> None:
        """Start with no text."""
        self._wordings: list[Wording] = []
        self._places: dict[int, list[int]] = defaultdict(list)

    def add(self, text: str) -> tuple[int, bool]:
        """Return the number of the first text that says ``text`` in nearly the same words, and whether it is new."""
        new = wording(text)
        known = self._find(new)
        if known is not None:
            return known, False
        number = len(self._wordings)
        self._wordings.append(new)
        for key in _keys(new):
            self._places[key].append(number)
        return number, True

    def find(self, text: str) -> int | None:
        """Return the number of the first known text that says ``text`` in nearly the same words, None for none."""
        return self._find(wording(text))

    def _find(self, new: Wording) -> int | None:
        candidates = {number for key in _keys(new) for number in self._places.get(key, ())}
        return min((number for number in candidates if nearly(self._wordings[number], new)), default=None)


def nearly(one: Wording, other: Wording) -> bool:
    """Whether two wordings are nearly the same."""
    if one.facts != other.facts or one.language != other.language:
        return False
    if one.words == other.words:
        return True
    if one.language == "zh":
        return False
    mine, yours = one.words - other.words, other.words - one.words
    names = one.proper | other.proper
    if len(mine) == len(yours) == 1 and len(one.words) > 1:
        (a,), (b,) = mine, yours
        return not {a, b} & names and min(len(a), len(b)) >= _SLIP_FROM and OSA.distance(a, b, score_cutoff=1) <= 1
    if len(mine) + len(yours) == 1 and min(len(one.words), len(other.words)) >= _LONG:
        return not (mine | yours) & names
    return False


def _keys(wording: Wording) -> Iterator[int]:
    """Yield what two wordings have in common, at least once, if they are nearly the same."""
    total = sum(map(hash, wording.words))
    yield total
    if wording.language == "zh":
        return
    for word in wording.words:
        rest = total - hash(word)
        if len(wording.words) >= _LONG:
            yield rest
        if len(word) >= _SLIP_FROM:
            yield hash((rest, word[:2], ""))
            yield hash((rest, "", word[-2:]))

"""Which messages have a threshold of their own: those of a language, and of a topic in it, that were labelled enough.

They divide the messages: each is in one slice, so that the budget kept in every slice is kept of all. How many turns
there are decides, and no label, which would favour the lucky ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.evaluation.budget import turns_needed

#: A slice has so many times the turns without which nothing can be shown: with no more than these, nothing may be
#: wrong.
AMPLE = 2

#: What a message is known by: its language, and the topic of the likeliest entry ("" for none).
Kind = tuple[str, str]

#: The name of what is in no other slice.
REST = ""


def divided(kinds: Sequence[Kind], *, max_wrong: float, risk: float) -> dict[Kind, str]:
    """Return the slice that each of ``kinds`` is in: "zh/payment", "zh" for the rest of a language, or `REST`.

    The ``risk`` is shared by all slices, so the more there are, the more turns each of them needs.
    """
    count = Counter(kinds)
    found = _named(count, AMPLE * turns_needed(max_wrong, risk))
    return _named(count, AMPLE * turns_needed(max_wrong, risk / len({*found.values()})))


def _named(count: Mapping[Kind, int], least: int) -> dict[Kind, str]:
    topics: dict[str, dict[str, int]] = {}
    for (language, topic), turns in count.items():
        topics.setdefault(language, {})[topic] = turns
    ample = _ample({language: sum(each.values()) for language, each in topics.items()}, least)
    names = {}
    for language, each in topics.items():
        own = _ample({topic: turns for topic, turns in each.items() if topic}, least, beside=each.get("", 0))
        for topic in each:
            name = f"{language}/{topic}" if topic in own else language
            names[language, topic] = name if language in ample else REST
    return names


def _ample(turns: Mapping[str, int], least: int, *, beside: int = 0) -> set[str]:
    """Return those with the ``least`` turns. The rest, with what is ``beside``, takes the smallest until it has too."""
    own = sorted((name for name in turns if turns[name] >= least), key=lambda name: (-turns[name], name))
    rest = beside + sum(turns.values()) - sum(turns[name] for name in own)
    while own and 0 < rest < least:
        rest += turns[own.pop()]
    return set(own)


def filled(thresholds: Mapping[str, float]) -> dict[str, float]:
    """Return ``thresholds`` with one for what they leave open: the strictest, for nothing was measured there."""
    languages = {name.partition("/")[0] for name in thresholds if name != REST}
    out = dict(thresholds)
    for language in languages - out.keys():
        out[language] = max(level for name, level in thresholds.items() if name.startswith(f"{language}/"))
    return {REST: max(thresholds.values())} | out

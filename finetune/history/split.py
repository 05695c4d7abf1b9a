"""Divides pairs into a training, a development and a test part: by conversation, and by time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from finetune.history.pairs import Pair
from finetune.logs.records import NEVER

PARTS = ("train", "dev", "test")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """How many of a hundred pairs each part gets."""

    train: int = 80
    dev: int = 10
    test: int = 10

    @classmethod
    def read(cls, text: str) -> Shares:
        """Return what a text such as ``80/10/10`` says; raises `ValueError`."""
        found = re.fullmatch(r"(\d{1,3})/(\d{1,3})/(\d{1,3})", text.strip())
        shares = tuple(map(int, found.groups())) if found else ()
        if sum(shares) != 100 or not shares[0]:
            raise ValueError(f"{text!r} is no split; expected three numbers that make 100, the first not 0: 80/10/10.")
        return cls(train=shares[0], dev=shares[1], test=shares[2])


def split(pairs: Sequence[Pair], shares: Shares) -> dict[str, list[Pair]]:
    """Return the pairs of each part: the oldest conversations train, the newest test, and each stays whole.

    A conversation goes where its middle falls. One without times counts as old. The same pairs are always divided in
    the same way.
    """
    conversations: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        conversations[pair.conversation].append(pair)
    parts: dict[str, list[Pair]] = {part: [] for part in PARTS}
    ends = [shares.train * len(pairs) / 100, (shares.train + shares.dev) * len(pairs) / 100]
    done = 0
    for conversation in sorted(conversations.values(), key=_begin):
        middle = done + len(conversation) / 2
        parts[PARTS[sum(middle > end for end in ends)]] += conversation
        done += len(conversation)
    return parts


def _begin(conversation: Sequence[Pair]) -> datetime:
    return min(pair.at or NEVER for pair in conversation)

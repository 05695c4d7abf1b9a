"""Entries drafted from clusters: what customers asked and what people answered, word for word, for review."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.evaluation.gaps.clusters import Cluster
from bot.evaluation.gaps.turns import Gap
from retrieval.text import detect_language, fold

#: Fewer dialogues are no reason for an entry: it would answer one customer.
LEAST = 2

#: Other phrasings of a draft.
ALTERNATIVES = 10

#: The tag that marks a draft, so that nobody takes it for an entry that was looked at.
DRAFT = "draft"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """An entry to look at, in one language."""

    #: Made from the gap, so that it is the same in every run; the drafts of a gap in two languages are twins.
    id: str
    #: What customers asked, and a person answered: nothing is invented.
    question: str
    answer: str
    alternatives: tuple[str, ...]
    language: str
    tags: tuple[str, ...]

    def json(self) -> str:
        """Return it as a line of an FAQ file."""
        row = {
            "id": self.id,
            "question": self.question,
            "answer": self.answer,
            "alternatives": list(self.alternatives),
            "language": self.language,
            "tags": list(self.tags),
        }
        return json.dumps(row, ensure_ascii=False)


def drafts_of(cluster: Cluster) -> list[Draft]:
    """Return a draft for each language in which somebody asked and a person answered."""
    if cluster.dialogues < LEAST:
        return []
    made_of = "\0".join((cluster.gaps[0].asks, cluster.gaps[0].answer))
    id_ = f"draft-{hashlib.sha256(made_of.encode()).hexdigest()[:10]}"
    tags = (*filter(None, [cluster.topic]), DRAFT)
    drafts = []
    for language in cluster.languages:
        asked = _phrasings([gap for gap in cluster.gaps if detect_language(gap.question) == language])
        answer = next((answer for answer in cluster.answers if detect_language(answer) == language), "")
        if asked and answer:
            drafts.append(
                Draft(
                    id=id_,
                    question=asked[0],
                    answer=answer,
                    alternatives=tuple(asked[1 : ALTERNATIVES + 1]),
                    language=language,
                    tags=tags,
                )
            )
    return drafts


def stands_for(cluster: Cluster) -> frozenset[str]:
    """Return the entries that a draft of ``cluster`` stands for: they are gone, and most of its turns name them."""
    named = Counter(id_ for gap in cluster.gaps for id_ in gap.turn.answers)
    return frozenset(id_ for id_, count in named.items() if 2 * count > len(cluster.gaps))


def _phrasings(gaps: Sequence[Gap]) -> list[str]:
    """Return what was asked, the most central first, each once.

    What leans on another message, or holds a typed token such as ``<order>``, is taken only where that is all.
    """
    alone = [gap.question for gap in gaps if gap.alone] or [gap.asks for gap in gaps]
    distinct: dict[str, str] = {}
    for text in [text for text in alone if "<" not in text] or alone:
        distinct.setdefault("".join(filter(str.isalnum, fold(text))), text)
    return list(distinct.values())

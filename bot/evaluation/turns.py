"""A replayed turn: what the bot says to a logged message, and what that is worth; a line of a run's file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.evaluation.dialogues import Dialogue, Reading, Truth
from bot.evaluation.judging import GOOD, HARMFUL, Judged, Verdict, quotes
from bot.policy import topic_of
from bot.responder import LONGEST
from bot.types import Action, Reason, Reply, Writing


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateRow:
    """A candidate without its answer, as a report shows it."""

    id: str
    confidence: float
    #: Which source proposed it.
    source: str
    question: str
    #: File and line of the entry.
    origin: str
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayedTurn:
    """What the bot says to a logged message, and what that is worth. Nothing in it depends on when it was replayed."""

    dialogue: str
    #: Of the message among the turns of the dialogue, from 0.
    place: int
    #: How many messages of the dialogue are replayed: a file that was cut off shows by it.
    of: int
    #: When it was written in the log, ISO 8601.
    at: str
    channel: str
    #: Of the reply; and the first tag of the likeliest entry.
    language: str
    topic: str
    #: What the customer wrote, as far as the bot reads it.
    text: str
    action: Action
    reason: Reason
    confidence: float
    reply: str
    #: Entries that it states as an answer, and those that it only offers.
    quoted: tuple[str, ...]
    offered: tuple[str, ...]
    #: Up to ten, best first.
    candidates: tuple[CandidateRow, ...]
    #: Of what a language model wrote, the share of the sentences of which every fact stands in the entries (None where
    #: none wrote anything). The others were not sent.
    supported: float | None = None
    #: Labels and their chances, the likeliest first, and how the customer feels, where models are in use.
    intents: tuple[tuple[str, float], ...] = ()
    sentiment: str = ""
    #: What it is held against, what it would have been right to do, with which entries, and what a person said.
    reading: Reading
    wanted: tuple[Action, ...]
    answers: tuple[str, ...]
    accept: tuple[str, ...]
    person: str
    verdict: Verdict
    #: Whether the likeliest candidate is right (None where that is not known, or nothing was found).
    best: bool | None
    #: The chance that an entry says what the person said, by entry, where texts were compared.
    alike: Mapping[str, float]

    @classmethod
    def of_reply(cls, dialogue: Dialogue, place: int, reply: Reply, truth: Truth, judged: Judged) -> ReplayedTurn:
        """Return the row of a message."""
        turn = dialogue.turns[place]
        quoted = tuple(quotes(reply))
        return cls(
            dialogue=dialogue.id,
            place=place,
            of=len(dialogue.asked()),
            at=turn.at.isoformat(),
            channel=dialogue.channel,
            language=reply.language,
            topic=topic_of(reply.candidates),
            text=turn.text[:LONGEST],
            action=reply.action,
            reason=reply.reason,
            confidence=reply.confidence,
            reply=reply.text,
            quoted=quoted,
            offered=() if quoted else tuple(citation.id for citation in reply.citations),
            candidates=tuple(
                CandidateRow(
                    id=c.id,
                    confidence=round(c.confidence, 4),
                    source=c.source,
                    question=c.question,
                    origin=c.origin,
                    url=c.url,
                )
                for c in reply.candidates
            ),
            supported=_supported(reply.writing),
            intents=tuple((label, round(chance, 4)) for label, chance in reply.understanding.intents),
            sentiment=reply.understanding.sentiment,
            reading=truth.reading,
            wanted=tuple(sorted(truth.wanted)),
            answers=tuple(sorted(truth.answers)),
            accept=tuple(sorted(truth.accept)),
            person=truth.text,
            verdict=judged.verdict,
            best=judged.best,
            alike=judged.alike,
        )

    @property
    def id(self) -> str:
        """What the same message is called in every run."""
        return f"{self.dialogue}#{self.place}"

    @property
    def harmful(self) -> bool:
        """Whether what was sent does harm."""
        return self.verdict in HARMFUL

    @property
    def good(self) -> bool:
        """Whether the customer is well served."""
        return self.verdict in GOOD

    def json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_json(cls, line: str) -> ReplayedTurn:
        """Read what `json` wrote; raises ValueError, KeyError or TypeError where it is something else."""
        row: dict[str, Any] = json.loads(line)
        enums = {"action": Action, "reason": Reason, "reading": Reading, "verdict": Verdict}
        row |= {name: kind(row[name]) for name, kind in enums.items()}
        row["candidates"] = tuple(CandidateRow(**each) for each in row["candidates"])
        row["intents"] = tuple((label, chance) for label, chance in row["intents"])
        row["wanted"] = tuple(map(Action, row["wanted"]))
        row |= {name: tuple(row[name]) for name in ("quoted", "offered", "answers", "accept")}
        return cls(**row)


def _supported(writing: Writing) -> float | None:
    kept, removed = len(writing.sentences), len(writing.removed)
    return round(kept / (kept + removed), 4) if kept + removed else None

"""What trained models say of messages. The models are put in by the wiring; here is only what they look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.generator.model import LanguageModel
from bot.together import Together, runs
from bot.types import Entity, Understanding

#: How many messages that wait are read together, and how many threads read, as for searches.
BATCH, SIDE_BY_SIDE = 32, 2


class Verdict(Protocol):
    """The labels of a text."""

    @property
    def labels(self) -> Sequence[tuple[str, float]]:
        """Label and chance, the likeliest first; none where the model is not sure of any."""
        ...


class Span(Protocol):
    """A part of a text that names something."""

    @property
    def type(self) -> str:
        """What is named."""
        ...

    @property
    def start(self) -> int:
        """Where it begins, in characters."""
        ...

    @property
    def end(self) -> int:
        """Where it ends, excluded."""
        ...


class Match(Protocol):
    """An answer from history as a possible one."""

    @property
    def id(self) -> str:
        """Of an entry, or of the answer."""
        ...

    @property
    def answer(self) -> str:
        """What was answered."""
        ...

    @property
    def question(self) -> str:
        """The known question that is nearest."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of the answer."""
        ...

    @property
    def confidence(self) -> float:
        """How likely it is right."""
        ...

    @property
    def score(self) -> float:
        """Cosine to that question, 0 to 1."""
        ...


Labeller = Callable[[Sequence[str]], Sequence[Verdict]]
Tagger = Callable[[Sequence[str]], Sequence[Sequence[Span]]]
Matcher = Callable[[Sequence[str]], Sequence[Sequence[Match]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Models:
    """What was trained and is in use; None where nothing is.

    Each but the generator takes texts, and may be called from any thread.
    """

    intents: Labeller | None = None
    sentiment: Labeller | None = None
    entities: Tagger | None = None
    answers: Matcher | None = None
    #: One in this process, also where it is as it came and nothing was trained.
    generator: LanguageModel | None = None
    #: By kind, of those that are there.
    versions: Mapping[str, str] = field(default_factory=dict)

    def understandings(self, texts: Sequence[str]) -> list[Understanding]:
        """Return what is understood of each of ``texts``."""
        wants = [verdict.labels for verdict in self.intents(texts)] if self.intents else [()] * len(texts)
        feels = [verdict.labels for verdict in self.sentiment(texts)] if self.sentiment else [()] * len(texts)
        names = self.entities(texts) if self.entities else [()] * len(texts)
        return [
            Understanding(
                intents=tuple(want),
                entities=tuple(Entity(type=s.type, text=text[s.start : s.end], start=s.start, end=s.end) for s in name),
                sentiment=feel[0][0] if feel else "",
                sentiment_chance=feel[0][1] if feel else 0.0,
            )
            for text, want, feel, name in zip(texts, wants, feels, names, strict=True)
        ]


class Learned:
    """Understands messages with the models in use, in threads: a `bot.ports.Understander`."""

    def __init__(self, models: Models) -> None:
        """Begin with ``models``."""
        #: Those in use. Others may be put here at any time; a message under way keeps its own.
        self.models = models
        self._together = Together(_read, name="understanding", most=BATCH, side_by_side=SIDE_BY_SIDE)

    async def understand(self, text: str) -> Understanding | None:
        """Return what is understood of a message; None where nothing is in use for that."""
        models = self.models
        if not (models.intents or models.sentiment or models.entities):
            return None
        return (await self._together([(models, text)]))[0]


def _read(messages: Sequence[tuple[Models, str]]) -> list[Understanding]:
    """Understand messages, each with its models: they differ only while others are put into use."""
    return [understanding for models, texts in runs(messages) for understanding in models.understandings(texts)]

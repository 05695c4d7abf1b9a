"""What is to be said, and what came of it: what a composer is given and gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.policy import Decision
from bot.types import Turn, Writing


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """What the bot is about to say."""

    decision: Decision
    #: In which the customer is spoken to.
    language: str
    #: When the message came.
    at: datetime
    #: What the customer asks; of one that picked among questions, the question.
    question: str = ""
    #: What was said before, oldest first.
    earlier: Sequence[Turn] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    """The text of a reply."""

    text: str
    writing: Writing = field(default_factory=Writing)

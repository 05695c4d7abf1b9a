"""Why a sentence is not sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """What in a sentence has no support. The values are stable: they stand in decision records."""

    NUMBER = "number"
    AMOUNT = "amount"
    DURATION = "duration"
    DATE = "date"
    TIME = "time"
    PERCENTAGE = "percentage"
    PHONE = "phone"
    CODE = "code"
    LINK = "link"
    MAIL = "mail"
    NAME = "name"
    #: The evidence does not deny what the sentence denies, or denies what it says.
    NEGATION = "negation"
    #: Something is promised, or said to be done, that the evidence does not promise.
    PROMISE = "promise"
    #: "At least", "up to", "only", "free", "all": what turns a fact.
    COMPARISON = "comparison"
    #: What the sentence is about is not what the evidence is about.
    SUBJECT = "subject"


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """One thing in a sentence that its evidence does not carry."""

    code: Code
    #: The words of the sentence in question.
    words: str

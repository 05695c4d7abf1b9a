"""The rows of the data: what each file in ``eval`` and ``training`` holds, and how its lines are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from retrieval.types import Problem

Text = Annotated[str, StringConstraints(pattern=r"(?s)^\S(.*\S)?$")]
Language = Literal["en", "zh"]
Feeling = Literal["positive", "neutral", "negative", "angry"]
EntityType = Literal["order_number", "date", "amount", "product", "city", "email", "phone"]

LANGUAGES: tuple[str, ...] = get_args(Language)
SENTIMENTS: tuple[str, ...] = get_args(Feeling)
ENTITIES: tuple[str, ...] = get_args(EntityType)


class Row(BaseModel):
    """What all rows have in common: an id, and no fields but the described ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    language: Language


class Turn(BaseModel):
    """A turn before the question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speaker: Literal["customer", "bot"]
    text: Text


class Asked(Row):
    """A message of a customer, with or without an answer in the knowledge."""

    text: Text
    history: tuple[Turn, ...] = Field(default=(), min_length=1)
    split: Literal["dev", "test"]


class Question(Asked):
    """A message that the knowledge answers."""

    kind: Literal["plain", "typo", "slang", "mixed", "followup", "double", "traditional", "fullwidth", "word"]
    answer_ids: tuple[Text, ...] = Field(min_length=1, max_length=2)
    accept: tuple[Text, ...] = Field(default=(), min_length=1)


class Unanswerable(Asked):
    """A message that no entry may be quoted for."""

    kind: Literal["near", "product", "company", "off_topic", "nonsense", "expired", "long"]


class LoggedTurn(BaseModel):
    """A turn of a dialogue; ``answer_id`` and ``action`` stand on the agent's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speaker: Literal["customer", "agent"]
    text: Text
    at: AwareDatetime
    answer_id: Text | None = None
    action: Literal["answer", "clarify", "hand_off", "small_talk"] | None = None


class Dialogue(Row):
    """A logged conversation between a customer and a human agent."""

    channel: Literal["web", "email", "whatsapp", "wechat"]
    turns: tuple[LoggedTurn, ...] = Field(min_length=2)
    outcome: Literal["resolved", "handed_over", "abandoned", "reopened"]


class Rewrite(Row):
    """What entries say, in other words, as a fluent writer would answer a customer's question."""

    entries: tuple[Text, ...] = Field(min_length=1, max_length=2)
    question: Text
    text: Text
    split: Literal["dev", "dev2", "test", "test2", "test3"]


class Prompted(Row):
    """What a capable model writes where it is asked as kefu asks: near the words of the entries, and honest."""

    entries: tuple[Text, ...] = Field(min_length=1, max_length=3)
    question: Text
    text: Text
    split: Literal["dev", "test"]


class FalseRewrite(Row):
    """A fluent reply with one fact that its entries do not state; ``false`` are the words that say it."""

    entries: tuple[Text, ...] = Field(min_length=1, max_length=2)
    #: What the customer asked, where the reply was written to a question.
    question: Text | None = None
    text: Text
    false: Text
    kind: (
        Literal["number", "date", "amount", "link", "negation", "comparison", "promise", "name"]
        | Literal["relation", "condition", "agent", "invented", "scope", "opposite"]
    )
    split: Literal["test2", "test3"]


class Message(Row):
    """A message of a customer to learn from."""

    text: Text

    @property
    def label(self) -> str:
        """What the message is; nothing where its parts are labelled."""
        return ""


class Intent(Message):
    """A message and what its writer wants."""

    intent: Text

    @property
    def label(self) -> str:
        """The intent."""
        return self.intent


class Sentiment(Message):
    """A message and how its writer feels."""

    sentiment: Feeling

    @property
    def label(self) -> str:
        """The sentiment."""
        return self.sentiment


class Entity(BaseModel):
    """A part of a text that names something; both places count characters, the end excluded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: EntityType
    start: int = Field(ge=0, strict=True)
    end: int = Field(ge=0, strict=True)


class Tagged(Message):
    """A message and the entities in it."""

    entities: tuple[Entity, ...]


_R_co = TypeVar("_R_co", bound=Row, covariant=True)
_R = TypeVar("_R", bound=Row)


@dataclass(frozen=True)
class Located(Generic[_R_co]):
    """A row and where it stands."""

    file: str
    line: int
    row: _R_co

    def problem(self, field: str, found: str, expected: str) -> Problem:
        """Tell what is wrong with the row."""
        return Problem(file=self.file, line=self.line, field=field, found=found, expected=expected)


def read_rows(file: Path, model: type[_R], problems: list[Problem]) -> list[Located[_R]]:
    """Read the rows of ``file`` that are well formed; the others are added to ``problems``."""
    if not file.is_file():
        problems.append(Problem(file=str(file), line=0, field="", found="no such file", expected="a file of rows"))
        return []
    rows = []
    for number, line in enumerate(file.read_bytes().rstrip(b"\n").split(b"\n"), start=1):
        try:
            rows.append(Located(str(file), number, model.model_validate_json(line)))
        except ValidationError as error:
            for wrong in error.errors(include_url=False):
                field, found = ".".join(map(str, wrong["loc"])), repr(wrong["input"])[:60]
                expected = f"a row as README.md describes it ({wrong['msg']})"
                problems.append(Problem(file=str(file), line=number, field=field, found=found, expected=expected))
    return rows

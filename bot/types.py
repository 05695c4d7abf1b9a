"""The words of the service as frozen records. Standard library only; every part of kefu speaks in these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Speaker(StrEnum):
    """Who said a turn."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"


class Action(StrEnum):
    """What a reply does."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    HAND_OFF = "hand_off"
    SMALL_TALK = "small_talk"


class Reason(StrEnum):
    """Why the policy decided as it did; stable codes, for reports and for the agent who takes over."""

    CONFIDENT = "confident"
    #: One entry, or up to three, may be meant, and none is likely enough to be quoted.
    AMBIGUOUS = "ambiguous"
    #: Nothing in the knowledge is likely enough to be right.
    NOT_KNOWN = "not_known"
    #: Of two questions in one message only one could be answered.
    PARTLY_KNOWN = "partly_known"
    #: The customer asked for a person.
    ASKED_FOR_PERSON = "asked_for_person"
    #: Asked again after a clarifying question, still unclear.
    STILL_UNCLEAR = "still_unclear"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    #: "Ok", "got it", "no".
    ACKNOWLEDGED = "acknowledged"
    #: "Are you a bot?"
    ASKED_IF_BOT = "asked_if_bot"
    #: The bot itself failed on this message.
    FAILED = "failed"
    #: The message has no words: an emoji, punctuation, an empty line.
    NO_WORDS = "no_words"
    #: The settings say what to do about what the customer wants.
    INTENT = "intent"
    #: The customer was upset in several messages in a row.
    UPSET = "upset"
    #: More messages came in a minute than a person writes.
    TOO_FAST = "too_fast"


class Owner(StrEnum):
    """Who has the case."""

    BOT = "bot"
    #: Handed over; no person has taken it yet.
    WAITING = "waiting"
    HUMAN = "human"
    CLOSED = "closed"


class Event(StrEnum):
    """What happens to a case; `bot.handover` says who has it after that."""

    #: The customer wrote.
    WROTE = "wrote"
    #: The bot said that a person will answer.
    HANDED_OVER = "handed_over"
    #: A person wrote to the customer, or was given the case.
    TAKEN = "taken"
    #: A person, or the time, gave it back to the bot.
    HANDED_BACK = "handed_back"
    RESOLVED = "resolved"


class Outcome(StrEnum):
    """What became of a submitted message."""

    ACCEPTED = "accepted"
    #: The same message was accepted before; it is not answered twice.
    DUPLICATE = "duplicate"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationKey:
    """One conversation, everywhere: hashable, and the unit of order and isolation."""

    #: The connector's name, such as "terminal" or "chatwoot".
    channel: str
    #: The operator's account there ("" where there is one only).
    account: str = ""
    #: The thread, ticket or chat in that account.
    thread: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a customer sent."""

    #: The channel's own id of it, unique within the conversation: a second delivery has the same.
    id: str
    conversation: ConversationKey
    text: str
    #: When it was sent, with time zone.
    at: datetime
    #: The customer's id in the channel ("" if unknown).
    customer: str = ""
    #: Names of the files that came with it; they are not read.
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A part of a message that names something, such as an order's number."""

    #: As the rows call it that were learned from.
    type: str
    text: str
    #: Where it stands in the message, in characters, the end excluded.
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """What trained models say of a message; nothing where none is in use, or where they are not sure."""

    #: What the customer wants: label and chance, the likeliest first.
    intents: tuple[tuple[str, float], ...] = ()
    #: In the order of the message.
    entities: tuple[Entity, ...] = ()
    #: How the customer feels: a label ("" for nothing known), and its chance.
    sentiment: str = ""
    sentiment_chance: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """The entry a reply quotes."""

    id: str
    question: str
    #: File and line it came from ("" for an answer learned from history that no entry has).
    source: str
    #: Where the customer can read more ("" for nowhere).
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A hit as a possible answer."""

    #: The entry's id.
    id: str
    #: Calibrated: of all candidates with 0.9, nine in ten are right.
    confidence: float
    #: Name of the source that proposed it.
    source: str
    #: Of the entry, in the language it would be quoted in.
    question: str
    answer: str
    language: str
    #: The operator's labels of the entry.
    tags: tuple[str, ...] = ()
    url: str = ""
    #: File and line of the entry.
    origin: str = ""
    #: Share of the question's words, by weight, that no entry of the source holds: what it may be about instead.
    unknown: float = 0.0
    #: What each side of retrieval said, for `/why` and decision records.
    details: Mapping[str, float] = field(default_factory=dict)


class Author(StrEnum):
    """Who wrote the text of a reply."""

    #: It is quoted: entries, and the fixed sentences around them.
    VERBATIM = "verbatim"
    #: A language model wrote it, and the evidence lock let it through.
    GENERATOR = "generator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """A sentence that a language model wrote and that was not sent."""

    text: str
    #: What in it stands in no entry: code and words.
    against: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sourced:
    """A sentence of a reply that a language model wrote, and the ids of the entries that carry it."""

    #: Where it stands in the reply, in characters, the end excluded.
    start: int
    end: int
    #: None of a courtesy.
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """How the text of a reply came about, for its record: customers see nothing of it."""

    by: Author = Author.VERBATIM
    #: Why it is quoted although a language model is there to write: a code of `bot.generator.failure` ("" for none).
    why: str = ""
    removed: tuple[Removed, ...] = ()
    sentences: tuple[Sourced, ...] = ()
    #: What the model is asked: role and content of each message. It repeats what customers said, so it is not kept, and
    #: tells no two replies apart.
    prompt: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the bot says to one message: exactly one."""

    #: Unique; connectors use it as the idempotency key.
    id: str
    conversation: ConversationKey
    #: The id of the message it answers.
    in_reply_to: str
    text: str
    action: Action
    reason: Reason
    #: How likely it is right, 0 to 1 (1 for small talk, 0 where nothing was found).
    confidence: float
    #: In which the customer is spoken to; where what is quoted is in another one, the text says so.
    language: str
    citations: tuple[Citation, ...] = ()
    #: Up to ten, best first.
    candidates: tuple[Candidate, ...] = ()
    #: Of the message it answers.
    understanding: Understanding = Understanding()
    #: Versions of what it came from, by name: of the knowledge, of trained models.
    versions: Mapping[str, str] = field(default_factory=dict)
    #: Milliseconds spent in each part of the turn; those that go on at the same time do not add up.
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    #: Who wrote the text, and what of it was not sent.
    writing: Writing = Writing()

    def without_texts(self) -> Reply:
        """Return the same without what it says and what its candidates say: for where that is kept elsewhere."""
        return replace(self, text="", candidates=tuple(replace(c, question="", answer="") for c in self.candidates))

    def to_keep(self) -> Reply:
        """Return the same as it may be stored: without the prompt of a language model."""
        return replace(self, writing=replace(self.writing, prompt=()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One utterance of a conversation."""

    speaker: Speaker
    text: str
    at: datetime
    #: The message's or the reply's id, or that of a turn that came from elsewhere ("" where it has none).
    id: str = ""
    #: Names of the files that a customer sent with it.
    attachments: tuple[str, ...] = ()
    #: Of a bot's turn: what it did, and the entries it quoted or offered.
    action: Action | None = None
    citations: tuple[Citation, ...] = ()
    #: Of a bot's turn: what was understood of the message it answers.
    understanding: Understanding = Understanding()

    @classmethod
    def saying(cls, message: Message) -> Turn:
        """Return the customer's turn in which ``message`` is said."""
        return cls(
            speaker=Speaker.CUSTOMER,
            text=message.text,
            at=message.at,
            id=message.id,
            attachments=message.attachments,
        )

    @classmethod
    def of(cls, reply: Reply, at: datetime) -> Turn:
        """Return the bot's turn in which it says ``reply``."""
        return cls(
            speaker=Speaker.BOT,
            text=reply.text,
            at=at,
            id=reply.id,
            action=reply.action,
            citations=reply.citations,
            understanding=reply.understanding,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A conversation as it stands, oldest turn first."""

    key: ConversationKey
    owner: Owner = Owner.BOT
    #: Since when, and when a person last did something there (None where nothing ever happened).
    since: datetime | None = None
    #: Of the case as it is now: what was said before it was last resolved is not among them.
    turns: tuple[Turn, ...] = ()
    #: Fixed by the customer (`/lang`), or None: each message is answered in its own language.
    language: str | None = None
    #: Where the store has the first and the last turn of the case.
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A message, or one of several questions in it, prepared for the sources and the policy."""

    text: str
    #: ISO 639-1 code of the language the reply should be in.
    language: str
    #: The day on which entries must be valid, and the moment the message came.
    at: datetime
    #: What it leans on: the earlier question of the same customer ("" where it stands alone).
    context: str = ""
    #: Of the message as a whole, for the policy: it comes about while the sources are asked, who do not see it.
    understanding: Understanding = Understanding()


#: A place is remembered for this long after the last look at least. No channel serves again what is as old as that, so
#: that it would be fetched twice: WeCom keeps three days, and of a ticket what is of today alone counts as new.
PLACES_KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Somewhere in a channel where there is something to fetch."""

    channel: str
    name: str
    #: Where to go on ("" for the first time).
    cursor: str = ""
    #: Since when there is something.
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How much is left to do."""

    #: Accepted messages that are not done.
    waiting: int
    #: Notes, replies and hand-overs on their way.
    outbox: int
    #: Those that could not be delivered.
    dead: int

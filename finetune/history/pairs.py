"""Which question an agent's answer belongs to.

What a customer says is collected until somebody answers it. Neither "let me check" nor a question back is an answer;
what the customer says to those belongs to the question. What a bot says is no answer, unless the log names the entry
it said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from finetune.history.clean import clean
from finetune.history.followups import is_reaction, leans, without_reaction
from finetune.history.privacy import Privacy
from finetune.history.talk import asks, is_answer, is_polite, is_short, puts_off, says_nothing, sentences
from finetune.logs.records import Conversation, Speaker, Utterance
from retrieval.text import detect_language
from retrieval.types import Passage

#: Conversations that ended so are no service to a customer.
_NO_SERVICE = frozenset({"spam", "deleted", "merged", "test"})

#: So much of a message is looked at: below that there are quoted mails.
_READ = 10_000
#: Nobody asks or answers at such length; what has it is a log or a document that was pasted.
_LONGEST = 4_000
#: A reply to a question back is short; longer ones ask something new.
_REPLY_WORDS, _REPLY_HAN = 6, 12


class Left(StrEnum):
    """Why something of a log did not become a pair."""

    PRIVATE_NOTE = "private notes"
    EVENT = "messages of the helpdesk itself"
    NO_SERVICE = "conversations marked as spam, deleted, merged or test"
    BOT = "replies of a bot"
    TOO_LONG = "messages too long to learn from"
    NO_ANSWER = "agent messages that answer nothing (asking back, putting off, handing over, courtesies)"
    NO_QUESTION = "answers that nobody asked for"
    LEANING = "questions that lean on an earlier turn"
    UNANSWERED = "questions without an answer"
    RARE = "pairs whose answer was given too seldom"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question of a customer, and what an agent answered."""

    question: str
    answer: str
    #: The id of the entry that the answer says, where the log names one.
    intent: str = ""
    #: ISO 639-1 code of the question.
    language: str
    conversation: str
    #: When it was asked (None where the log does not tell).
    at: datetime | None = None
    #: Of the knowledge, what the answer says.
    passages: tuple[Passage, ...] = ()

    def row(self) -> dict[str, Any]:
        """Return it as a JSON object, without what is not known."""
        values: dict[str, Any] = {
            "question": self.question,
            "answer": self.answer,
            "intent": self.intent,
            "language": self.language,
            "conversation": self.conversation,
            "at": self.at.isoformat() if self.at else "",
            "passages": [{"id": p.id, "question": p.question, "answer": p.answer} for p in self.passages],
        }
        return {key: value for key, value in values.items() if value}


@dataclass(slots=True)
class _Dialogue:
    """A conversation while it is gone through."""

    conversation: Conversation
    left: Counter[Left]
    pairs: list[Pair] = field(default_factory=list)
    #: What the customer asked and nobody answered yet, and when that began.
    open: list[str] = field(default_factory=list)
    since: datetime | None = None
    #: What was asked last, for a reply to a question back.
    asked: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    entries: set[str] = field(default_factory=set)
    #: Whether the last thing an agent said was a question back.
    asked_back: bool = False
    #: Whether something was asked and answered before.
    under_way: bool = False

    def customer(self, text: str, said: Utterance) -> None:
        self.close()
        text = without_reaction(text)
        if says_nothing(text) or is_reaction(text):
            return
        if not self.open:
            self.since = said.at
            if self.asked_back and is_short(text, _REPLY_WORDS, _REPLY_HAN) and not asks(text):
                self.open = [*self.asked]
        self.asked_back = False
        if text not in self.open:
            self.open.append(text)

    def agent(self, text: str, said: Utterance) -> None:
        if not _answers(text, said):
            self.asked_back = said.action == "clarify" or (not said.action and any(map(asks, sentences(text))))
            self.left[Left.NO_ANSWER] += 1
            return
        self.asked_back = False
        if not (self.open or self.answer):
            self.left[Left.NO_QUESTION] += 1
            return
        self.answer.append(_without_delay(text))
        self.entries.update(said.answers)

    def lose(self) -> None:
        """Forget what a message that is not kept may belong to."""
        self.close()
        self.open, self.asked, self.asked_back = [], [], False
        self.under_way = True

    def close(self) -> None:
        """Make a pair of what was asked and answered so far."""
        if not self.answer:
            return
        question = " ".join(self.open)
        if self.under_way and leans(question):
            self.left[Left.LEANING] += 1
        else:
            self.pairs.append(
                Pair(
                    question=question,
                    answer="\n".join(self.answer),
                    intent=next(iter(self.entries)) if len(self.entries) == 1 else "",
                    language=detect_language(question),
                    conversation=self.conversation.id,
                    at=self.since,
                )
            )
        self.asked, self.open, self.answer, self.entries = self.open, [], [], set()
        self.under_way = True


def pairs_of(conversation: Conversation, privacy: Privacy, left: Counter[Left]) -> list[Pair]:
    """Return the pairs of a conversation, cleaned and without personal data; ``left`` counts what became none."""
    left[Left.PRIVATE_NOTE] += conversation.notes
    left[Left.EVENT] += conversation.events
    if conversation.outcome.casefold() in _NO_SERVICE:
        left[Left.NO_SERVICE] += 1
        return []
    dialogue = _Dialogue(conversation, left)
    for said in conversation.utterances:
        text = privacy.replace(clean(said.text[:_READ]), conversation.names)
        if len(text) > _LONGEST:
            left[Left.TOO_LONG] += 1
            dialogue.lose()
        elif not text:
            continue
        elif said.speaker is Speaker.CUSTOMER:
            dialogue.customer(text, said)
        elif said.speaker is Speaker.BOT and not said.answers:
            left[Left.BOT] += 1
        else:
            dialogue.agent(text, said)
    dialogue.close()
    left[Left.UNANSWERED] += bool(dialogue.open)
    return dialogue.pairs


def _answers(text: str, said: Utterance) -> bool:
    """Whether an agent's message answers something: as the log says, and where it does not, by its wording."""
    if all(map(is_polite, sentences(text))) or (said.action and said.action != "answer"):
        return False
    return bool(said.action or said.answers) or is_answer(text)


def _without_delay(text: str) -> str:
    """Leave out "let me check" before the answer that follows it in the same message."""
    parts = sentences(text)
    while len(parts) > 1 and puts_off(parts[0]):
        text = text[text.index(parts[0]) + len(parts[0]) :].strip()
        parts = parts[1:]
    return text

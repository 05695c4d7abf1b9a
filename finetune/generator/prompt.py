"""The words around what a generator is asked, where who trains it gives no others.

What serves asks in words of its own; it gives them to training as a `Prompt`, so that a model learns what it will be
asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from retrieval.types import Passage

#: A chat: dictionaries with "role" and "content".
Messages = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """How a generator is asked, and how it says that it has no answer."""

    #: The messages that ask a question, given passages and the language to answer in.
    messages: Callable[[str, Sequence[Passage], str], Messages]
    #: By language, what stands for an answer that the passages do not hold; other languages take the English one.
    declining: Mapping[str, str]

    def declined(self, language: str) -> str:
        """Return what a reply in ``language`` says instead of an answer."""
        return self.declining.get(language) or self.declining["en"]


_SYSTEM = {
    "en": "Answer the customer from the passages alone, in English. If they hold no answer, say that you have none.",
    "zh": "请只根据资料用中文回答客户。资料里没有答案时，说明您没有答案。",
}


def _messages(question: str, passages: Sequence[Passage], language: str) -> Messages:
    told = "\n\n".join(f"[{number}] {passage.question}\n{passage.answer}" for number, passage in enumerate(passages, 1))
    return [
        {"role": "system", "content": _SYSTEM.get(language, _SYSTEM["en"])},
        {"role": "user", "content": f"{told}\n\n{question}" if told else question},
    ]


#: Short, as a small model takes it.
PLAIN = Prompt(
    messages=_messages,
    declining={"en": "I have no answer to that.", "zh": "这个问题我没有答案。"},
)

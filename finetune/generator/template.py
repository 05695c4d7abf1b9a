"""A chat as the tokens of a model: by the template of its tokenizer, or a plain one where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from finetune.errors import BackboneError
from finetune.generator.prompt import Messages

#: For a model that was never taught to chat. It is stored with the artefact, as any other.
FALLBACK = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A prompt and its answer as tokens."""

    ids: tuple[int, ...]
    #: Where the answer begins; it goes to the end, which the token that ends it is part of.
    start: int


class Template:
    """How a tokenizer spells a chat."""

    def __init__(self, tokenizer: Any) -> None:
        """Make ``tokenizer`` ready; raises `BackboneError` where it has nothing to end a text with."""
        if tokenizer.eos_token is None:
            raise BackboneError(
                "The tokenizer of the backbone has no token that ends a text, so a model could not learn where an "
                'answer ends. Give it one ("eos_token" in tokenizer_config.json), or take another backbone.'
            )
        self.tokenizer = tokenizer
        #: Whether the template is the model's own.
        self.own = bool(tokenizer.chat_template)
        if not self.own:
            tokenizer.chat_template = FALLBACK
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "left"  # where texts are written on together

    @property
    def stop(self) -> int:
        """The token that ends an answer."""
        return self.cut([{"role": "user", "content": "?"}], "!").ids[-1]

    def asked(self, messages: Messages) -> str:
        """Return ``messages`` as the text that an answer is written behind."""
        return self._spelled(messages, add_generation_prompt=True)

    def cut(self, messages: Messages, answer: str) -> Cut:
        """Return ``messages`` and ``answer`` as tokens, as they are when the answer is written token by token."""
        asked = self.asked(messages)
        whole = self._spelled([*messages, {"role": "assistant", "content": answer}], add_generation_prompt=False)
        # Some templates spell an earlier answer otherwise than one that is being written.
        said = whole[len(asked) :].rstrip("\n") if whole.startswith(asked) else answer
        before, behind = (self.ids(text) for text in (asked, said))
        if not behind or behind[-1] not in self.tokenizer.all_special_ids:
            behind = [*behind, self.tokenizer.eos_token_id]
        return Cut(ids=(*before, *behind), start=len(before))

    def ids(self, text: str) -> list[int]:
        """Return the tokens of what the template has spelled."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def said(self, ids: Sequence[int]) -> str:
        """Return the text of the tokens of an answer."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text.strip()

    def _spelled(self, messages: Messages, *, add_generation_prompt: bool) -> str:
        def spell(some: Messages) -> str:
            text: str = self.tokenizer.apply_chat_template(
                some, tokenize=False, add_generation_prompt=add_generation_prompt
            )
            return text

        try:
            return spell(messages)
        except TemplateError:  # some know no system message: it is then said by whoever asks
            first, second, *others = messages
            if first["role"] != "system":
                raise
            told = f"{first['content']}\n\n{second['content']}"
            return spell([{**second, "content": told}, *others])

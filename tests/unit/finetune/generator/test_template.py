"""A chat as tokens: nothing of it is lost, and an answer ends where it ends."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from finetune.errors import BackboneError
from finetune.generator.pairs import Pair
from finetune.generator.prompt import PLAIN
from finetune.generator.template import FALLBACK, Template

QWEN = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "[{{ message.role }}]{{ message.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def tokenizer_with(small: Path, template: str | None) -> object:
    tokenizer = AutoTokenizer.from_pretrained(small)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = template
    return tokenizer


@pytest.mark.parametrize("spelling", [None, QWEN, NO_SYSTEM], ids=["plain", "chatml", "without system"])
def test_prompt_and_answer_come_back_from_the_tokens(spelling: str | None, small: Path, pairs: list[Pair]) -> None:
    template = Template(tokenizer_with(small, spelling))
    assert template.own is (spelling is not None)
    for pair in pairs[:20]:
        messages = PLAIN.messages(pair.text, pair.passages, pair.language)
        cut = template.cut(messages, pair.answer)
        assert template.said(cut.ids[cut.start :]) == pair.answer.strip()
        assert template.tokenizer.decode(cut.ids[: cut.start]) == template.asked(messages)
        assert pair.text in template.asked(messages)
        assert cut.ids[-1] == template.stop


def test_an_answer_ends_with_the_token_of_the_models_own_template(small: Path) -> None:
    template = Template(tokenizer_with(small, QWEN))
    assert template.tokenizer.decode([template.stop]) == "<|im_end|>"


def test_a_model_without_a_template_gets_one_that_is_kept(small: Path, tmp_path: Path) -> None:
    template = Template(tokenizer_with(small, None))
    template.tokenizer.save_pretrained(tmp_path)
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == FALLBACK


def test_a_tokenizer_that_ends_nothing_is_refused(small: Path) -> None:
    tokenizer = copy.deepcopy(tokenizer_with(small, None))
    tokenizer.eos_token = None
    with pytest.raises(BackboneError, match="eos_token"):
        Template(tokenizer)

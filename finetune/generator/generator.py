"""A trained generator: as it writes, and on disk beside the other files of an artefact, in ``model/``.

``model/`` holds an adapter, or all weights where all were trained, as safetensors, and the tokenizer with its template:
what transformers, peft and vLLM load as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from finetune.artefact import Artefact
from finetune.errors import ArtefactError
from finetune.generator.prompt import Messages
from finetune.generator.template import Template
from finetune.generator.writer import load
from finetune.recipe import Kind

#: The folder in an artefact.
MODEL = "model"

#: Questions that are answered together.
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Generator:
    """A language model that answers."""

    model: Any
    template: Template

    def write(
        self, asked: Sequence[Messages], most: int, progress: Callable[[int], None] = lambda done: None
    ) -> list[str]:
        """Return what it answers to each chat, the likeliest token at a time, ``most`` tokens at most.

        ``progress`` is told how many are done.
        """
        from transformers import GenerationConfig

        tokenizer = self.template.tokenizer
        config = GenerationConfig(  # type: ignore[no-untyped-call,unused-ignore]
            do_sample=False,
            max_new_tokens=most,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=sorted({self.template.stop, tokenizer.eos_token_id}),
        )
        texts = [self.template.asked(messages) for messages in asked]
        out = [""] * len(texts)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        self.model.eval()
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            read = tokenizer(
                [texts[place] for place in places], add_special_tokens=False, padding=True, return_tensors="pt"
            ).to(self.model.device)
            with torch.no_grad():
                written = self.model.generate(
                    input_ids=read["input_ids"], attention_mask=read["attention_mask"], generation_config=config
                )
            for place, ids in zip(places, written[:, read["input_ids"].shape[1] :].tolist(), strict=True):
                out[place] = self.template.said(ids)
            progress(start + len(places))
        return out

    def save(self, folder: Path, backbone: str) -> None:
        """Write model and tokenizer to ``folder``; an adapter says that it is one to ``backbone``."""
        for config in getattr(self.model, "peft_config", {}).values():
            config.base_model_name_or_path = backbone
        self.model.save_pretrained(folder, safe_serialization=True)
        self.template.tokenizer.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)  # a card with nothing in it


def open_generator(artefact: Artefact, backbone: str | None = None) -> Generator:
    """Open a generator on the model it was trained on; ``backbone`` is where that lies now, if it was moved.

    Raises `ArtefactError` where the artefact is of another kind, or the model is another one than it was trained on;
    `BackboneError` where the model cannot be loaded.
    """
    check_kind(artefact)
    folder = artefact.folder / MODEL
    if not artefact.about["adapter"]:
        language = load(str(folder))
        return Generator(model=language.model.eval(), template=language.template)
    from peft import PeftModel

    language = load(backbone or artefact.recipe.backbone)
    check_backbone(artefact, language.source.fingerprint("generator"))
    template = template_of(artefact)
    try:
        model = PeftModel.from_pretrained(language.model, folder)
    except Exception as error:  # each library raises its own kind
        raise ArtefactError(f"{folder} is not whole ({type(error).__name__}: {error}). Train it again.") from error
    return Generator(model=model.eval(), template=template)


def check_kind(artefact: Artefact) -> None:
    """Raise `ArtefactError` where an artefact is of another kind."""
    if artefact.recipe.kind is not Kind.GENERATOR:
        raise ArtefactError(f"{artefact.folder} holds {artefact.recipe.kind.value}, and no generator.")


def check_backbone(artefact: Artefact, fingerprint: str) -> None:
    """Raise `ArtefactError` where an artefact was trained on another model than the one with this fingerprint."""
    if fingerprint != artefact.backbone:
        raise ArtefactError(
            f"{artefact.folder} was trained on another model than is there now: {artefact.recipe.backbone} as it was "
            "then. Train it again, or name the folder of the one that it was trained on."
        )


def template_of(artefact: Artefact) -> Template:
    """Return how an artefact spells a chat; raises `ArtefactError` where it is not whole."""
    from transformers import AutoTokenizer

    folder = artefact.folder / MODEL
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # as above
        raise ArtefactError(f"{folder} is not whole ({type(error).__name__}: {error}). Train it again.") from error
    return Template(tokenizer)

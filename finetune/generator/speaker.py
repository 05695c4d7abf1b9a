"""Writing one answer at a time, as it comes: a language model in memory, and the adapters of artefacts on it.

The model is loaded once. Adapters lie beside each other on it by the versions of their artefacts; one is put on for
each answer, and those that nothing writes with any more are deleted.
"""

from __future__ import annotations

import copy
import threading
import warnings
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from itertools import takewhile
from typing import Any

import torch
from peft import PeftModel
from transformers import GenerationConfig, GenerationMixin, StoppingCriteriaList, TextStreamer

from finetune.artefact import Artefact
from finetune.errors import ArtefactError
from finetune.generator.generator import MODEL, check_backbone, check_kind, template_of
from finetune.generator.prompt import Messages
from finetune.generator.template import Template
from finetune.generator.writer import Loaded, load, source_of

#: What transformers calls the keys and values of the tokens before; it was renamed within version 5.
_CACHE = (
    "cache" if "cache" in signature(GenerationMixin.prepare_inputs_for_generation).parameters else "past_key_values"
)

#: Beginnings of prompts that are kept. A bot has one for each language that it writes.
_BEGINNINGS = 8


class Speakers:
    """Opens what writes; a model that is loaded stays as long as something writes with it."""

    def __init__(self, name: str = "") -> None:
        """``name`` is the model, a folder or a hub name; without one it is what an artefact was trained on."""
        self._name = name
        self._held: Callable[[], _Backbone | None] = lambda: None

    def plain(self) -> Speaker:
        """Return what writes with the model alone; raises `BackboneError`."""
        backbone = self._backbone(self._name, None)
        return Speaker(backbone, backbone.language.template)

    def of(self, artefact: Artefact) -> Speaker:
        """Return what writes with an artefact: with its adapter on the model, or with all its own weights.

        Raises `ArtefactError` where it is of another kind, not whole, or was trained on another model; `BackboneError`
        where the model cannot be loaded.
        """
        check_kind(artefact)
        if not artefact.about["adapter"]:
            if self._name:
                check_backbone(artefact, source_of(self._name).fingerprint("generator"))
            backbone = _Backbone("", load(str(artefact.folder / MODEL), serves=True))
            return Speaker(backbone, backbone.language.template)
        backbone = self._backbone(self._name or artefact.recipe.backbone, artefact.recipe.method)
        check_backbone(artefact, backbone.fingerprint)
        template = template_of(artefact)
        try:
            backbone.put_beside(artefact)
        except Exception as error:  # each library raises its own kind
            self._held = lambda: None  # what it left of the model, nobody knows
            raise ArtefactError(
                f"{artefact.folder / MODEL} is not whole ({type(error).__name__}: {error}). Train it again."
            ) from error
        return Speaker(backbone, template, artefact.version)

    def _backbone(self, name: str, method: str | None) -> _Backbone:
        """Return a model that takes adapters of ``method``: peft puts only those of one kind beside each other."""
        held = self._held()
        if held is None or held.name != name or (method and held.method not in (None, method)):
            held = _Backbone(name, load(name, serves=True))
            self._held = weakref.ref(held)
        held.method = held.method or method
        return held


class _Backbone:
    """A model in memory with the adapters on it, of which one writes at a time."""

    def __init__(self, name: str, language: Loaded) -> None:
        self.name = name
        self.language = language
        #: Of the adapters on it.
        self.method: str | None = None
        self._model = language.model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self._peft: PeftModel | None = None
        self._turn = threading.Lock()
        self._uses: Counter[str] = Counter()
        #: Versions that one fewer uses: told by the garbage collector, which may come at any moment and in any thread.
        self.left: deque[str] = deque()

    @cached_property
    def fingerprint(self) -> str:
        """Of the model's files."""
        return self.language.source.fingerprint("generator")

    def put_beside(self, artefact: Artefact) -> None:
        """Load the adapter of an artefact, unless it is here already, and keep it until so many have `left` it."""
        folder, version = artefact.folder / MODEL, artefact.version
        with self._turn, warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in names of yesterday
            if self._peft is None:
                self._peft = PeftModel.from_pretrained(self._model, folder, adapter_name=version)
            elif version not in self._peft.peft_config:
                self._peft.load_adapter(folder, version)
            self._uses[version] += 1

    @contextmanager
    def wearing(self, version: str | None) -> Iterator[Any]:
        """Give the model as it is with an adapter, or without any, to the block alone."""
        with self._turn:
            if self._peft is None:
                yield self._model
            elif version is None:
                with self._peft.disable_adapter():
                    yield self._model
            else:
                if self._peft.active_adapter != version:
                    self._peft.set_adapter(version)
                self._tidy(self._peft)
                yield self._model

    def _tidy(self, model: PeftModel) -> None:
        """Delete the adapters that nothing uses any more."""
        while self.left:
            version = self.left.popleft()
            self._uses[version] -= 1
        for version in [version for version, uses in self._uses.items() if not uses]:
            model.delete_adapter(version)
            del self._uses[version]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Beginning:
    """What several prompts begin with, computed."""

    ids: list[int]
    #: None where the model keeps nothing that goes on from there: something else than keys and values of each token.
    cache: Any

    def begins(self, ids: list[int]) -> bool:
        """Whether a prompt can go on from here."""
        return self.cache is not None and len(ids) > len(self.ids) and ids[: len(self.ids)] == self.ids


def _beginning(model: Any, ids: list[int]) -> _Beginning:
    cache = None
    if ids:
        cache = getattr(model(input_ids=torch.tensor([ids], device=model.device), use_cache=True), _CACHE, None)
    keys = [getattr(layer, "keys", None) for layer in getattr(cache, "layers", ())]
    whole = keys and all(key is not None and key.shape[-2] == len(ids) for key in keys)
    return _Beginning(ids=ids, cache=cache if whole else None)


class Speaker:
    """A language model that writes."""

    def __init__(self, backbone: _Backbone, template: Template, version: str | None = None) -> None:
        """Use `Speakers`."""
        self._backbone = backbone
        self._template = template
        self._version = version
        self._beginnings: dict[str, _Beginning] = {}
        if version is not None:
            weakref.finalize(self, backbone.left.append, version).atexit = False

    def write(
        self,
        messages: Messages,
        say: Callable[[str], None],
        going: Callable[[], bool] = lambda: True,
        *,
        most: int,
        temperature: float = 0.0,
    ) -> bool:
        """Write an answer to ``messages`` of up to ``most`` tokens: ``say`` is told each piece of text.

        ``going`` is asked before the prompt is read and after each token whether to go on. Returns whether the answer
        came to its end; where it was stopped, or the model cannot read so much, it did not. May be called from any
        thread; one writes at a time.
        """
        ids, tokenizer = self._template.ids(self._template.asked(messages)), self._template.tokenizer
        most = min(most, self._backbone.language.max_tokens - len(ids))
        if most < 1:
            return False
        with self._backbone.wearing(self._version) as model, torch.inference_mode():
            if not going():  # whoever asked left while another one wrote
                return False
            asked = torch.tensor([ids], device=model.device)
            written = model.generate(
                input_ids=asked,
                attention_mask=torch.ones_like(asked),
                generation_config=GenerationConfig(  # type: ignore[no-untyped-call,unused-ignore]
                    do_sample=temperature > 0,
                    **({"temperature": temperature} if temperature > 0 else {}),
                    max_new_tokens=most,
                    pad_token_id=tokenizer.pad_token_id,
                    eos_token_id=sorted(self._ends),
                ),
                streamer=_Pieces(tokenizer, say),
                stopping_criteria=StoppingCriteriaList([lambda ids, scores, **more: not going()]),
                **self._computed(model, messages, ids),
            )
        return int(written[0, -1]) in self._ends

    @cached_property
    def _ends(self) -> set[int]:
        """The tokens that end an answer."""
        own = self._backbone.language.model.generation_config.eos_token_id
        more = own if isinstance(own, list) else [own] * (own is not None)
        return {self._template.stop, self._template.tokenizer.eos_token_id, *more}

    def _computed(self, model: Any, messages: Messages, ids: list[int]) -> dict[str, Any]:
        """Return what of a prompt need not be computed any more: what all with the same first message begin with."""
        first = messages[0]
        if len(messages) < 2 or first["role"] != "system":
            return {}
        known = self._beginnings.get(first["content"])
        if known is None or not known.begins(ids):
            shared = self._shared(first)
            if known is None or known.ids != shared:  # a template may name the day
                if len(self._beginnings) == _BEGINNINGS:
                    self._beginnings.clear()
                known = self._beginnings[first["content"]] = _beginning(model, shared)
        return {_CACHE: copy.deepcopy(known.cache)} if known.begins(ids) else {}

    def _shared(self, first: dict[str, str]) -> list[int]:
        """Return the tokens that all prompts after ``first`` begin with."""
        one, other = (
            self._template.ids(self._template.asked([first, {"role": "user", "content": text}])) for text in "ab"
        )
        return [token for token, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))]


class _Pieces(TextStreamer):
    """Tells what is written."""

    def __init__(self, tokenizer: Any, say: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)  # type: ignore[no-untyped-call,unused-ignore]
        self._say = say

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Tell what will not change any more."""
        if text:
            self._say(text)

"""The language model itself: loaded to be trained, and as the network that the loop takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import peft
import torch
from torch import Tensor

from finetune.errors import BackboneError, RecipeError
from finetune.generator.packing import laid
from finetune.generator.template import Cut, Template
from finetune.methods import prepare
from finetune.network import Batch, Network, check_no_pickle
from finetune.recipe import METHODS, Recipe
from retrieval.errors import EncoderError
from retrieval.source import Source

#: How far losses of the same example may be apart, in one row with others and by itself, by rounding alone.
_ROUNDING = 1e-3

#: Methods that put something beside the weights and leave these as they are.
_BESIDE = ("lora", "adalora", "ia3")


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A causal language model on disk, loaded."""

    source: Source
    model: Any
    template: Template

    @property
    def max_tokens(self) -> int:
        """Tokens that the model can read at most."""
        return int(getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or 1 << 30)


def source_of(name: str) -> Source:
    """Return the model called ``name``, a folder or a hub name.

    Raises `BackboneError` where there is none, or where it holds a pickle, or no weights that are loaded.
    """
    try:
        source = Source.find(name)
    except EncoderError as error:
        raise BackboneError(error.detail) from error
    check_no_pickle(source.folder)
    if not any(source.folder.glob("*.safetensors")):
        raise BackboneError(
            f"{source.folder} holds no *.safetensors file, and weights in other formats are not loaded. Name the "
            "folder of a causal language model as the hub has it, or its name there."
        )
    return source


def load(name: str, recipe: Recipe | None = None, *, serves: bool = False) -> Loaded:
    """Load the causal language model called ``name``, a folder or a hub name, as ``recipe`` trains it if there is one.

    One that ``serves`` is kept in 16 bits where there is a GPU for them. Raises `BackboneError` where it is not whole,
    is no causal language model or holds a pickle, and where ``recipe`` asks for 4 bits that this machine cannot compute
    with.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]
    source = source_of(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.folder, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            source.folder, trust_remote_code=False, use_safetensors=True, **_kept(recipe, serves)
        )
    except (BackboneError, MemoryError):
        raise
    except Exception as error:  # a file that is missing or damaged: each library raises its own kind
        raise BackboneError(
            f"{source.folder} does not hold a whole causal language model ({type(error).__name__}: {error})."
        ) from error
    if model.get_output_embeddings() is None:
        raise BackboneError(
            f"{name} has no output layer over its tokens, so it is no language model that can be tuned."
        )
    return Loaded(source=source, model=model, template=Template(tokenizer))


def _kept(recipe: Recipe | None, serves: bool) -> dict[str, Any]:
    """Return how the weights are kept in memory."""
    if recipe is not None and recipe.four_bit:
        if not torch.cuda.is_available():
            raise BackboneError("four_bit=true needs a GPU, and there is none here. Train without it.")
        if find_spec("bitsandbytes") is None:
            raise BackboneError("four_bit=true needs bitsandbytes. Install it with: pip install bitsandbytes")
        from transformers import BitsAndBytesConfig

        bits = BitsAndBytesConfig(  # type: ignore[no-untyped-call,unused-ignore]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        return {"quantization_config": bits, "device_map": {"": torch.cuda.current_device()}}
    halved = (serves or (recipe is not None and recipe.method in _BESIDE)) and torch.cuda.is_available()
    return {"dtype": torch.bfloat16 if halved and torch.cuda.is_bf16_supported() else torch.float32}


class Writer(Network):
    """A language model that says nothing but what comes next where an answer stands.

    The output layer is as large as the vocabulary, and most tokens are of the prompt: what it would say of those is not
    computed.
    """

    def __init__(self, model: Any) -> None:
        """Take ``model`` as it is."""
        super().__init__(None, 0, 0, dropout=0.0)
        self.encoder = model
        self._wanted: Tensor | None = None
        model.get_output_embeddings().register_forward_pre_hook(self._chosen)

    def forward(self, batch: Batch) -> Tensor:
        """Return what it says at each target of ``batch`` (targets, vocabulary)."""
        assert batch.targets is not None
        self._wanted = batch.targets >= 0
        try:
            numbers: Tensor = self.encoder(input_ids=batch.ids, position_ids=batch.positions, use_cache=False).logits
        finally:
            self._wanted = None
        return numbers.flatten(0, -2).float()

    def losses(self, batch: Batch) -> Tensor:
        """Return how unlikely it takes each target of ``batch`` to be, in nats (targets,), without a gradient."""
        with torch.no_grad():
            here = batch.to(next(self.parameters()).device)
            assert here.targets is not None
            return torch.nn.functional.cross_entropy(
                self(here), here.targets[here.targets >= 0], reduction="none"
            ).cpu()

    def _chosen(self, module: object, states: tuple[Tensor]) -> tuple[Tensor] | None:
        return None if self._wanted is None else (states[0][self._wanted].unsqueeze(0),)


def writer_of(language: Loaded, recipe: Recipe, steps: int) -> Writer:
    """Return the network that learns on the very model of ``language``; ``steps`` is how many there will be, at most.

    Raises `RecipeError` where the method finds nothing in the model that it could train.
    """
    model = language.model
    if recipe.four_bit:
        model = peft.prepare_model_for_kbit_training(  # type: ignore[no-untyped-call,unused-ignore]
            model, use_gradient_checkpointing=False
        )
    if recipe.checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    writer = Writer(model)
    prepare(writer, recipe, steps)
    if not any(parameter.requires_grad for parameter in writer.parameters()):
        raise RecipeError(
            f"The method {recipe.method} finds nothing to train in {recipe.backbone}. Take another one, such as lora; "
            f"known are {', '.join(METHODS)}."
        )
    return writer


def keeps_apart(writer: Writer, cuts: Sequence[Cut], pad: int) -> bool:
    """Whether two examples in one row mean to the model what each means by itself.

    Some architectures, and early versions of transformers, know nothing of rows that several texts share.
    """
    if len(cuts) < 2:
        return True
    writer.eval()
    both = writer.losses(laid([cuts[:2]], pad))
    alone = torch.cat([writer.losses(laid([[cut]], pad)) for cut in cuts[:2]])
    return bool((both - alone).abs().max() <= _ROUNDING * max(float(alone.abs().max()), 1.0))

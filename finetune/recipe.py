"""How an artefact is trained: everything that decides the result, in one record that is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from finetune.errors import RecipeError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Kind(StrEnum):
    """What is trained."""

    ANSWERS = "answers"
    INTENTS = "intents"
    ENTITIES = "entities"
    SENTIMENT = "sentiment"
    #: A further language for the encoder itself.
    ENCODER = "encoder"
    #: A language model that writes replies.
    GENERATOR = "generator"


#: Each method, and the learning rate that is sound for it; --search looks for a better one.
METHODS = {
    "head": 2e-3,
    "lora": 1e-3,
    "adalora": 2e-3,
    "ia3": 5e-3,
    "bitfit": 2e-3,
    "prompt": 1e-2,
    "full": 1e-4,
}

#: Numbers of the layer before the labels, where a text may have several of them and its encoder does not learn: no
#: single plane tells where a label is one of some from where it stands alone (benchmarks/heads.py).
HIDDEN = 256

#: "top-2" trains the two upper layers.
_TOP = "top-"
_TOP_RATE = 2e-4

#: How much lower the rate of a language model is: much of what it was taught before has to stay.
_GENTLER = 0.2

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Recipe(BaseModel):
    """The settings of one training run. The defaults are sound for a few hundred to a few ten thousand rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Kind
    #: "head", "lora", "adalora", "ia3", "bitfit", "prompt", "top-K" or "full".
    method: str = "lora"
    #: "embedded", a folder or a hub name.
    backbone: str = "embedded"
    #: Times that the training rows are seen, at most: training stops when dev no longer improves.
    epochs: Count = 10
    #: Epochs without improvement on dev before training stops.
    patience: Count = 2
    #: Rows whose gradients make one step; ``accumulate`` says in how many parts they are computed.
    batch: Count = 32
    accumulate: Count = 1
    #: Peak learning rate; 0 takes the method's.
    learning_rate: Annotated[float, Field(ge=0)] = 0.0
    #: That of a head whose encoder learns too: the method's would be too high for it, or too low.
    head_rate: Positive = METHODS["head"]
    #: Share of the steps in which the rate rises from 0, before it falls back to 0 along ``schedule``.
    warmup: Share = 0.1
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    #: How strongly weights are drawn to zero; None takes what does best: see ``decay``.
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    dropout: Share = 0.1
    label_smoothing: Share = 0.0
    #: Numbers of a layer between features and labels (0: none); None takes what does best: see `HIDDEN`.
    hidden: Annotated[int, Field(ge=0, le=4096)] | None = None
    #: Weigh each label as if all were equally frequent.
    balance: bool = False
    #: Length of the adversarial step on the embeddings (FGM, Miyato et al. 2017, arXiv 1605.07725); 0 is without.
    adversarial: Annotated[float, Field(ge=0)] = 0.0
    #: Weight of the distance between two passes with different dropout (R-Drop, Liang et al. 2021, arXiv 2106.14448).
    rdrop: Annotated[float, Field(ge=0)] = 0.0
    #: Share of the training texts that are changed as customers mistype them.
    augment: Share = 0.0
    #: Epochs in which the texts of each label are drawn together before the head is trained, where texts are few.
    contrast: Annotated[int, Field(ge=0)] = 0
    #: Whether the names of the labels are training texts too: worth it where texts are few and the names say something.
    label_names: bool = False
    #: What similarities are divided by where texts are drawn together, and hard negatives for each text.
    temperature: Positive = 0.05
    negatives: Annotated[int, Field(ge=0, le=8)] = 1
    #: Share of the batches in which questions are compared with answers instead of with each other.
    partners: Annotated[float, Field(ge=0, le=1)] = 0.5
    #: Rank of LoRA and AdaLoRA matrices.
    rank: Count = 16
    #: Vectors that prompt tuning puts before each text.
    prompt_tokens: Count = 16
    #: This and the next five are of an encoder that learns a language: the key of the one that it reads.
    known: str = "en"
    #: The peak rate of the rows of new tokens.
    rows_rate: Positive = 4e-3
    #: How often a word must stand in the texts to be a token.
    words: Count = 3
    #: Texts of the language that it reads, which are held where they were, for each that it learns.
    hold: Annotated[float, Field(ge=0, le=1)] = 0.25
    #: Long texts that are made of two to four, as a share of the training rows.
    join: Share = 0.15
    #: Share of the new words that are read by their characters, so that these learn too (BPE-dropout, Provilkov et al.
    #: 2020, arXiv 1910.13267).
    spell: Share = 0.2
    #: This and the next four are of a generator: whether several examples share a row.
    pack: bool = False
    #: Whether what the layers make is made again for the gradient instead of kept: slower, with far less memory.
    checkpointing: bool = False
    #: Whether the weights that do not learn are kept in 4 bits (QLoRA, Dettmers et al. 2023, arXiv 2305.14314).
    four_bit: bool = False
    #: Passages beside the right one, at most.
    distractors: Annotated[int, Field(ge=0, le=20)] = 2
    #: Share of the examples that hold no right passage, to learn to decline from.
    declined: Share = 0.15
    #: Tokens of a text that are read.
    max_tokens: Annotated[int, Field(ge=8, le=8192)] = 128
    seed: int = 0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        layers = self.top_layers
        if layers is None and self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is none of {', '.join(METHODS)} or top-K, such as top-2")
        if self.method == "head" and (self.adversarial or self.augment):
            raise ValueError(
                "adversarial and augment change what the encoder reads, which the method head leaves alone"
            )
        if self.contrast and (self.method == "head" or self.kind not in (Kind.INTENTS, Kind.SENTIMENT)):
            raise ValueError("contrast trains the encoder for labels: no method head, and intents or sentiment")
        if self.hidden and self.kind not in (Kind.INTENTS, Kind.SENTIMENT):
            raise ValueError(f"hidden is a layer before labels, and {self.kind.value} has none")
        if self.rdrop and self.kind in (Kind.ANSWERS, Kind.ENCODER):
            raise ValueError(f"rdrop compares what is said of labels, and {self.kind.value} has none")
        if self.kind is Kind.ENCODER and (self.method != "lora" or self.adversarial):
            raise ValueError("an encoder learns a language by lora, without adversarial steps")
        if self.kind is Kind.GENERATOR:
            self._writes()
        elif self.four_bit or self.checkpointing:
            raise ValueError("four_bit and checkpointing are for a generator, which is large")
        return self

    def _writes(self) -> None:
        if self.method in ("head", "prompt"):
            raise ValueError(
                f"a generator is trained by lora, adalora, ia3, bitfit, top-K or full, not by {self.method}"
            )
        if self.adversarial or self.rdrop:
            raise ValueError("adversarial and rdrop are for what tells texts apart, which a generator does not")
        if self.four_bit and self.method != "lora":
            raise ValueError("four_bit keeps weights that do not learn: it goes with the method lora")

    @property
    def top_layers(self) -> int | None:
        """How many upper layers "top-K" trains; None for another method."""
        count = self.method.removeprefix(_TOP)
        return int(count) if self.method.startswith(_TOP) and count.isdecimal() and int(count) else None

    @property
    def peak_rate(self) -> float:
        """The learning rate that the schedule reaches."""
        usual = METHODS[self.method] if self.top_layers is None else _TOP_RATE
        return self.learning_rate or usual * (_GENTLER if self.kind is Kind.GENERATOR else 1.0)

    @property
    def decay(self) -> float:
        """How strongly weights are drawn to zero: much, where one layer tells labels apart on vectors that stay."""
        if self.weight_decay is not None:
            return self.weight_decay
        if self.kind is Kind.GENERATOR:
            return 0.0
        if self.kind is Kind.ENCODER:
            return 0.0  # rows of rare tokens would shrink in all the steps in which they do not stand
        if self.method != "head" or self.kind is Kind.ANSWERS:
            return 0.01
        return 0.1 if self.hidden else 1.0

    def settled(self, hidden: int) -> Self:
        """Return the recipe with what it left open as it was in effect; ``hidden`` is what training decided on."""
        decided = self.model_copy(update={"learning_rate": self.peak_rate, "hidden": hidden})
        return decided.model_copy(update={"weight_decay": decided.decay})

    def rate_of(self, parameter: str) -> float:
        """Return the peak rate of a parameter, by its name."""
        if parameter.startswith(("head.", "hidden.")) and self.method != "head":
            return self.head_rate
        return self.rows_rate if parameter.endswith(".rows") else self.peak_rate

    @classmethod
    def of(cls, **values: object) -> Recipe:
        """Return the recipe with ``values``; raises `RecipeError` that names each that does not fit.

        What they leave open is as `USUAL` has it for their kind.
        """
        try:
            return cls.model_validate({**USUAL.get(str(values.get("kind")), {}), **values})
        except ValidationError as error:
            raise RecipeError("\n".join(map(_told, error.errors()))) from None


#: What does best for a kind, where it is not what does best for most (an encoder: benchmarks/bilingual.py; a generator:
#: as Dettmers et al. 2023 and Touvron et al. 2023, arXiv 2307.09288, adapt theirs).
USUAL: Mapping[str, Mapping[str, object]] = {
    "encoder": {
        "learning_rate": 1e-3,
        "epochs": 2,
        "batch": 512,
        "rank": 32,
        "augment": 0.4,
        "dropout": 0.0,
        "warmup": 0.05,
    },
    "generator": {
        "epochs": 3,
        "dropout": 0.05,
        "warmup": 0.05,
        "schedule": "cosine",
        "max_tokens": 1024,
    },
}


def _told(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        near = get_close_matches(name, Recipe.model_fields, 1)
        return f"{name}: no such setting; " + (f"did you mean {near[0]}?" if near else f"known are {_SETTINGS}.")
    told = error["msg"].removeprefix("Value error, ")
    return f"{name}: {told}" if name else told


#: Those that a command has no option of its own for.
_SETTINGS = ", ".join(name for name in Recipe.model_fields if name not in ("kind", "method", "backbone", "epochs"))

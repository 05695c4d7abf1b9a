"""The language model that may write replies."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    StrictFloat,
    StrictInt,
    ValidationInfo,
    field_validator,
)

from bot.settings_channels import Address
from bot.settings_server import given
from bot.settings_source import SECTION


class Generator(BaseModel):
    """A language model behind an OpenAI-compatible server, which writes answers.

    Only what stands in the entries is sent. Where it does not write that, or not in time, entries are quoted.
    """

    model_config = SECTION

    url: Address = Field(default="", examples=["http://127.0.0.1:8000/v1"])
    """The address of the API of vLLM, SGLang, llama.cpp, Ollama or the like, up to /v1. By default there is none, and
    entries are quoted."""
    model: str = Field(default="", validate_default=True, examples=["Qwen/Qwen2.5-7B-Instruct"])
    """What the server calls the model, or the LoRA adapter. Has to be set where url is."""
    key: Annotated[SecretStr, AfterValidator(given)] | None = Field(default=None, examples=["..."])
    """Sent as a bearer token, where the server asks for one."""
    deadline_seconds: StrictFloat = Field(default=8.0, gt=0, le=120)
    """When an answer is not written by then, the entry is quoted."""
    at_once: StrictInt = Field(default=8, ge=1)
    """How many answers are written at the same time, in each process; the others wait, within the deadline."""
    temperature: StrictFloat = Field(default=0.0, ge=0, le=2)
    """How freely it chooses words."""
    max_tokens: StrictInt = Field(default=300, ge=16, le=4096)
    """How long an answer may be; what does not end by then is not sent."""

    @field_validator("model")
    @classmethod
    def _is_named(cls, value: str, info: ValidationInfo) -> str:
        if value != value.strip() or not value.isprintable() or (info.data.get("url") and not value):
            raise ValueError("the name of a model of the server at generator.url, such as Qwen/Qwen2.5-7B-Instruct")
        return value

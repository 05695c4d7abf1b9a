"""What teaches an encoder a further language: tokens with their rows of the embeddings, and low-rank changes of layers.

A folder with ``extension.json``, ``tokens.txt`` (one a line) and ``weights.safetensors``: a few MB that are laid over
the model they were trained on. `finetune.encoder` makes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from retrieval.disk import changed, sha256
from retrieval.errors import EncoderError
from retrieval.text import is_han

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE, TOKENS, WEIGHTS = "extension.json", "tokens.txt", "weights.safetensors"

#: Raise it when the files change: an extension of another format is refused.
FORMAT = 1

#: What to do about one that is not whole.
_MEND = "Install kefu anew if it came with it, train it again if you made it."

#: What WordPiece writes before a piece that does not begin a word.
_INSIDE = "##"

#: Characters of a stretch without blanks: the tokenizers give up on a word of a hundred, which Chinese easily has.
_LONGEST_WORD = 10_000

#: The names of the tensors: rows of the embeddings as whole numbers, what each row is multiplied with, and of each
#: changed matrix the two thin ones whose product is added to it.
_ROWS, _SCALES, _DOWN, _UP = "rows", "scales", ".down", ".up"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """An extension on disk."""

    folder: Path
    #: The name of the model that it is laid over, and the SHA-256 of that model's weights.
    base: str
    base_sha256: str
    #: The SHA-256 of each of its files.
    files: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """Hash of what it changes."""
        about = json.dumps([FORMAT, self.base_sha256, dict(self.files)], sort_keys=True)
        return hashlib.sha256(about.encode()).hexdigest()

    @property
    def tokens(self) -> list[str]:
        """The tokens that it brings."""
        return (self.folder / TOKENS).read_text("utf-8").split("\n")

    def apply(self, tokenizer: Any, model: Any) -> None:
        """Lay it over ``tokenizer`` and ``model`` of transformers, in place.

        Raises `EncoderError` where a file of it is damaged, or it does not fit.
        """
        from safetensors.numpy import load_file

        if wrong := changed(self.folder, self.files):
            raise EncoderError(f"{wrong} is missing, damaged or was changed. {_MEND}")
        tokens = self.tokens
        try:
            weights = load_file(self.folder / WEIGHTS)
            rows = weights.pop(_ROWS).astype(np.float32) * weights.pop(_SCALES).astype(np.float32)[:, None]
            if len(rows) != len(tokens):
                raise ValueError(f"{len(rows)} rows for {len(tokens)} tokens")
            extend_tokenizer(tokenizer, tokens, model.get_input_embeddings().num_embeddings)
            extend_embeddings(model, rows)
            _add(model, weights)
        except (KeyError, AttributeError, TypeError, ValueError, RuntimeError) as error:
            raise EncoderError(f"{self.folder} does not fit {self.base} ({error}). {_MEND}") from error


def open_extension(folder: Path) -> Extension:
    """Open the extension in ``folder``; raises `EncoderError` where it cannot be read or is of another format."""
    try:
        about = json.loads((folder / FILE).read_text("utf-8"))
        if about["format"] != FORMAT:
            raise EncoderError(f"{folder} was written by another version of kefu (format {about['format']}). {_MEND}")
        if set(about["files"]) != {TOKENS, WEIGHTS}:
            raise ValueError(f"its files should be {TOKENS} and {WEIGHTS}")
        return Extension(folder=folder, base=about["base"], base_sha256=about["base_sha256"], files=about["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{folder} is no whole extension ({type(error).__name__}: {error}). {_MEND}") from error


def write_extension(
    folder: Path,
    *,
    base: str,
    base_sha256: str,
    tokens: Sequence[str],
    rows: Floats,
    changes: Mapping[str, tuple[Floats, Floats]],
) -> Extension:
    """Write an extension to ``folder``: rows in int8 with a scale of their own each, changes in fp16.

    ``rows`` are (tokens, size); ``changes`` hold for the name of a matrix ``down`` (rank, in) and ``up`` (out, rank).
    """
    from safetensors.numpy import save

    scales = np.maximum(np.abs(rows).max(axis=1), 1e-6) / 127
    weights = {_ROWS: np.round(rows / scales[:, None]).astype(np.int8), _SCALES: scales.astype(np.float32)}
    for name, (down, up) in changes.items():
        weights |= {f"{name}{_DOWN}": down.astype(np.float16), f"{name}{_UP}": up.astype(np.float16)}
    (folder / TOKENS).write_text("\n".join(tokens), "utf-8")
    (folder / WEIGHTS).write_bytes(save(weights))
    files = {name: sha256(folder / name) for name in (TOKENS, WEIGHTS)}
    about = {"format": FORMAT, "base": base, "base_sha256": base_sha256, "files": files}
    (folder / FILE).write_text(json.dumps(about, indent=2), "utf-8")
    return open_extension(folder)


def extend_tokenizer(tokenizer: Any, tokens: Sequence[str], first: int) -> None:
    """Teach a WordPiece ``tokenizer`` of transformers ``tokens``, which it finds by longest match.

    Texts are no longer cut around each Chinese character but into stretches of those that were taught. Each token gets
    two ids, for a token that begins a word and for one inside: first all of the former, in this order, then all of the
    latter. ``first`` is the first of them: how many rows the embeddings have. Raises `EncoderError` where it cannot be
    extended.
    """
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    model = state["model"]
    if model["type"] != "WordPiece":
        raise EncoderError(f"A tokenizer of the kind {model['type']} cannot be extended: name a model with WordPiece.")
    vocabulary: dict[str, int] = model["vocab"]
    if len(tokenizer) > first:
        raise EncoderError(
            f"The tokenizer has {len(tokenizer)} tokens, and the embeddings {first} rows: they do not fit."
        )
    for number, token in enumerate([*tokens, *(f"{_INSIDE}{token}" for token in tokens)], first):
        if token in vocabulary:  # its old row stays, under a name that no text gives
            vocabulary[f"[was {token}]"] = vocabulary[token]
        vocabulary[token] = number
    model["max_input_chars_per_word"] = _LONGEST_WORD
    normalizer = state["normalizer"] or {}
    for part in normalizer.get("normalizers", [normalizer]):
        if "handle_chinese_chars" in part:
            part["handle_chinese_chars"] = False
    cut = {"type": "Split", "pattern": {"Regex": _stretches(vocabulary)}, "behavior": "Isolated", "invert": False}
    before = state["pre_tokenizer"]
    parts = before["pretokenizers"] if before["type"] == "Sequence" else [before]
    earlier = [part for part in parts if not _cuts_stretches(part)]  # of another extension
    state["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [*earlier, cut]}
    backend: Tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer._tokenizer = backend


#: One character without a row would otherwise make the stretch it stands in an unknown word.
_ALONE = r"|\p{Han}"


def _stretches(vocabulary: Collection[str]) -> str:
    """Return a regular expression for stretches of taught characters, and single Chinese ones that were not taught."""
    pieces = {token.removeprefix(_INSIDE) for token in vocabulary if token.startswith(_INSIDE)}
    known = sorted(c for c in pieces if len(c) == 1 and c in vocabulary and is_han(c))
    return f"[{''.join(known)}]+{_ALONE}" if known else _ALONE[1:]


def _cuts_stretches(part: Mapping[str, Any]) -> bool:
    return part["type"] == "Split" and str(part["pattern"].get("Regex", "")).endswith(_ALONE[1:])


def extend_embeddings(model: Any, rows: Floats) -> None:
    """Give ``model`` of transformers ``rows`` of embeddings for the ids of `extend_tokenizer`."""
    import torch

    old = model.get_input_embeddings()
    new = torch.from_numpy(rows)
    weight = torch.cat([old.weight.detach(), new, new])
    table = torch.nn.Embedding(len(weight), weight.shape[1], padding_idx=old.padding_idx, _weight=weight)
    model.set_input_embeddings(table)
    model.config.vocab_size = len(weight)


def _add(model: Any, changes: Mapping[str, npt.NDArray[Any]]) -> None:
    """Add the product of each pair of thin matrices to the matrix it is named for."""
    import torch

    for key, down in changes.items():
        if key.endswith(_DOWN):
            name = key.removesuffix(_DOWN)
            product = changes[f"{name}{_UP}"].astype(np.float32) @ down.astype(np.float32)
            with torch.no_grad():
                model.get_parameter(name).add_(torch.from_numpy(product))

"""A small language model from nothing, to try training and serving with: it has seen no text, and runs anywhere.

    python -m finetune.generator.small OUT --text FOLDER_OR_FILE [--text ...]

It is of the architecture of Llama with about five million parameters, which are random, and a byte-level BPE that is
learned from the texts: of .jsonl files from the texts in them, of others from their lines.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from retrieval.errors import KefuError, MissingExtraError

_END, _PAD = "<|end|>", "<|pad|>"

#: What is read of the folders that are given.
_TEXTS = (".jsonl", ".csv", ".md", ".txt", ".yaml", ".yml", ".html")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write the model to")
    parser.add_argument("--text", type=Path, action="append", required=True, help="what its tokens are learned from")
    parser.add_argument("--seed", type=int, default=0, help="where random numbers begin")
    wanted = parser.parse_args()
    texts = list(texts_of(wanted.text))
    if not any(text.strip() for text in texts):
        named = ", ".join(map(str, wanted.text))
        parser.error(f"There is no text in {named}. Of a folder these files are read: {', '.join(_TEXTS)}")
    try:
        written = write_small(wanted.out, texts, seed=wanted.seed)
    except KefuError as error:
        parser.exit(error.exit_code, f"Error: {error}\n")
    sys.stdout.write(f"{written}: a model that has learned nothing yet.\n")


def write_small(
    folder: Path,
    texts: Iterable[str],
    *,
    vocabulary: int = 4000,
    size: int = 256,
    layers: int = 5,
    positions: int = 2048,
    seed: int = 0,
) -> Path:
    """Write a model to ``folder`` and return it; the same texts and numbers make the same files.

    ``vocabulary`` is how many tokens it has at most, ``size`` how many numbers a state has, a multiple of 32, and
    ``positions`` how many tokens it reads at most. Raises `MissingExtraError` without the libraries that train.
    """
    try:
        import torch
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from error

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[_END, _PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=_END, pad_token=_PAD)  # type: ignore[no-untyped-call,unused-ignore]
    disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=bpe.get_vocab_size(),
            hidden_size=size,
            intermediate_size=3 * size,
            num_hidden_layers=layers,
            num_attention_heads=size // 32,
            max_position_embeddings=positions,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def texts_of(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the texts in files, and in those below folders, in the order of their names."""
    for path in paths:
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in _TEXTS)
        for file in files:
            for line in file.read_text("utf-8").splitlines():
                yield from _strings(json.loads(line)) if file.suffix == ".jsonl" and line.strip() else [line]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


if __name__ == "__main__":
    main()

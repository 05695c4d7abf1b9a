"""The model card of an extension: what it is, from which data under which licences, made how, and how good."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune.encoder.parallel import Pair, origins
from finetune.kinds import Parts
from finetune.report.told import Told
from finetune.run import Data
from retrieval.extension import Extension

#: What decides nothing where an encoder learns a language; every other setting stands in the command of the card.
_IDLE = {
    *("head_rate", "label_smoothing", "hidden", "balance", "adversarial", "rdrop", "contrast", "label_names"),
    *("negatives", "partners", "prompt_tokens"),
    *("pack", "checkpointing", "four_bit", "distractors", "declined"),
}


def write_card(path: Path, told: Told, parts: Parts[Pair], files: Data, extension: Extension) -> None:
    """Write the card of ``extension``, in Markdown."""
    recipe, cost = told.recipe, told.metrics["cost"]
    size = sum((extension.folder / name).stat().st_size for name in extension.files)
    sections = [
        f"# An extension of {recipe.backbone}",
        f"It teaches the encoder `{recipe.backbone}`, which reads {recipe.known}, a further language: "
        f"{len(extension.tokens):,} tokens with their embeddings, and low-rank changes of its layers, "
        f"{size / 1e6:.1f} MB in all. kefu lays it over the weights of the encoder (SHA-256 "
        f"`{extension.base_sha256}`).",
        f"## Data\n\n{len(parts.train):,} pairs; {len(parts.dev):,} others chose the best epoch.\n\n"
        + _table(
            ("source", "licence", "pairs"), [(s or "-", li or "-", f"{n:,}") for s, li, n in origins(parts.train)]
        ),
        _table(("file", "SHA-256"), [(file["name"], f"`{file['sha256']}`") for file in told.data["files"]]),
        f"## How it was made\n\n```sh\n{_command(told, files)}\n```\n\nIt took {cost['seconds'] / 60:.0f} minutes and "
        f"{cost['memory_mb']:,} MB on {cost['device']}. `recipe.json` holds every setting.",
        "## Figures\n\nR@1 of a text among all of its part, after export, as it serves. Of equal texts each is right."
        "\n\n"
        + _table(
            ("part", *told.metrics["dev"]),
            [(name, *map(_figure, told.metrics[name].values())) for name in told.metrics if name != "cost"],
        ),
    ]
    path.write_text("\n\n".join(sections) + "\n", "utf-8")


def _command(told: Told, files: Data) -> str:
    recipe = told.recipe
    # The defaults too: a later version of kefu may have others.
    values = recipe.settled(told.hidden).model_dump(mode="json", exclude={"kind", "method", "backbone", *_IDLE})
    lines = [
        f"kefu train encoder --teacher {recipe.backbone}",
        *(f"--parallel {path.name}" for path in files.train),
        *([f"--dev {files.dev.name}"] if files.dev else []),
        *([f"--test {files.test.name}"] if files.test else []),
        *(f"--set {name}={value}" for name, value in values.items()),
    ]
    return " \\\n    ".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _figure(value: float) -> str:
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"

"""`kefu ingest`: build the knowledge index, and tell what is wrong with the sources."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    counted,
    listed,
    print_json,
    settings_from,
    warn,
)
from bot.cli.knowledge import read_knowledge, today

if TYPE_CHECKING:
    from retrieval.types import Passage


def ingest(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files; default: those of the settings.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad entry.")] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Build the knowledge index; entries that did not change are not encoded again."""
    named = [*(sources or ()), *(faq or ())]
    settings = settings_from(config, named, state, knowledge__strict=strict or None)
    start = time.perf_counter()
    _, index, ingestion = read_knowledge(settings)
    seconds = time.perf_counter() - start
    languages = Counter(passage.language for passage in ingestion.passages)
    idle = _not_served(ingestion.passages, today(settings))
    if json_output:
        print_json(
            {
                "version": index.version,
                "entries": len(index),
                "passages": len(ingestion.passages),
                "languages": dict(languages),
                "files": [str(path) for path in ingestion.files],
                "problems": [
                    {"file": p.file, "line": p.line, "field": p.field, "found": p.found, "expected": p.expected}
                    for p in ingestion.problems
                ],
                "not_served": [{"id": name, "why": why} for name, why in idle],
                "seconds": round(seconds, 2),
            }
        )
        return
    for problem in ingestion.problems:
        warn(f"Left out: {problem}")
    spoken = ", ".join(f"{count} {language}" for language, count in sorted(languages.items()))
    entries, files = counted(len(index), "entry", "entries"), counted(len(ingestion.files), "file", "files")
    typer.echo(f"{entries} ({spoken}) from {files} in {seconds:.1f} s; index {index.version}.")
    if idle:
        typer.echo(f"Not served today: {listed([f'{name} ({why})' for name, why in idle])}.")
    if ingestion.problems:
        problems = counted(len(ingestion.problems), "problem", "problems")
        typer.echo(f"{problems}: the rest is served. --strict stops at the first.")


def _not_served(passages: Iterable[Passage], day: date) -> list[tuple[str, str]]:
    """Return id and reason of what is over on ``day``, or has not begun; twins with the same dates are told once."""
    over = {(p.id, f"ended {p.valid_until}") for p in passages if p.valid_until and p.valid_until < day}
    early = {(p.id, f"begins {p.valid_from}") for p in passages if p.valid_from and p.valid_from > day}
    return sorted(over | early)

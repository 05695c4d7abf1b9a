"""`kefu ingest`: build the knowledge index, and tell what is wrong with the sources."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import ConfigOption, FaqOption, JsonOption, StateOption, print_json, progress, settings_from, warn


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
    from bot.app import Library

    start = time.perf_counter()
    with progress() as shown:
        index, ingestion = Library.load(settings, shown).index(settings, shown)
    seconds = time.perf_counter() - start
    languages = Counter(passage.language for passage in ingestion.passages)
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
                "seconds": round(seconds, 2),
            }
        )
        return
    for problem in ingestion.problems:
        warn(f"Left out: {problem}")
    spoken = ", ".join(f"{count} {language}" for language, count in sorted(languages.items()))
    typer.echo(
        f"{len(index)} entries ({spoken}) from {len(ingestion.files)} files in {seconds:.1f} s; index {index.version}."
    )
    if ingestion.problems:
        typer.echo(f"{len(ingestion.problems)} problems: the rest is served. --strict stops at the first.")

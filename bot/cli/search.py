"""`kefu search`: what retrieval finds, with the scores of each side."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    print_json,
    settings_from,
)
from bot.cli.knowledge import open_knowledge, today
from bot.errors import UsageError
from retrieval.types import Hit, Query


def search(
    text: Annotated[list[str], typer.Argument(help="What to look for.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many hits.")] = 5,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Show the entries that come nearest, with their scores: fused, by meaning, by words."""
    query = " ".join(text).strip()
    if not query:
        raise UsageError("Give something to look for.")
    settings = settings_from(config, faq, state)
    _, index = open_knowledge(settings)
    hits = index.search([Query(text=query)], k, day=today(settings))[0]
    if json_output:
        print_json([_as_json(hit) for hit in hits])
    else:
        _show(hits)


def _as_json(hit: Hit) -> dict[str, object]:
    numbers = {name: round(value, 4) for name, value in asdict(hit).items() if isinstance(value, float)}
    passage = hit.passage
    source = f"{passage.source}:{passage.line}" if passage.line else passage.source
    return {
        "id": passage.id,
        "question": passage.question,
        "answer": passage.answer,
        "language": passage.language,
        "url": passage.url,
        "source": source,
        **numbers,
    }


def _show(hits: list[Hit]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("score", "meaning", "words"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("id", no_wrap=True, overflow="ellipsis")
    table.add_column("question")
    for hit in hits:
        numbers = (f"{hit.score:.3f}", f"{hit.dense:.3f}", f"{hit.keyword:.1f}")
        table.add_row(
            *numbers, Text(hit.passage.id, style="cyan"), Text(hit.passage.question or hit.passage.answer[:80])
        )
    Console().print(table if hits else "Nothing found.")

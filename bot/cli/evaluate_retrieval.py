"""`kefu evaluate retrieval`: whether the search finds what answers labelled questions, and how far up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    counted,
    listed,
    print_json,
    read_lines,
    settings_from,
    warn,
)
from bot.cli.evaluated import (
    DataOption,
    ReportOption,
    advancing,
    check_data,
    columns,
    files_of,
    interval,
    show_figures,
    write_report,
)
from bot.cli.knowledge import open_knowledge, today
from bot.cli.replayed import day_of
from bot.cli.tables import table
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.evaluation.retrieved import LabelledQuestion, Retrieved
    from retrieval.index import KnowledgeIndex

#: The figures that are shown, and what they are called.
_SHOWN = {
    "success_at_1": "success@1",
    "success_at_3": "success@3",
    "success_at_5": "success@5",
    "success_at_10": "success@10",
    "recall_at_1": "R@1",
    "recall_at_3": "R@3",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "mrr": "MRR",
    "ndcg_at_10": "nDCG@10",
}


def retrieval(
    data: DataOption,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help="The day whose entries are searched; default: today.")
    ] = None,
    report: ReportOption = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Measure how far up the search lists the entries that answer labelled questions."""
    check_data(data)
    asked = [_read(path) for path in data]
    answerable = [one for some in asked for one in some if one is not None]
    settings = settings_from(config, faq, state)
    day = day_of(as_of) or today(settings)
    _, index = open_knowledge(settings)
    looked, took = _searched(answerable, index, day)
    document = _document(looked, index, day) | {
        "left_out": sum(map(len, asked)) - len(answerable),
        "data": files_of(data, list(map(len, asked))),
    }
    written = write_report(report, document) if report else None
    if document["not_served"]:
        ids = listed(list(document["not_served"]))
        warn(f"No entry that is served on {day} has these ids, so they cannot be found: {ids}.")
    if json_output:
        print_json(document | {"latency_ms": took})
        return
    _show(document, took)
    if written:
        typer.echo(f"Written to {written}.")


def _read(path: Path) -> list[LabelledQuestion | None]:
    """Return the questions of a file, None for each that no entry answers."""
    from bot.evaluation.retrieved import LabelledQuestion

    rows = []
    for number, row in read_lines(path):
        try:
            rows.append(LabelledQuestion.of(row, f"{path.name}:{number}"))
        except ValueError as error:
            raise UsageError(f"{path}:{number}: {error}.") from error
    if not any(rows):
        raise UsageError(f'{path}: no row with "answer_ids", so there is nothing to find.')
    return rows


def _searched(
    asked: Sequence[LabelledQuestion], index: KnowledgeIndex, day: date
) -> tuple[list[Retrieved], dict[str, float]]:
    """Ask one question after the other, and return what was found, and the milliseconds that one took."""
    import numpy as np

    from bot.evaluation.retrieved import DEPTH, Retrieved
    from bot.library import prepare

    prepare(index)
    looked, took = [], []
    with advancing("Searching", len(asked)) as done:
        for one in asked:
            start = time.perf_counter()
            (hits,) = index.search([one.query], DEPTH, day=day)
            took.append((time.perf_counter() - start) * 1000)
            looked.append(Retrieved(asked=one, found=tuple(hit.passage.id for hit in hits)))
            done(1)
    return looked, {f"p{part}": round(float(np.percentile(took, part)), 2) for part in (50, 90, 99)}


def _document(looked: Sequence[Retrieved], index: KnowledgeIndex, day: date) -> dict[str, Any]:
    from bot.evaluation.retrieved import as_json

    served = {passage.id for passage in index.data.passages if passage.valid_on(day) and not passage.audience}
    absent = Counter(id_ for one in looked for id_ in one.asked.right - served)
    return {
        "knowledge": index.version,
        "as_of": day.isoformat(),
        **as_json(looked),
        "not_served": {id_: absent[id_] for id_ in sorted(absent)},
    }


def _show(document: dict[str, Any], took: dict[str, float]) -> None:
    show_figures(columns(document, "language"), _SHOWN, "questions")
    kinds = document["slices"].get("kind", {})
    if kinds:
        rows = [["kind", "questions", "success@1", "success@10", "MRR"]]
        for kind, figures in kinds.items():
            cells = (interval(figures[name]) for name in ("success_at_1", "success_at_10", "mrr"))
            rows.append([kind, str(figures["mrr"]["n"]), *cells])
        typer.echo(f"{table(rows)}\n")
    if document["left_out"]:
        typer.echo(f"{counted(document['left_out'], 'row', 'rows')} that no entry answers left out.")
    typer.echo(f"One question alone: {took['p50']} ms at 50 %, {took['p90']} ms at 90 %, {took['p99']} ms at 99 %.")

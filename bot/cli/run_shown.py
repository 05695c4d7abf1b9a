"""What a run came to, as `kefu evaluate` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from bot.cli.tables import table
from bot.evaluation.report.words import FIGURES, HEADLINE, VERDICTS, interval_of, sentence, value_of

#: Figures that follow the headline, where they rest on anything.
_MORE = ("success_at_1", "mrr", "excess_aurc", "ece", "chrf", "supported")


def show_run(summary: Mapping[str, Any], latencies: Mapping[str, Any]) -> None:
    """Print what became of the turns and the figures, of all and of each language."""
    typer.echo(f"{sentence(summary)}\n")
    languages = summary["slices"]["language"]
    parts = {"all": summary, **(languages if len(languages) > 1 else {})}
    _show_verdicts(parts)
    _show_figures(parts)
    if latencies["n"]:
        took = ", ".join(f"{name} {value:g}" for name, value in latencies.items() if name != "n")
        typer.echo(f"Milliseconds to a reply, of the first {latencies['n']}, one after the other: {took}.")


def _show_verdicts(parts: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [["", *parts], ["turns", *(str(part["turns"]) for part in parts.values())]]
    rows += [[name, *(str(part["verdicts"][verdict]) for part in parts.values())] for verdict, name in VERDICTS.items()]
    typer.echo(f"{table(rows)}\n")


def _show_figures(parts: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [["", *parts, ""]]
    for name in (*HEADLINE, *_MORE):
        metrics = [part["metrics"].get(name) for part in parts.values()]
        if metrics[0] is None or metrics[0]["mean"] is None:
            continue
        figure = FIGURES[name]
        rows.append([figure.title, *(_figure(name, each) for each in metrics), figure.meaning])
    align = f"<{'>' * len(parts)}<"
    typer.echo(f"{table(rows, align)}\n")


def _figure(name: str, metric: Mapping[str, Any]) -> str:
    bounds = interval_of(name, metric).replace(" to ", "-")
    return value_of(name, metric) + (f" ({bounds})" if bounds else "")

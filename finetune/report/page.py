"""A report on disk: ``index.html``, which needs nothing else, and beside it the plots and the search."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from finetune.kinds import Outcome
from finetune.recipe import Kind, Recipe
from finetune.report import figures, plots
from finetune.report.told import Told

#: What a table shows at once.
_LABELS = 25
_PAIRS = 25
_ERRORS = 30

#: Characters of a text that are shown.
_TEXT = 400

#: An entity in an outcome: its type, and where it begins and ends in the text.
_ENTITY = re.compile(r"(.+) (\d+)-(\d+)")


def write_report(folder: Path, told: Told) -> None:
    """Write the report to ``folder``, which is made."""
    folder.mkdir()
    calibrations, coverages = _measured(told)
    drawn = plots.draw(told, calibrations, coverages, folder)
    (folder / "index.html").write_text(page_of(told, drawn), "utf-8", errors="replace")
    if told.trials:
        history = json.dumps([asdict(trial) for trial in told.trials], indent=2, ensure_ascii=False)
        (folder / "search.json").write_text(history, "utf-8")


def page_of(told: Told, drawn: Mapping[str, str]) -> str:
    """Return the page, with the plots ``drawn`` in it: SVG elements by name."""
    calibrations, coverages = _measured(told)
    return _template().render(
        recipe=told.recipe,
        settings=_settings(told),
        refuses=told.refuses,
        summary=_summary(told, calibrations, coverages),
        cost=told.metrics["cost"],
        data=told.data,
        trials=told.trials,
        parts=[
            _part(told, name, calibrations[name], coverages[name])
            for name in sorted(calibrations, reverse=True)  # test, which decided nothing, stands before dev
        ],
        plots={name: Markup(svg) for name, svg in drawn.items()},  # noqa: S704  # made of numbers alone
        now=datetime.now().astimezone(),
        shown={"labels": _LABELS, "pairs": _PAIRS, "errors": _ERRORS},
    )


def _measured(told: Told) -> tuple[dict[str, figures.Calibration], dict[str, figures.Coverage]]:
    parts = {name: outcomes for name, outcomes in told.outcomes.items() if outcomes}
    calibrations = {name: figures.calibration(outcomes) for name, outcomes in parts.items()}
    coverages = {name: figures.coverage(outcomes, refuses=told.refuses) for name, outcomes in parts.items()}
    return calibrations, coverages


def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = lambda value: f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
    environment.filters["cut"] = lambda text: text if len(text) <= _TEXT else f"{text[:_TEXT]}…"
    return environment.from_string(files("finetune.report").joinpath("page.html").read_text("utf-8"))


def _settings(told: Told) -> list[tuple[str, Any, bool]]:
    """Return name and value of each setting as it was in effect, and whether another one than the default was asked."""
    recipe = told.recipe
    usual = Recipe.of(kind=recipe.kind, method=recipe.method)
    values = recipe.settled(told.hidden).model_dump(mode="json", exclude={"kind", "method", "backbone"})
    return [(name, value, getattr(recipe, name) != getattr(usual, name)) for name, value in values.items()]


def _summary(
    told: Told, calibrations: dict[str, figures.Calibration], coverages: dict[str, figures.Coverage]
) -> dict[str, dict[str, Any]]:
    """Return the figures that stand for all rows of a part: by name, and by part."""
    out: dict[str, dict[str, Any]] = {}
    for part in calibrations:
        plain = {name: value for name, value in told.metrics[part].items() if isinstance(value, int | float)}
        own = {"calibration_error": calibrations[part].error, "area_under_risk": coverages[part].area}
        for name, value in {**plain, **own}.items():
            out.setdefault(name.replace("_", " "), {})[part] = value
    return out


def _part(told: Told, name: str, calibration: figures.Calibration, coverage: figures.Coverage) -> dict[str, Any]:
    """Return what the page tells of dev or test."""
    outcomes, tagged = told.outcomes[name], told.recipe.kind is Kind.ENTITIES
    rows = figures.by_label(told.metrics[name].get("labels", {}))
    return {
        "name": name,
        "rows": len(outcomes),
        "wrong": sum(not outcome.right for outcome in outcomes),
        "labels": rows,
        "averages": figures.averages(rows),
        "confusions": figures.confusions(outcomes, _type if tagged else str),
        "calibration": calibration,
        "threshold": coverage.at is not None,
        "refusals": figures.refusals(outcomes) if told.refuses else None,
        "errors": [_quoting(outcome) if tagged else outcome for outcome in figures.worst(outcomes, _ERRORS)],
    }


def _type(entity: str) -> str:
    match = _ENTITY.fullmatch(entity)
    return match[1] if match else entity


def _quoting(outcome: Outcome) -> Outcome:
    """Return an outcome whose entities are named by what stands in the text."""

    def quoted(entities: Sequence[str]) -> tuple[str, ...]:
        matches = ((_ENTITY.fullmatch(entity), entity) for entity in entities)
        return tuple(f"{m[1]}: {outcome.text[int(m[2]) : int(m[3])]}" if m else entity for m, entity in matches)

    return replace(outcome, wanted=quoted(outcome.wanted), found=quoted(outcome.found))

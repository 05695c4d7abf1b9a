"""The plots of a report, without a window and without a state that others share: each is a figure of its own.

No text of a customer and no label stands in a plot: fonts that lack their characters would show boxes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from finetune.report.figures import BINS, Calibration, Coverage
from finetune.report.told import Told

#: Colours by what they are for; in the page each becomes the variable of that name, which dark mode changes.
_COLOURS = {"ink": "#20262e", "rule": "#d5d9de", "line": "#2f6db5", "mark": "#c2500f"}

#: Inches: a plot fills a phone, and two stand side by side on a laptop.
_SIZE = (4.8, 3.0)
_DPI = 160

_SETTINGS: Any = {
    "svg.fonttype": "none",  # letters stay letters, in the font of the page
    "svg.hashsalt": "kefu",  # the same plot is the same file
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",  # the paper shows, light or dark
    "axes.grid": True,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.0,
    "legend.frameon": False,
    "text.color": _COLOURS["ink"],
    "axes.labelcolor": _COLOURS["ink"],
    "axes.edgecolor": _COLOURS["ink"],
    "xtick.color": _COLOURS["ink"],
    "ytick.color": _COLOURS["ink"],
    "grid.color": _COLOURS["rule"],
}


def draw(
    told: Told, calibrations: Mapping[str, Calibration], coverages: Mapping[str, Coverage], folder: Path
) -> dict[str, str]:
    """Write each plot as PNG to ``folder`` and return them as SVG elements, by name.

    ``calibrations`` and ``coverages`` are by part.
    """
    out = {}
    with matplotlib.rc_context(_SETTINGS):
        if told.history.losses:
            out["loss"] = _written(_loss(told), "loss", folder)
        if told.history.epochs:
            out["dev"] = _written(_dev(told), "dev", folder)
        if told.trials:
            out["search"] = _written(_search(told), "search", folder)
        for part, calibration in calibrations.items():
            out[f"calibration-{part}"] = _written(_calibration(calibration), f"calibration-{part}", folder)
        for part, curve in coverages.items():
            out[f"coverage-{part}"] = _written(_coverage(curve), f"coverage-{part}", folder)
    return out


def _axes(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_axisbelow(True)
    return figure, axes


def _loss(told: Told) -> Figure:
    figure, axes = _axes("step", "loss")
    steps, losses = zip(*told.history.losses, strict=True)
    axes.plot(steps, losses, color=_COLOURS["line"])
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


def _dev(told: Told) -> Figure:
    figure, axes = _axes("epoch", "score on dev")
    epochs, best = told.history.epochs, told.history.epochs[told.history.best]
    axes.plot([e.number for e in epochs], [e.score for e in epochs], color=_COLOURS["line"], marker="o")
    axes.plot(best.number, best.score, color=_COLOURS["mark"], marker="o", markersize=8, linestyle="none")
    axes.set_title(f"best: {best.score:.4f} after epoch {best.number}", color=_COLOURS["mark"], fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure


def _search(told: Told) -> Figure:
    figure, axes = _axes("setting", "best score on dev")
    ended = [trial for trial in told.trials if not trial.dropped]
    dropped = [trial for trial in told.trials if trial.dropped]
    for trials, filled, label in ((ended, _COLOURS["line"], "to its end"), (dropped, "none", "given up early")):
        if trials:
            axes.plot(
                [trial.number for trial in trials],
                [trial.score for trial in trials],
                linestyle="none",
                marker="o",
                markersize=6,
                color=_COLOURS["line"],
                markerfacecolor=filled,
                label=label,
            )
    if ended:
        best = max(ended, key=lambda trial: trial.score)
        axes.axhline(best.score, color=_COLOURS["mark"], linewidth=0.8, linestyle="--")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure


def _calibration(found: Calibration) -> Figure:
    figure, axes = _axes("how sure", "how often right")
    axes.plot([0, 1], [0, 1], color=_COLOURS["ink"], linewidth=0.8, linestyle="--")
    axes.plot([b.sure for b in found.bins], [b.right for b in found.bins], color=_COLOURS["line"], marker="o")
    counts = axes.twinx()
    rows = [b.rows for b in found.bins]
    counts.bar([b.low for b in found.bins], rows, 1 / BINS, align="edge", color=_COLOURS["rule"])
    counts.set_ylabel("rows (bars)")
    counts.grid(visible=False)
    counts.set_yticks([0, max(rows)])
    counts.set_ylim(0, 3 * max(rows))  # most bars stay below the curve
    counts.set_zorder(0)
    axes.set_zorder(1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    return figure


def _coverage(curve: Coverage) -> Figure:
    figure, axes = _axes("answered, the surest first", "wrong among the answered")
    axes.plot(curve.share, curve.risk, color=_COLOURS["line"], drawstyle="steps-post")
    if curve.at:
        axes.plot(*curve.at, color=_COLOURS["mark"], marker="o", markersize=8, linestyle="none")
    highest = max(0.02, float(curve.risk.max()) * 1.1)
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, highest)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1 if highest < 0.05 else 0))
    return figure


def _written(figure: Figure, name: str, folder: Path) -> str:
    figure.savefig(folder / f"{name}.png", dpi=_DPI, facecolor="white")
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", facecolor="none", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
    )
    return _embedded(buffer.getvalue(), name)


def _embedded(svg: str, name: str) -> str:
    """Return an SVG file as an element of a page that holds others: ids that differ, and colours of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for variable, colour in _COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg

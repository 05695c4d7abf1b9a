"""The plots of a report as SVG elements of its page: numbers alone stand in them, and the page has their colours."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours by what they are for; in the page each becomes the variable of that name, which dark mode changes.
_COLOURS = {"ink": "#20262e", "rule": "#d5d9de", "line": "#2f6db5"}

#: Inches: a plot fills a phone, and two stand side by side on a laptop.
_SIZE = (4.8, 3.0)

_SETTINGS: Any = {
    "svg.fonttype": "none",  # letters stay letters, in the font of the page
    "svg.hashsalt": "kefu",  # the same plot has the same ids
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",  # the paper shows, light or dark
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.0,
    "text.color": _COLOURS["ink"],
    "axes.labelcolor": _COLOURS["ink"],
    "axes.edgecolor": _COLOURS["ink"],
    "xtick.color": _COLOURS["ink"],
    "ytick.color": _COLOURS["ink"],
    "grid.color": _COLOURS["rule"],
}


def drawn(curve: Mapping[str, Sequence[float]], reliability: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the plots as SVG elements, by name; none where there is nothing to draw.

    ``curve`` and ``reliability`` are those of a summary. Raises `MissingExtraError` without matplotlib.
    """
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise MissingExtraError("matplotlib", "evaluate") from error
    if not curve["coverage"]:
        return {}
    with matplotlib.rc_context(_SETTINGS):
        return {
            "coverage": _svg(_coverage(curve), "coverage"),
            "reliability": _svg(_reliability(reliability), "reliability"),
        }


def _coverage(curve: Mapping[str, Sequence[float]]) -> Figure:
    figure, axes = _axes("answered, the surest first", "wrong among the answered")
    axes.plot(curve["coverage"], curve["risk"], color=_COLOURS["line"])
    axes.set_ylim(0, max(0.02, max(curve["risk"]) * 1.1))
    return figure


def _reliability(parts: Sequence[Mapping[str, Any]]) -> Figure:
    figure, axes = _axes("how sure", "how often right")
    axes.plot([0, 1], [0, 1], color=_COLOURS["ink"], linewidth=0.8, linestyle="--")
    right = [part["right"] for part in parts]
    means = [each["mean"] for each in right]
    bounds = [[each["mean"] - each["low"] for each in right], [each["high"] - each["mean"] for each in right]]
    sure = [part["sure"] for part in parts]
    axes.errorbar(sure, means, yerr=bounds, color=_COLOURS["line"], marker="o", elinewidth=1.0, capsize=2.5)
    axes.set_ylim(0, 1.02)
    return figure


def _axes(across: str, up: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_xlim(0, 1.01)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    return figure, axes


def _svg(figure: Figure, name: str) -> str:
    """Return a figure as an element of a page that holds others: ids that differ, and colours of the page."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", facecolor="none", metadata=nothing)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for variable, colour in _COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg

"""The page of a report: one HTML file that loads nothing, and in which no text does anything but stand there."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bot.errors import MissingExtraError
from bot.evaluation.report.picked import Picked, right_of
from bot.evaluation.report.plots import drawn
from bot.evaluation.report.words import (
    ACTIONS,
    FIGURES,
    HEADLINE,
    OF_SLICE,
    VERDICTS,
    cut,
    interval_of,
    sentence,
    value_of,
)
from bot.evaluation.turns import CandidateRow, ReplayedTurn

if TYPE_CHECKING:
    from jinja2 import Template

#: Candidates that are shown of each turn, beside those that were right, quoted or offered.
_CANDIDATES = 3

#: What the list can be narrowed by, and how it is called.
_FILTERS = {"verdict": "Verdict", "language": "Language", "topic": "Topic", "channel": "Channel"}

#: What is sliced by, and how it is called.
_SLICINGS = {"language": "Language", "topic": "Topic", "channel": "Channel", "reading": "Held against"}


def page_of(summary: Mapping[str, Any], picked: Picked) -> str:
    """Return the page; ``summary`` is that of `summarise`. Raises `MissingExtraError` without jinja2 or matplotlib."""
    template = _template()
    from markupsafe import Markup

    plots = drawn(summary["curve"], summary["reliability"])
    shown = picked.shown()
    script = _file("page.js")
    return template.render(
        summary=summary,
        sentence=sentence(summary),
        headline=HEADLINE,
        figures=FIGURES,
        verdicts=VERDICTS,
        slicings=_SLICINGS,
        of_slice=OF_SLICE,
        shown=shown,
        hidden=picked.found - len(shown),
        filters={name: (title, _options(name, shown)) for name, title in _FILTERS.items()},
        plots={name: Markup(svg) for name, svg in plots.items()},  # noqa: S704  # made of numbers alone
        style=Markup(_file("page.css")),  # noqa: S704  # our own, as is the script
        script=Markup(script),  # noqa: S704
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingExtraError("jinja2", "evaluate") from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"cut": cut, "action": ACTIONS.__getitem__, "verdict": VERDICTS.__getitem__}
    environment.globals |= {
        "value_of": value_of,
        "interval_of": interval_of,
        "listed": _listed,
        "right_of": right_of,
        "is_link": _is_link,
    }
    return environment.from_string(_file("page.html"))


def _file(name: str) -> str:
    return files("bot.evaluation.report").joinpath(name).read_text("utf-8")


def _options(name: str, turns: Iterable[ReplayedTurn]) -> list[tuple[str, int]]:
    """Return the values that a turn can be chosen by, with how many have each."""
    return sorted(Counter(str(getattr(turn, name)) for turn in turns).items())


def _listed(turn: ReplayedTurn) -> Sequence[tuple[int, CandidateRow]]:
    """Return the candidates that are shown of ``turn``, each with its rank from 1."""
    told = {*turn.quoted, *turn.offered, *right_of(turn)}
    ranked = enumerate(turn.candidates, 1)
    return [(rank, each) for rank, each in ranked if rank <= _CANDIDATES or each.id in told]


def _is_link(url: str) -> bool:
    """Whether a browser would only go there: an address such as ``javascript:`` would do something else."""
    return url.lower().startswith(("https://", "http://"))

"""A run as a comment on a pull request: a sentence, small tables, and the first harmful turns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.evaluation.report.picked import right_of
from bot.evaluation.report.words import FIGURES, HEADLINE, OF_SLICE, VERDICTS, cut, interval_of, sentence, value_of
from bot.evaluation.turns import ReplayedTurn

#: Harmful turns that are shown, and characters of each text.
_TURNS, _TEXT = 20, 300

#: Beside the headline.
_MORE = ("accuracy_of_answers", "success_at_1", "mrr", "excess_aurc", "ece")

#: What is sliced by.
_SLICED = ("language", "channel", "topic")

#: Code hosts refuse comments that are very long; topics beyond these are on the page.
_SLICES = 15


def markdown_of(summary: Mapping[str, Any], harmful: Sequence[ReplayedTurn]) -> str:
    """Return the summary of a run; ``harmful`` has its harmful turns.

    Texts stand in code spans, where nothing in them is a link, a picture, HTML, or calls somebody by name.
    """
    metrics = summary["metrics"]
    lines = ["## What the bot would say", "", sentence(summary), ""]
    lines += _table(
        ["figure", "", "95% interval", "of"],
        [
            [
                FIGURES[name].title,
                value_of(name, metrics[name]),
                interval_of(name, metrics[name]),
                str(metrics[name]["n"]),
            ]
            for name in (*HEADLINE, *_MORE)
        ],
    )
    lines += _table(
        ["verdict", "messages"],
        [[title, str(n)] for verdict, title in VERDICTS.items() if (n := summary["verdicts"][verdict])],
    )
    for slicing in _SLICED:
        lines += _slices(slicing, summary["slices"][slicing])
    lines += _listed(harmful, summary["verdicts"])
    if log := summary["log"]:
        outcomes = [[name.replace("_", " "), str(each["n"])] for name, each in log["outcomes"].items()]
        lines += _table(["cases of the log, as it was held", ""], outcomes)
        if problems := log["problems"]:
            lines += ["What of it could not be read as it stands:\n"]
            lines += [*(f"- {what}: {n}" for what, n in problems.items()), ""]
    lines += [f"Not measured: {name}. {why}\n" for name, why in summary["left_out"].items()]
    return "\n".join(lines).rstrip() + "\n"


def _slices(slicing: str, slices: Mapping[str, Any]) -> list[str]:
    if len(slices) < 2:
        return []
    most = sorted(slices, key=lambda name: (-slices[name]["turns"], name))[:_SLICES]
    rows = []
    for name in most:
        told = slices[name]
        figures = [value_of(figure, told["metrics"][figure]) for figure in OF_SLICE]
        rows.append([_code(name, in_table=True) if name else "none", str(told["turns"]), *figures])
    heads = [FIGURES[figure].title.lower() for figure in OF_SLICE]
    more = [f"{len(slices) - len(most)} more are on the page.", ""] if len(slices) > len(most) else []
    return [*_table([slicing, "messages", *heads], rows), *more]


def _listed(harmful: Sequence[ReplayedTurn], verdicts: Mapping[str, int]) -> list[str]:
    total = verdicts["wrong"] + verdicts["missed_hand_over"]
    if not total:
        return ["No reply did harm.", ""]
    shown = harmful[:_TURNS]
    title = f"{total} harmful turns" if len(shown) == total else f"The first {len(shown)} of {total} harmful turns"
    lines = [f"### {title}", ""]
    for turn in shown:
        texts = {"customer": turn.text, "bot": turn.reply, "person": turn.person}
        texts["right entries"] = ", ".join(sorted(right_of(turn)))
        lines.append(f"- **{VERDICTS[turn.verdict]}** {_code(turn.id)}")
        lines += [f"  - {name}: {_code(cut(text, _TEXT))}" for name, text in texts.items() if text.strip()]
    return [*lines, ""]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---", *["---:"] * (len(head) - 1)], *rows)]
    return [*lines, ""]


def _code(text: str, *, in_table: bool = False) -> str:
    """Return ``text`` as a code span (CommonMark 0.31, section 6.1), on one line."""
    text = " ".join(text.split())
    if in_table:
        text = text.replace("|", "\\|")  # GitHub Flavored Markdown, section 4.10: tables are cut before spans
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{edge}{text}{edge}{ticks}"

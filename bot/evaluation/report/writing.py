"""All files of a report, beside the run that they are of."""

from __future__ import annotations

import json
from pathlib import Path

from bot.evaluation.folder import put, read_turns
from bot.evaluation.report.junit import Suites
from bot.evaluation.report.markdown import markdown_of
from bot.evaluation.report.page import page_of
from bot.evaluation.report.picked import Picked
from bot.evaluation.summary import summarise

#: The figures, as `summarise` returns them.
REPORT = "report.json"


def write_report(folder: Path) -> list[Path]:
    """Write the report of the run in ``folder`` there, and return its files; the same run gives the same bytes.

    ``report.json`` has what `summarise` returns. Raises `UsageError` where there is no run, or it is damaged, and
    `MissingExtraError` without the libraries of the page; nothing is written then.
    """
    summary = summarise(folder)
    picked, suites = Picked(), Suites()
    for turn in read_turns(folder):
        picked.take(turn)
        suites.take(turn)
    texts = {
        "report.html": page_of(summary, picked),
        "report.md": markdown_of(summary, picked.harmful),
        "junit.xml": suites.xml(),
        REPORT: json.dumps(summary, ensure_ascii=False, indent=2) + "\n",
    }
    for name, text in texts.items():
        # A line ends alike everywhere; half a character, as a log may have it, becomes a question mark.
        put(folder / name, text.encode("utf-8", errors="replace"))
    return [folder / name for name in texts]

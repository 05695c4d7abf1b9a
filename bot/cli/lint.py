"""`kefu lint`: the FAQ doctor, which tells what an editor should look at."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import __version__
from bot.aside import aside
from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    bar,
    counted,
    print_json,
    settings_from,
)
from bot.cli.knowledge import read_knowledge, today
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings
    from retrieval.lint import Channel, Finding, Place

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def lint(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files; default: those of the settings.")
    ] = None,
    select: Annotated[str, typer.Option("--select", help="Only these codes, or groups of them: K101,K2.")] = "",
    ignore: Annotated[str, typer.Option("--ignore", help="Not these codes, or groups of them.")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail the check, too.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for editors and code hosts.")] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Find contradictions, duplicates, stale and unreachable entries, dead links. Exit code 1 on an error."""
    if sarif and json_output:
        raise UsageError("Choose one of --json and --sarif.")
    wanted, unwanted = _codes(select, "--select"), _codes(ignore, "--ignore")
    # What cannot be read is a finding here, and stops nothing.
    settings = settings_from(config, [*(sources or ()), *(faq or ())], state, knowledge__strict=False)
    findings = [
        finding
        for finding in _findings(settings)
        if finding.code.startswith(wanted or ("",)) and not finding.code.startswith(unwanted)
    ]
    counts = _counts(findings)
    if sarif:
        from retrieval.lint.sarif import as_sarif

        typer.echo(json.dumps(as_sarif(findings, version=__version__, root=Path.cwd()), ensure_ascii=False, indent=2))
    elif json_output:
        print_json({"findings": list(map(_as_json, findings)), "counts": counts})
    else:
        _show(findings, counts)
    if counts["error"] or (strict and counts["warning"]):
        raise typer.Exit(1)


def _codes(text: str, option: str) -> tuple[str, ...]:
    """Return the codes, or beginnings of codes, that an option lists; raises `UsageError` for what no rule has."""
    from retrieval.lint.rules import RULES

    codes = tuple(re.split(r"[\s,]+", text.upper().strip())) if text.strip() else ()
    for code in codes:
        if not code or not any(rule.startswith(code) for rule in RULES):
            raise UsageError(f"{option}: no rule has the code {code!r}. The codes are: {', '.join(RULES)}.")
    return codes


def _findings(settings: Settings) -> list[Finding]:
    from retrieval.lint import lint as checked

    _, index, ingestion = read_knowledge(settings)
    with _progress() as done:
        channels, day = _channels(), today(settings)
        return aside(lambda: checked(ingestion, index, day=day, channels=channels, progress=done)).result()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on the standard error how much is checked: a bar at a terminal, nothing through a pipe."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import TimeRemainingColumn

    with bar(TimeRemainingColumn()) as shown:
        task = shown.add_task("Checking", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _channels() -> list[Channel]:
    """Return what the connectors say of the length of a message."""
    from connectors import slack, sunshine, telegram, wecom_api
    from connectors.texts import utf8, utf16
    from retrieval.lint import Channel

    return [
        Channel(name="WeCom", longest=wecom_api.LONGEST, size=utf8, unit="bytes"),
        Channel(name="Slack", longest=slack.LONGEST, size=len),
        Channel(name="Telegram", longest=telegram.LONGEST, size=utf16),
        Channel(name="Zendesk messaging", longest=sunshine.LONGEST, size=len),
    ]


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    from retrieval.lint import RULES, Severity

    severities = [RULES[finding.code].severity for finding in findings]
    return {severity.value: severities.count(severity) for severity in Severity}


def _as_json(finding: Finding) -> dict[str, object]:
    from retrieval.lint import RULES

    rule = RULES[finding.code]
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        **_place(finding.place),
        "message": finding.message,
        "other": _place(finding.other) if finding.other else None,
    }


def _place(place: Place) -> dict[str, object]:
    return {"file": place.file, "line": place.line, "id": place.id, "language": place.language}


def _show(findings: Sequence[Finding], counts: dict[str, int]) -> None:
    from retrieval.lint import RULES

    for file, here in groupby(findings, key=lambda finding: finding.place.file):
        typer.secho(file, bold=True)
        for finding in here:
            severity = RULES[finding.code].severity.value
            line = f"{finding.place.line:>5}" if finding.place.line else "    -"
            code = typer.style(f"{finding.code} {severity:7}", fg=_COLOURS[severity])
            named = f"[{finding.place.id}] " if finding.place.id else ""
            also = f" ({finding.other})" if finding.other else ""
            typer.echo(f"{line}  {code}  {named}{finding.message}{also}")
        typer.echo()
    told = ", ".join(counted(count, name, f"{name}s") for name, count in counts.items())
    typer.echo(f"{told}.")

"""`kefu doctor`: whether everything is there that the bot needs, and sound."""

from __future__ import annotations

import importlib.metadata
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from bot.cli.common import ConfigOption, FaqOption, JsonOption, StateOption, print_json, progress, settings_from
from bot.errors import KefuError

if TYPE_CHECKING:
    from bot.app import Library
    from bot.settings import Settings

#: Entries that end within this time are named.
_SOON = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    #: False fails the check; None is worth knowing, and no failure.
    ok: bool | None
    text: str


def doctor(
    json_output: JsonOption = False, config: ConfigOption = None, faq: FaqOption = None, state: StateOption = None
) -> None:
    """Check what the bot needs: libraries, encoder, knowledge, index. Exit code 1 if something is not in order."""
    settings = settings_from(config, faq, state)
    findings = list(_look(settings))
    if json_output:
        print_json([{"name": f.name, "ok": f.ok, "text": f.text} for f in findings])
    else:
        marks = {True: ("✓", "green"), False: ("✗", "red"), None: ("•", "yellow")}
        for finding in findings:
            mark, colour = marks[finding.ok]
            typer.echo(f"{typer.style(mark, fg=colour)} {finding.name}: {finding.text}")
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


def _look(settings: Settings) -> Iterator[Finding]:
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("faiss-cpu", "onnxruntime", "tokenizers")
    )
    yield Finding(name="python", ok=True, text=f"{platform.python_version()}; {versions}")
    file = next((origin for origin in settings.origins.values() if origin.endswith(".toml")), "defaults, no kefu.toml")
    yield Finding(name="settings", ok=True, text=file)
    from bot.app import Library

    try:
        with progress() as shown:
            library = Library.load(settings, shown)
    except KefuError as error:
        yield Finding(name="encoder", ok=False, text=str(error))
        return
    yield Finding(
        name="encoder", ok=True, text=f"{settings.retrieval.encoder}, {library.encoder.dimensions} dimensions"
    )
    yield from _knowledge(settings)
    yield from _index(settings, library)


def _knowledge(settings: Settings) -> Iterator[Finding]:
    from retrieval.ingest import read_sources

    try:
        ingestion = read_sources(settings.knowledge.sources)
    except KefuError as error:
        yield Finding(name="knowledge", ok=False, text=str(error))
        return
    if problems := ingestion.problems:
        more = f"\n... and {len(problems) - 1} more. See them all with: kefu ingest" if len(problems) > 1 else ""
        yield Finding(name="knowledge", ok=False, text=f"{problems[0]}{more}")
    passages = ingestion.passages
    languages = Counter(passage.language for passage in passages)
    spoken = ", ".join(f"{count} {language}" for language, count in sorted(languages.items()))
    yield Finding(name="knowledge", ok=bool(passages), text=f"{len(passages)} passages ({spoken})")
    today = datetime.now(ZoneInfo(settings.knowledge.time_zone)).date()
    over = sorted({p.id for p in passages if p.valid_until and p.valid_until < today})
    soon = sorted({p.id for p in passages if p.valid_until and today <= p.valid_until <= today + _SOON})
    if over:
        yield Finding(name="expired", ok=None, text=f"not served any more: {', '.join(over)}")
    if soon:
        yield Finding(name="expiring", ok=None, text=f"end within {_SOON.days} days: {', '.join(soon)}")


def _index(settings: Settings, library: Library) -> Iterator[Finding]:
    from retrieval.build import open_index

    try:
        index = open_index(settings.state.folder / "index", library.encoder, library.analyzer)
    except KefuError as error:
        yield Finding(name="index", ok=False, text=str(error))
        return
    vectors = index.data.vectors
    kind = "exact" if vectors.exact else f"approximate, finds {vectors.recall:.1%} of the exact ten nearest"
    yield Finding(name="index", ok=True, text=f"{index.version}: {len(index)} entries, {len(vectors)} vectors, {kind}")

"""`kefu doctor`: whether everything is there that the bot needs, and sound."""

from __future__ import annotations

import asyncio
import importlib
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from bot.aside import aside
from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    counted,
    listed,
    print_json,
    settings_from,
)
from bot.cli.knowledge import progress, today
from bot.errors import KefuError

if TYPE_CHECKING:
    from bot.library import Library
    from bot.settings import Settings
    from bot.types import Counts

#: Entries that end within this time are named.
_SOON = timedelta(days=30)

#: What the search cannot do without, by the name it is imported under: the package that brings it.
_LIBRARIES = {"faiss": "faiss-cpu", "onnxruntime": "onnxruntime", "tokenizers": "tokenizers"}


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
    """Check what the bot needs, from libraries to the server. Exit code 1 if something is wrong."""
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
    libraries = _libraries()
    yield libraries
    yield Finding(name="settings", ok=True, text=str(settings.file or "defaults, no kefu.toml"))
    if not libraries.ok:
        yield from _knowledge(settings)
        return
    from bot.library import Library

    try:
        with progress() as shown:
            library = aside(lambda: Library.load(settings, shown)).result()
    except KefuError as error:
        yield Finding(name="encoder", ok=False, text=str(error))
        return
    yield Finding(
        name="encoder", ok=True, text=f"{settings.retrieval.encoder}, {library.encoder.dimensions} dimensions"
    )
    yield from _knowledge(settings)
    from bot.cli.trained import trained

    yield from trained(settings, library.encoder)
    yield from _index(settings, library)
    from bot.cli.calibrated import calibrated

    yield from calibrated(settings)
    from bot.cli.language_model import language_model

    yield from language_model(settings)
    yield from _server(settings)


def _libraries() -> Finding:
    found, failed = [], []
    for name, package in _LIBRARIES.items():
        try:
            found.append(f"{package} {importlib.import_module(name).__version__}")
        except ImportError as error:
            failed.append(f"{package} is missing ({error}). Install it with: pip install {package}")
    if failed:
        return Finding(name="python", ok=False, text="\n".join(failed))
    return Finding(name="python", ok=True, text=f"{platform.python_version()}; {', '.join(found)}")


def _knowledge(settings: Settings) -> Iterator[Finding]:
    from bot.hints import told
    from retrieval.ingest import read_sources

    try:
        ingestion = read_sources(settings.knowledge.sources)
    except KefuError as error:
        yield Finding(name="knowledge", ok=False, text=str(error))
        return
    passages, problems = ingestion.passages, ingestion.problems
    languages = Counter(passage.language for passage in passages)
    spoken = ", ".join(f"{count} {language}" for language, count in sorted(languages.items()))
    text = counted(len(passages), "passage", "passages") + (f" ({spoken})" if spoken else "")
    if problems:
        text += "\n".join([f"; {counted(len(problems), 'problem', 'problems')}", *told(problems, settings, most=1)])
    yield Finding(name="knowledge", ok=bool(passages) and not problems, text=text)
    day = today(settings)
    over = sorted({p.id for p in passages if p.valid_until and p.valid_until < day})
    soon = sorted({p.id for p in passages if p.valid_until and day <= p.valid_until <= day + _SOON})
    if over:
        yield Finding(name="expired", ok=None, text=f"not served any more: {listed(over)}")
    if soon:
        yield Finding(name="expiring", ok=None, text=f"end within {_SOON.days} days: {listed(soon)}")


def _index(settings: Settings, library: Library) -> Iterator[Finding]:
    from retrieval.build import open_index, version_of
    from retrieval.ingest import read_sources

    try:
        index = open_index(settings.state.folder / "index", library.encoder, library.analyzer)
    except KefuError as error:
        yield Finding(name="index", ok=False, text=str(error))
        return
    vectors = index.data.vectors
    kind = "exact" if vectors.exact else f"approximate, finds {vectors.recall:.1%} of the exact ten nearest"
    held = f"{counted(len(index), 'entry', 'entries')}, {counted(len(vectors), 'vector', 'vectors')}"
    text = f"{index.version}: {held}, {kind}"
    try:
        passages = read_sources(settings.knowledge.sources).passages
    except KefuError:  # told already
        passages = ()
    if not passages or version_of(passages, library.encoder, library.analyzer) == index.version:
        yield Finding(name="index", ok=True, text=text)
        return
    sources = listed([str(path) for path in settings.knowledge.sources])
    other = f"It was built of other entries than are in {sources} now; the next start builds it anew."
    yield Finding(name="index", ok=None, text=f"{text}. {other}")


def _server(settings: Settings) -> Iterator[Finding]:
    """Look at what `kefu serve` needs, where something of it is set."""
    from bot.channels import check, sections
    from bot.store.sql import SqlStore

    channels = [name for name, _ in sections(settings)]
    if not channels and not settings.server.keys:
        return
    served = [f"API for {listed(list(settings.server.keys))}"] * bool(settings.server.keys) + channels
    try:
        check(settings)
    except KefuError as error:
        yield Finding(name="server", ok=False, text=str(error))
    else:
        yield Finding(name="server", ok=True, text=", ".join(served))

    async def counted_there() -> Counts:
        async with SqlStore.open(settings.state.address) as store:
            return await store.counts()

    try:
        counts = asyncio.run(counted_there())
    except KefuError as error:
        yield Finding(name="database", ok=False, text=str(error))
        return
    text = f"{counts.waiting} waiting, {counts.outbox} on the way, {counts.dead} not deliverable"
    yield Finding(name="database", ok=None if counts.dead else True, text=text)

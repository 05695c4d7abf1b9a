"""`kefu gaps`: what customers ask and the knowledge does not have, with an entry drafted for each gap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    bar,
    print_json,
    settings_from,
)
from bot.errors import OutputError, UsageError

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.cli.replayed import Inputs
    from bot.evaluation.gaps import Cluster, Draft
    from bot.evaluation.gaps.clusters import Encode
    from bot.evaluation.gaps.expected import Expected
    from bot.evaluation.judging import Alike
    from bot.ports import Responder
    from bot.settings import Settings


def gaps(
    logs: Annotated[
        list[Path],
        typer.Argument(help="Exported dialogues or tickets, or folders with them; or the folder of one run."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="FAQ file for the drafted entries, ending in .jsonl.")
    ] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Show what the drafts would gain, each asked turns it was not made of.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier file of that name.")] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """List what customers ask and the knowledge does not have, and draft an entry for each from agents' answers."""
    from bot.app import Parts
    from bot.cli.drafted import passage_of, tidy_of
    from bot.cli.gaps_shown import as_json, plain
    from bot.cli.knowledge import open_knowledge, today
    from bot.cli.replayed import Inputs
    from bot.cli.trial import trial
    from bot.evaluation.folder import RUN, read_turns
    from bot.evaluation.gaps import clustered, gaps_of
    from bot.evaluation.likeness import Likeness
    from bot.settings_generator import Generator
    from finetune.logs.reading import log_files

    if out is not None:  # rather now than after the replay
        _refuse(out, overwrite)
    settings = settings_from(config, faq, state, knowledge__watch=False)
    # What the knowledge has decides here, in whatever words it would be told.
    settings = settings.model_copy(update={"generator": Generator()})
    library, index = open_knowledge(settings)
    parts = Parts.of(settings, library, index, quotes=True)
    alike = Likeness(library.encoder.encode)
    if len(logs) == 1 and (logs[0] / RUN).is_file():
        folder = logs[0]
        inputs = Inputs.of(folder) if what_if else None
    else:
        # Which entries are served on a day decides on what is a gap: that is today's question.
        inputs = Inputs(kind="dialogues", files=log_files(logs), day=today(settings))
        folder = _replayed(settings, parts, inputs, alike)
    found = gaps_of(read_turns(folder), parts.source.holds, tidy_of(index.data.passages))
    with _bar("Comparing") as compared:
        clusters = clustered(found.gaps, library.encoder.encode, progress=compared)
    expected = None
    if what_if and inputs:
        with trial(settings, library, index, parts) as tried:

            def responder(drafts: Sequence[Draft]) -> Responder:
                return tried([*map(passage_of, drafts)]).responder(settings)

            expected = _expected(settings, library.encoder.encode, responder, inputs, folder, clusters, alike)
    if out is not None:
        _refuse(out, overwrite)  # a replay takes its time
        _write(out, clusters)
    if json_output:
        print_json(as_json(found, clusters, expected, out))
    else:
        typer.echo(plain(found, clusters, expected, out, settings.knowledge.sources))


def _refuse(out: Path, overwrite: bool) -> None:
    """Raise where the drafts may not be written: what stands there may be drafts that a person has edited."""
    if out.suffix != ".jsonl":
        raise UsageError(f"--out: expected a file that ends in .jsonl, found {out}.")
    if not out.parent.is_dir():
        raise UsageError(f"--out: there is no folder {out.parent}. Make it, or name another one.")
    if out.is_dir():
        raise OutputError(f"{out} is a folder; name a file.")
    if not overwrite and out.exists() and out.stat().st_size:
        raise OutputError(f"{out} is there already; name another file, or replace it with --overwrite.")


def _replayed(settings: Settings, parts: Parts, inputs: Inputs, alike: Alike) -> Path:
    """Replay, and return the folder of the run."""
    from bot.cli.logged import warn_of
    from bot.cli.replayed import replay_into
    from finetune.logs import Problems

    problems = Problems()
    done = replay_into(None, inputs, settings, parts, alike, problems)
    warn_of(problems)
    return done.folder


def _expected(
    settings: Settings,
    encode: Encode,
    responder: Callable[[Sequence[Draft]], Responder],
    inputs: Inputs,
    folder: Path,
    clusters: Sequence[Cluster],
    alike: Alike,
) -> Expected:
    from bot.evaluation.folder import read_turns
    from bot.evaluation.gaps import clustered
    from bot.evaluation.gaps.expected import expected
    from finetune.logs import Problems

    before = {turn.id: turn.verdict for turn in read_turns(folder)}
    with _bar("Trying the drafts") as shown:
        return asyncio.run(
            expected(
                lambda: inputs.read(settings, Problems()),
                before,
                clusters,
                cluster=lambda gaps: clustered(gaps, encode),
                responder=responder,
                alike=alike,
                as_of=inputs.at(settings),
                done=shown,
            )
        )


@contextmanager
def _bar(text: str) -> Iterator[Callable[[int, int], None]]:
    with bar() as shown:
        task = shown.add_task(text, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _write(out: Path, clusters: Sequence[Cluster]) -> None:
    from bot.evaluation.gaps import drafts_of
    from retrieval.disk import replace_file

    lines = [draft.json() for cluster in clusters for draft in drafts_of(cluster)]
    replace_file(out, "".join(f"{line}\n" for line in lines).encode())

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
    counted,
    print_json,
    settings_from,
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.cli.replayed import Asked
    from bot.evaluation.gaps import Cluster, Draft, Found
    from bot.evaluation.gaps.clusters import Encode
    from bot.evaluation.gaps.expected import Expected
    from bot.evaluation.judging import Alike
    from bot.ports import Responder
    from bot.settings import Settings

#: Gaps that are printed; all are in --json and, where they have a draft, in --out.
_SHOWN = 20

#: Examples of a gap.
_EXAMPLES = 5


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
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """List what customers ask and the knowledge does not have, and draft an entry for each from agents' answers."""
    from bot.app import Parts
    from bot.cli.drafted import passage_of, tidy_of
    from bot.cli.knowledge import open_knowledge, today
    from bot.cli.replayed import Asked
    from bot.cli.trial import trial
    from bot.evaluation.folder import RUN, read_turns
    from bot.evaluation.gaps import clustered, gaps_of
    from bot.evaluation.likeness import Likeness
    from finetune.logs.reading import log_files

    if out is not None and out.suffix != ".jsonl":
        raise UsageError(f"--out: expected a file that ends in .jsonl, found {out}.")
    settings = settings_from(config, faq, state, knowledge__watch=False)
    library, index = open_knowledge(settings)
    parts = Parts.of(settings, library, index)
    alike = Likeness(library.encoder.encode)
    if len(logs) == 1 and (logs[0] / RUN).is_file():
        folder = logs[0]
        asked = Asked.of(folder) if what_if else None
    else:
        # Which entries are served on a day decides on what is a gap: that is today's question.
        asked = Asked(kind="dialogues", files=log_files(logs), day=today(settings))
        folder = _replayed(settings, parts, asked, alike)
    found = gaps_of(read_turns(folder), parts.source.holds, tidy_of(index.data.passages))
    with _bar("Comparing") as compared:
        clusters = clustered(found.gaps, library.encoder.encode, progress=compared)
    expected = None
    if what_if and asked:
        with trial(settings, library, index, parts) as tried:

            def responder(drafts: Sequence[Draft]) -> Responder:
                return tried([*map(passage_of, drafts)]).responder(settings)

            expected = _expected(settings, library.encoder.encode, responder, asked, folder, clusters, alike)
    if out is not None:
        _write(out, clusters)
    if json_output:
        print_json(_as_json(found, clusters, expected, out))
    else:
        typer.echo(_plain(found, clusters, expected, out))


def _replayed(settings: Settings, parts: Parts, asked: Asked, alike: Alike) -> Path:
    """Replay, and return the folder of the run."""
    from bot.cli.logged import told
    from bot.cli.replayed import folder_for, replay_into
    from finetune.logs import Problems

    problems = Problems()
    folder = folder_for(settings, asked.run(settings, parts))
    replay_into(folder, asked, settings, parts, alike, problems)
    told(problems)
    return folder


def _expected(
    settings: Settings,
    encode: Encode,
    responder: Callable[[Sequence[Draft]], Responder],
    asked: Asked,
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
                lambda: asked.read(settings, Problems()),
                before,
                clusters,
                cluster=lambda gaps: clustered(gaps, encode),
                responder=responder,
                alike=alike,
                as_of=asked.at(settings),
                done=shown,
            )
        )


@contextmanager
def _bar(text: str) -> Iterator[Callable[[int, int], None]]:
    shown = bar()
    shown.disable = not shown.console.is_terminal  # a pipe would get an empty line
    with shown:
        task = shown.add_task(text, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _write(out: Path, clusters: Sequence[Cluster]) -> None:
    from bot.evaluation.gaps import drafts_of
    from retrieval.disk import replace_file

    lines = [draft.json() for cluster in clusters for draft in drafts_of(cluster)]
    replace_file(out, "".join(f"{line}\n" for line in lines).encode())


def _as_json(
    found: Found, clusters: Sequence[Cluster], expected: Expected | None, out: Path | None
) -> dict[str, object]:
    return {
        "turns": found.turns,
        "gaps": len(found.gaps),
        "kinds": {why.value: count for why, count in sorted(found.kinds.items())},
        "held": found.held,
        "clusters": [_cluster_json(cluster, expected) for cluster in clusters],
        "expected": None if expected is None else _expected_json(expected),
        "file": None if out is None else str(out),
    }


def _cluster_json(cluster: Cluster, expected: Expected | None) -> dict[str, object]:
    from dataclasses import asdict

    from bot.evaluation.gaps import drafts_of

    drafts = drafts_of(cluster)
    out: dict[str, object] = {
        "name": cluster.name,
        "dialogues": cluster.dialogues,
        "turns": [gap.turn.id for gap in cluster.gaps],
        "languages": cluster.languages,
        "channels": cluster.channels,
        "examples": list(dict.fromkeys(gap.asks for gap in cluster.gaps))[:_EXAMPLES],
        "nearest": None if cluster.nearest is None else asdict(cluster.nearest),
        "answers": cluster.answers,
        "drafts": [asdict(draft) for draft in drafts],
    }
    if expected is not None and drafts:
        out |= {"gained": expected.gained[drafts[0].id], "stolen": expected.stolen[drafts[0].id]}
    return out


def _expected_json(expected: Expected) -> dict[str, object]:
    return {
        "turns": expected.turns,
        "found": [expected.found_before, expected.found_after],
        "harmful": [expected.harmful_before, expected.harmful_after],
        "gain": round(expected.gain, 2),
    }


def _plain(found: Found, clusters: Sequence[Cluster], expected: Expected | None, out: Path | None) -> str:
    from bot.evaluation.gaps import drafts_of
    from bot.evaluation.gaps.drafts import LEAST

    drafts = sum(len(drafts_of(cluster)) for cluster in clusters)
    lines = [
        f"{counted(len(found.gaps), 'turn', 'turns')} of {found.turns} ask what the knowledge does not have: "
        f"{counted(len(clusters), 'gap', 'gaps')}, {counted(drafts, 'drafted entry', 'drafted entries')}."
    ]
    if found.held:
        lines.append(
            f"{counted(found.held, 'more turn was', 'more turns were')} not answered rightly though the knowledge has "
            "the answer: see kefu calibrate."
        )
    again = [cluster for cluster in clusters if cluster.dialogues >= LEAST]
    for number, cluster in enumerate(again[:_SHOWN], 1):
        lines += ["", *_shown(number, cluster, expected)]
    if len(again) > _SHOWN:
        lines += ["", f"And {len(again) - _SHOWN} more, all of them with --json."]
    if once := len(clusters) - len(again):
        lines += ["", f"{counted(once, 'gap', 'gaps')} came up in one dialogue alone: see --json."]
    if expected is not None:
        lines += [
            "",
            f"With the drafts, {expected.found_after} of {expected.turns} turns are expected to be told or offered the "
            f"answer, {expected.found_before} are now: {expected.gain:+.1f} of a hundred. What does harm when it is "
            f"sent: {expected.harmful_after}, {expected.harmful_before} now.",
        ]
    if out is not None:
        lines += ["", f"Written to {out}: look at each entry, then add the file to the knowledge with kefu ingest."]
    elif drafts:
        lines += ["", "Write the drafted entries with --out FILE.jsonl, and look at each before you add them."]
    return "\n".join(lines)


def _shown(number: int, cluster: Cluster, expected: Expected | None) -> Iterator[str]:
    from bot.evaluation.gaps import drafts_of

    yield f"{number:>3}. {_line(cluster.name)}"
    where = ", ".join([*cluster.languages, *cluster.channels])
    turns = counted(len(cluster.gaps), "turn", "turns")
    yield f"     {turns} in {counted(cluster.dialogues, 'dialogue', 'dialogues')} ({where})"
    if cluster.nearest is not None:
        yield f"     nearest entry: {cluster.nearest.id} ({cluster.nearest.confidence:.2f})"
    drafts = drafts_of(cluster)
    for draft in drafts:
        yield f"     draft {draft.id} ({draft.language}): {_line(draft.answer)}"
    if expected is not None and drafts:
        gained, stolen = expected.gained[drafts[0].id], expected.stolen[drafts[0].id]
        yield f"     expected: {counted(gained, 'turn', 'turns')} gained, {stolen} lost"


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 100 else f"{text[:99]}…"

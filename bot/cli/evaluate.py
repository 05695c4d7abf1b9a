"""`kefu evaluate`: what the bot would say to logged dialogues and to labelled messages, and how right it would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    counted,
    print_json,
    read_lines,
    settings_from,
)
from bot.cli.evaluated import check_data
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.cli.replayed import Done
    from bot.evaluation.dialogues import Dialogue
    from bot.settings import Settings

evaluate = typer.Typer(
    help="Measure what is there on logged dialogues and labelled messages, before any customer does.",
    no_args_is_help=True,
)

DataOption = Annotated[
    list[Path], typer.Option("--data", help="A file, or a folder of exported logs; repeat it for several.")
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", help="Folder for the run and its report. Default: one in the state folder."),
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="Day on which all is asked, such as 2026-11-25. Default: as logged.")
]


@evaluate.command("dialogues")
def dialogues(
    data: DataOption,
    report: ReportOption = None,
    as_of: AsOfOption = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Replay logged dialogues: each message, with the true history before it, through the bot as it is."""
    from bot.cli.knowledge import today
    from bot.cli.logged import dialogues as logged
    from bot.cli.logged import told
    from bot.cli.replayed import day_of, moment
    from finetune.logs import Problems
    from finetune.logs.reading import log_files

    settings = settings_from(config, faq, state, knowledge__watch=False)
    problems = Problems()

    def read(files: Sequence[Path]) -> Iterator[Dialogue]:
        return logged(files, problems, otherwise=moment(today(settings), settings))

    folder, done = _evaluate(settings, "dialogues", log_files(data), read, day_of(as_of), report)
    told(problems)
    _tell(folder, done, json_output, problems=problems.as_json())


@evaluate.command("answers")
def answers(
    data: Annotated[
        list[Path],
        typer.Option("--data", help='JSONL file with {"text", "answer_ids"} rows; repeat it for several.'),
    ],
    report: ReportOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Day on which all is asked, such as 2026-11-25. Default: today.")
    ] = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Ask labelled messages: those that entries answer, and those that a person has to take."""
    from bot.cli.knowledge import today
    from bot.cli.replayed import day_of, moment

    check_data(data)
    settings = settings_from(config, faq, state, knowledge__watch=False)
    day = day_of(as_of) or today(settings)
    at = moment(day, settings)

    def read(files: Sequence[Path]) -> Iterator[Dialogue]:
        return labelled(files, at)

    folder, done = _evaluate(settings, "answers", data, read, day, report)
    _tell(folder, done, json_output)


def labelled(files: Sequence[Path], at: datetime) -> Iterator[Dialogue]:
    """Yield a dialogue for each labelled message; raises `UsageError` that names the line."""
    from bot.evaluation.labelled import LabelledTurn

    seen: set[str] = set()
    for path in files:
        for number, row in read_lines(path):
            id_ = str(row.get("id", f"{path.name}:{number}"))
            if id_ in seen:
                raise UsageError(f'{path}:{number}: field "id": {id_!r} was there before; expected each once.')
            seen.add(id_)
            try:
                yield LabelledTurn.of(row).dialogue(id_, str(row.get("channel") or ""), at)
            except ValueError as error:
                raise UsageError(f"{path}:{number}: {error}.") from error


def _evaluate(
    settings: Settings,
    kind: str,
    files: Sequence[Path],
    read: Callable[[Sequence[Path]], Iterator[Dialogue]],
    day: date | None,
    report: Path | None,
) -> tuple[Path, Done]:
    """Replay, and write the report; return the folder of the run."""
    from bot.app import Parts
    from bot.cli.knowledge import open_knowledge
    from bot.cli.replayed import folder_for, moment, replay_into, run_of
    from bot.evaluation.likeness import Likeness
    from bot.evaluation.report import write_report
    from bot.library import prepare

    library, index = open_knowledge(settings)
    prepare(index)
    parts = Parts.of(settings, library, index)
    run = run_of(settings, parts, kind, files, day)
    folder = folder_for(settings, report, run)
    alike = Likeness(library.encoder.encode)
    done = replay_into(
        folder, run, read(files), parts.responder(settings), alike, as_of=None if day is None else moment(day, settings)
    )
    write_report(folder)
    return folder, done


def _tell(folder: Path, done: Done, json_output: bool, **more: object) -> None:
    """Print what a run came to; ``more`` is for programs."""
    from bot.evaluation.summary import latencies, summarise

    summary = summarise(folder)
    if json_output:
        told = {"latency_ms": latencies(folder), "speed": round(done.speed, 1), "report": str(folder), **more}
        print_json({**summary, **told})
        return
    from bot.cli.run_shown import show_run

    show_run(summary, latencies(folder))
    if done.before:
        typer.echo(f"{counted(done.before, 'turn was', 'turns were')} there from the same run before.")
    typer.echo(f"Every turn: {folder / 'report.html'}")

"""`kefu evaluate`: what the bot would say to logged dialogues and to labelled messages, and how right it would be."""

from __future__ import annotations

import json
from importlib.util import find_spec
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
    settings_from,
    waiting,
)
from bot.cli.evaluated import check_data
from bot.errors import MissingExtraError

if TYPE_CHECKING:
    from bot.cli.replayed import Done, Inputs
    from bot.settings import Settings
    from finetune.logs import Problems

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
    from bot.cli.replayed import Inputs, day_of
    from finetune.logs.reading import log_files

    settings = settings_from(config, faq, state, knowledge__watch=False)
    _evaluate(settings, Inputs(kind="dialogues", files=log_files(data), day=day_of(as_of)), report, json_output)


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
    from bot.cli.replayed import Inputs, day_of

    check_data(data)
    settings = settings_from(config, faq, state, knowledge__watch=False)
    day = day_of(as_of) or today(settings)
    _evaluate(settings, Inputs(kind="answers", files=data, day=day), report, json_output)


def _evaluate(settings: Settings, inputs: Inputs, report: Path | None, json_output: bool) -> None:
    """Replay, write the report, and print what it came to."""
    from bot.app import Parts
    from bot.cli.knowledge import open_knowledge
    from bot.cli.logged import warn_of
    from bot.cli.replayed import replay_into
    from bot.evaluation.folder import write_log
    from bot.evaluation.ledger import ledger_of
    from bot.evaluation.likeness import Likeness
    from bot.evaluation.report import write_report
    from bot.library import prepare
    from finetune.logs import Problems

    for needed in ("jinja2", "matplotlib"):  # of the report at the end, which nobody should wait for in vain
        if find_spec(needed) is None:
            raise MissingExtraError(needed, "evaluate")
    library, index = open_knowledge(settings)
    prepare(index)
    parts, problems = Parts.of(settings, library, index), Problems()
    done = replay_into(report, inputs, settings, parts, Likeness(library.encoder.encode), problems)
    with waiting("Writing the report"):
        if inputs.kind == "dialogues" and done.until:
            # As it was held: what became of its cases by its end, and what could not be read of it.
            ledger = ledger_of(inputs.read(settings, Problems()), now=done.until)
            write_log(done.folder, {**ledger.as_json(), "problems": problems.told()})
        write_report(done.folder)
    warn_of(problems)
    _tell(done, problems, json_output)


def _tell(done: Done, problems: Problems, json_output: bool) -> None:
    """Print what a run came to."""
    from bot.evaluation.report import REPORT
    from bot.evaluation.summary import latencies

    summary, waited = json.loads((done.folder / REPORT).read_bytes()), latencies(done.folder)
    if json_output:
        more = {"problems": problems.as_json(), "speed": round(done.speed, 1), "report": str(done.folder)}
        print_json({**summary, "latency_ms": waited, **more})
        return
    from bot.cli.run_shown import show_run

    show_run(summary, waited)
    if done.before:
        typer.echo(f"{counted(done.before, 'turn was', 'turns were')} there from the same run before.")
    typer.echo(f"Every turn: {done.folder / 'report.html'}")

"""The entry point: the table of commands, and what a user sees of an error."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

import typer

from bot import __version__
from bot.aside import leave
from bot.cli import (
    adapt,
    ask,
    calibrate,
    chat,
    compare,
    config,
    doctor,
    evaluate,
    evaluate_labels,
    evaluate_retrieval,
    explain,
    forget,
    gaps,
    ingest,
    lint,
    models,
    outbox,
    outcomes,
    pairs,
    search,
    serve,
    teach,
    train,
)
from bot.cli.common import warn
from bot.errors import KefuError

app = typer.Typer(
    name="kefu",
    help="Customer-service bots that answer from your FAQ, and hand over what they do not know.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("chat")(chat.chat)
app.command("ask")(ask.ask)
app.command("search")(search.search)
app.command("ingest")(ingest.ingest)
app.command("lint")(lint.lint)
app.command("serve")(serve.serve)
app.add_typer(outbox.outbox, name="outbox")
app.command("explain")(explain.explain)
app.command("outcomes")(outcomes.outcomes)
app.command("forget")(forget.forget)
app.command("pairs")(pairs.pairs)
app.command("gaps")(gaps.gaps)
app.add_typer(train.train, name="train")
train.train.command("encoder")(teach.encoder)
train.train.command("generator")(adapt.generator)
app.add_typer(models.models, name="models")
app.add_typer(evaluate.evaluate, name="evaluate")
evaluate.evaluate.command("retrieval")(evaluate_retrieval.retrieval)
for _kind, _help in evaluate_labels.KINDS.items():
    evaluate.evaluate.command(_kind, help=_help)(evaluate_labels.labelled)
app.command("compare")(compare.compare)
app.command("calibrate")(calibrate.calibrate)
app.command("config")(config.config)
app.command("doctor")(doctor.doctor)

#: Errors of a write that name no file.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kefu {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Take the options that stand before the command; `main` looks for --debug itself, when all this is over."""


def main() -> None:
    """Run the command line; an error ends it with its message and its exit code."""
    if sys.stdin is None:  # whoever called closed it: there is nothing to read
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    for stream in (sys.stdout, sys.stderr):
        # A program that reads this wants UTF-8 whatever the locale says; a terminal shows a question mark instead of
        # what it has no letter for.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    log_to_stderr()
    leave(answered(_commands))


def log_to_stderr() -> None:
    """Send warnings of kefu to the standard error, one line each."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", handlers=[_Warnings()])


class _Warnings(logging.Handler):
    """Writes to what is the standard error at the moment: the terminal puts its own there to keep the prompt whole."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        with suppress(OSError):
            if sys.stderr is not None:  # None where whoever called closed it
                sys.stderr.write(f"{self.format(record)}\n")


def _commands() -> int:
    code = 0
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else code
    if sys.stdout is not None:  # None where whoever called closed it
        sys.stdout.flush()
    return code


def answered(work: Callable[[], int]) -> int:
    """Return the exit code that ``work`` returns; an error is told, and has its own."""
    try:
        return work()
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        if isinstance(error, KefuError):
            warn(f"Error: {error}")
            return error.exit_code
        if isinstance(error, OSError) and error.filename:  # a folder that may not be written to, say
            warn(
                f"Error: {error.filename}: {error.strerror}.\n"
                "What kefu writes goes to the folders [state] folder (or --state) and [state] cache of the settings."
            )
            return 3
        if isinstance(error, OSError) and error.errno in _FULL:
            warn(f"Error: {error.strerror}: the output, or a folder that kefu writes to, takes no more.")
            # What is left in the buffer would fail once more, loudly, when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 3
        what = f"{type(error).__name__}: {error}"
        warn(f"Error: kefu failed unexpectedly ({what}).\nSee where with: kefu --debug ...")
        return 1


if __name__ == "__main__":
    main()

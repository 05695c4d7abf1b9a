"""`kefu pairs`: question-answer pairs from exported logs, or whether a test file repeats its training file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import ConfigOption, FaqOption, JsonOption, StateOption, bar, counted, print_json, settings_from
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings
    from finetune.history import History

#: Is told a step, and how much of it is done of how much.
_Progress = Callable[[str, int, int], None]

#: Seconds after which a bar is shown: what is over sooner need not flicker.
_PATIENCE = 1.0


def pairs(
    logs: Annotated[
        list[Path] | None,
        typer.Argument(help="Dialogues (.jsonl), exports of Zendesk, Chatwoot or Zammad (.csv), or folders with them."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the training data.")] = Path("pairs"),
    split: Annotated[
        str, typer.Option("--split", help="Shares of train, dev and test in a hundred; the newest is test.")
    ] = "80/10/10",
    min_count: Annotated[
        int, typer.Option("--min-count", min=1, help="Leave out answers that were given fewer times.")
    ] = 1,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", help="Your own domain, telephone number or address, which stays; repeat it for several."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace earlier training data in the folder.")
    ] = False,
    check: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--check",
            metavar="TRAIN TEST",
            help="Only say what two files have in common that must not, training file first.",
        ),
    ] = None,
    passages: Annotated[
        bool,
        typer.Option(
            "--passages", help="Name beside each answer the entry that says it: kefu train generator learns from those."
        ),
    ] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Turn exported dialogues and tickets into training data without personal data."""
    if bool(logs) == bool(check):
        raise UsageError("Give logs to read, or two files with --check.")
    if check:
        _check(*check, json_output)
        return
    from bot.cli.logged import warn_of
    from finetune.history import Shares, make, refuse_folder, write

    try:
        shares = Shares.read(split)
    except ValueError as error:
        raise UsageError(str(error)) from None
    refuse_folder(out, overwrite=overwrite)
    beside = _knowledge(settings_from(config, faq, state)) if passages else None
    with _bar() as progress:
        history = make(logs or (), keep=keep or (), min_count=min_count, shares=shares, progress=progress)
        history = beside(history, progress) if beside else history
        progress("Writing", 0, 0)
        write(history, out, overwrite=overwrite)
    if json_output:
        print_json(_as_json(history, out) | ({"passages": _sourced(history)} if passages else {}))
    else:
        _tell(history, out)
        if passages:
            parts = ", ".join(f"{count} {part}" for part, count in _sourced(history).items())
            typer.echo(f"With the entry that says the answer: {parts}.")
    warn_of(history.problems)


def _knowledge(settings: Settings) -> Callable[[History, _Progress], History]:
    """Open the knowledge, and return what puts its entries beside the answers that say them."""
    from bot.cli.knowledge import open_knowledge, today
    from bot.cli.sourced import sourced
    from bot.evaluation.likeness import Likeness

    library, index = open_knowledge(settings)
    alike = Likeness(library.encoder.encode)
    return lambda history, progress: sourced(history, index, alike, today(settings), progress)


def _sourced(history: History) -> dict[str, int]:
    """Return how many pairs of each part have an entry beside them."""
    return {part: sum(bool(pair.passages) for pair in pairs) for part, pairs in history.parts.items()}


def _check(train: Path, test: Path, json_output: bool) -> None:
    from finetune.history import find_leaks

    leaks = list(find_leaks(train, test))
    if json_output:
        print_json([{"what": leak.what, "text": leak.text, "train": leak.train, "test": leak.test} for leak in leaks])
    elif leaks:
        typer.echo("\n".join(map(str, leaks)))
        rows = counted(len({leak.test for leak in leaks}), "row", "rows")
        typer.echo(f"{rows} of {test} must go, or the figures it gives are too good.")
    else:
        typer.echo(f"{test} shares no conversation and no question with {train}.")
    if leaks:
        raise typer.Exit(1)


@contextmanager
def _bar() -> Iterator[_Progress]:
    """Show at a terminal how far it has come, once it takes longer than a moment."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    shown = bar()
    task = shown.add_task("Starting", total=None)
    start = time.monotonic()

    def show(step: str, done: int, total: int) -> None:
        if time.monotonic() - start > _PATIENCE:
            shown.start()
        shown.update(task, description=step, completed=done, total=total or None)

    try:
        yield show
    finally:
        shown.stop()


def _as_json(history: History, out: Path) -> dict[str, object]:
    return {
        "out": str(out),
        "conversations": history.conversations,
        "found": history.found,
        "duplicates": history.duplicates,
        "pairs": {part: len(pairs) for part, pairs in history.parts.items()},
        "known": _known(history),
        "answers": len(history.answers),
        "left_out": {why.name.lower(): count for why, count in history.left_out.items()},
        "replaced": dict(history.replaced),
        "problems": history.problems.as_json(),
    }


def _tell(history: History, out: Path) -> None:
    parts = ", ".join(f"{len(pairs)} {part}" for part, pairs in history.parts.items())
    conversations = counted(history.conversations, "conversation", "conversations")
    typer.echo(f"{history.found} pairs in {conversations}; {history.duplicates} merged into others like them.")
    typer.echo(f"{history.kept} pairs in {out}: {parts}; {counted(len(history.answers), 'answer', 'answers')}.")
    if history.left_out:
        typer.echo("Left out:")
        for why, count in history.left_out.items():
            typer.echo(f"  {count:>7}  {why}")
    if history.replaced:
        typer.echo("Personal data replaced:")
        for kind, count in history.replaced.items():
            typer.echo(f"  {count:>7}  <{kind}>")
    if history.contacts:
        answers = counted(history.contacts, "answer lost", "answers lost")
        typer.echo(f"{answers} an address, a number or a link. What is your own stays with --keep.")
    for part, known in _known(history).items():
        if not history.parts[part]:
            typer.echo(f"There is no {part} part: that needs more conversations, or a larger share in --split.")
        elif not known:
            typer.echo(
                f"No answer of the {part} part is in the train part, so kefu train answers cannot use it: that needs "
                "more conversations."
            )


def _known(history: History) -> dict[str, int]:
    """Return how many pairs of dev and of test have an answer, or name an entry, that the train part has."""
    train, *later = history.parts
    known = {pair.intent or pair.answer for pair in history.parts[train]}
    return {part: sum((pair.intent or pair.answer) in known for pair in history.parts[part]) for part in later}

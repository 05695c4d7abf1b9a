"""What `kefu train` shows: how far it is, and what came of it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import bar, warn

if TYPE_CHECKING:
    from rich.progress import Progress

    from finetune.watch import Epoch, Trial, Watch


#: Seconds between two lines of how far something is, where there is no bar.
EVERY = 60.0


@contextlib.contextmanager
def shown(count: int | None, minutes: float | None) -> Iterator[tuple[Watch, Callable[[str], None]]]:
    """Show how far training is: bars at a terminal; through a pipe lines, each minute and for each epoch or setting.

    ``count`` settings are searched, for ``minutes`` at most (None: no search, no limit).
    """
    if not sys.stderr.isatty():
        yield lines(count)
        return
    from rich.progress import TextColumn, TimeRemainingColumn

    with bar(TimeRemainingColumn(), TextColumn("{task.fields[figures]}")) as progress:
        yield _bars(progress, count, minutes)


def lines(
    count: int | None, say: Callable[[str], None] = warn, clock: Callable[[], float] = time.monotonic
) -> tuple[Watch, Callable[[str], None]]:
    """Return who says how far training is, a line each `EVERY` seconds, and for each epoch or setting that is done."""
    from finetune.watch import Watch

    said = begun = clock()
    first = 0

    def due() -> bool:
        nonlocal said
        if clock() - said < EVERY:
            return False
        said = clock()
        return True

    def stepped(done: int, total: int, loss: float) -> None:
        nonlocal first, begun
        if not first or done < first:  # of a run that goes on the first is not number one
            first, begun = done, clock()
        if due() and done > first:
            left = (clock() - begun) / (done - first) * (total - done)
            say(f"step {done:,} of {total:,}, loss {loss:.3f}, about {left / 60:.0f} min left")

    watch = Watch(
        step=stepped, epoch=lambda epoch: say(_epoch(epoch)), trial=lambda trial, best: say(_trial(trial, best, count))
    )
    return watch, lambda text: say(text) if due() else None


def _bars(progress: Progress, count: int | None, minutes: float | None) -> tuple[Watch, Callable[[str], None]]:
    from finetune.watch import Watch

    searching = None if count is None else progress.add_task("Searching", total=count, figures="")
    task = progress.add_task("Starting", total=None, figures="")
    start, best = time.monotonic(), 0.0

    def stepped(done: int, total: int, loss: float) -> None:
        figures = f"loss {loss:.3f}" + (f", dev {best:.3f}" if best else "")
        progress.update(task, description="Training", completed=done, total=total, figures=figures)
        if searching is not None and minutes is not None:
            left = start + 60 * minutes - time.monotonic()
            progress.update(searching, description=f"Searching, at most {left / 60:.1f} min", visible=left > 0)

    def passed(epoch: Epoch) -> None:
        nonlocal best
        best = max(best, epoch.score)
        progress.console.print(_epoch(epoch))
        ended()

    def tried(trial: Trial, first: Trial) -> None:
        assert searching is not None
        progress.update(searching, completed=trial.number, figures=f"best {first.score:.4f}")
        progress.console.print(_trial(trial, first, count), highlight=False)
        if trial.number == count:
            ended()

    def ended() -> None:
        nonlocal searching
        if searching is not None:
            progress.remove_task(searching)
            searching = None

    watch = Watch(step=stepped, epoch=passed, trial=tried)
    return watch, lambda text: progress.update(task, description=text)


def _epoch(epoch: Epoch) -> str:
    return f"epoch {epoch.number}: loss {epoch.loss:.4f}, dev {epoch.score:.4f}, {epoch.seconds:.0f} s"


def _trial(trial: Trial, best: Trial, count: int | None) -> str:
    ended = f"given up after epoch {trial.epochs}" if trial.dropped else f"{trial.epochs} epochs"
    return (
        f"setting {trial.number} of {count}: dev {trial.score:.4f}, {ended}, {trial.seconds:.0f} s; "
        f"best {best.score:.4f} (setting {best.number})"
    )


def tell(result: dict[str, Any]) -> None:
    """Print what came of it."""
    metrics = result["metrics"]
    for part in ("dev", "test"):
        if part in metrics:
            figures = ", ".join(
                f"{name.replace('_', ' ')} {value:.3f}" if isinstance(value, float) else f"{value} {name}"
                for name, value in metrics[part].items()
                if not isinstance(value, dict)
            )
            typer.echo(f"{part}: {figures}")
    if "search" in result:
        typer.echo(_found(result["search"]))
    cost = metrics["cost"]
    typer.echo(f"{cost['trainable_parameters']:,} parameters trained in {cost['seconds']:.0f} s: {result['folder']}")
    typer.echo(f"Report: {result['report']}")
    for finding in result.get("findings", ()):
        typer.echo(f"{'✓' if finding['passed'] else '✗'} {finding['name']}: {finding['why']}")
    if "promoted" in result:
        typer.echo("In use now." if result["promoted"] else "Not put into use.")


def _found(search: dict[str, Any]) -> str:
    best = search["best"]
    if best is None:
        return "No setting came to its end within the budget: trained with the defaults."
    values = ", ".join(f"{name} {value}" for name, value in best["values"].items())
    return f"best of {len(search['trials'])} settings is number {best['number']}: {values}"

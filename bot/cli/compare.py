"""`kefu compare`: what the next version of a bot gained and lost, turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import ConfigOption, FaqOption, JsonOption, StateOption, bar, print_json, settings_from
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.evaluation.compare import Comparison
    from bot.evaluation.differences import Slice


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of the run before.")],
    run_b: Annotated[Path | None, typer.Argument(help="Folder of the run of the next version.")] = None,
    margin: Annotated[
        float, typer.Option("--margin", help="The share of the judged turns by which it may be worse.")
    ] = 0.0,
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="FILE", help="Instead of RUN_B: the same once more, with these entries added."),
    ] = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Tell which turns two runs of the same logs answer differently, and whether the second is worse.

    Exit code 1 on a regression: fewer turns are well served than before, or more are harmful, by more than the margin,
    net over all turns, be it chance or not; or in a language, topic or channel, where that is not chance (p < 0.05,
    corrected for their number).
    """
    if (run_b is None) is (not add):
        raise UsageError("Name two runs, the one before and the one of the next version; or one run, and --add.")
    if not 0 <= margin < 1:
        raise UsageError(f"--margin: expected a share from 0 to below 1, such as 0.01, found {margin:g}.")
    if run_b is not None:
        found = _compared(run_a, run_b)
    else:
        from bot.cli.added import with_entries

        settings = settings_from(config, faq, state, knowledge__watch=False)
        with with_entries(run_a, add or (), settings) as after:
            found = _compared(run_a, after)
    worse = found.regressions(margin)
    if json_output:
        print_json(_as_json(found, worse, margin))
    else:
        from bot.cli.compared import show

        show(found, worse)
    if worse:
        raise typer.Exit(1)


def _compared(before: Path, after: Path) -> Comparison:
    from bot.evaluation.compare import compare as compared

    with bar() as shown:
        task = shown.add_task("Reading", total=None)
        return compared(before, after, read=lambda: shown.advance(task))


def _as_json(found: Comparison, worse: Sequence[Slice], margin: float) -> dict[str, Any]:
    slices: dict[str, dict[str, Any]] = {}
    for each in found.slices[1:]:
        slices.setdefault(each.kind, {})[each.name] = _slice_json(each)
    return {
        "regression": bool(worse),
        "margin": margin,
        "worse": [{"kind": each.kind, "name": each.name} for each in worse],
        **_slice_json(found.whole),
        "slices": slices,
        "differ": found.differ,
        "only_before": found.only_before,
        "only_after": found.only_after,
        "asked_otherwise": found.asked_otherwise,
        "entries": [asdict(each) for each in found.entries],
        "changed": [asdict(each) for each in found.changed],
    }


def _slice_json(each: Slice) -> dict[str, Any]:
    names = ("turns", "judged", "changes", "figures", "good", "harmful")
    return {name: value for name, value in asdict(each).items() if name in names}

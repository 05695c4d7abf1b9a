"""How `kefu compare` tells in text what it found: at a terminal, and through a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import indent
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len, set_cell_size

from bot.cli.common import counted, listed
from bot.cli.tables import table
from bot.evaluation.changes import Change
from connectors.terminal.clean import one_line

if TYPE_CHECKING:
    from bot.evaluation.changes import Changed, Entry, Moved, Said
    from bot.evaluation.compare import Comparison
    from bot.evaluation.differences import Figure, Shift, Slice

#: Each class of changes: how it is told, and its colour.
_CLASSES = {
    Change.NEWLY_WRONG: ("newly wrong", "red"),
    Change.NEWLY_HANDED_OVER: ("newly handed over, which the knowledge has", "yellow"),
    Change.NEWLY_ASKED_IN_VAIN: ("newly asked back in vain", "yellow"),
    Change.NEWLY_RIGHT: ("newly right", "green"),
    Change.OTHERWISE: ("worth the same, by another action or other entries", "cyan"),
    Change.REWORDED: ("worth the same, the same entries in other words", "cyan"),
    Change.UNJUDGED: ("changed, and what it is worth is not known", "cyan"),
}

#: Those that the table of slices counts.
_COUNTED = (Change.NEWLY_RIGHT, Change.NEWLY_WRONG, Change.NEWLY_HANDED_OVER)

_FIGURES = {
    "good": "well served",
    "harmful": "harmful",
    "harmful_of_answers": "harmful among the answers sent",
    "coverage": "answered",
    "hand_over": "handed over",
}

_ACTIONS = {"answer": "an answer", "clarify": "asking back", "hand_off": "a hand-over", "small_talk": "small talk"}

#: Smaller chances are told as below it.
_LEAST = 0.001

#: Entries told in text; JSON has them all.
_ENTRIES = 20

#: Characters shown before the first in which two replies differ.
_BEFORE = 20

#: Of a message or a reply, where the output is no terminal with a width of its own.
_WIDTH = 120


def show(found: Comparison, worse: Sequence[Slice]) -> None:
    """Print ``found``, and where it is ``worse``."""
    whole = found.whole
    typer.echo(f"{counted(whole.turns, 'turn', 'turns')} compared, {whole.judged} of them judged in both runs.")
    if found.differ:
        typer.echo(f"The runs differ in: {listed(found.differ)}.")
    for ids, told in (
        (found.only_before, "only in the run before"),
        (found.only_after, "only in the run after"),
        (found.asked_otherwise, "with another message or another truth in the two runs"),
    ):
        if ids:
            typer.echo(f"Left out, {told}: {counted(len(ids), 'turn', 'turns')}: {one_line(listed(ids))}.")
    typer.echo("\n" + _figures(whole))
    if not found.changed:
        typer.echo("\nEvery turn is answered as before.")
        return
    for each in _CLASSES:
        _show_class(each, [turn for turn in found.changed if turn.change is each])
    if found.entries:
        typer.secho("\nEntries", bold=True)
        for entry in found.entries[:_ENTRIES]:
            typer.echo(f"  {one_line(_entry(entry))}")
        if (more := len(found.entries) - _ENTRIES) > 0:
            typer.echo(f"  and {more} more, which --json tells.")
    if len(found.slices) > 1:
        typer.secho("\nSlices with changes", bold=True)
        typer.echo(_slices(found.slices[1:]))
    typer.echo()
    _conclude(whole, worse)


def _figures(whole: Slice) -> str:
    rows: list[Sequence[str]] = [("", "before", "after", "difference", "95 % interval")]
    for name, told in _FIGURES.items():
        figure = whole.figures[name]
        rows.append((told, _share(figure.before), _share(figure.after), *_difference(figure)))
    return indent(table(rows, "<"), "  ")


def _difference(figure: Figure) -> tuple[str, str]:
    told = figure.difference
    between = "" if told.low is None or told.high is None else f"{_points(told.low)} to {_points(told.high)}"
    return ("" if told.mean is None else f"{_points(told.mean)} points"), between


def _slices(slices: Sequence[Slice]) -> str:
    rows: list[Sequence[str]] = [("", "turns", "right", "wrong", "handed over", "well served", "p", "harmful", "p")]
    for each in slices:
        rows.append(
            (
                _name(each),
                str(each.turns),
                *(f"+{each.changes[change]}" for change in _COUNTED),
                f"{each.good.gained - each.good.lost:+d}",
                _chance(each.good),
                f"{each.harmful.gained - each.harmful.lost:+d}",
                _chance(each.harmful),
            )
        )
    return (
        indent(table(rows, "<"), "  ")
        + "\n  p is corrected for the number of slices; none where too little changed to tell."
    )


def _name(each: Slice) -> str:
    return f"{each.kind} {each.name or '(none)'}" if each.kind else "all turns"


def _chance(shift: Shift) -> str:
    return "" if shift.corrected is None else _p(shift.corrected)


def _show_class(change: Change, turns: Sequence[Changed]) -> None:
    if not turns:
        return
    told, colour = _CLASSES[change]
    typer.secho(f"\n{told.capitalize()} ({len(turns)})", fg=colour, bold=True)
    for turn in turns:
        typer.echo(_cut(f"  {turn.id}  {turn.text}"))
        typer.echo(f"      {one_line(f'{_said(turn.before)} -> {_said(turn.after)}')}")
        if turn.before.quoted == turn.after.quoted and turn.before.reply != turn.after.reply:
            was, now = _apart(turn.before.reply, turn.after.reply)
            typer.echo(_cut(f"      was: {was}"))
            typer.echo(_cut(f"      now: {now}"))


def _apart(was: str, now: str) -> tuple[str, str]:
    """Return two replies without what both begin with, but for its end."""
    letters = enumerate(zip(was, now, strict=False))
    start = next((place for place, (one, other) in letters if one != other), min(len(was), len(now))) - _BEFORE
    return (was, now) if start <= 0 else (f"…{was[start:]}", f"…{now[start:]}")


def _said(said: Said) -> str:
    named = f" {', '.join(said.quoted or said.offered)}" if said.quoted or said.offered else ""
    return f"{said.action.value}{named} ({said.verdict.value.replace('_', ' ')})"


def _entry(entry: Entry) -> str:
    told = []
    if entry.lost:
        told.append(f"lost {counted(entry.lost, 'turn', 'turns')} to {_moved(entry.lost_to)}")
    if entry.gained:
        told.append(f"gained {counted(entry.gained, 'turn', 'turns')} from {_moved(entry.gained_from)}")
    if entry.reworded:
        told.append(f"is said in other words in {counted(entry.reworded, 'turn', 'turns')}")
    return f"{entry.id} {', '.join(told)}"


def _moved(moved: Sequence[Moved]) -> str:
    names = [each.entry or _ACTIONS[each.action.value] for each in moved]
    if len(names) == 1:
        return names[0]
    return listed([f"{name} ({each.turns})" for name, each in zip(names, moved, strict=True)])


def _conclude(whole: Slice, worse: Sequence[Slice]) -> None:
    for name, shift in (("well served", whole.good), ("harmful", whole.harmful)):
        if shift.gained or shift.lost:
            chance = "" if shift.p < 0.05 else ", which may be chance"
            typer.echo(
                f"{name.capitalize()}: {counted(shift.gained, 'turn', 'turns')} newly, {shift.lost} no longer "
                f"(p {'' if shift.p < _LEAST else '= '}{_p(shift.p)}, by conversation{chance})."
            )
    unseen = whole.changes[Change.REWORDED] + whole.changes[Change.UNJUDGED]
    if unseen:
        told = counted(unseen, "turn is answered", "turns are answered")
        typer.echo(f"{told} in other words, or changed unjudged: no figure tells whether that is better. Look at them.")
    if not worse:
        typer.secho("No regression.", fg="green", bold=True)
        return
    where = listed([_name(each) for each in worse])
    typer.secho(f"Regression in {one_line(where)}.", fg="red", bold=True)


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _points(share: float) -> str:
    return f"{share * 100:+.1f}" if round(share * 100, 1) else "0.0"


def _p(chance: float) -> str:
    return f"below {_LEAST}" if chance < _LEAST else f"{chance:.3f}"


def _cut(text: str) -> str:
    """Return ``text`` in one line of the terminal."""
    begin = text[: len(text) - len(text.lstrip())]
    line = begin + " ".join(one_line(text).split())
    width = get_terminal_size((_WIDTH, 0)).columns
    return line if cell_len(line) <= width else set_cell_size(line, width - 1).rstrip() + "…"

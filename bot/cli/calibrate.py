"""`kefu calibrate`: thresholds that keep an error budget, chosen on labelled turns."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
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
    listed,
    print_json,
    read_lines,
    settings_from,
    warn,
)
from bot.cli.knowledge import open_knowledge
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.evaluation.labelled import LabelledTurn
    from bot.evaluation.slices import Kind
    from bot.evaluation.sweep import Swept
    from bot.evaluation.thresholds import Measured, Thresholds
    from bot.ports import Responder
    from bot.settings import Settings


def calibrate(
    data: Annotated[
        list[Path],
        typer.Option("--data", help='JSONL file with {"text", "answer_ids"} rows; repeat it for several.'),
    ],
    max_wrong: Annotated[float, typer.Option("--max-wrong", help="The share of the answers that may be wrong.")] = 0.02,
    confidence: Annotated[float, typer.Option("--confidence", help="How sure that has to be.")] = 0.95,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Choose from where on to answer, so that few answers are wrong. Exit code 1 if nothing keeps the budget."""
    from bot.evaluation.thresholds import FILE, NEVER

    turns = _enough(data, max_wrong, confidence)
    settings = settings_from(config, faq, state, knowledge__watch=False)
    found = _found(settings, _swept(settings, turns), data, max_wrong=max_wrong, confidence=confidence)
    file = settings.state.folder / FILE
    kept = any(level < NEVER for level in found.answer_from.values())
    if kept:
        from retrieval.disk import replace_file

        replace_file(file, found.json().encode())
    if json_output:
        print_json(json.loads(found.json()) | {"file": str(file) if kept else None})
    else:
        typer.echo(_plain(found) + f"\nWritten to {file}: the bot starts with these thresholds." * kept)
    if not kept:
        warn("No threshold keeps the budget, and nothing is written. Allow more with --max-wrong, or label more turns.")
        raise typer.Exit(1)
    if not_in_use := overriding(settings):
        warn(f"They do nothing as long as the settings name others: {listed(not_in_use)}.")


def overriding(settings: Settings) -> list[str]:
    """Return what goes before calibrated thresholds, with where it is set."""
    from bot.evaluation.thresholds import FILE

    calibrated = ("default", str(settings.state.folder / FILE))
    named = {key: origin for key, origin in settings.origins.items() if key.startswith("policy.answer_from")}
    return [f"{key} ({origin})" for key, origin in named.items() if not origin.startswith(calibrated)]


def _enough(data: Sequence[Path], max_wrong: float, confidence: float) -> list[LabelledTurn]:
    """Read the turns; raises `UsageError` where they are too few to show anything."""
    from bot.evaluation.budget import answers_needed, turns_needed

    for name, share in (("--max-wrong", max_wrong), ("--confidence", confidence)):
        if not 0 < share < 1:
            raise UsageError(f"{name}: expected a share between 0 and 1, such as 0.02, found {share:g}.")
    if Path("-") in data:
        raise UsageError("--data: expected a file, whose hash is kept; found the standard input.")
    turns = [turn for path in data for turn in _turns(path)]
    needed = turns_needed(max_wrong, 1 - confidence)
    if len(turns) < needed:
        raise UsageError(
            f"{counted(len(turns), 'labelled turn is', 'labelled turns are')} too few: to show at a confidence of "
            f"{confidence:g} that at most {max_wrong:g} of the answers is wrong takes at least "
            f"{answers_needed(max_wrong, 1 - confidence)} answers without an error among {needed} turns. "
            "Label more, or allow more with --max-wrong."
        )
    return turns


def _turns(path: Path) -> list[LabelledTurn]:
    from bot.evaluation.labelled import LabelledTurn

    turns = []
    for number, row in read_lines(path):
        try:
            turns.append(LabelledTurn.of(row))
        except ValueError as error:
            raise UsageError(f"{path}:{number}: {error}.") from error
    return turns


def _swept(settings: Settings, turns: Sequence[LabelledTurn]) -> list[Swept]:
    """Ask the bot as it is, but for its thresholds."""
    from bot.app import Parts
    from bot.evaluation.sweep import sweep

    # Quoted, for what is judged is which entries: a model would be asked for each level.
    parts = Parts.of(settings, *open_knowledge(settings), quotes=True)

    def responder(level: float) -> Responder:
        policy = settings.policy.model_copy(update={"answer_from": level, "answer_from_in": {}})
        return parts.responder(settings.model_copy(update={"policy": policy}))

    with bar() as shown:
        task = shown.add_task("Asking", total=len(turns))
        return asyncio.run(sweep(turns, responder, at=datetime.now(UTC), done=lambda: shown.advance(task)))


def _found(
    settings: Settings, swept: Sequence[Swept], data: Sequence[Path], *, max_wrong: float, confidence: float
) -> Thresholds:
    from bot.app import rules_of
    from bot.evaluation.drift import Profile
    from bot.evaluation.slices import divided, filled
    from bot.evaluation.thresholds import Thresholds

    names = divided([each.kind for each in swept], max_wrong=max_wrong, risk=1 - confidence)
    risk = (1 - confidence) / len(set(names.values()))
    rules = rules_of(settings)
    before = {kind: rules.thresholds_for(*kind).answer_from for kind in names}
    slices = {}
    for name in sorted(set(names.values())):
        mine = [each for each in swept if names[each.kind] == name]
        slices[name] = _measured(name, mine, before, max_wrong=max_wrong, risk=risk)
    return Thresholds(
        max_wrong=max_wrong,
        confidence=confidence,
        answer_from=filled({name: each.answer_from for name, each in slices.items()}),
        slices=slices,
        files=tuple(path.name for path in data),
        sha256=hashlib.sha256(b"".join(path.read_bytes() for path in data)).hexdigest(),
        versions=swept[0].versions,
        profile=Profile.of([each.confidence for each in swept if each.confidence is not None]),
        at=datetime.now(UTC),
    )


def _measured(
    name: str, swept: Sequence[Swept], before: dict[Kind, float], *, max_wrong: float, risk: float
) -> Measured:
    from bot.evaluation.budget import Count, at_most, begin, choose, sequence
    from bot.evaluation.budget import counted as counted_at
    from bot.evaluation.thresholds import NEVER, Measured

    counts = counted_at(each.said for each in swept)
    chosen = choose(counts, len(swept), max_wrong=max_wrong, risk=risk)
    if chosen is None:
        chosen = Count(level=NEVER, sent=0, wrong=0)
        surest = next(iter(sequence(counts, len(swept))), counts[-1])
        least = f"; {begin(len(swept)):.0f} are needed to begin with" * (surest.sent < begin(len(swept)))
        warn(f"{_named(name)}: {surest.wrong} of the {surest.sent} surest answers are wrong{least}.")
    earlier = [
        there
        for each in swept
        if (there := next((said for said in each.said if said.until >= before[each.kind]), None)) is not None
    ]
    return Measured(
        answer_from=chosen.level,
        turns=len(swept),
        sent=chosen.sent,
        wrong=chosen.wrong,
        coverage=round(chosen.sent / len(swept), 4),
        at_most=round(at_most(chosen, risk), 4),
        sent_before=len(earlier),
        wrong_before=sum(said.wrong for said in earlier),
    )


def _plain(found: Thresholds) -> str:
    from bot.evaluation.thresholds import NEVER

    rows = [("slice", "turns", "answer from", "answered", "wrong", "at most", "answered before", "wrong before")]
    for name, each in found.slices.items():
        never = each.answer_from == NEVER
        rows.append(
            (
                _named(name),
                str(each.turns),
                "never" if never else f"{each.answer_from:.4f}",
                _share(each.sent, each.turns),
                _share(each.wrong, each.sent),
                "" if never else f"{each.at_most:.1%}",
                _share(each.sent_before, each.turns),
                _share(each.wrong_before, each.sent_before),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    said = (
        f"At a confidence of {found.confidence:g}, at most {found.max_wrong:g} of the answers is wrong in each slice."
    )
    if any(each.answer_from == NEVER for each in found.slices.values()):
        said += "\nWhere it says never, no threshold keeps that: everything there is handed over."
    return "\n".join([*lines, said])


def _named(name: str) -> str:
    return name or "others"


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.1%})" if of else "0"

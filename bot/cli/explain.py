"""`kefu explain`: how replies came about, and whether they would come about again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import (
    ConfigOption,
    JsonOption,
    StateOption,
    bar,
    counted,
    print_json,
    settings_from,
    warn,
)
from bot.cli.kept import kept
from bot.cli.written import writing_json, writing_lines
from bot.errors import RerunError, UsageError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.work import Record


def explain(
    turn: Annotated[
        list[str] | None, typer.Argument(help="The id of a reply, or of a message; several are explained in turn.")
    ] = None,
    last: Annotated[int, typer.Option("--last", min=0, help="So many of the newest replies instead.")] = 0,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Make each again from what it came from. Exit code 1 if one differs.")
    ] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Show how a reply came about: candidates, scores, thresholds, versions, timings."""
    if bool(turn) == bool(last):
        raise UsageError("Give the id of a reply or of a message, or a number with --last.")
    settings = settings_from(config, None, state)
    records = asyncio.run(_records(settings, turn or [], last))
    again = asyncio.run(_again(settings, records)) if rerun else [None] * len(records)
    rows = [_as_json(record, told) for record, told in zip(records, again, strict=True)]
    if json_output:
        print_json(rows)
    elif len(rows) > 1 and rerun:
        _summary(rows)
    else:
        typer.echo("\n\n".join(map(_plain, rows)) or "No reply is kept yet.")
    if any(row.get("rerun", {}).get("differs") for row in rows):
        raise typer.Exit(1)


async def _records(settings: Settings, ids: Sequence[str], last: int) -> list[Record]:
    async with kept(settings) as store:
        if last:
            return await store.latest(last)
        found = []
        for id_ in ids:
            records = await store.records(id_)
            if not records:
                raise UsageError(f"{id_}: no reply, and no message that was replied to, has this id.")
            found += records
        return found


async def _again(settings: Settings, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return for each record in what it differs when it is made again, or why it cannot be."""
    from bot.rerun import Rerun, differences
    from bot.types import Author

    rerun = Rerun(settings=settings)
    out: list[dict[str, Any]] = []
    with bar() as shown:
        for record in shown.track(records, description="Making replies again"):
            try:
                reply = await rerun.reply(record)
            except RerunError as error:
                out.append({"differs": [], "impossible": error.detail})
            else:
                out.append({"differs": differences(record.reply, reply), "text": reply.text})
                if record.reply.writing.by is Author.GENERATOR:
                    out[-1]["text_compared"] = False
    return out


def _as_json(record: Record, again: dict[str, Any] | None) -> dict[str, Any]:
    from connectors.reply_json import reply_json

    setup = json.loads(record.setup) if record.setup else {}
    settings = setup.get("settings", {})
    key = record.conversation.key
    row = {
        "conversation": {"channel": key.channel, "account": key.account, "thread": key.thread},
        "messages": [
            {"id": message.id, "text": message.text, "at": message.at.isoformat()} for message in record.messages
        ],
        "earlier_turns": len(record.conversation.turns),
        "reply": reply_json(record.reply),
        "writing": writing_json(record.reply),
        "details": {c.id: dict(c.details) for c in record.reply.candidates},
        "thresholds": settings.get("policy", {}),
        "versions": dict(record.reply.versions),
        "kefu": setup.get("kefu", ""),
    }
    return row if again is None else row | {"rerun": again}


def _plain(row: dict[str, Any]) -> str:
    reply, place = row["reply"], row["conversation"]
    where = "/".join(filter(None, (place["channel"], place["account"], place["thread"])))
    lines = [typer.style(f"Reply {reply['id']} in {where}", bold=True)]
    lines += [f"  customer   {message['text']}  [{message['id']}]" for message in row["messages"]]
    lines += [
        f"  bot        {reply['text']}",
        f"  action     {reply['action']} ({reply['reason']}), {reply['confidence']:.0%} sure, in {reply['language']}",
    ]
    lines += writing_lines(row["writing"])
    marks = row["thresholds"]
    if marks:
        lines.append(f"  thresholds answer from {marks['answer_from']}, clarify from {marks['clarify_from']}")
    for candidate in reply["candidates"]:
        details = ", ".join(f"{name} {value:.3f}" for name, value in row["details"][candidate["id"]].items())
        lines.append(f"  candidate  {candidate['score']:.3f} {candidate['id']} ({candidate['source']}: {details})")
    for name, value in row["versions"].items():
        lines.append(f"  version    {name} {value}")
    timings = ", ".join(f"{name} {value} ms" for name, value in reply["timings_ms"].items())
    lines.append(f"  timings    {timings or 'none'}; kefu {row['kefu']}")
    if "rerun" in row:
        lines.append(f"  again      {_verdict(row['rerun'])}")
    return "\n".join(lines)


def _verdict(again: dict[str, Any]) -> str:
    if "impossible" in again:
        return typer.style(f"not possible: {again['impossible']}", fg="yellow")
    if not again["differs"] and not again.get("text_compared", True):
        return typer.style("the same, but for the text: a language model wrote it, and is not asked again", fg="green")
    if not again["differs"]:
        return typer.style("the same", fg="green")
    return typer.style(f"differs in {', '.join(again['differs'])}: {again['text']}", fg="red")


def _summary(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        if row["rerun"]["differs"] or "impossible" in row["rerun"]:
            typer.echo(f"{row['reply']['id']}: {_verdict(row['rerun'])}")
    same = sum(not row["rerun"]["differs"] and "impossible" not in row["rerun"] for row in rows)
    lost = sum("impossible" in row["rerun"] for row in rows)
    typer.echo(f"{counted(same, 'reply is', 'replies are')} the same, {len(rows) - same - lost} differ.")
    if lost:
        warn(f"{counted(lost, 'reply', 'replies')} could not be made again.")

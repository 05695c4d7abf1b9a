"""`kefu outcomes`: what became of the cases of a running bot."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import ConfigOption, JsonOption, StateOption, bar, counted, print_json, settings_from
from bot.cli.kept import kept
from bot.cli.tables import table

if TYPE_CHECKING:
    from bot.evaluation.ledger import Ledger
    from bot.evaluation.measures.intervals import Estimate
    from bot.settings import Settings

#: Conversations that are in memory at a time.
PAGE = 100


def outcomes(
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Cases that began in so many last days.")] = 30,
    quiet_hours: Annotated[
        int,
        typer.Option("--quiet-hours", min=1, max=168, help="After so long without a word a case is decided."),
    ] = 12,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Count what became of cases: confirmed, assumed, reopened, handed over, abandoned, open."""
    from bot.evaluation.cases import BACK

    settings = settings_from(config, None, state)
    now = datetime.now(UTC)
    ledger = asyncio.run(_counted(settings, now, timedelta(days=days), timedelta(hours=quiet_hours)))
    if json_output:
        about = {"days": days, "quiet_hours": quiet_hours, "back_days": BACK.days, "until": now.isoformat()}
        slices = {
            "channel": {name: ledger.of(channel=name).as_json() for name in ledger.channels()},
            "language": {name: ledger.of(language=name).as_json() for name in ledger.languages()},
        }
        print_json(about | ledger.as_json() | {"slices": slices})
    else:
        typer.echo(_plain(ledger, days, settings.state.keep_days))


async def _counted(settings: Settings, now: datetime, days: timedelta, quiet: timedelta) -> Ledger:
    """Read what is kept, a page at a time."""
    from bot.evaluation.cases import BACK, Thread, cases_of
    from bot.evaluation.ledger import Ledger

    ledger, last = Ledger(), 0
    async with kept(settings) as store:
        with bar() as shown:
            task = shown.add_task("Reading conversations", total=None)
            # A case that began before may go on into these days: it is not taken for a new one.
            while page := await store.lately(now - days - BACK, after=last, limit=PAGE):
                last = page[-1].number
                for one in page:
                    thread = Thread(
                        channel=one.conversation.key.channel,
                        turns=(*one.earlier, *one.conversation.turns),
                        owner=one.conversation.owner,
                        begins=len(one.earlier),
                    )
                    for case in cases_of(thread, now, quiet=quiet):
                        if case.began >= now - days:
                            ledger.add(case)
                shown.advance(task, len(page))
    return ledger


def _plain(ledger: Ledger, days: int, keep_days: int) -> str:
    from bot.evaluation.cases import BACK, CaseOutcome

    if not ledger.count():
        return f"No case began in the last {counted(days, 'day', 'days')}."
    rows = [("outcome", "cases", "share", "known to 95 %")]
    for outcome, share in ledger.shares().items():
        rows.append((_word(outcome), str(ledger.count(outcome)), f"{share.mean:.1%}", _range(share)))
    slices = [("", "cases", *map(_word, CaseOutcome))]
    named = [(f"channel {name}", ledger.of(channel=name)) for name in ledger.channels()]
    named += [(f"language {name}", ledger.of(language=name)) for name in ledger.languages()]
    for name, part in named:
        shares = (f"{share.mean:.1%}" for share in part.shares().values())
        slices.append((name, str(part.count()), *shares))
    lasted = ledger.lasted()
    lines = [
        f"What became of {counted(ledger.count(), 'case', 'cases')} of the last {counted(days, 'day', 'days')}",
        "",
        table(rows),
        "",
        table(slices),
        "",
        f"Of {counted(lasted.n, 'answered case that is', 'answered cases that are')} {BACK.days} days old"
        + (f", {lasted.mean:.1%} lasted ({_range(lasted)})" if lasted.n else ", none can be told to have lasted")
        + f"; {ledger.too_young()} are younger.",
    ]
    if 0 < keep_days < days + BACK.days:
        lines.append(f"What nothing was said in for {keep_days} days is deleted, and not among them.")
    return "\n".join(lines)


def _word(outcome: str) -> str:
    return outcome.replace("_", " ")


def _range(figure: Estimate) -> str:
    return f"{figure.low:.1%} to {figure.high:.1%}" if figure.low is not None else ""

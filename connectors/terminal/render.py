"""How a reply and what goes with it look: everything that others wrote is cleaned and never read as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.types import Action, Candidate, Reply, Understanding
from connectors.terminal.clean import clean, one_line
from connectors.terminal.words import Words
from connectors.terminal.written import written

_BOT = "kefu ›"
_STYLES = {
    Action.ANSWER: "bold cyan",
    Action.CLARIFY: "bold yellow",
    Action.HAND_OFF: "bold magenta",
    Action.SMALL_TALK: "bold cyan",
}
_BAR_CELLS = 10
#: Columns of the screen below which a table of candidates is no longer readable.
_TABLE_CELLS = 72
_BULLET = re.compile(r"^\s*(?:\d+[.)、．:]|[-*•])\s*")


def welcome(entries: int, say: Words) -> RenderableType:
    """Return the panel that a conversation opens with."""
    count = (say.entry if entries == 1 else say.entries).format(count=f"{entries:,}")
    return Panel(Group(Text(count), Text(), commands(say)), title=Text("kefu"), title_align="left", expand=False)


def commands(say: Words) -> RenderableType:
    """Return the commands and what they do."""
    grid = Table.grid(padding=(0, 2))
    for name, argument, purpose in say.commands:
        grid.add_row(Text(f"/{name} {argument}".rstrip(), style="bold"), Text(purpose))
    return grid


def shown(reply: Reply, say: Words) -> RenderableType:
    """Return ``reply`` as the person sees it."""
    # What there is to choose from, in the order of its numbers.
    offered = [citation.question for citation in reply.citations] if reply.action is Action.CLARIFY else []
    grid = _beside_the_name(_STYLES[reply.action], Text(_without(offered, clean(reply.text))))
    for line in _below(reply, offered, say):
        grid.add_row(Text(), line)
    return Padding(grid, (0, 0, 1, 0), expand=False)


def growing(text: str) -> RenderableType:
    """Return what is written so far of a reply."""
    # In an empty line the terminal echoes a Ctrl-C; behind a full one it would begin another, that nobody knows of.
    return Group(_beside_the_name(_STYLES[Action.ANSWER], Text.assemble(clean(text), (" …", "dim"))), Text())


def _beside_the_name(style: str, text: Text) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(_BOT, style=style), text)
    return grid


def _below(reply: Reply, offered: list[str], say: Words) -> Iterator[RenderableType]:
    if offered:
        yield _numbered(reply, offered)
        yield Text(say.pick, style="dim")
        return
    for citation in reply.citations:
        place = " · ".join(one_line(part) for part in (citation.source, citation.url) if part)
        yield Text(f"↳ [{one_line(citation.id)}] {one_line(citation.question)} · {place}".rstrip(" ·"), style="dim")
    if reply.action is Action.HAND_OFF:
        yield Text(say.handed_over.format(reason=say.reasons[reply.reason]), style="magenta")
        yield Text(say.person, style="dim")
    elif reply.action is Action.ANSWER:
        yield Text.assemble((f"{say.confidence} ", "dim"), _bar(reply.confidence), f" {percent(reply.confidence)}")


def _numbered(reply: Reply, offered: list[str]) -> RenderableType:
    likely = {candidate.question: percent(candidate.confidence) for candidate in reversed(reply.candidates)}
    grid = Table.grid(padding=(0, 2))
    for number, question in enumerate(offered, 1):
        grid.add_row(
            Text(str(number), style="bold yellow"), Text(one_line(question)), Text(likely.get(question, ""), "dim")
        )
    return grid


def _without(offered: list[str], text: str) -> str:
    """Drop the lines of ``text`` that only list a question which stands below with its number."""
    questions = {one_line(question) for question in offered}
    kept = [line for line in text.split("\n") if _BULLET.sub("", line).strip() not in questions]
    return "\n".join(kept).strip()


def _bar(confidence: float) -> Text:
    full = max(0, min(_BAR_CELLS, round(confidence * _BAR_CELLS)))
    style = "green" if confidence >= 0.8 else "yellow" if confidence >= 0.5 else "red"
    return Text.assemble(("▰" * full, style), ("▱" * (_BAR_CELLS - full), "dim"))


def percent(confidence: float) -> str:
    """Return 0.92 as "92 %"; only what is certain is called 100 %."""
    rounded = round(100 * confidence)
    return f"{min(rounded, 99) if confidence < 1 else rounded} %"


def explained(reply: Reply, say: Words) -> RenderableType:
    """Return what ``reply`` was chosen from, why, how its words came about, and where the time went."""
    timings = " · ".join(f"{one_line(name)} {spent:.1f} ms" for name, spent in reply.timings_ms.items())
    lines: list[RenderableType] = [*_understood(reply.understanding, say), *written(reply, say)]
    lines.append(Text(f"{say.reason}: {reply.reason} ({say.reasons[reply.reason]})"))
    if timings:
        lines.append(Text(f"{say.timings}: {timings}"))
    return Group(*([_Candidates(reply.candidates, say)] if reply.candidates else []), *lines)


def _understood(understanding: Understanding, say: Words) -> Iterator[Text]:
    if understanding.intents:
        wanted = " · ".join(f"{one_line(label)} {percent(chance)}" for label, chance in understanding.intents)
        yield Text(f"{say.intents}: {wanted}")
    if understanding.entities:
        named = " · ".join(f"{one_line(entity.type)} {one_line(entity.text)}" for entity in understanding.entities)
        yield Text(f"{say.entities}: {named}")
    if understanding.sentiment:
        feels = f"{one_line(understanding.sentiment)} {percent(understanding.sentiment_chance)}"
        yield Text(f"{say.sentiment}: {feels}")


class _Candidates:
    """The candidates as a table, or one below the other where the terminal is too narrow for one."""

    def __init__(self, candidates: Sequence[Candidate], say: Words) -> None:
        self._candidates = candidates
        self._say = say

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._table() if options.max_width >= _TABLE_CELLS else self._list()

    def _table(self) -> Table:
        table = Table(header_style="bold")
        for name in self._say.columns:
            justify: JustifyMethod = "right" if name == self._say.confidence else "left"
            table.add_column(Text(name), overflow="fold", justify=justify)
        for rank, id_, question, confidence, details in self._rows():
            table.add_row(rank, id_, question, confidence, details)
        return table

    def _list(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(overflow="fold")
        for rank, id_, question, confidence, details in self._rows():
            heading = Text.assemble(id_, "  ", (confidence, "bold"))
            details.stylize("dim")
            grid.add_row(rank, Group(heading, question, details))
        return grid

    def _rows(self) -> Iterator[tuple[str, Text, Text, str, Text]]:
        for rank, candidate in enumerate(self._candidates, 1):
            details = [f"{one_line(name)} {value:.3g}" for name, value in candidate.details.items()]
            yield (
                str(rank),
                Text(one_line(candidate.id)),
                Text(one_line(candidate.question)),
                percent(candidate.confidence),
                Text(" · ".join([one_line(candidate.source), *details])),
            )

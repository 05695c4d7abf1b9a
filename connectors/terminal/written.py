"""How the words of a reply came about where a language model has to do with them, for `/why`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from bot.types import Reply
from connectors.terminal.clean import clean, one_line
from connectors.terminal.words import Words

#: A message of a prompt takes up to a third of the window, and so many lines in any.
_SHARE, _LEAST = 3, 8
_INDENT = 2


def written(reply: Reply, say: Words) -> Iterator[RenderableType]:
    """Yield what the model was asked, what carries each sentence, and what was not sent, and why."""
    writing = reply.writing
    if writing.prompt:
        yield Text(say.prompt, style="bold")
        for role, content in writing.prompt:
            yield Padding(Text(one_line(role), style="dim"), (0, 0, 0, _INDENT))
            yield Padding(_Clipped(content, say), (0, 0, 0, _INDENT))
    if writing.sentences:
        yield Text(say.evidence, style="bold")
        for sentence in writing.sentences:
            entries = ", ".join(map(one_line, sentence.entries)) or say.courtesy
            yield _line(reply.text[sentence.start : sentence.end], f"[{entries}]")
    if writing.removed:
        yield Text(say.removed, style="bold")
        for removed in writing.removed:
            against = " · ".join(
                f"{say.objections.get(code, code)}: {one_line(what)}" for code, what in removed.against
            )
            yield _line(removed.text, against)
    if writing.why:
        yield Text(f"{say.quoted}: {writing.why} ({say.whys.get(writing.why, writing.why)})")


def _line(text: str, about: str) -> RenderableType:
    return Padding(Text.assemble(one_line(text), "  ", (about, "dim")), (0, 0, 0, _INDENT))


class _Clipped:
    """A text that leaves room for others in the window: of a long one the first lines and the last."""

    def __init__(self, text: str, say: Words) -> None:
        self._text = Text(clean(text), overflow="fold")
        self._say = say

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self._text.wrap(console, options.max_width)
        room = max(_LEAST, options.size.height // _SHARE)
        if len(lines) <= room:
            yield from lines
            return
        end = room // 2
        begin = room - end - 1  # one tells how much is left out
        yield from lines[:begin]
        yield Text(self._say.left_out.format(count=len(lines) - begin - end), style="dim")
        yield from lines[-end:]

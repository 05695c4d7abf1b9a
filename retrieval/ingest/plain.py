"""Running text: what markup becomes in a chat, where there is no bold, no table and no link behind a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_HAN = r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_BETWEEN_HAN = re.compile(rf"(?<={_HAN})\n(?={_HAN})")
_FOLLOWED = re.compile(r"(?:https?:|mailto:|tel:|/)", re.IGNORECASE)


def unwrapped(text: str) -> str:
    """Join the lines of a paragraph: with a blank, or with nothing where Han characters meet."""
    return " ".join(_BETWEEN_HAN.sub("", text).split())


def link(text: str, url: str) -> str:
    """Show a link as "text (url)"; an address that leads nowhere outside its own page or folder is left out."""
    shown = text.strip()
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    if not _FOLLOWED.match(url) or shown in {url, bare}:
        return text
    return f"{text} ({bare})" if shown else bare


def item(mark: str, blocks: Sequence[str]) -> str:
    """Show one item of a list; its further lines stand below its text."""
    lines = "\n".join(blocks).split("\n")
    indent = "\n" + " " * len(mark)
    return mark + indent.join(lines)


def row(cells: Iterable[str]) -> str:
    """Show one row of a table."""
    return " | ".join(cell.replace("\n", " ").strip() for cell in cells)

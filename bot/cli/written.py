"""How `kefu explain` shows who wrote a reply, what carries it, and what of it was not sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.types import Reply


def writing_json(reply: Reply) -> dict[str, Any]:
    """Return who wrote ``reply``, as JSON."""
    writing = reply.writing
    return {
        "by": writing.by.value,
        "why": writing.why,
        "sentences": [{"text": reply.text[s.start : s.end], "entries": list(s.entries)} for s in writing.sentences],
        "removed": [
            {"text": r.text, "against": [{"code": code, "words": words} for code, words in r.against]}
            for r in writing.removed
        ],
    }


def writing_lines(writing: dict[str, Any]) -> Iterator[str]:
    """Yield the same as lines; none where no language model had to do with the reply."""
    if writing["why"]:
        yield f"  quoted     instead of what a language model would write: {writing['why']}"
    for sentence in writing["sentences"]:
        yield f"  written    {sentence['text']}  [{', '.join(sentence['entries']) or 'a courtesy'}]"
    for removed in writing["removed"]:
        against = ", ".join(f"{each['code']} {each['words']!r}" for each in removed["against"])
        yield f"  not sent   {removed['text']}  [{against}]"

"""What the adapters of channels without a desk write themselves, and long texts in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: What a person writes to end a case.
DONE = "/done"

#: The request to take over, by the language of the reply that says that somebody will.
TAKE_OVER: Mapping[str, str] = {"en": "Please take over.", "zh": "请接手此会话。"}

#: How to go about it where answers are sent on to the customer.
ANSWER: Mapping[str, str] = {
    "en": "Please answer as a reply to this message: the customer gets it. /bot gives the case back, /done ends it.",
    "zh": "请直接“回复”本条消息，内容会转给客户。回复 /bot 交还机器人，/done 结束会话。",
}


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text in ``language``, or else in English."""
    return texts.get(language, texts["en"])


def utf8(text: str) -> int:
    """Return the length of ``text`` in bytes."""
    return len(text.encode("utf-8", "replace"))


def utf16(text: str) -> int:
    """Return the length of ``text`` as programs count that keep two bytes for a unit: an emoji has two or more."""
    return len(text.encode("utf-16-le", "replace")) // 2


def pieces(text: str, limit: int, size: Callable[[str], int] = len) -> list[str]:
    """Return ``text`` in parts of at most ``limit`` each, by ``size``, which together are the whole.

    They end with a line or a word where one ends in the second half of what fits.
    """
    parts = []
    while (end := _fitting(text, limit, size)) < len(text):
        near = text[:end]
        cut = max(near.rfind("\n", end // 2), near.rfind(" ", end // 2)) + 1 or end
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text]


def _fitting(text: str, limit: int, size: Callable[[str], int]) -> int:
    """Return how many characters of ``text`` fit into ``limit``; one at least."""
    used = 0
    for at, character in enumerate(text):
        used += size(character)
        if used > limit:
            return max(at, 1)
    return len(text)

"""Answers with places such as ``{order_number}`` in them, filled with what the customer named; pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.types import Candidate, Understanding

_PLACE = re.compile(r"\{\s*([^\W\d][\w-]*)\s*\}")
#: What other programs fill, and nobody fills here.
_FOREIGN = "{{"


def filled(candidate: Candidate, understood: Sequence[Understanding]) -> Candidate | None:
    """Return ``candidate`` with its places filled, or None where one is left: it may not be sent.

    ``understood`` is what was understood of the customer's messages, the newest first.
    """
    if "{" not in candidate.answer and "{" not in candidate.question:
        return candidate
    question, answer = _filled(candidate.question, understood), _filled(candidate.answer, understood)
    return None if question is None or answer is None else replace(candidate, question=question, answer=answer)


def places(text: str) -> set[str]:
    """Return the types of entities that ``text`` has places for."""
    return set(_PLACE.findall(text))


def _filled(text: str, understood: Sequence[Understanding]) -> str | None:
    if _FOREIGN in text or places(_PLACE.sub("x", text)):  # "{a{order}}", once filled, would be a place again
        return None
    values = {name: _named(name, understood) for name in places(text)}
    if not all(values.values()):
        return None
    return _PLACE.sub(lambda match: values[match[1]], text)


def _named(name: str, understood: Sequence[Understanding]) -> str:
    """Return what the newest message that names a ``name`` says; "" where that is nothing, or not one thing."""
    for understanding in understood:
        if said := {entity.text for entity in understanding.entities if entity.type == name}:
            return said.pop() if len(said) == 1 else ""
    return ""

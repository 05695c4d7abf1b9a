"""A reply as programs read it: what `kefu ask --json` prints, and what the API answers."""

from __future__ import annotations

from typing import Any

from bot.types import Reply, Understanding


def reply_json(reply: Reply, *, name: str | None = None) -> dict[str, Any]:
    """Return ``reply`` as JSON; ``name`` stands in for its id."""
    return {
        "id": name or reply.id,
        "text": reply.text,
        "action": reply.action.value,
        "confidence": reply.confidence,
        "language": reply.language,
        "citations": [{"id": c.id, "question": c.question, "source": c.source, "url": c.url} for c in reply.citations],
        "reason": reply.reason.value,
        "candidates": [{"id": c.id, "score": round(c.confidence, 4), "source": c.source} for c in reply.candidates],
        "understanding": _understanding(reply.understanding),
        "timings_ms": dict(reply.timings_ms),
    }


def _understanding(understanding: Understanding) -> dict[str, Any]:
    entities = [{"type": e.type, "text": e.text, "start": e.start, "end": e.end} for e in understanding.entities]
    feels, chance = understanding.sentiment, understanding.sentiment_chance
    return {
        "intents": [{"label": label, "chance": round(chance, 4)} for label, chance in understanding.intents],
        "entities": entities,
        "sentiment": {"label": feels, "chance": round(chance, 4)} if feels else None,
    }

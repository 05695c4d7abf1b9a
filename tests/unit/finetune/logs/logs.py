"""Logs for tests: how they are written, and how they are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune.logs import Conversation, Problems, What, iter_logs

#: A table that is good with few columns.
ZAMMAD = ("ticket_id", "body", "sender", "internal")


def turn(speaker: str, text: str, **more: object) -> dict[str, Any]:
    return {"speaker": speaker, "text": text, **more}


def log(folder: Path, *rows: object, name: str = "log.jsonl") -> Path:
    """Write rows as JSONL; a text is a line as it stands."""
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def table(folder: Path, *rows: Sequence[str], name: str = "export.csv", delimiter: str = ",") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def read(*paths: Path) -> list[Conversation]:
    """Read logs in which everything is as it should be."""
    conversations, problems = damaged(*paths)
    assert str(problems) == ""
    return conversations


def damaged(*paths: Path) -> tuple[list[Conversation], Problems]:
    """Read logs in which something is wrong."""
    problems = Problems()
    return list(iter_logs(paths, problems)), problems


def places(problems: Problems) -> list[tuple[What, int]]:
    """Return the kind and the line of the first problems."""
    return [(problem.what, problem.line) for what in problems.counts for problem in problems.examples(what)]


def texts(conversations: Sequence[Conversation]) -> list[str]:
    return [utterance.text for conversation in conversations for utterance in conversation.utterances]

"""From paths to conversations: which files are logs, and which of their conversations are the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from finetune.errors import DataError
from finetune.logs.dialogues import read_dialogues
from finetune.logs.records import NEVER, Conversation
from finetune.logs.tables import read_table

#: What reads a file with this suffix.
_READERS: dict[str, Callable[[Path], Iterable[Conversation]]] = {
    ".jsonl": read_dialogues,
    ".ndjson": read_dialogues,
    ".csv": read_table,
    ".tsv": read_table,
}
_SUFFIXES = ", ".join(_READERS)


def log_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that ``paths`` name, those in folders in the order of their names; raises `DataError`."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in _READERS)
            if not inside:
                raise DataError(f"{path}: no log in this folder; expected files that end in {_SUFFIXES}.")
            files += inside
        elif path.suffix.lower() not in _READERS:
            raise DataError(f"{path}: not known by its name as a log; expected a file that ends in {_SUFFIXES}.")
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def read_logs(paths: Sequence[Path], progress: Callable[[str, int, int], None] | None = None) -> list[Conversation]:
    """Return the conversations of all logs, each once; raises `DataError` with file and line.

    Parts of a ticket in several exports are put together, and what stands in two of them counts once. ``progress``
    hears the name of each file, how many were read, and how many there are.
    """
    files = log_files(paths)
    conversations: dict[str, Conversation] = {}
    for number, path in enumerate(files):
        if progress:
            progress(f"Reading {path.name}", number, len(files))
        before = len(conversations)
        read = 0
        for conversation in _READERS[path.suffix.lower()](path):
            read += 1
            known = conversations.get(conversation.id)
            conversations[conversation.id] = _together(known, conversation, path) if known else conversation
        if not read and len(conversations) == before:
            raise DataError(f"{path} is empty; expected a dialogue in each line.")
    return list(conversations.values())


def _together(one: Conversation, other: Conversation, path: Path) -> Conversation:
    """Put two parts of a conversation together, or the same part read twice."""
    if one.utterances == other.utterances:
        return one
    utterances = list(dict.fromkeys((*one.utterances, *other.utterances)))
    if not all(utterance.at for utterance in utterances):
        raise DataError(
            f"{path}: the conversation {other.id!r} was read before with other messages; expected each id once, or the "
            "times of its messages, so that both parts can be put in order."
        )
    return replace(
        one,
        utterances=tuple(sorted(utterances, key=lambda utterance: utterance.at or NEVER)),
        outcome=other.outcome or one.outcome,
        names=one.names | other.names,
        notes=one.notes + other.notes,
        events=one.events + other.events,
    )

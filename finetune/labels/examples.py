"""What is learned from: texts with labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import DataError
from finetune.rows import Row, read_rows, some

#: The label of what belongs to none.
OUT_OF_SCOPE = "oos"


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A text and what it is: one label, several, or none."""

    text: str
    labels: tuple[str, ...]


def read_labelled(path: Path, key: str) -> list[Labelled]:
    """Return the rows of ``path``, each with its label under ``key`` ("intent"), or a list under its plural.

    Raises `DataError` that names file and line of what is wrong.
    """
    return some([labelled(row, key) for row in read_rows(path)], path)


def labelled(row: Row, key: str) -> Labelled:
    """Read a row as `read_labelled` does; raises `DataError`."""
    text = row.text("text")
    named = f"{key}s" if key not in row.values and f"{key}s" in row.values else key
    value = row.values.get(named)
    labels = [value] if isinstance(value, str) else value
    if not isinstance(labels, list) or not all(isinstance(label, str) and label.strip() for label in labels):
        found = "a list of something else than labels" if isinstance(value, list) else row.described(named)
        shapes = f'a label, {{"text": ..., "{key}": ...}}, or several, {{"text": ..., "{key}s": [...]}}'
        raise row.error(f"{named!r} is {found}", shapes)
    return Labelled(text=text, labels=tuple(dict.fromkeys(label.strip() for label in labels)))


def labels_of(examples: Sequence[Labelled], path: Path) -> list[str]:
    """Return the labels to tell apart, sorted, `OUT_OF_SCOPE` left out; raises `DataError` where there is only one."""
    counts = Counter(label for example in examples for label in example.labels if label != OUT_OF_SCOPE)
    if len(counts) < 2:
        only = f"only {next(iter(counts))!r}" if counts else "no label at all"
        raise DataError(f"{path}: {only}; expected at least two labels to tell apart.")
    return sorted(counts)


def have_several(examples: Sequence[Labelled]) -> bool:
    """Return whether a text may have several labels, or none."""
    return any(len(example.labels) != 1 for example in examples)


def refuse_unknown(examples: Sequence[Labelled], labels: Sequence[str], path: Path) -> None:
    """Raise `DataError` where ``examples`` of ``path`` have a label that training never saw."""
    known = {*labels, OUT_OF_SCOPE}
    unknown = Counter(label for example in examples for label in example.labels if label not in known)
    if unknown:
        counts = [f"{label!r} ({n} {'row' if n == 1 else 'rows'})" for label, n in unknown.most_common(5)]
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise DataError(
            f"{path}: labels that the training data does not have: {', '.join(counts)}{more}. "
            f"Add rows of them there, or call them {OUT_OF_SCOPE!r} here."
        )

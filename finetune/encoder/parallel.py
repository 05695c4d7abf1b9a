"""Parallel text: what says the same in the language that an encoder reads, and in one that it is to learn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetune.errors import DataError
from finetune.rows import Row, folded, read_rows, some

#: A key that names a language: a code of two or three letters, perhaps with a region or a script ("zh", "pt-BR").
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two texts that say the same."""

    #: In the language that the teacher reads, and in the one that is taught.
    known: str
    taught: str
    #: Where it comes from, and under which licence ("" where the row does not say).
    source: str = ""
    licence: str = ""

    @property
    def text(self) -> str:
        """The text that is learned."""
        return self.taught


def read_pairs(path: Path, known: str) -> list[Pair]:
    """Return the rows of a file: ``{"en": ..., "zh": ..., "source"?, "licence"?}``.

    ``known`` is the key of the language that the teacher reads; the other key that names a language is the taught one.
    Raises `DataError` that names file and line.
    """
    pairs: list[Pair] = []
    language = ""
    for row in read_rows(path):
        found = _taught(row, known)
        language = language or found
        if found != language:
            raise row.error(f"its languages are {known} and {found}", f"{known} and {language}, as in the first row")
        about = {name: str(row.values.get(name) or "") for name in ("source", "licence")}
        pairs.append(Pair(known=row.text(known), taught=row.text(language), **about))
    return some(pairs, path)


def check_languages(paths: Iterable[Path], known: str) -> None:
    """Raise `DataError` where one of ``paths`` teaches another language than the first; a file teaches one alone."""
    first: tuple[Path, str] | None = None
    for path in paths:
        row = next(read_rows(path), None)
        if row is None:  # which is told when the file is read
            continue
        language = _taught(row, known)
        first = first or (path, language)
        if language != first[1]:
            raise DataError(
                f"{path}: its languages are {known} and {language}, and those of {first[0]} are {known} and "
                f"{first[1]}. All files of a run teach one language: leave out those of the other."
            )


def check_apart(train: Sequence[Pair], held: Sequence[Pair], path: Path) -> None:
    """Raise `DataError` where a pair to choose or to report by stands among those to learn from."""
    learned = {(folded(pair.known), folded(pair.taught)) for pair in train}
    both = sum((folded(pair.known), folded(pair.taught)) in learned for pair in held)
    if both:
        raise DataError(f"{path}: {both} of its {len(held)} pairs stand in the training data too; take them out there.")


def joined(pairs: Sequence[Pair], share: float, seed: int) -> list[Pair]:
    """Return long pairs, ``share`` as many as there are: two to four at a time, one behind the other.

    Most parallel text is short, and what is asked of an encoder, to find a sentence or an answer, is not.
    """
    random = np.random.default_rng(seed)
    out = []
    for _ in range(round(share * len(pairs))):
        parts = [pairs[place] for place in random.integers(len(pairs), size=random.integers(2, 5)).tolist()]
        out.append(Pair(known=" ".join(p.known for p in parts), taught=" ".join(p.taught for p in parts)))
    return out


def origins(pairs: Sequence[Pair]) -> list[tuple[str, str, int]]:
    """Return each source with its licence and its number of pairs, the largest first."""
    counts = Counter((pair.source, pair.licence) for pair in pairs)
    return [(source, licence, count) for (source, licence), count in counts.most_common()]


def _taught(row: Row, known: str) -> str:
    """Return the key of the language that ``row`` teaches."""
    others = [key for key in row.values if key != known and _LANGUAGE.fullmatch(key)]
    if known not in row.values or len(others) != 1:
        named = ", ".join([key for key in row.values if key == known] + others) or "none"
        raise row.error(f"keys that name languages: {named}", f'two, "{known}" and one other, such as "zh"')
    return others[0]

"""Which files are knowledge: walks folders, keeps to the ignore rules, and never leaves the folder it was given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pathspec

from retrieval.errors import SourceError

#: The files that are read as knowledge, by how their names end.
SUFFIXES = (".jsonl", ".json", ".yaml", ".yml", ".csv", ".tsv", ".xlsx", ".md", ".markdown", ".html", ".htm", ".txt")

#: In the root of a source folder: what to leave out, in the language of ``.gitignore``.
IGNORE_FILE = ".kefuignore"

#: Lists of patterns are short; a longer file is something else.
_MAX_IGNORE_BYTES = 1 << 20


def source_files(paths: Sequence[Path]) -> list[Path]:
    """List the knowledge files under ``paths``, each once, in the order of the paths and then of the names.

    Only folders are read, no files but ``.kefuignore``, so that a file watcher can ask as often as it likes. Inside a
    folder hidden files, files of other kinds and what ``.kefuignore`` names are left out; a file that is named itself
    is always taken. Raises SourceError for a path that does not exist, and for a named file of a kind that is not read.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for file in _under(path):
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def looked_for(paths: Sequence[Path]) -> str:
    """Say where knowledge was looked for, which kinds of files are read, and how others are named."""
    return (
        f"Looked in: {', '.join(map(str, paths)) or 'no path at all'}\n"
        f"Files that are read: {', '.join(SUFFIXES)}\n"
        "Name others with --faq, or as [knowledge] sources in the settings."
    )


def _under(path: Path) -> Iterator[Path]:
    if path.is_dir():
        root = os.path.realpath(path)
        yield from _walk(path, root, "", _ignored(path), {root})
    elif not path.is_file():
        what = "It is no regular file." if path.exists() else "It does not exist."
        raise SourceError(f"{path}: {what}\n{looked_for([path])}")
    elif not _is_knowledge(path.name):
        raise SourceError(f"{path}: This kind of file is not read.\n{looked_for([path])}")
    else:
        yield path


def _walk(folder: Path, root: str, inside: str, ignored: pathspec.GitIgnoreSpec, seen: set[str]) -> Iterator[Path]:
    """Yield the files of ``folder``, which is ``inside`` the source folder with the real path ``root``."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror or error}") from error
    for entry in entries:
        if entry.name.startswith((".", "~$")):  # hidden, or the lock file of an office program
            continue
        name = f"{inside}{entry.name}"
        real = os.path.realpath(entry.path)
        if entry.is_symlink() and not _within(real, root):
            continue
        if entry.is_dir():
            if real not in seen and not ignored.match_file(f"{name}/"):
                seen.add(real)
                yield from _walk(folder / entry.name, root, f"{name}/", ignored, seen)
        elif entry.is_file() and _is_knowledge(entry.name) and not ignored.match_file(name):
            yield folder / entry.name


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _is_knowledge(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _ignored(folder: Path) -> pathspec.GitIgnoreSpec:
    file = folder / IGNORE_FILE
    lines: list[str] = []
    try:
        if file.is_file():
            with file.open("rb") as stream:
                lines = stream.read(_MAX_IGNORE_BYTES).decode("utf-8-sig", errors="replace").splitlines()
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except (OSError, ValueError) as error:
        raise SourceError(f"{file}: {error}\nIt is written like a .gitignore file.") from error

"""What is on disk whole or not at all: made beside its place, moved there by one rename, and known by its hashes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds after which a folder that was begun and not moved belongs to a run that was killed: the longest work, an
#: export, takes minutes, and what another process is writing must not be taken from it.
ABANDONED = 24 * 3600

#: What stands behind the prefix of such a folder: what `tempfile.mkdtemp` draws, and an ending that nobody gives a
#: folder of theirs.
_ENDING = ".unfinished"
_BEHIND = rf"[a-z0-9_]{{8}}{re.escape(_ENDING)}"


@contextmanager
def folder_beside(parent: Path, prefix: str) -> Iterator[Path]:
    """Give an empty folder in ``parent`` to write in; if it is not moved away, it is removed.

    So are those that killed runs left there under the same ``prefix``, known by the whole form of their names: the
    folder may be the operator's, with work of theirs in it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    ours = re.compile(re.escape(prefix) + _BEHIND)
    for left in parent.iterdir():
        with suppress(OSError):  # another process removes it too
            if ours.fullmatch(left.name) and left.stat().st_mtime < time.time() - ABANDONED:
                shutil.rmtree(left)
    work = Path(tempfile.mkdtemp(prefix=prefix, suffix=_ENDING, dir=parent))
    # A bot of another user reads what its trainer wrote; but what all may write is none of theirs.
    work.chmod(stat.S_IMODE(parent.stat().st_mode) & ~(stat.S_ISVTX | stat.S_IWOTH))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file beside its place and move it there, so that a killed run leaves the one before.

    Of a full disk Python says what is wrong; the libraries that could write such files themselves do not.
    """
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)


def changed(folder: Path, hashes: Mapping[str, str]) -> Path | None:
    """Return the first file that is missing or has another SHA-256 than ``hashes`` says; None where there is none."""
    for name, wanted in hashes.items():
        path = folder / name
        if not path.is_file() or sha256(path) != wanted:
            return path
    return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
